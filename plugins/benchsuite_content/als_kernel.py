"""ALS for known items; the factors of new items are predicted from their texts by kernel ridge regression."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Model, Range, Requirement
from benchsuite.data import Dataset, Float32, Fold, Int32, Queries
from benchsuite.errors import NotApplicable
from benchsuite_classic.als import ALS
from benchsuite_classic.blending import ScoreBlend, select_blend
from benchsuite_classic.support import blas_threads, has_known_history, mask_unscored
from benchsuite_content.als_content import ALSContent
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.kernel_ridge import CITE_KERNEL_RIDGE, RIDGES, NewItemFactors, TextKernel
from benchsuite_content.vectors import lm_vectors, tfidf_vectors

_RIDGE = 3.0
WORDS = (0.0, 1.0, 2.0)
"""Weights of the counted words' kernel that are tried."""


@dataclass
class ALSKernel(Model):
    """ALS whose factors of new items are predicted from their texts by kernel ridge regression.

    As ``als-content``, but not linear (Saunders et al. 1998). The kernel is a Gaussian one on the vectors of a frozen
    language model, plus the cosine of counted words; see
    :class:`benchsuite_content.kernel_ridge.NewItemFactors`. Where the validation fold has new items, other values than
    the default penalty and word weight are taken if they gain more nDCG@10 than the standard error of the gain; for
    that choice ALS is fitted twice.

    Attributes:
        ridge: the L2 penalty of the regression; None is 3, or what is selected on the validation fold, together
            with ``words``.
        words: weight of the counted words' kernel; that of the vectors weighs 1.
        factors: of ALS.
        regularization: of ALS.
        alpha: of ALS.
        iterations: of ALS.
        backbone: the encoder.
    """

    ridge: Annotated[float, Gt(0)] | None = None
    words: Annotated[float, Ge(0)] = 0.0
    factors: Annotated[int, Ge(1), Range(16, 256, log=True)] = 128
    regularization: Annotated[float, Gt(0), Range(0.1, 100, log=True)] = 30.0
    alpha: Annotated[float, Gt(0), Range(1, 40, log=True)] = 5.0
    iterations: Annotated[int, Ge(1), Range(5, 50)] = 15
    backbone: str = DEFAULT_BACKBONE

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    uses_language_model: ClassVar[bool] = True
    cite: ClassVar[tuple[str, ...]] = (CITE_KERNEL_RIDGE, *ALSContent.cite)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Choose the kernel, learn ALS factors and predict those of new items."""
        texts = self._representations(train, context)
        vectors = texts["frozen"]
        self._threads = context.threads
        self._kernel = self._text_kernel(_RIDGE if self.ridge is None else self.ridge, self.words, texts)
        fold = context.validation
        if self.ridge is None and fold is not None and len(fold.queries):
            self._kernel = self._choose(fold, texts, context)
        self._new_items = self._learn(train, texts, context)
        warm = self._new_items.warm
        self._known = warm | (vectors.any(axis=1) & warm.any())
        self._factors = _all_factors(self._new_items, self._kernel)
        return self

    def _representations(self, train: Dataset, context: Context) -> dict[str, Any]:
        """Return what is read of the items' texts, by name."""
        vectors, encoder = lm_vectors(train, self.backbone, context)
        self._encoder = dict(encoder)
        texts: dict[str, Any] = {"frozen": vectors}
        with contextlib.suppress(NotApplicable):  # texts without words: the vectors alone are used
            texts["words"] = tfidf_vectors(train, ngrams=1)
        return texts

    def _text_kernel(self, ridge: float, words: float, texts: Mapping[str, Any]) -> TextKernel:
        """Return the kernel of the vectors and, with a weight, of counted words."""
        return TextKernel({"frozen": 1.0, **({"words": words} if words and "words" in texts else {})}, ridge)

    def _learn(self, train: Dataset, texts: Mapping[str, Any], context: Context) -> NewItemFactors:
        als = ALS(
            factors=self.factors, regularization=self.regularization, alpha=self.alpha, iterations=self.iterations
        ).fit(train, context)
        return NewItemFactors(als, np.asarray(train.matrix().sum(axis=0)).ravel(), texts, context.threads)

    def _choose(self, fold: Fold, texts: Mapping[str, Any], context: Context) -> TextKernel:
        """Return the kernel with the best nDCG@10 on a validation fold; the default where no candidate is new."""
        new_items = self._learn(fold.train, texts, context)
        if (new_items.warm if fold.candidates is None else new_items.warm[fold.candidates]).all():
            return self._kernel
        usable = [words for words in WORDS if not words or "words" in texts]
        tried = [self._text_kernel(ridge, words, texts) for words in usable for ridge in RIDGES]
        kernels = [self._kernel, *tried]
        made = [_all_factors(new_items, kernel) for kernel in kernels]
        if fold.candidates is not None:
            made = [factors[fold.candidates] for factors in made]

        def parts(queries: Queries) -> list[Float32]:
            users = new_items.users(queries)
            return [users @ factors.T for factors in made]

        mixes = [_take_part(number) for number in range(len(kernels))]
        with blas_threads(context.threads):
            return kernels[select_blend(fold, parts, mixes, context.seed, drawn="items")[0]]

    def parameter_count(self) -> int:
        """Return the factors, the encoder's weights and the regression."""
        return self._new_items.als.parameter_count() + int(self._encoder["parameters"]) + self._new_items.weights

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], dot products of user and item factors."""
        factors = self._factors if candidates is None else self._factors[candidates]
        users = self._new_items.als.fold_in(queries, self._factors)
        with blas_threads(self._threads):
            scores: Float32 = users @ factors.T
        return mask_unscored(scores, has_known_history(queries, self._known), self._known, candidates)

    def facts(self) -> Mapping[str, Any]:
        """Name the encoder, its revision and the sum of its weights, and the kernel that was used."""
        return {
            "backbone": self._encoder,
            "kernel": {"ridge": self._kernel.ridge, **dict(self._kernel.shares)},
        }


def _all_factors(new_items: NewItemFactors, kernel: TextKernel) -> Float32:
    """Return float32[n, f]: learnt factors of known items, predicted ones of new items."""
    return np.where(new_items.warm[:, None], new_items.als.item_factors, new_items.factors(kernel))


def _take_part(number: int) -> ScoreBlend:
    return lambda parts: parts[number]
