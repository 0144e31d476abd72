"""EASE: a linear item-to-item model with a closed form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt, Lt

from benchsuite.api import Context, Model, Range
from benchsuite.data import Dataset, Entities, Float32, Int32, Queries
from benchsuite.errors import DataError
from benchsuite_classic.support import (
    blas_threads,
    blocks,
    equal_parts,
    has_known_history,
    mask_unscored,
    parallel_for,
    select_columns,
    warm_items,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


LARGEST_FOR_LAPACK = 28_000
"""Rows of the largest matrix that is given to LAPACK whole. OpenBLAS shares out room of a fixed size to its threads:
with two of them it ended in a segmentation fault with 41,000 rows, and was right with 27,000."""


@dataclass
class EASE(Model):
    """Embarrassingly shallow autoencoder: predicts each item from all others by one ridge regression.

    Solves equation 8 of Steck (2019): P = (X'X + regularization I)^-1, B = I - P diag(P)^-1; scores are X B, where X
    is the 0/1 matrix of who took what. Everything happens in one float32 items-by-items matrix. Items without
    training rows and queries without a known item get no score.

    Attributes:
        regularization: the L2 penalty, in units of users; larger sets want larger values.
    """

    regularization: Annotated[float, Gt(0), Range(10, 10_000, log=True)] = 300.0

    cite: ClassVar[tuple[str, ...]] = (
        """@inproceedings{steck2019ease,
  title = {Embarrassingly Shallow Autoencoders for Sparse Data},
  author = {Steck, Harald},
  booktitle = {The World Wide Web Conference (WWW '19)},
  pages = {3251--3257},
  year = {2019},
  publisher = {ACM},
  doi = {10.1145/3308558.3313710}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Solve for the weights.

        Raises:
            DataError: when the matrix cannot be inverted in single precision.
        """
        self._warm = warm_items(train)
        self._threads = context.threads
        self._weights = self._inner_products(train, context.threads)
        diagonal = np.einsum("ii->i", self._weights)
        diagonal += self._penalty(diagonal.copy())
        with blas_threads(context.threads):
            invert(self._weights)
        self._weights /= -np.diag(self._weights)
        np.fill_diagonal(self._weights, 0.0)
        return self

    def _inner_products(self, train: Dataset, threads: int) -> Float32:
        """Return float32[items, items], a new matrix: the regression's X'X."""
        return gram(train.matrix(), threads)

    def _penalty(self, diagonal: Float32) -> Float32:
        """Return float32[items], what is added to the diagonal (float32[items], for 0/1 data the items' users)."""
        return np.full_like(diagonal, self.regularization)

    def parameter_count(self) -> int:
        """Return the weights between items other than 0."""
        return int(np.count_nonzero(self._weights))

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the predicted entries of the 0/1 matrix."""
        history = queries.matrix(len(self._warm))
        all_scores = np.empty(history.shape, np.float32)

        def work(first: int, last: int) -> None:
            all_scores[first:last] = history[first:last] @ self._weights

        parallel_for(work, equal_parts(len(queries), self._threads), self._threads)
        self._add_user_terms(all_scores, queries)
        scores = select_columns(all_scores, candidates)
        return mask_unscored(scores, has_known_history(queries, self._warm), self._warm, candidates)

    def _add_user_terms(self, scores: Float32, queries: Queries) -> None:
        """Add a subclass's own terms for the asking users to float32[q, items] scores, in place; here none."""

    def save(self, folder: Path) -> None:
        """Write the weights between items."""
        from safetensors.numpy import save_file

        save_file({"weights": self._weights, "warm": self._warm}, folder / "ease.safetensors")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read the weights between items."""
        from safetensors.numpy import load_file

        stored = load_file(folder / "ease.safetensors")
        self._weights, self._warm, self._threads = stored["weights"], stored["warm"], 1
        return self


@dataclass
class EDLAE(EASE):
    """Linear autoencoder with emphasized denoising: EASE whose penalty grows with an item's number of users.

    Training with inputs that are dropped at random, where only dropped ones are to be predicted, has a closed form
    (Steck 2020): to the constant penalty comes dropout / (1 - dropout) times the diagonal of X'X. So popular items are
    shrunk more than rare ones. All else is as in ``ease``, which is the same with dropout 0.

    Attributes:
        regularization: the constant part of the penalty, in units of users.
        dropout: the share of a user's items that training hides.
    """

    regularization: Annotated[float, Gt(0), Range(1, 10_000, log=True)] = 100.0
    dropout: Annotated[float, Ge(0), Lt(1), Range(0, 0.9)] = 0.6

    cite = (
        """@inproceedings{steck2020autoencoders,
  title = {Autoencoders that Don't Overfit towards the Identity},
  author = {Steck, Harald},
  booktitle = {Advances in Neural Information Processing Systems 33 (NeurIPS 2020)},
  pages = {19598--19608},
  year = {2020}
}""",
    )

    def _penalty(self, diagonal: Float32) -> Float32:
        """Return float32[items], what is added to the diagonal."""
        return np.float32(self.regularization) + np.float32(self.dropout / (1 - self.dropout)) * diagonal


def gram(matrix: csr_matrix, threads: int = 1) -> Float32:
    """Return X'X as float32[items, items], made block by block so that only the result is large."""
    items = matrix.shape[1]
    by_item = matrix.T.tocsr()
    out = np.empty((items, items), np.float32)

    def work(first: int, last: int) -> None:
        (by_item[first:last] @ matrix).toarray(out=out[first:last])

    parallel_for(work, blocks(items, 12 * threads * items), threads)
    return out


def invert(matrix: Float32) -> None:
    """Replace a symmetric positive definite float32[m, m] matrix by its inverse, in place.

    By LAPACK's Cholesky factorization; a matrix that is too large for it by :func:`invert_in_blocks`.

    Raises:
        DataError: when it is not positive definite in single precision.
    """
    if len(matrix) > LARGEST_FOR_LAPACK:
        invert_in_blocks(matrix)
        return
    inverse = _inverse(matrix.T)  # LAPACK reads columns first; that is the same symmetric matrix, so nothing is copied
    if not np.shares_memory(inverse, matrix):
        matrix.T[:] = inverse
    _mirror(matrix)


def invert_in_blocks(matrix: Float32, step: int = 1024) -> None:
    """Do what :func:`invert` does by products of narrow blocks (Gauss-Jordan, one block of rows after another).

    As many operations as Cholesky's way, a little less exact; beside the matrix it holds three times ``step`` rows.

    Args:
        matrix: float32[m, m].
        step: rows that are eliminated together.

    Raises:
        DataError: when it is not positive definite in single precision.
    """
    size = len(matrix)
    for first in range(0, size, step):
        last = min(first + step, size)
        own = np.ascontiguousarray(_inverse(np.array(matrix[first:last, first:last].T, order="F")).T)
        _mirror(own)
        rows = np.concatenate([matrix[first:last, :first].T, matrix[first:last, first:last], matrix[last:, first:last]])
        done = rows @ own
        for begin in range(0, size, step):
            if begin == first:
                continue
            end = min(begin + step, size)  # only the lower triangle is kept up to date
            matrix[begin:end, :end] -= rows[begin:end] @ done[:end].T
        matrix[first:last, :first] = done[:first].T
        matrix[last:, first:last] = done[last:]
        matrix[first:last, first:last] = -own
    np.negative(matrix, out=matrix)
    _mirror(matrix)


def _inverse(columns: Float32) -> Float32:
    """Return the inverse of a matrix stored by columns, in its upper triangle alone; the matrix is overwritten."""
    from scipy.linalg.lapack import spotrf, spotri

    factor, failed = spotrf(columns, lower=0, clean=0, overwrite_a=1)
    if not failed:
        inverse, failed = spotri(factor, lower=0, overwrite_c=1)
    if failed:
        raise DataError("the item matrix is not positive definite", remedy="raise the regularization")
    found: Float32 = inverse
    return found


def _mirror(matrix: Float32) -> None:
    """Copy the lower triangle of a matrix stored by rows into the upper one, in blocks."""
    size, step = len(matrix), 512
    for first in range(0, size, step):
        last = min(first + step, size)
        matrix[first:last, last:] = matrix[last:, first:last].T
        corner = matrix[first:last, first:last]
        corner[:] = np.tril(corner) + np.tril(corner, -1).T
