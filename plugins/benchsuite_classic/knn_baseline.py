"""kNN with baselines: ratings of similar items, on top of user and item biases."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Model, Range, Reproducibility, Requirement
from benchsuite.data import Dataset, Entities, Float32, Float64, Int32, Int64, Queries
from benchsuite.errors import NotApplicable
from benchsuite_classic.ratings import CITE_SURPRISE, Ratings
from benchsuite_classic.user_neighbours import Similarity, UserIndex

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FILE = "knn-baseline.safetensors"
_USER_DAMPING = 15.0
"""Surprise's ``reg_u``: how many ratings equal to the mean are added to a user's ratings."""


@dataclass
class KNNBaseline(Model):
    """Predicts a rating as a baseline plus the deviations of the user's ratings of the most similar items.

    Formula 3 of Koren (2010) in the library *Surprise*, by default between items, with shrunk Pearson correlations
    around the baselines (mean + user bias + item bias). Between users, the deviations are those of the most similar
    users' ratings of the item; a new user's similarities are worked out from the history. Baselines and similarities
    come from *Surprise*, predictions of the whole catalogue are computed at once from the visible history. A new user's
    bias is what *Surprise* would learn from the history. Scores are on the scale of the values. Items without training
    rows get no score. *Surprise* holds five square matrices of doubles, of all items or all users, while it learns.

    Attributes:
        neighbours: how many of the items in the history (of the users who rated the item) count, at most.
        shrinkage: a correlation over n common users (items) is multiplied by (n - 1) / (n - 1 + shrinkage).
        between: whether neighbours are ``"items"`` or ``"users"``; Surprise's own default is users.
        similarity: ``"pearson"``, or ``"msd"``: 1 / (1 + mean squared difference), Surprise's own default.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    neighbours: Annotated[int, Ge(1), Range(10, 200, log=True)] = 40
    shrinkage: Annotated[float, Gt(0), Range(1, 500, log=True)] = 100.0
    between: Literal["items", "users"] = "items"
    similarity: Similarity = "pearson"

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.VALUES})
    predicts_values: ClassVar[bool] = True

    cite = (
        """@article{koren2010factor,
  title = {Factor in the Neighbors: Scalable and Accurate Collaborative Filtering},
  author = {Koren, Yehuda},
  journal = {ACM Transactions on Knowledge Discovery from Data},
  volume = {4},
  number = {1},
  pages = {1:1--1:24},
  year = {2010},
  doi = {10.1145/1644873.1644874}
}""",
        CITE_SURPRISE,
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Learn baselines and similarities."""
        import surprise

        self._ratings = Ratings.of(train)
        named = {"pearson": "pearson_baseline", "msd": "msd"}[self.similarity]
        users = self.between == "users"
        learner = surprise.KNNBaseline(
            k=self.neighbours,
            sim_options={"name": named, "user_based": users, "shrinkage": self.shrinkage},
            bsl_options={"method": "als", "reg_u": _USER_DAMPING},
            verbose=False,
        )
        # two items (users) whose common ratings all lie on the baseline, as equal ratings do, make Surprise divide by 0
        with contextlib.suppress(ZeroDivisionError):
            learner.fit(self._ratings.trainset(self._ratings.values.data))
        self._mean = float(learner.trainset.global_mean)
        self._user_bias, self._item_bias = learner.bu, learner.bi
        similarity = learner.sim if hasattr(learner, "sim") else self._correlations()
        self._similarity = np.where(similarity > 0, similarity, 0.0)  # only positive ones count
        self._user_index = self._index_users() if users else None
        return self

    def save(self, folder: Path) -> None:
        """Write means, biases and the similarities of items, but no user's ratings.

        Raises:
            NotApplicable: with neighbours among users: they answer with their ratings.
        """
        from scipy.sparse import csr_matrix

        if self._user_index is not None:
            raise NotApplicable("knn-baseline between users answers with the ratings of known users")
        from safetensors.numpy import save_file

        near, ratings = csr_matrix(self._similarity), self._ratings
        arrays = {"data": near.data, "indices": near.indices, "indptr": near.indptr, "mean": np.array([self._mean])}
        arrays |= {"users": ratings.users, "items": ratings.items, "user_bias": self._user_bias}
        arrays |= {
            "user_place": ratings.user_position,
            "item_place": ratings.item_position,
            "item_bias": self._item_bias,
        }
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / _FILE)

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        from safetensors.numpy import load_file
        from scipy.sparse import csr_matrix

        stored = load_file(folder / _FILE)
        size = len(stored["items"])
        near = csr_matrix((stored["data"], stored["indices"], stored["indptr"]), shape=(size, size))
        nothing = csr_matrix((len(stored["users"]), size), dtype=np.float64)
        positions = stored["user_place"], stored["item_place"]
        self._ratings = Ratings(stored["users"], stored["items"], *positions, nothing)
        self._mean = float(stored["mean"][0])
        self._user_bias, self._item_bias = stored["user_bias"], stored["item_bias"]
        self._similarity, self._user_index = near.toarray(), None
        return self

    def parameter_count(self) -> int:
        """Return the mean, the biases and the similarities other than 0."""
        return 1 + len(self._user_bias) + len(self._item_bias) + int(np.count_nonzero(self._similarity))

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], predicted values."""
        codes = np.arange(len(self._ratings.item_position)) if candidates is None else candidates
        position = self._ratings.item_position[codes]
        known = np.flatnonzero(position >= 0)
        scores = np.full((len(queries), len(codes)), np.nan, np.float32)
        history = self._ratings.history(queries)
        for row in range(len(queries)):
            scores[row, known] = self._predict(int(queries.user[row]), history[row], position[known])
        return scores

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], as :meth:`score`; for an item without ratings the mean plus the user's bias.

        That is Surprise's own estimate of an unknown item. It says nothing about which new item to rank first, so
        :meth:`score` leaves it out, but it tells a generous user's pair from a strict one's.
        """
        position = self._ratings.item_position[item]
        scores = np.empty(len(query), np.float32)
        history = self._ratings.history(queries)
        for row in np.unique(query):
            begin, end = np.searchsorted(query, [row, row + 1])
            user = int(queries.user[row])
            known = begin + np.flatnonzero(position[begin:end] >= 0)
            scores[begin:end] = self._mean + self._bias(user, history[row])
            scores[known] = self._predict(user, history[row], position[known])
        return scores

    def _predict(self, user: int, history: csr_matrix, positions: Int64) -> Float64:
        """Return float64[positions], the predicted values of a user with csr[1, items] values."""
        items = history.indices
        residual = history.data - self._mean - self._item_bias[items]
        bias = self._bias(user, history)
        baseline = self._mean + bias + self._item_bias[positions]
        if self._user_index is None:
            return np.asarray(baseline + self._deviation(positions, items, residual - bias))
        position = self._ratings.user_position[user]
        if position >= 0:
            similar = self._similarity[position]
        else:
            off = history.copy()
            off.data = residual - bias
            similar = self._user_index.similarities(history, off)
        return np.asarray(baseline + self._user_index.deviation(similar, positions))

    def _correlations(self) -> Float64:
        """Return what Surprise computes, and 0 between two items (users) without any rating off the baseline."""
        off = self._deviations() if self.between == "users" else self._deviations().T.tocsr()
        seen, square = off.copy(), off.copy()
        seen.data, square.data = np.ones_like(off.data), off.data**2
        common, own = (seen @ seen.T).toarray(), (square @ seen.T).toarray()
        scale = np.sqrt(own * own.T)
        some = (common > 1) & (scale > 0)
        similarity = np.divide((off @ off.T).toarray(), scale, out=np.zeros_like(scale), where=some)
        similarity[some] *= (common[some] - 1) / (common[some] - 1 + self.shrinkage)
        np.fill_diagonal(similarity, 1.0)
        return np.asarray(similarity, np.float64)

    def _deviations(self) -> csr_matrix:
        """Return float64 csr[users, items], how far each training rating is off the baseline."""
        off = self._ratings.values.copy()
        users = np.repeat(np.arange(off.shape[0]), np.diff(off.indptr))
        off.data = off.data - self._mean - self._user_bias[users] - self._item_bias[off.indices]
        return off

    def _index_users(self) -> UserIndex:
        """Return the training ratings as neighbours among users."""
        off = self._deviations()
        return UserIndex(self._ratings.values, off, off.tocsc(), self.similarity, self.shrinkage, self.neighbours)

    def _bias(self, user: int, history: csr_matrix) -> float:
        """Return the user's bias: as learnt, or for a new user the damped mean residual of csr[1, items] values."""
        position = self._ratings.user_position[user]
        if position >= 0:
            return float(self._user_bias[position])
        residual = history.data - self._mean - self._item_bias[history.indices]
        return float(residual.sum() / (_USER_DAMPING + len(residual)))

    def _deviation(self, positions: Int64, items: Int32, residual: Float64) -> Float64:
        """Return float64[positions], the similarity-weighted mean of the nearest items' residuals; 0 without any."""
        rows = self._similarity[items]  # the matrix is symmetric, and whole rows are gathered many times faster
        whole = np.array_equal(positions, np.arange(rows.shape[1]))
        near = np.ascontiguousarray((rows if whole else rows[:, positions]).T)
        if len(items) > self.neighbours:
            _keep_largest(near, self.neighbours)
        weight = near.sum(axis=1)
        mean: Float64 = np.divide(near @ residual, weight, out=np.zeros(len(positions)), where=weight > 0)
        return mean


def _keep_largest(near: Float64, count: int) -> None:
    """Zero all but the ``count`` largest of each row, in place; of equal ones the first are kept, as Surprise does."""
    last = near.shape[1] - count
    limit = np.partition(near, last, axis=1)[:, last : last + 1]
    kept = near >= limit
    for row in np.flatnonzero((kept.sum(axis=1) > count) & (limit[:, 0] > 0)):
        equal = np.flatnonzero(near[row] == limit[row])
        kept[row, equal[count - int(kept[row].sum()) :]] = False
    near[~kept] = 0.0
