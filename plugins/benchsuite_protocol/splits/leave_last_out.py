"""Leave last out: each user's newest event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchsuite.api import Need, Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.folds import holdout, places, stream, timestamps


@dataclass
class LeaveLastOut(Split):
    """Holds out each user's last event in time; validation holds out the last but one.

    A user with a single event keeps it in training and is not asked; the counts tell how many there are. Among events
    of one user at the same second the seed draws which is last.

    Each user's history is older than what is asked of them, but the training part as a whole is not: somebody else's
    training rows may be younger than a held-out row. So the split does not promise to be ``ordered``.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.TIMESTAMPS})

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        timestamps(self, dataset)
        rows = dataset.interactions
        place, events = places(rows, len(dataset.users), stream(seed, depth))
        several = events > 1
        return holdout(
            dataset,
            (place == events[rows.user] - 1) & several[rows.user],
            name="validation" if depth else "test",
            where="leave-last-out",
            asked_at_truth=True,
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
            counts={"users with one event, not asked": int(np.count_nonzero(events == 1))},
        )
