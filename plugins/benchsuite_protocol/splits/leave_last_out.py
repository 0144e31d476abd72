"""Leave last out: each user's newest event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchsuite.api import Requirement, Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.fold_builder import as_mask, holdout, random_stream, user_order


@dataclass
class LeaveLastOut(Split):
    """Holds out each user's last event in time; validation holds out the last but one.

    A user with a single event keeps it in training and is not asked; the counts tell how many there are. Among events
    of one user at the same second the seed draws which is last. Without times the order of the rows counts, where the
    data says that it is the order of time.

    Each user's history is older than what is asked of them, but the training part as a whole is not: somebody else's
    training rows may be younger than a held-out row. So the split does not promise to be ``ordered``.
    """

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ORDER})
    ordered_users: ClassVar[bool] = True

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows, times = dataset.interactions, user_order(self, dataset)
        events = np.bincount(rows.user, minlength=len(dataset.users))
        newest = np.full(len(dataset.users), np.iinfo(np.int64).min)
        np.maximum.at(newest, rows.user, times)
        latest = np.flatnonzero((times == newest[rows.user]) & (events > 1)[rows.user])
        latest = random_stream(seed, depth).permutation(latest)
        last = np.full(len(dataset.users), -1, np.int64)
        last[rows.user[latest]] = latest  # of several events at that second, the shuffled order keeps one
        return holdout(
            dataset,
            as_mask(last[last >= 0], len(rows)),
            name="validation" if depth else "test",
            where="leave-last-out",
            asked="at its truth",
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
            counts={"users with one event, not asked": int(np.count_nonzero(events == 1))},
        )
