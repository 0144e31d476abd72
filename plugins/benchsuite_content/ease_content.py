"""EASE that also explains what the items' texts say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Choice, Context, Need, Search
from benchsuite.data import Dataset, Entities, Float32
from benchsuite_classic.ease import EASE, gram
from benchsuite_classic.support import blas_threads, blocks, warm_items
from benchsuite_content.backbone import CITE_MINILM, CITE_SBERT, DEFAULT_BACKBONE
from benchsuite_content.vectors import lm_vectors, tfidf_vectors


@dataclass
class EASEContent(EASE):
    """EASE with side information: one regression explains who took what and the items' text vectors.

    Collective EASE of Jeunen, Van Balen and Goethals (2020): EASE solved on the users' rows with one more row, of
    weight ``side_weight``, for each entry of the text vectors, so X'X becomes X'X + side_weight V V'. Vectors of a
    language model are taken around the mean of the known items. Items of like texts then speak for each other even
    where few users took both. As with ``ease``, items without training rows get no score.

    Attributes:
        vectors: ``"lm"`` reads texts with a frozen language model, ``"tfidf"`` counts their words.
        side_weight: of the text vectors, which have unit length, in units of users; 0 gives ``ease``.
        backbone: the encoder for ``"lm"``.
    """

    vectors: Annotated[Literal["lm", "tfidf"], Choice("lm", "tfidf")] = "lm"
    side_weight: Annotated[float, Ge(0), Search(1, 1000, log=True)] = 50.0
    backbone: str = DEFAULT_BACKBONE

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    uses_language_model: ClassVar[bool] = True

    cite: ClassVar[tuple[str, ...]] = (
        *EASE.cite,
        """@inproceedings{jeunen2020closed,
  title = {Closed-Form Models for Collaborative Filtering with Side-Information},
  author = {Jeunen, Olivier and Van Balen, Jan and Goethals, Bart},
  booktitle = {ACM Conference on Recommender Systems (RecSys)},
  pages = {651--656},
  year = {2020},
  doi = {10.1145/3383313.3418480}
}""",
        CITE_SBERT,
        CITE_MINILM,
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Read the texts, then solve for the weights."""
        self._facts: dict[str, Any]
        self._read: int
        if self.vectors == "tfidf":
            texts: Any = tfidf_vectors(train, ngrams=1)
            self.fit_on(train, texts, context)
            self._read = int(texts.shape[1])
        else:
            texts, encoder = lm_vectors(train, self.backbone, context)
            self.fit_on(train, texts, context)
            self._facts, self._read = {"backbone": dict(encoder)}, int(encoder["parameters"])
        return self

    def fit_on(self, train: Dataset, texts: Any, context: Context) -> Self:
        """Solve for the weights with texts that were read before.

        Args:
            train: the training part.
            texts: float32[items, d], as an array or csr; rows of unit length, zeros where there is no text.
            context: tells threads.
        """
        self._facts, self._read, self._texts = {}, 0, texts
        super().fit(train, context)
        del self._texts
        return self

    def _inner_products(self, train: Dataset, threads: int) -> Float32:
        out = gram(train.matrix(), threads)
        known = warm_items(train)
        texts, size = self._texts, len(known)
        if isinstance(texts, np.ndarray):
            written = known & texts.any(axis=1)
            texts = np.where(written[:, None], texts - texts[written].mean(axis=0), 0) if written.any() else 0 * texts
        with blas_threads(threads):
            for first, last in blocks(size, 8 * size):
                part = texts[first:last] @ texts.T
                part = part if isinstance(part, np.ndarray) else part.toarray()
                part[:, ~known] = 0.0
                part[~known[first:last]] = 0.0
                out[first:last] += np.float32(self.side_weight) * part.astype(np.float32)
        return out

    def load(self, folder: Path, items: Entities) -> Self:
        """Read the weights between items; no text is read again."""
        super().load(folder, items)
        self._facts, self._read = {}, 0
        return self

    def reads_with_language_model(self) -> bool:
        """Return whether texts are read so, not counted."""
        return self.vectors == "lm"

    def parameter_count(self) -> int:
        """Return the weights between items other than 0, and what reads the texts (see ``als-content``)."""
        return int(super().parameter_count()) + self._read

    def facts(self) -> Mapping[str, Any]:
        """Name the encoder, its revision and the sum of its weights."""
        return self._facts
