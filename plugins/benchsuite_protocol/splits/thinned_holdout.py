"""Random hold-out with fewer training rows: the points of a learning curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le

from benchsuite.data import Bool, Dataset, Fold, Queries
from benchsuite_protocol.splits.fold_builder import as_mask, random_stream
from benchsuite_protocol.splits.random_holdout import RandomHoldout

_THINNING = 2  # the depths before it cut test and validation


@dataclass
class ThinnedHoldout(RandomHoldout):
    """Asks what ``random-holdout`` asks, after a random share of its training rows: how quality grows with data.

    Whatever the share, the test is the same: who is asked, what is right, and what may not be recommended. Training
    rows and histories are thinned together, as in a younger log: a smaller share is a part of every larger one, and
    ``train = 1`` is ``random-holdout`` itself. A user may keep no row at all and then asks with an empty history. The
    validation fold is cut inside what is kept, so that little data also means little validation data.

    Attributes:
        train: share of the training rows that is kept.
    """

    train: Annotated[float, Gt(0), Le(1)] = 1.0

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        whole = self._cut(dataset, seed, 0)
        rows = len(whole.train.interactions)
        kept = np.zeros(rows, np.bool_)
        kept[random_stream(seed, _THINNING).permutation(rows)[: max(1, round(self.train * rows))]] = True
        yield whole if kept.all() else self._thin(whole, kept, seed)

    def _thin(self, whole: Fold, kept: Bool, seed: int) -> Fold:
        """Return the fold with only some training rows (bool[n]), asking the same."""
        train = whole.train.cut(kept)
        rows, asking = train.interactions, whole.queries.user
        query = np.full(len(train.users), -1, np.int64)
        query[asking] = np.arange(len(asking))
        owner = query[rows.user]
        queries = Queries.from_rows(asking, owner[owner >= 0], rows.take(owner >= 0), whole.queries.when)
        warm_items, warm_users = as_mask(rows.item, len(train.items)), as_mask(rows.user, len(train.users))
        row_counts = {
            "train rows": len(rows),
            "training rows left out": int(np.count_nonzero(~kept)),
            "queries of users without training rows": int(np.count_nonzero(~warm_users[asking])),
            "truth entries of items without training rows": int(np.count_nonzero(~warm_items[whole.truth.item])),
        }
        return Fold(
            name=whole.name,
            train=train,
            queries=queries,
            truth=whole.truth,
            blocked=whole.blocked,
            validation=self._cut(train, seed, 1),
            counts={**whole.counts, **row_counts},
        )
