"""ALS for known items; the factors of new items are predicted from their texts by ridge regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Categorical, Context, Model, Range, Requirement
from benchsuite.data import Bool, Dataset, Float32, Int32, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.support import blas_threads, has_known_history, mask_unscored
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.citations import CITE_MINILM, CITE_SBERT
from benchsuite_content.vectors import lm_vectors, tfidf_vectors


@dataclass
class ALSContent(Model):
    """ALS whose factors of new items are predicted from their texts by ridge regression.

    Item factors are learnt by ``als``, then regressed on the items' text vectors (Gantner et al. 2010; van den Oord,
    Dieleman and Schrauwen 2013). A known item keeps its learnt factors, a new one gets the predicted ones, so both
    can be ranked in one list. Users are solved for from their history as in ``als``; new items in it count with
    their predicted factors. Items that have neither training rows nor a text get no score.

    Attributes:
        vectors: ``"lm"`` reads texts with a frozen language model, ``"tfidf"`` counts their words.
        ridge: the L2 penalty of the regression; vectors have unit length.
        min_rows: items that fewer users took count as new.
        factors: of ALS.
        regularization: of ALS.
        alpha: of ALS.
        iterations: of ALS.
        backbone: the encoder for ``"lm"``.
    """

    vectors: Annotated[Literal["lm", "tfidf"], Categorical("lm", "tfidf")] = "lm"
    ridge: Annotated[float, Gt(0), Range(0.3, 100, log=True)] = 3.0
    min_rows: Annotated[int, Ge(1), Range(1, 20)] = 1
    factors: Annotated[int, Ge(1), Range(16, 256, log=True)] = 128
    regularization: Annotated[float, Gt(0), Range(0.1, 100, log=True)] = 30.0
    alpha: Annotated[float, Gt(0), Range(1, 40, log=True)] = 5.0
    iterations: Annotated[int, Ge(1), Range(5, 50)] = 15
    backbone: str = DEFAULT_BACKBONE

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    uses_language_model: ClassVar[bool] = True

    cite = (
        """@inproceedings{gantner2010learning,
  title = {Learning Attribute-to-Feature Mappings for Cold-Start Recommendations},
  author = {Gantner, Zeno and Drumond, Lucas and Freudenthaler, Christoph and Rendle, Steffen and
    Schmidt-Thieme, Lars},
  booktitle = {IEEE International Conference on Data Mining (ICDM)},
  pages = {176--185},
  year = {2010},
  doi = {10.1109/ICDM.2010.129}
}""",
        """@inproceedings{oord2013deep,
  title = {Deep Content-Based Music Recommendation},
  author = {van den Oord, A{\\"a}ron and Dieleman, Sander and Schrauwen, Benjamin},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {26},
  year = {2013}
}""",
        *ALS.cite,
        CITE_SBERT,
        CITE_MINILM,
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Learn ALS factors and predict those of the other items."""
        self._facts: dict[str, Any] = {}
        texts: Any
        if self.vectors == "tfidf":
            texts = tfidf_vectors(train, ngrams=1)
        else:
            texts, encoder = lm_vectors(train, self.backbone, context)
            self._facts = {"backbone": dict(encoder)}
        written: Bool = np.asarray(abs(texts).sum(axis=1)).ravel() > 0
        self._als = ALS(
            factors=self.factors, regularization=self.regularization, alpha=self.alpha, iterations=self.iterations
        ).fit(train, context)
        takers = np.bincount(train.matrix().indices, minlength=len(train.items))
        learnt = takers >= self.min_rows
        self._factors = self._als.item_factors.copy()
        predicted = written & ~learnt
        self._known = (takers > 0) | predicted
        training = written & learnt
        terms = texts.shape[1]
        self._reader_parameters = terms if self.vectors == "tfidf" else int(self._facts["backbone"]["parameters"])
        self._regression = 0
        if training.any() and predicted.any():
            self._regression = (terms + 1) * self.factors
            with blas_threads(context.threads):
                learnt_factors = self._factors[training]
                self._factors[predicted] = predict_factors(
                    texts[training], learnt_factors, texts[predicted], self.ridge
                )
        elif predicted.any():
            self._known = takers > 0
        self._threads = context.threads
        return self

    def reads_with_language_model(self) -> bool:
        """Return whether texts are encoded by the language model, not counted."""
        return self.vectors == "lm"

    def parameter_count(self) -> int:
        """Return the factors, the text vectors' own (the encoder, or one weight per term) and the regression."""
        return self._als.parameter_count() + self._reader_parameters + self._regression

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], dot products of user and item factors."""
        factors = self._factors if candidates is None else self._factors[candidates]
        users = self._als.fold_in(queries, self._factors)
        with blas_threads(self._threads):
            scores: Float32 = users @ factors.T
        return mask_unscored(scores, has_known_history(queries, self._known), self._known, candidates)

    def facts(self) -> Mapping[str, Any]:
        """Name the encoder, its revision and the sum of its weights."""
        return self._facts


def predict_factors(inputs: Any, factors: Float32, new: Any, penalty: float) -> Float32:
    """Return float32[m, f], the ridge regression of ``factors`` (float32[n, f]) on ``inputs`` applied to ``new``."""
    from sklearn.linear_model import Ridge

    dense = isinstance(inputs, np.ndarray)
    # The same minimum either way; sparse inputs are never made dense.
    ridge = Ridge(alpha=penalty, solver="cholesky" if dense else "sparse_cg", tol=1e-6)
    ridge.fit(inputs.astype(np.float64), factors.astype(np.float64))
    return np.asarray(ridge.predict(new.astype(np.float64)), np.float32)
