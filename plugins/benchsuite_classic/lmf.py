"""LMF: logistic matrix factors of implicit feedback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Range, Reproducibility
from benchsuite.data import Dataset, Float32, Queries
from benchsuite_classic.item_factors import ItemFactors
from benchsuite_classic.support import (
    blas_threads,
    blocks,
    parallel_for,
    warm_items,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_DEVIATION = 0.1
"""Standard deviation of the first factors, times the square root of their number."""


@dataclass
class LMF(ItemFactors):
    """Factors and biases whose sum through a logistic curve is the chance that a user takes an item.

    Maximizes the sum over taken pairs of alpha z - over all pairs of (1 + alpha r) ln(1 + e^z) -
    regularization / 2 times the squares of all parameters, where z = x.y + user bias + item bias and r is 1 for taken
    pairs, else 0 (Johnson 2014, equation 3), by alternating gradient ascent with AdaGrad. Gradients are over all pairs,
    where the paper suggests and the library *implicit* makes a sample (of no more pairs per user than there are
    factors). Every query, of a known user or a new one, is answered by climbing from 0 for the user's factors, with the
    visible history. Items without training rows and queries without a known item get no score.

    Attributes:
        factors: length of the vectors.
        learning_rate: of all parameters.
        regularization: the L2 penalty, the same for all users and items.
        alpha: how much a taken pair counts, where a pair not taken counts 1.
        iterations: steps for all users, then for all items.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    factors: Annotated[int, Ge(1), Range(8, 128, log=True)] = 32
    learning_rate: Annotated[float, Gt(0), Range(0.05, 2, log=True)] = 0.3
    regularization: Annotated[float, Ge(0), Range(0.1, 100, log=True)] = 5.0
    alpha: Annotated[float, Gt(0), Range(0.5, 40, log=True)] = 2.0
    iterations: Annotated[int, Ge(1), Range(10, 200, log=True)] = 50

    FILE: ClassVar[str] = "lmf.safetensors"

    cite = (
        """@inproceedings{johnson2014logistic,
  title = {Logistic Matrix Factorization for Implicit Feedback Data},
  author = {Johnson, Christopher C.},
  booktitle = {NIPS 2014 Workshop on Distributed Machine Learning and Matrix Computations},
  year = {2014}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Learn factors and biases."""
        self._warm, self._threads = warm_items(train), context.threads
        taken = train.matrix()
        by_item = taken.T.tocsr()
        self._active = int(np.count_nonzero(np.diff(taken.indptr)))
        rng = np.random.default_rng(context.seed)
        # Columns: factors, own bias, and a 1 for the other side's.
        users, items = (
            np.concatenate(
                [rng.normal(0.0, _DEVIATION / self.factors**0.5, (size, self.factors)), np.zeros((size, 2))], axis=1
            ).astype(np.float32)
            for size in taken.shape
        )
        users[np.diff(taken.indptr) > 0, -1] = 1.0
        items[self._warm, -1] = 1.0
        users[np.diff(taken.indptr) == 0], items[~self._warm] = 0.0, 0.0
        user_squares, item_squares = np.full_like(users, 1e-6), np.full_like(items, 1e-6)
        with blas_threads(1):
            for done in range(1, self.iterations + 1):
                self._climb(taken, users, user_squares, items)
                self._climb(by_item, items, item_squares, users)
                context.progress(done, self.iterations)
        self._item_factors = items
        return self

    def _climb(self, taken: csr_matrix, own: Float32, squares: Float32, others: Float32) -> None:
        """Move the vectors of one side one step up the gradient, in place.

        Args:
            taken: csr[m, n], 1 where a pair was taken.
            own: float32[m, factors + 2], to be moved; the last column stays.
            squares: float32[m, factors + 2], the sums of squared gradients.
            others: float32[n, factors + 2] of the other side, its bias next to last.
        """
        turned = np.concatenate([others[:, :-2], others[:, -1:], others[:, -2:-1]], axis=1)

        def work(first: int, last: int) -> None:
            rise = self._gradient(taken[first:last], own[first:last], turned)
            squares[first:last] += rise**2
            own[first:last] += np.float32(self.learning_rate) * rise / np.sqrt(squares[first:last])

        parallel_for(work, blocks(len(own), 8 * len(others) * self._threads), self._threads)

    def _gradient(self, taken: csr_matrix, own: Float32, turned: Float32) -> Float32:
        """Return float32[m, factors + 2], the gradient by ``own``; ``turned`` has a 1 next to last, then the bias."""
        odds = own @ turned.T
        with np.errstate(over="ignore"):
            chance = np.reciprocal(1.0 + np.exp(-odds, out=odds), out=odds)
        rows = np.repeat(np.arange(len(own)), np.diff(taken.indptr))
        chance[rows, taken.indices] *= np.float32(1.0 + self.alpha)
        rise: Float32 = np.float32(self.alpha) * (taken @ turned) - chance @ turned
        rise -= np.float32(self.regularization) * own
        rise[:, -1] = 0.0
        return rise

    def fold_in(self, queries: Queries) -> Float32:
        """Return float32[q, factors + 2], each asking user's factors and bias, and a 1; from the visible history."""
        history = queries.matrix(len(self._warm))
        own = np.zeros((len(queries), self.factors + 2), np.float32)
        own[:, -1] = 1.0
        squares = np.full_like(own, 1e-6)
        with blas_threads(1):
            for _ in range(self.iterations):
                self._climb(history, own, squares, self._item_factors)
        return own

    def parameter_count(self) -> int:
        """Return the factors and biases of all users and items with training rows."""
        return (self.factors + 1) * (self._active + int(self._warm.sum()))

    def beside_items(self, queries: Queries) -> Float32:
        """Return float32[q, factors + 2]: own bias stands where an item has its 1, and the 1 where it has its bias."""
        users = self.fold_in(queries)
        return np.concatenate([users[:, :-2], users[:, -1:], users[:, -2:-1]], axis=1)
