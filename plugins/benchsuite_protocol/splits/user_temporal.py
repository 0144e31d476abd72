"""Per-user temporal: the newest share of each user's events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from benchsuite.api import Requirement, Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.fold_builder import event_ranks, holdout, random_stream, user_order


@dataclass
class UserTemporal(Split):
    """Holds out the last share of each user's events in time; validation does the same inside the training part.

    Of ``n`` events ``round(test * n)`` are held out, but at least one and never all. A user with a single event keeps
    it in training and is not asked; the counts tell how many there are. Among events of one user at the same second
    the seed draws which come last. Without times the order of the rows counts, where the data says that it is the order
    of time.

    As with ``leave-last-out``, each user's history is older than what is asked of them, but training rows of others
    may be younger: the split does not promise to be ``ordered``. ``global-temporal`` does.

    Attributes:
        test: share of each user's events that is held out.
        validation: share of each user's training events that the validation fold holds out.
    """

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ORDER})
    ordered_users: ClassVar[bool] = True

    test: Annotated[float, Gt(0), Lt(1)] = 0.2
    validation: Annotated[float, Gt(0), Lt(1)] = 0.1

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows, times = dataset.interactions, user_order(self, dataset)
        place, events = event_ranks(rows.user, times, len(dataset.users), random_stream(seed, depth))
        share = self.validation if depth else self.test
        newest = np.minimum(np.maximum(np.rint(share * events), 1), events - 1).astype(np.int64)
        return holdout(
            dataset,
            place >= (events - newest)[rows.user],
            name="validation" if depth else "test",
            where="user-temporal",
            asked="at its truth",
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
            counts={"users with one event, not asked": int(np.count_nonzero(events == 1))},
        )
