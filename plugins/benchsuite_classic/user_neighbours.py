"""Neighbours among users: similarities of users, and the mean of the neighbours' residuals for an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchsuite.data import Float64, Int64

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

Similarity = Literal["pearson", "msd"]


@dataclass(frozen=True, eq=False)
class UserIndex:
    """The training ratings, indexed by user and by item; users and items are positions, see :class:`Ratings`.

    Attributes:
        values: float64 csr[m, n].
        residuals: float64 csr[m, n], values less their baselines.
        by_item: the same by item.
        similarity: how two users are compared.
        shrinkage: a correlation over n common items is multiplied by (n - 1) / (n - 1 + shrinkage).
        neighbours: how many users who rated an item enter its mean, at most.
    """

    values: csr_matrix
    residuals: csr_matrix
    by_item: csc_matrix
    similarity: Similarity
    shrinkage: float
    neighbours: int

    def similarities(self, values: csr_matrix, residuals: csr_matrix) -> Float64:
        """Return float64[m], each training user's similarity to a new one, by *Surprise*'s formulas; never negative.

        Args:
            values: float64 csr[1, n], the new user's values.
            residuals: the same less their baselines.
        """
        ours, theirs = _ones(self.values), _ones(values)
        common = _times(ours, theirs)
        if self.similarity == "msd":
            squares = _times(_squared(self.values), theirs) - 2 * _times(self.values, values)
            squares = np.maximum(squares + _times(ours, _squared(values)), 0.0)  # rounding may fall below 0
            return np.where(common > 0, 1 / (squares / np.maximum(common, 1) + 1), 0.0)
        size = _times(_squared(self.residuals), theirs) * _times(ours, _squared(residuals))
        above = _times(self.residuals, residuals) * np.maximum(common - 1, 0) / (common - 1 + self.shrinkage)
        return np.maximum(np.divide(above, np.sqrt(size), out=np.zeros_like(above), where=size > 0), 0.0)

    def deviation(self, similarity: Float64, positions: Int64) -> Float64:
        """Return float64[p], the similarity-weighted mean residual of the nearest users who rated; 0 without any.

        Of equally similar users the first count, as in *Surprise*.

        Args:
            similarity: float64[m], not negative.
            positions: int64[p] of items.
        """
        rated = self.by_item[:, positions]
        column = np.repeat(np.arange(len(positions)), np.diff(rated.indptr))
        rank = np.empty(len(similarity), np.int64)
        rank[np.argsort(-similarity, kind="stable")] = np.arange(len(similarity))
        order = np.argsort(column * len(similarity) + rank[rated.indices])
        near = order[np.arange(len(order)) - rated.indptr[column] < self.neighbours]
        weight = similarity[rated.indices[near]]
        total = np.bincount(column[near], weight * rated.data[near], minlength=len(positions))
        below = np.bincount(column[near], weight, minlength=len(positions))
        return np.divide(total, below, out=np.zeros(len(positions)), where=below > 0)


def _ones(matrix: csr_matrix) -> csr_matrix:
    ones = matrix.copy()
    ones.data[:] = 1.0
    return ones


def _squared(matrix: csr_matrix) -> csr_matrix:
    squared = matrix.copy()
    squared.data **= 2
    return squared


def _times(matrix: csr_matrix, row: csr_matrix) -> Float64:
    """Return float64[m], csr[m, n] times csr[1, n]."""
    product: Float64 = matrix @ row.toarray()[0]
    return product
