"""EASE plus ALS: the simplest ensemble of the two strongest classics."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Model, Range
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.blending import ScoreBlend, inner_holdout, select_blend
from benchsuite_classic.ease import EASE

WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.6, 3.0, 6.0)


@dataclass
class EaseALS(Model):
    """Adds a weighted score of ALS to the score of EASE; both predict the 0/1 matrix of who took what.

    The weight is chosen by nDCG@10 on validation: on the validation fold where there is one, else on a tenth of each
    history that is held out inside the training part. For that choice both are fitted once without the held-out rows,
    then again with all. A blend of collaborative scores with a language model has to beat this row: some of the
    gain of any blend comes from blending alone.

    Attributes:
        ease_regularization: the L2 penalty of EASE, in units of users.
        factors: of ALS.
        regularization: of ALS.
        alpha: of ALS.
        iterations: of ALS.
        weight: of the score of ALS; None chooses it on validation.
    """

    ease_regularization: Annotated[float, Gt(0), Range(10, 10_000, log=True)] = 300.0
    factors: Annotated[int, Ge(1), Range(16, 256, log=True)] = 128
    regularization: Annotated[float, Gt(0), Range(0.1, 100, log=True)] = 30.0
    alpha: Annotated[float, Gt(0), Range(1, 40, log=True)] = 5.0
    iterations: Annotated[int, Ge(1), Range(5, 50)] = 15
    weight: Annotated[float, Ge(0)] | None = None

    cite = (*EASE.cite, *ALS.cite)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Choose the weight, then fit both on all rows."""
        self._weight = 0.2 if self.weight is None else self.weight
        self._quality: float | None = None
        alone = dataclasses.replace(context, validation=None)
        if self.weight is None:
            fold = context.validation or inner_holdout(train, context.seed)
            if len(fold.queries):
                self._fit_both(fold.train, alone)
                number, quality = select_blend(
                    fold,
                    lambda queries: self._scores(queries, fold.candidates),
                    [_weighted_sum(weight) for weight in WEIGHTS],
                    context.seed,
                )
                self._weight, self._quality = WEIGHTS[number], round(quality, 4)
        self._fit_both(train, alone)
        return self

    def parameter_count(self) -> int:
        """Return the weights of EASE and the factors of ALS."""
        return self._ease.parameter_count() + self._als.parameter_count()

    def facts(self) -> Mapping[str, Any]:
        """Tell the weight and what it reached on validation."""
        return {"mix": {"als": self._weight, "validation ndcg@10": self._quality}}

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the weighted sum."""
        return _weighted_sum(self._weight)(self._scores(queries, candidates))

    def _fit_both(self, train: Dataset, context: Context) -> None:
        self._ease = EASE(regularization=self.ease_regularization).fit(train, context)
        self._als = ALS(
            factors=self.factors, regularization=self.regularization, alpha=self.alpha, iterations=self.iterations
        ).fit(train, context)

    def _scores(self, queries: Queries, candidates: Int32 | None) -> tuple[Float32, Float32]:
        """Return both scores, float32[q, c] each; NaN in the first where both abstain, 0 in the second."""
        return self._ease.score(queries, candidates), np.nan_to_num(self._als.score(queries, candidates), nan=0.0)


def _weighted_sum(weight: float) -> ScoreBlend:
    return lambda parts: parts[0] + np.float32(weight) * parts[1]
