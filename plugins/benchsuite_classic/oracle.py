"""Oracle: the upper bound on simulated data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from benchsuite.api import Context, Model, Reproducibility, Requirement
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite.errors import NotApplicable


@dataclass
class Oracle(Model):
    """Ranks by the true preferences from which a simulated data set was drawn.

    Whatever it gets wrong is due to chance: no model can be expected to do better. It is shown as an upper bound, not
    as a competitor.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.PREFERENCES})
    is_oracle: ClassVar[bool] = True

    def fit(self, train: Dataset, context: Context) -> Self:
        """Take the true preferences."""
        if train.preferences is None:
            raise NotApplicable("no true preferences are known", where=train.name)
        self._preferences = train.preferences
        return self

    def parameter_count(self) -> int:
        """Nothing is learnt: the preferences are given."""
        return 0

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the asking users' true preferences."""
        rows: Float32 = self._preferences[queries.user]
        return rows if candidates is None else rows[:, candidates]

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the true preferences."""
        pairs: Float32 = self._preferences[queries.user[query], item]
        return pairs
