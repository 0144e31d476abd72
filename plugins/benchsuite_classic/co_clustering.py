"""Co-clustering: means of clusters of users, of items, and of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Context, Model, Range, Reproducibility, Requirement
from benchsuite.data import Dataset, Float32, Float64, Int32, Int64, Queries
from benchsuite_classic.ratings import Ratings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class CoClustering(Model):
    """Predicts a rating as the mean of the co-cluster + how far user and item are off the means of their clusters.

    Users and items are moved in turn to the cluster with the least squared error (George and Merugu 2005, equation 1
    and algorithm 1), with the start and the steps of the library *Surprise*, which cuts ratings to whole numbers; here
    they stay as they are. A new user joins the cluster that fits the history best; without a history the answer is the
    item's mean. Scores are on the scale of the values. Items without training rows get no score.

    Attributes:
        user_clusters: how many clusters of users there are.
        item_clusters: how many clusters of items there are.
        epochs: rounds of moving users, then items.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    user_clusters: Annotated[int, Ge(1), Range(2, 20)] = 3
    item_clusters: Annotated[int, Ge(1), Range(2, 20)] = 3
    epochs: Annotated[int, Ge(1), Range(5, 50)] = 20

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.VALUES})
    predicts_values: ClassVar[bool] = True

    cite = (
        """@inproceedings{george2005scalable,
  title = {A Scalable Collaborative Filtering Framework Based on Co-Clustering},
  author = {George, Thomas and Merugu, Srujana},
  booktitle = {Fifth IEEE International Conference on Data Mining (ICDM)},
  pages = {625--628},
  year = {2005},
  doi = {10.1109/ICDM.2005.14}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Find the clusters."""
        self._ratings = Ratings.of(train)
        values = self._ratings.values
        seed = np.random.SeedSequence(context.seed)
        random_state = np.random.RandomState(np.random.MT19937(seed))  # the kind that Surprise draws from
        users = random_state.randint(self.user_clusters, size=values.shape[0])
        items = random_state.randint(self.item_clusters, size=values.shape[1])
        self._user_mean, self._item_mean = _means(values), _means(values.T.tocsr())
        off = self._off(values, self._user_mean)
        for done in range(1, self.epochs + 1):
            self._average(values, users, items)
            users = _nearest(off, _members(items, self.item_clusters), self._gain)
            items = _nearest(off.T.tocsr(), _members(users, self.user_clusters), self._gain.T)
            context.progress(done, self.epochs)
        self._average(values, users, items)
        self._user_cluster, self._item_cluster = users, items
        return self

    def _average(self, values: csr_matrix, users: Int64, items: Int64) -> None:
        """Keep what each co-cluster adds to the means of user and item: its mean less those of both clusters."""
        rows, columns = _members(users, self.user_clusters), _members(items, self.item_clusters)
        total = (rows.T @ values @ columns).toarray()
        count = (rows.T @ _ones(values) @ columns).toarray()
        mean = float(values.data.mean())
        both = _divided(total, count, mean)
        user = _divided(total.sum(axis=1), count.sum(axis=1), mean)
        item = _divided(total.sum(axis=0), count.sum(axis=0), mean)
        self._gain: Float64 = both - user[:, None] - item

    def _off(self, values: csr_matrix, user_mean: Float64) -> csr_matrix:
        """Return float64 csr[m, n], how far each value is off the means of user and item."""
        off = values.copy()
        off.data = off.data - np.repeat(user_mean, np.diff(off.indptr)) - self._item_mean[off.indices]
        return off

    def parameter_count(self) -> int:
        """Return each user's and item's cluster and mean, and what each co-cluster adds."""
        return 2 * (len(self._user_mean) + len(self._item_mean)) + int(self._gain.size)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], predicted values."""
        codes = np.arange(len(self._ratings.item_position)) if candidates is None else candidates
        position = self._ratings.item_position[codes]
        mean, gain = self._users(queries)
        stars = mean[:, None] + gain[:, self._item_cluster[position]] + self._item_mean[position]
        scores: Float32 = stars.astype(np.float32)
        scores[:, position < 0] = np.nan
        return scores

    def _users(self, queries: Queries) -> tuple[Float64, Float64]:
        """Return each asking user's mean (float64[q]) and what it gains with each cluster of items (float64[q, k])."""
        position = self._ratings.user_position[queries.user]
        history = self._ratings.history(queries)
        mean = np.where(position >= 0, self._user_mean[position], _means(history))
        own = _nearest(self._off(history, mean), _members(self._item_cluster, self.item_clusters), self._gain)
        gain = self._gain[np.where(position >= 0, self._user_cluster[position], own)]
        silent = (position < 0) & (np.diff(history.indptr) == 0)
        mean[silent], gain[silent] = 0.0, 0.0
        return mean, gain


def _nearest(off: csr_matrix, members: csr_matrix, gain: Float64) -> Int64:
    """Return int64[m], the cluster of least squared error of each row, of equal ones the first.

    Args:
        off: float64 csr[m, n], values less the means of user and item.
        members: csr[n, l], 1 at the cluster of each column.
        gain: float64[k, l], what each pair of clusters adds.
    """
    # sum (off - gain)^2 = sum off^2 - 2 gain sum off + n gain^2 over each cluster of columns
    errors = (_ones(off) @ members) @ (gain**2).T - 2 * ((off @ members) @ gain.T)
    nearest: Int64 = np.argmin(errors, axis=1)
    return nearest


def _members(cluster: Int64, count: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(cluster)), cluster, np.arange(len(cluster) + 1)), shape=(len(cluster), count))


def _ones(matrix: csr_matrix) -> csr_matrix:
    ones = matrix.copy()
    ones.data = np.ones_like(matrix.data)
    return ones


def _means(values: csr_matrix) -> Float64:
    """Return float64[m], the mean of each row's entries, 0 without any."""
    return _divided(np.asarray(values.sum(axis=1)).ravel(), np.diff(values.indptr), 0.0)


def _divided(total: Float64, count: Float64, otherwise: float) -> Float64:
    ratio: Float64 = np.divide(total, count, out=np.full(total.shape, otherwise), where=count > 0)
    return ratio
