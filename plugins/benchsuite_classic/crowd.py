"""Neighbours among users: who rated alike, and what their ratings of an item say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchsuite.data import Float64, Int64

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

Likeness = Literal["pearson", "msd"]


@dataclass(frozen=True, eq=False)
class Crowd:
    """The training ratings as neighbours see them; users and items are places, see :class:`Ratings`.

    Attributes:
        values: float64 csr[m, n].
        residuals: float64 csr[m, n], values less their baselines.
        by_item: the same by item.
        likeness: how two users are compared.
        shrinkage: how many common items a correlation is weighed against.
        neighbours: how many users are asked for an item, at most.
    """

    values: csr_matrix
    residuals: csr_matrix
    by_item: csc_matrix
    likeness: Likeness
    shrinkage: float
    neighbours: int

    def similar(self, values: csr_matrix, residuals: csr_matrix) -> Float64:
        """Return float64[m], how alike each training user is to someone new, by *Surprise*'s formulas; never negative.

        Args:
            values: float64 csr[1, n], the newcomer's values.
            residuals: the same less their baselines.
        """
        ours, theirs = _ones(self.values), _ones(values)
        common = _times(ours, theirs)
        if self.likeness == "msd":
            squares = _times(_squared(self.values), theirs) - 2 * _times(self.values, values)
            squares = np.maximum(squares + _times(ours, _squared(values)), 0.0)  # rounding may fall below 0
            return np.where(common > 0, 1 / (squares / np.maximum(common, 1) + 1), 0.0)
        size = _times(_squared(self.residuals), theirs) * _times(ours, _squared(residuals))
        above = _times(self.residuals, residuals) * np.maximum(common - 1, 0) / (common - 1 + self.shrinkage)
        return np.maximum(np.divide(above, np.sqrt(size), out=np.zeros_like(above), where=size > 0), 0.0)

    def deviation(self, similarity: Float64, places: Int64) -> Float64:
        """Return float64[places], the similarity-weighted mean residual of the nearest who rated; 0 without any.

        Of equally similar users the first are asked, as *Surprise* does.

        Args:
            similarity: float64[m], not negative.
            places: int64[p] of items.
        """
        rated = self.by_item[:, places]
        column = np.repeat(np.arange(len(places)), np.diff(rated.indptr))
        rank = np.empty(len(similarity), np.int64)
        rank[np.argsort(-similarity, kind="stable")] = np.arange(len(similarity))
        order = np.argsort(column * len(similarity) + rank[rated.indices])
        near = order[np.arange(len(order)) - rated.indptr[column] < self.neighbours]
        weight = similarity[rated.indices[near]]
        total = np.bincount(column[near], weight * rated.data[near], minlength=len(places))
        below = np.bincount(column[near], weight, minlength=len(places))
        return np.divide(total, below, out=np.zeros(len(places)), where=below > 0)


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
