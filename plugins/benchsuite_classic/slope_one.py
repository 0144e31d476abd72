"""Slope One: how much better one item is usually rated than another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from benchsuite.api import Context, Model, Reproducibility, Requirement
from benchsuite.data import Dataset, Entities, Float32, Int32, Queries
from benchsuite_classic.ratings import Ratings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FILE = "slope-one.safetensors"


@dataclass
class SlopeOne(Model):
    """Predicts a rating as the user's mean + the mean deviation of the item from the items that the user rated.

    The deviation of i from j is the mean of r_ui - r_uj over the users who rated both; rated items without such a user
    do not count (Lemire and Maclachlan 2005, section 3.1). The predictions are those of the library *Surprise*, which
    cuts ratings to whole numbers; here they stay as they are. Everybody is answered from the visible history. Scores
    are on the scale of the values. Items without training rows and queries without a known item get no score. There is
    nothing to tune.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.VALUES})
    predicts_values: ClassVar[bool] = True

    exempt: ClassVar[Mapping[str, str]] = {
        "checkerboard": "one deviation per pair of items holds for everybody, so two opposite tastes cancel each other"
    }

    cite = (
        """@inproceedings{lemire2005slope,
  title = {Slope One Predictors for Online Rating-Based Collaborative Filtering},
  author = {Lemire, Daniel and Maclachlan, Anna},
  booktitle = {Proceedings of the 2005 SIAM International Conference on Data Mining (SDM)},
  pages = {471--475},
  year = {2005},
  doi = {10.1137/1.9781611972757.43}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Take the mean deviations."""
        self._ratings = Ratings.of(train)
        values = self._ratings.values.copy()
        values.data -= values.data.min() - 1.0  # nothing is 0, so that no sum vanishes from the sparse products
        rated = _ones(values)
        self._deviation = _sorted(rated.T @ values)  # of each j by i, the sum of r_i over the users of both
        common = _sorted(rated.T @ rated)
        self._deviation.data -= _sorted(self._deviation.T).data
        self._deviation.data /= common.data
        return self

    def parameter_count(self) -> int:
        """Return the deviations, each of which counts for a pair of items in both directions."""
        return int(self._deviation.nnz)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], predicted values."""
        codes = np.arange(len(self._ratings.item_position)) if candidates is None else candidates
        position = self._ratings.item_position[codes]
        known = np.flatnonzero(position >= 0)
        history = self._ratings.history(queries)
        rated, deviation = _ones(history), self._deviation[:, position[known]]
        lengths = np.diff(history.indptr)
        mean = np.asarray(history.sum(axis=1)).ravel() / np.maximum(lengths, 1)
        total, count = (rated @ deviation).toarray(), (rated @ _ones(deviation)).toarray()
        scores = np.full((len(queries), len(codes)), np.nan, np.float32)
        scores[:, known] = mean[:, None] + total / np.maximum(count, 1)
        scores[lengths == 0] = np.nan
        return scores

    def save(self, folder: Path) -> None:
        """Write the deviations, and which items they belong to."""
        from safetensors.numpy import save_file

        near, ratings = self._deviation, self._ratings
        arrays = {"data": near.data, "indices": near.indices, "indptr": near.indptr}
        arrays |= {"items": ratings.items, "item_place": ratings.item_position}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / _FILE)

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        from safetensors.numpy import load_file
        from scipy.sparse import csr_matrix

        stored = load_file(folder / _FILE)
        size = len(stored["items"])
        self._deviation = csr_matrix((stored["data"], stored["indices"], stored["indptr"]), shape=(size, size))
        nobody = np.empty(0, np.int64)
        nothing = csr_matrix((0, size), dtype=np.float64)
        self._ratings = Ratings(nobody, stored["items"], nobody, stored["item_place"], nothing)
        return self


def _ones(matrix: csr_matrix) -> csr_matrix:
    """Return the same entries, all 1."""
    ones = matrix.copy()
    ones.data = np.ones_like(matrix.data)
    return ones


def _sorted(matrix: csr_matrix) -> csr_matrix:
    """Return the matrix by rows, entries in the order of the columns, so that those of equal structure correspond."""
    matrix = matrix.tocsr()
    matrix.sort_indices()
    return matrix
