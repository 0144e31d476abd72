"""Sparse weights between items: scores are the history times the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np

from benchsuite.api import Model
from benchsuite.data import Bool, Entities, Float32, Int32, Queries
from benchsuite_classic.support import has_known_history, mask_unscored

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
        from safetensors.numpy import save_file

        near = self._weights
        arrays = {"data": near.data, "indices": near.indices, "indptr": near.indptr, "warm": self._warm}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / _FILE)

    def load(self, folder: Path, items: Entities) -> Self:
        """Read the weights."""
        from safetensors.numpy import load_file
        from scipy.sparse import csr_matrix

        stored = load_file(folder / _FILE)
        self._warm = stored["warm"]
        parts = stored["data"], stored["indices"], stored["indptr"]
        self._weights = csr_matrix(parts, shape=(len(self._warm), len(self._warm)))
        return self
