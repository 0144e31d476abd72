"""What the rating models share: one value per pair, and a training set as the library *Surprise* wants it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Dataset, Float64, Int64, Queries
from benchsuite_classic.support import compact_codes

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CITE_SURPRISE = """@article{hug2020surprise,
  title = {Surprise: A {Python} library for recommender systems},
  author = {Hug, Nicolas},
  journal = {Journal of Open Source Software},
  volume = {5},
  number = {52},
  pages = {2174},
  year = {2020},
  doi = {10.21105/joss.02174}
}"""


@dataclass(frozen=True, eq=False)
class Ratings:
    """The training part with only the users and items that have rows; codes of these are *positions*.

    Attributes:
        users: int64[m] user code at each position.
        items: int64[n] item code at each position.
        item_place: int64[all items], -1 for items without rows.
        user_place: int64[all users], -1 for users without rows.
        values: float64 csr[m, n]; a repeated pair holds the mean of its values.
    """

    users: Int64
    items: Int64
    user_position: Int64
    item_position: Int64
    values: csr_matrix

    @classmethod
    def of(cls, train: Dataset) -> Ratings:
        """Read the training part."""
        rows = train.interactions
        users, user_position = compact_codes(rows.user, len(train.users))
        items, item_position = compact_codes(rows.item, len(train.items))
        means = _mean(user_position[rows.user], item_position[rows.item], rows.value, (len(users), len(items)))
        return cls(users, items, user_position, item_position, means)

    def history(self, queries: Queries) -> csr_matrix:
        """Return float64 csr[q, n], the values of each visible history; items without training rows are left out."""
        position = self.item_position[queries.history.item]
        known = position >= 0
        return _mean(
            queries.rows[known], position[known], queries.history.value[known], (len(queries), len(self.items))
        )

    def trainset(self, values: Float64) -> Any:
        """Return a ``surprise.Trainset`` whose inner ids are positions.

        Args:
            values: float64[nnz], to be used in place of ``self.values.data``.
        """
        from surprise import Trainset

        by_user: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        by_item: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        positions = self.values.tocoo()
        for user, item, value in zip(positions.row.tolist(), positions.col.tolist(), values.tolist(), strict=True):
            by_user[user].append((item, value))
            by_item[item].append((user, value))
        return Trainset(
            by_user,
            by_item,
            len(self.users),
            len(self.items),
            len(values),
            (float(values.min()), float(values.max())),
            {str(code): position for position, code in enumerate(self.users.tolist())},
            {str(code): position for position, code in enumerate(self.items.tolist())},
        )


def _mean(row: Int64, column: Int64, values: Any, shape: tuple[int, int]) -> csr_matrix:
    from scipy.sparse import csr_matrix

    total = csr_matrix((values.astype(np.float64), (row, column)), shape=shape)
    count = csr_matrix((np.ones(len(row)), (row, column)), shape=shape)
    # Both are sorted and merged in the same way, so their entries correspond; a value of 0 stays an entry.
    total.sum_duplicates()
    count.sum_duplicates()
    total.data /= count.data
    return total
