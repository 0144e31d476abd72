"""User cold start: new users who show none, one, a few of their events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.fold_builder import as_mask, draw_share, event_ranks, occurring, random_stream
from benchsuite_protocol.splits.new_users import new_user_counts, new_user_fold, require_askers, require_rising


@dataclass
class UserCold(Split):
    """Holds out every row of a random share of the users, who then ask with their first k events as history.

    Users are drawn blind to activity. Each asks once per k and shows the first k of their events in time (in the given
    order where the data has no time). What they are asked about, their events after the first ``max(history)``, is the
    same for all k, and the items of the first ``max(history)`` events are blocked for all k, so the lists of
    all k can hold the same items. A drawn user without an event to be asked about is counted and not asked.
    The validation fold holds out another share of the training users in the same way.

    Attributes:
        users: share of the users that is new in the test.
        history: how many events a new user shows, rising; one group of queries for each.
        validation_users: share of the training users that is new in the validation fold.
    """

    cold_users: ClassVar[bool] = True

    users: Annotated[float, Gt(0), Lt(1)] = 0.2
    history: Annotated[tuple[Annotated[int, Ge(0), Le(1000)], ...], MinLen(1), MaxLen(100)] = (0, 1, 3, 5)
    validation_users: Annotated[float, Gt(0), Lt(1)] = 0.2

    def __post_init__(self) -> None:
        """Refuse lengths that do not rise."""
        require_rising(self.history)

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows, users, where = dataset.interactions, len(dataset.users), "user-cold"
        generator = random_stream(seed, depth)
        share = self.validation_users if depth else self.users
        drawn = as_mask(
            draw_share(occurring(rows.user, users), share, generator, "users", f"{where} of {dataset.name}"), users
        )
        place, events = event_ranks(rows.user, rows.timestamp, users, None if rows.timestamp is None else generator)
        longest = self.history[-1]
        asking = drawn & (events > longest)
        require_askers(drawn, asking, f"more than {longest} events", f"{where} of {dataset.name}")
        asked = asking[rows.user]
        return new_user_fold(
            dataset,
            train=~drawn[rows.user],
            late=asked & (place >= longest),
            early=asked & (place < longest),
            groups={f"k={k}": asked & (place < k) for k in self.history},
            left_out={"rows of new users with too few events": drawn[rows.user] & ~asked},
            name="validation" if depth else "test",
            where=where,
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
            counts=new_user_counts(drawn, asking),
        )
