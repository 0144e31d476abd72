"""User cold start: new users who show none, one, a few of their events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold, Int64, Interactions, Queries, Ragged, Truth
from benchsuite.errors import DataError
from benchsuite_protocol.splits.folds import asking_time, draw, flags, hold, places, present, stream, tell


@dataclass
class UserCold(Split):
    """Holds out every row of a random share of the users, who then ask with their first k events as history.

    Users are drawn blind to activity. Each asks once per k and shows the first k of their events in time (in the given
    order where the data has no time). What they are asked about, their events after the first ``max(history)``, is the
    same for all k, and the items of the first ``max(history)`` events are blocked for all k, so the lists of
    different k compete for the same places. A drawn user without an event to be asked about is counted and not asked.
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
        if any(late <= early for early, late in zip(self.history, self.history[1:], strict=False)):
            raise ValueError(f"history lengths {list(self.history)} do not rise")

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows, users, where = dataset.interactions, len(dataset.users), f"user-cold of {dataset.name}"
        generator = stream(seed, depth)
        share = self.validation_users if depth else self.users
        drawn = flags(draw(present(rows.user, users), share, generator, "users", where), users)
        place, events = places(rows, users, generator)
        longest = self.history[-1]
        asking = np.flatnonzero(drawn & (events > longest))
        if not len(asking):
            raise DataError(
                f"none of {np.count_nonzero(drawn)} drawn users has more than {longest} events",
                where=where,
                remedy="show shorter histories or use a larger data set",
            )
        query_of = np.full(users, -1, np.int64)
        query_of[asking] = np.arange(len(asking))
        asked = query_of[rows.user] >= 0
        late, early = asked & (place >= longest), np.flatnonzero(asked & (place < longest))
        truth_rows, truth_query = rows.take(late), query_of[rows.user[late]]
        shown, shown_query = rows.take(early), query_of[rows.user[early]]
        held = hold(
            truth_rows,
            truth_query,
            taken=shown,
            taken_query=shown_query,
            queries=len(asking),
            items=len(dataset.items),
        )
        train = dataset.cut(~drawn[rows.user])
        when = asking_time(truth_rows.timestamp, truth_query, len(asking), None)
        queries = self._queries(asking, shown, shown_query, place[early], when)
        copies = len(self.history)
        told = {
            "held-out rows": len(truth_rows),
            "rows reserved for the history of new users": len(shown),
            "rows of new users with too few events": int(np.count_nonzero(drawn[rows.user] & ~asked)),
        }
        return Fold(
            name="validation" if depth else "test",
            train=train,
            queries=queries,
            truth=_repeat_truth(held.truth, copies),
            blocked=_repeat_lists(held.blocked, copies),
            validation=None if depth else self._cut(train, seed, depth + 1),
            counts={
                **tell(dataset, train, held, queries=queries, rows=told, copies=copies),
                "new users": int(np.count_nonzero(drawn)),
                "new users asked": len(asking),
                "new users with too few events, not asked": int(np.count_nonzero(drawn & (events <= longest))),
            },
        )

    def _queries(self, asking: Int64, shown: Interactions, query: Int64, place: Int64, when: Int64 | None) -> Queries:
        """Return the queries of all groups, group by group: of the ``shown`` rows those at a place below k."""
        copies, users = len(self.history), len(asking)
        visible = [np.flatnonzero(place < k) for k in self.history]
        owner = np.concatenate([query[chosen] + users * copy for copy, chosen in enumerate(visible)])
        return Queries.from_rows(
            np.tile(asking, copies),
            owner,
            shown.take(np.concatenate(visible)),
            None if when is None else np.tile(when, copies),
            group=np.repeat(np.arange(copies, dtype=np.int8), users),
            groups=tuple(f"k={k}" for k in self.history),
        )


def _repeat_start(start: Int64, copies: int) -> Int64:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.tile(np.diff(start), copies), dtype=np.int64)])


def _repeat_lists(lists: Ragged, copies: int) -> Ragged:
    return Ragged(_repeat_start(lists.start, copies), np.tile(lists.item, copies))


def _repeat_truth(truth: Truth, copies: int) -> Truth:
    return Truth(
        _repeat_start(truth.start, copies),
        np.tile(truth.item, copies),
        np.tile(truth.value, copies),
        None if truth.label is None else np.tile(truth.label, copies),
    )
