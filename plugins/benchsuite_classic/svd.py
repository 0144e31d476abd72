"""SVD: biased matrix factors of ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Model, Range, Reproducibility, Requirement
from benchsuite.data import Dataset, Float32, Float64, Int32, Queries
from benchsuite_classic.ratings import CITE_SURPRISE, Ratings
from benchsuite_classic.support import blas_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class SVD(Model):
    """Predicts a rating as mean + user bias + item bias + p.q, learnt by stochastic gradient descent.

    The factor model of Funk and Koren in the library *Surprise*, trained on the values. A known user is answered by
    the learnt bias and factors; a new user by the ridge regression of the history's values on the item factors, which
    minimizes the same loss; without a history by the mean and the item biases. Scores are
    on the scale of the values. Items without training rows get no score. For learning, values are mapped linearly to
    a range of width 4, like one to five stars, for which the settings were made.

    Attributes:
        factors: length of the vectors.
        epochs: passes over the ratings.
        learning_rate: of all parameters.
        regularization: the L2 penalty per rating, of all parameters.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    factors: Annotated[int, Ge(1), Range(10, 200, log=True)] = 100
    epochs: Annotated[int, Ge(1), Range(10, 100)] = 20
    learning_rate: Annotated[float, Gt(0), Range(0.001, 0.05, log=True)] = 0.005
    regularization: Annotated[float, Gt(0), Range(0.005, 0.5, log=True)] = 0.02

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.VALUES})
    predicts_values: ClassVar[bool] = True

    cite = (
        """@article{koren2009matrix,
  title = {Matrix Factorization Techniques for Recommender Systems},
  author = {Koren, Yehuda and Bell, Robert and Volinsky, Chris},
  journal = {Computer},
  volume = {42},
  number = {8},
  pages = {30--37},
  year = {2009},
  publisher = {IEEE},
  doi = {10.1109/MC.2009.263}
}""",
        CITE_SURPRISE,
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Learn biases and factors."""
        ratings = Ratings.of(train)
        low, high = float(ratings.values.data.min()), float(ratings.values.data.max())
        self._low, self._scale = low, 4.0 / (high - low) if high > low else 1.0
        seed = np.random.SeedSequence(context.seed)
        learner = self._learner(np.random.RandomState(np.random.MT19937(seed)))  # Surprise knows no newer kind
        learner.fit(ratings.trainset(self._stars(ratings.values.data)))
        self._ratings, self._threads = ratings, context.threads
        self._read(learner)
        return self

    def _learner(self, random_state: Any) -> Any:
        """Return what learns in *Surprise*, not fitted yet."""
        import surprise

        return surprise.SVD(
            n_factors=self.factors,
            n_epochs=self.epochs,
            lr_all=self.learning_rate,
            reg_all=self.regularization,
            random_state=random_state,
        )

    def _read(self, learner: Any) -> None:
        """Keep what *Surprise* learnt."""
        self._mean = float(learner.trainset.global_mean)
        self._user_bias, self._user_factors = np.asarray(learner.bu), np.asarray(learner.pu)
        self._item_bias, self._item_factors = np.asarray(learner.bi), np.asarray(learner.qi)

    def parameter_count(self) -> int:
        """Return the mean, the biases and the factors of users and items with training rows."""
        parts = (self._user_bias, self._item_bias, self._user_factors, self._item_factors)
        return 1 + sum(int(part.size) for part in parts)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], predicted values."""
        bias, users = self._users(queries)
        codes = np.arange(len(self._ratings.item_position)) if candidates is None else candidates
        position = self._ratings.item_position[codes]
        with blas_threads(self._threads):
            stars = users @ self._item_factors[position].T
        stars += bias[:, None]
        stars += self._item_bias[position] + self._mean
        scores: Float32 = ((stars - 1.0) / self._scale + self._low).astype(np.float32)
        scores[:, position < 0] = np.nan
        return scores

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], predicted values; for an item without ratings the mean plus the user's bias.

        That is Surprise's own estimate of an unknown item. It says nothing about which new item to rank first, so
        :meth:`score` leaves it out, but it tells a generous user's pair from a strict one's.
        """
        scores = super().score_pairs(queries, query, item)
        unknown = np.isnan(scores)
        if unknown.any():
            bias, _ = self._users(queries)
            scores[unknown] = (self._mean + bias[query[unknown]] - 1.0) / self._scale + self._low
        return scores

    def _stars(self, values: Float64) -> Float64:
        """Map values to 1 .. 5."""
        return (values - self._low) * self._scale + 1.0

    def _users(self, queries: Queries) -> tuple[Float64, Float64]:
        """Return the bias (float64[q]) and factors (float64[q, f]) of the asking users."""
        position = self._ratings.user_position[queries.user]
        bias, factors = self._user_bias[position], self._user_factors[position]
        history = self._ratings.history(queries)
        for row in np.flatnonzero(position < 0):
            bias[row], factors[row] = self._fold_in(history[row])
        return bias, factors

    def _fold_in(self, history: csr_matrix) -> tuple[float, Float64]:
        """Return bias and factors of one user with csr[1, items] values."""
        return self._ridge(history, 0.0)

    def _ridge(self, history: csr_matrix, explained: Float64 | float) -> tuple[float, Float64]:
        """Solve for bias and factors of one user from what values leave unexplained; both 0 without values.

        Args:
            history: float64 csr[1, n].
            explained: float64[values], what is known of each beside the mean and the item's bias.
        """
        from scipy.linalg import solve

        items = history.indices
        if not len(items):
            return 0.0, np.zeros(self.factors)
        inputs = np.column_stack([np.ones(len(items)), self._item_factors[items]])
        residual = self._stars(history.data) - self._mean - self._item_bias[items] - explained
        # The penalty is charged once per rating, as in gradient descent.
        normal = inputs.T @ inputs + self.regularization * len(items) * np.eye(inputs.shape[1])
        solved: Float64 = solve(normal, inputs.T @ residual, assume_a="pos")
        return float(solved[0]), solved[1:]
