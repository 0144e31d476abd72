"""Damped means: a rating is the mean of all, plus what is usual for the item, plus what is usual for the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Context, Model, Range, Reproducibility, Requirement
from benchsuite.data import Dataset, Float32, Float64, Int32, Queries
from benchsuite_classic.ratings import Ratings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class DampedMeans(Model):
    """Predicts a rating as mean + item bias + user bias, each a mean that is drawn towards 0 where ratings are few.

    Equations 3.3 and 3.4 of Koren and Bell (2011): first b_i = sum(r - mean) / (n + item_damping) over the item's
    ratings, then b_u = sum(r - mean - b_i) / (n + user_damping) over the user's. A new user's bias comes from the
    history in the same way. Scores are on the scale of the values. Items without training rows get no score; a pair
    with one is answered by the mean plus the user's bias.

    Attributes:
        item_damping: how many ratings equal to the mean are added to an item's ratings.
        user_damping: the same for a user.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    item_damping: Annotated[float, Ge(0), Range(1, 100, log=True)] = 5.0
    user_damping: Annotated[float, Ge(0), Range(1, 100, log=True)] = 15.0

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.VALUES})
    predicts_values: ClassVar[bool] = True
    is_personalized: ClassVar[bool] = False  # a user's bias moves all scores alike, so everybody gets the same list

    cite = (
        """@incollection{koren2011advances,
  title = {Advances in Collaborative Filtering},
  author = {Koren, Yehuda and Bell, Robert},
  booktitle = {Recommender Systems Handbook},
  pages = {145--186},
  year = {2011},
  publisher = {Springer},
  doi = {10.1007/978-0-387-85820-3_5}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Take the means."""
        self._ratings = Ratings.of(train)
        values = self._ratings.values
        self._mean = float(values.data.mean())
        counts = np.bincount(values.indices, minlength=values.shape[1])
        off = np.bincount(values.indices, values.data - self._mean, minlength=values.shape[1])
        self._item_bias: Float64 = off / (counts + self.item_damping)
        self._user_bias = self._biases(values)
        return self

    def parameter_count(self) -> int:
        """Return the mean and the biases of items and users with ratings."""
        return 1 + len(self._item_bias) + len(self._user_bias)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], predicted values."""
        codes = np.arange(len(self._ratings.item_position), dtype=np.int32) if candidates is None else candidates
        scores: Float32 = np.add.outer(self._users(queries), self._items(codes)).astype(np.float32)
        return scores

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], predicted values; for an item without ratings the mean plus the user's bias."""
        return (self._users(queries)[query] + np.nan_to_num(self._items(item), nan=self._mean)).astype(np.float32)

    def _items(self, codes: Int32) -> Float64:
        """Return float64[c], mean plus item bias; NaN for items without ratings."""
        position = self._ratings.item_position[codes]
        return np.where(position < 0, np.nan, self._mean + self._item_bias[position])

    def _users(self, queries: Queries) -> Float64:
        """Return float64[q], the biases: of known users as learnt, of new ones from the history."""
        position = self._ratings.user_position[queries.user]
        return np.where(position < 0, self._biases(self._ratings.history(queries)), self._user_bias[position])

    def _biases(self, values: csr_matrix) -> Float64:
        """Return float64[rows], the damped mean of what is left of csr[rows, items] values."""
        rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
        left = np.bincount(rows, values.data - self._mean - self._item_bias[values.indices], minlength=values.shape[0])
        biases: Float64 = left / np.maximum(np.diff(values.indptr) + self.user_damping, 1e-12)
        return biases
