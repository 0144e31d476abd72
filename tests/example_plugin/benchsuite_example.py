"""A model from outside: the whole package is this file and its pyproject."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np
from annotated_types import Gt

from benchsuite.api import Context, Model, Range, Requirement
from benchsuite.data import Dataset, Float32, Int32, Queries


@dataclass
class Recent(Model):
    """Ranks items by how often they were taken lately: an event loses half its weight in a half-life.

    Attributes:
        half_life_days: days after which an event counts half.
    """

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.TIMESTAMPS})
    is_personalized: ClassVar[bool] = False

    half_life_days: Annotated[float, Gt(0), Range(1, 365, log=True)] = 30.0

    def fit(self, train: Dataset, context: Context) -> Self:
        """Add up the weights of each item's events."""
        rows = train.interactions
        age = (rows.timestamp.max() - rows.timestamp) / 86_400
        weight = 0.5 ** (age / self.half_life_days)
        self._score = np.bincount(rows.item, weight, minlength=len(train.items)).astype(np.float32)
        self._score[np.bincount(rows.item, minlength=len(train.items)) == 0] = np.nan  # new items: no opinion
        return self

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the same for all queries."""
        scores = self._score if candidates is None else self._score[candidates]
        return np.repeat(scores[None, :], len(queries), axis=0)
