"""Cosines between the mean of a history's vectors and the catalogue, for sparse and dense vectors alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Bool, Dataset, Float32, Float64, Int32, Queries
from benchsuite_classic.support import answerable, blas_threads, silence, warm_items

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_TINY = 1e-6  # shorter vectors, of unit vectors less a center, are rounding


class Cosine:
    """Answers queries by the cosine of item vectors with the mean of the history's vectors.

    Item vectors x are first centered and scaled to unit length, w = (x - m) / |x - m|, without ever storing them, so
    that sparse vectors stay sparse. An item without a vector, and a query that shows none, gets no score.

    Args:
        vectors: float32[items, d] or csr, rows of unit length or zero (no vector).
        train: items with training rows say where the center m is.
        center: False leaves m at zero.
        threads: how many threads BLAS may use.
    """

    def __init__(self, vectors: csr_matrix | Float32, train: Dataset, *, center: bool, threads: int) -> None:
        self._vectors, self._threads = vectors, threads
        known = _row_sums(vectors * vectors if isinstance(vectors, np.ndarray) else vectors.multiply(vectors)) > 0
        middle = np.zeros(vectors.shape[1])
        used = known & warm_items(train)
        if center and used.any():
            middle = np.asarray(vectors[used].mean(axis=0), np.float64).ravel()
        self._middle, self._square = middle, float(middle @ middle)
        self._along = np.asarray(vectors @ middle.astype(np.float32), np.float64).ravel()
        length = np.sqrt(np.maximum(known - 2 * self._along + self._square, 0.0))
        self._known: Bool = known & (length > _TINY)
        self._inverse = np.where(self._known, 1.0 / np.maximum(length, _TINY), 0.0)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], cosines from -1 to 1; NaN where there is no opinion."""
        columns: Any = slice(None) if candidates is None else candidates
        history = queries.matrix(len(self._known)).multiply(self._inverse[None, :]).tocsr()
        total = _row_sums(history)
        with blas_threads(self._threads):
            mean = history.astype(np.float32) @ self._vectors
            dots = mean @ self._vectors[columns].T
        dots = np.asarray(dots if isinstance(dots, np.ndarray) else dots.toarray(), np.float64)
        # The rest turns dot products of vectors into those of centered vectors.
        cross = np.asarray(mean @ self._middle, np.float64).ravel()
        squares = mean * mean if isinstance(mean, np.ndarray) else mean.multiply(mean)
        length = np.sqrt(np.maximum(_row_sums(squares) - 2 * total * cross + total**2 * self._square, 0.0))
        dots -= total[:, None] * self._along[columns] + (cross - total * self._square)[:, None]
        # A mean that points nowhere (opposite texts) has no cosine.
        points = length > _TINY * np.maximum(total, 1.0)
        dots *= self._inverse[columns]
        dots /= np.where(points, length, 1.0)[:, None]
        return silence(dots.astype(np.float32), answerable(queries, self._known) & points, self._known, candidates)


def _row_sums(matrix: Any) -> Float64:
    sums: Float64 = np.asarray(matrix.sum(axis=1), np.float64).ravel()
    return sums
