"""Popularity: the same list for every user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from benchsuite.api import Context, Model, Reproducibility
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_classic.support import broadcast_scores


@dataclass
class Popular(Model):
    """Ranks items by how many users took them.

    An item without training rows gets no score: nothing is known about it.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    is_personalized: ClassVar[bool] = False

    def fit(self, train: Dataset, context: Context) -> Self:
        """Count the distinct users of each item."""
        users = np.bincount(train.matrix().indices, minlength=len(train.items))
        self._score = np.where(users > 0, users, np.nan).astype(np.float32)
        return self

    def parameter_count(self) -> int:
        """Return how many items have a count."""
        return int(np.isfinite(self._score).sum())

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the number of users; the same for all queries."""
        return broadcast_scores(self._score, len(queries), candidates)

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the number of users of each item."""
        return self._score[item]
