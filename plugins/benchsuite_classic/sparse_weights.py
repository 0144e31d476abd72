"""Sparse weights between items: scores are the history times the weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from benchsuite.api import Model
from benchsuite.data import Bool, Entities, Float32, Int32, Queries
from benchsuite_classic.support import has_known_history, mask_unscored

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FILE = "weights.safetensors"


class SparseWeights(Model):
    """Base of models that learn a sparse float32 csr[items, items]: what each item of the history says for each other.

    Items without training rows and queries without a known item get no score.
    """

    _warm: Bool
    _weights: Any  # scipy is not imported yet where settings are looked at

    def parameter_count(self) -> int:
        """Return the stored weights."""
        return int(self._weights.nnz)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], sums of the weights of the history's items."""
        weights = self._weights if candidates is None else self._weights[:, candidates]
        scores: Float32 = (queries.matrix(len(self._warm)) @ weights).toarray()
        return mask_unscored(scores, has_known_history(queries, self._warm), self._warm, candidates)

    def save(self, folder: Path) -> None:
        """Write the weights."""
        write_square(folder, self._weights, self._warm)

    def load(self, folder: Path, items: Entities) -> Self:
        """Read the weights."""
        self._weights, self._warm = read_square(folder)
        return self


def write_square(folder: Path, matrix: csr_matrix, warm: Bool) -> None:
    """Write what is known of each pair of items (float32 csr[n, n]), and which have training rows (bool[n])."""
    from safetensors.numpy import save_file

    arrays = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "warm": warm}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / _FILE)


def read_square(folder: Path) -> tuple[csr_matrix, Bool]:
    """Return what :func:`write_square` wrote."""
    from safetensors.numpy import load_file
    from scipy.sparse import csr_matrix

    stored = load_file(folder / _FILE)
    warm: Bool = stored["warm"]
    parts = stored["data"], stored["indices"], stored["indptr"]
    return csr_matrix(parts, shape=(len(warm), len(warm))), warm
