"""Both cold: new users and new items at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.fold_builder import as_mask, draw_share, event_ranks, occurring, random_stream
from benchsuite_protocol.splits.new_users import new_user_counts, new_user_fold, require_askers, require_rising


@dataclass
class BothCold(Split):
    """Asks new users about new items: neither has a training row.

    A random share of the users and a random share of the items are new, drawn blind to activity and popularity. The
    candidates are the new items, the truth is what new users took of them. Each new user asks once per k and shows the
    first k of their events with *known* items in time (in the given order where the data has no time). Users without a
    new item or with too few events with known items are counted and not asked. Rows of known users with new items fit
    neither part; they are left out and counted. The validation fold draws again inside the training part.

    Attributes:
        users: share of the users that is new in the test.
        items: share of the items that is new in the test.
        history: how many events a new user shows, rising; one group of queries for each.
        validation_users: share of the training users that is new in the validation fold.
        validation_items: share of the training items that is new in the validation fold.
    """

    cold_items: ClassVar[bool] = True
    draws_items: ClassVar[bool] = True
    cold_users: ClassVar[bool] = True

    users: Annotated[float, Gt(0), Lt(1)] = 0.2
    items: Annotated[float, Gt(0), Lt(1)] = 0.2
    history: Annotated[tuple[Annotated[int, Ge(0), Le(1000)], ...], MinLen(1), MaxLen(100)] = (0, 5)
    validation_users: Annotated[float, Gt(0), Lt(1)] = 0.2
    validation_items: Annotated[float, Gt(0), Lt(1)] = 0.2

    def __post_init__(self) -> None:
        """Refuse lengths that do not rise."""
        require_rising(self.history)

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows, users, items = dataset.interactions, len(dataset.users), len(dataset.items)
        where, generator = f"both-cold of {dataset.name}", random_stream(seed, depth)
        share_users, share_items = (self.validation_users, self.validation_items) if depth else (self.users, self.items)
        drawn = as_mask(draw_share(occurring(rows.user, users), share_users, generator, "users", where), users)
        cold = draw_share(occurring(rows.item, items), share_items, generator, "items", where)
        new_item, new_user = as_mask(cold, items)[rows.item], drawn[rows.user]
        # Places among the events with known items only: a row with a new item is no event of anybody's history.
        familiar = np.flatnonzero(~new_item)
        times = None if rows.timestamp is None else rows.timestamp[familiar]
        place = np.full(len(rows), np.iinfo(np.int64).max)
        place[familiar], known = event_ranks(rows.user[familiar], times, users, None if times is None else generator)
        longest = self.history[-1]
        wanted = np.bincount(rows.user[new_item], minlength=users) > 0
        asking = drawn & wanted & (known >= longest)
        require_askers(drawn, asking, f"{longest} events with known items and one with a new one", where)
        asked = asking[rows.user]
        return new_user_fold(
            dataset,
            train=~new_user & ~new_item,
            late=asked & new_item,
            early=asked & (place < longest),
            groups={f"k={k}": asked & (place < k) for k in self.history},
            left_out={
                "rows of known users with new items": ~new_user & new_item,
                "later rows of new users with known items": asked & ~new_item & (place >= longest),
                "rows of new users not asked": new_user & ~asked,
            },
            name="validation" if depth else "test",
            where="both-cold",
            candidates=cold,
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
            counts={**new_user_counts(drawn, asking), "cold items": len(cold)},
        )
