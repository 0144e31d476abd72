"""Cosines between the mean of a history's vectors and the catalogue, for sparse and dense vectors alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Bool, Float32, Float64, Int32, Queries
from benchsuite_classic.support import blas_threads, has_known_history, mask_unscored

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_TINY = 1e-6  # shorter vectors, of unit vectors less a center, are rounding


class Cosine:
    """Answers queries by the cosine of item vectors with the mean of the history's vectors.

    Item vectors x are first centered and scaled to unit length, w = (x - m) / |x - m|; of sparse vectors that is never
    stored, so that they stay sparse. An item without a vector, and a query that shows none, gets no score.

    Args:
        vectors: float32[items, d] or csr, rows of unit length or zero (no vector).
        warm: bool[items], the items with training rows: they define the center m.
        center: False leaves m at zero.
        threads: how many threads BLAS may use.
    """

    def __init__(self, vectors: csr_matrix | Float32, warm: Bool, *, center: bool, threads: int) -> None:
        self._threads = threads
        dense = isinstance(vectors, np.ndarray)
        given: Any = vectors if dense else vectors.astype(np.float64)  # what follows subtracts almost equal numbers
        squares = _row_sums(_squares(given))
        written = squares > 0
        middle = np.zeros(given.shape[1])
        used = written & warm
        self.learnt = given.shape[1] if center and used.any() else 0
        """Number of learnt values: those of the center."""
        if self.learnt:
            middle = np.asarray(given[used].mean(axis=0, dtype=np.float64)).ravel()
        if dense:
            moved = given - middle.astype(np.float32)
            length = np.sqrt(_row_sums(_squares(moved)))
        else:
            length = np.sqrt(np.maximum(squares - 2 * (given @ middle) + middle @ middle, 0.0))
        self._known: Bool = written & (length > _TINY)
        inverse = np.where(self._known, 1.0 / np.maximum(length, _TINY), 0.0)
        # Dense vectors are moved and scaled once and for all; sparse ones stay as they are.
        self._vectors = moved * inverse[:, None].astype(np.float32) if dense else given
        self._middle = np.zeros_like(middle) if dense else middle
        self._inverse = self._known.astype(np.float64) if dense else inverse
        self._square = float(self._middle @ self._middle)
        self._along = np.asarray(self._vectors @ self._middle, np.float64).ravel()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], cosines from -1 to 1; NaN where it abstains."""
        columns: Any = slice(None) if candidates is None else candidates
        history = queries.matrix(len(self._known)).multiply(self._inverse[None, :]).tocsr()
        total = _row_sums(history)
        with blas_threads(self._threads):
            mean = history.astype(self._vectors.dtype) @ self._vectors
            dots = mean @ self._vectors[columns].T
        dots = np.asarray(dots if isinstance(dots, np.ndarray) else dots.toarray(), np.float64)
        # The rest turns dot products of vectors into those of centered vectors.
        cross = np.asarray(mean @ self._middle, np.float64).ravel()
        length = _row_sums(_squares(mean)) - 2 * total * cross + total**2 * self._square
        length = np.sqrt(np.maximum(length, 0.0))
        dots -= total[:, None] * self._along[columns] + (cross - total * self._square)[:, None]
        # A zero mean (of opposite vectors) has no cosine.
        points = length > _TINY * np.maximum(total, 1.0)
        dots *= self._inverse[columns]
        dots /= np.where(points, length, 1.0)[:, None]
        return mask_unscored(
            dots.astype(np.float32), has_known_history(queries, self._known) & points, self._known, candidates
        )


def _squares(matrix: Any) -> Any:
    return matrix * matrix if isinstance(matrix, np.ndarray) else matrix.multiply(matrix)


def _row_sums(matrix: Any) -> Float64:
    sums: Float64 = np.asarray(matrix.sum(axis=1, dtype=np.float64)).ravel()
    return sums
