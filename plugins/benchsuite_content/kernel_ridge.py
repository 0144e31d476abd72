"""Kernel ridge regression on texts: predicts the factors of new items from known items with similar texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchsuite.data import Bool, Entities, Float32, Float64, Int32, Int64, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.support import blas_threads

MAX_TRAINING_ITEMS = 3000
"""The regression is fitted on at most this many known items, those with most rows: time grows with the cube."""

RIDGES = (0.1, 0.3, 1.0, 3.0, 6.0, 12.0)
"""L2 penalties that are tried."""

_TINY = 1e-9
_FILE = "new.safetensors"

CITE_KERNEL_RIDGE = """@inproceedings{saunders1998ridge,
  title = {Ridge Regression Learning Algorithm in Dual Variables},
  author = {Saunders, Craig and Gammerman, Alexander and Vovk, Volodya},
  booktitle = {International Conference on Machine Learning (ICML)},
  pages = {515--521},
  year = {1998}
}"""


@dataclass(frozen=True)
class TextKernel:
    """A weighted sum of kernels, one per representation of the texts, and the penalty of the regression on it.

    Attributes:
        shares: weight of each representation's kernel, by its name.
        ridge: the L2 penalty; each kernel is 1 between equal texts.
    """

    shares: Mapping[str, float]
    ridge: float


class NewItemFactors:
    """Factors of new items, predicted from their texts by kernel ridge regression (Saunders et al. 1998).

    The kernel of two texts is exp(-|a - b|^2) of their dense vectors, at unit length around the mean of the known items
    (a Gaussian kernel), or the cosine of their word counts. Kernels of several representations are added. An item whose
    text is empty gets the mean of the factors.

    Args:
        als: fitted.
        rows: float32[n], training rows of each item; 0 marks new ones.
        texts: representations of the items' texts by name: float32[n, d], or csr with rows of unit length; rows are
            zero where a text is empty.
        threads: for BLAS.
    """

    def __init__(self, als: ALS, rows: Float32, texts: Mapping[str, Any], threads: int = 1) -> None:
        self.als, self.warm, self._texts, self._threads = als, rows > 0, texts, threads
        self._new = np.flatnonzero(~self.warm)
        self._training = np.sort(np.argsort(-rows, kind="stable")[: min(MAX_TRAINING_ITEMS, int(self.warm.sum()))])
        self._kernels: dict[str, tuple[Float64, Float64]] = {}
        self._predicted: dict[tuple[Any, ...], Float32] = {}

    @property
    def representations(self) -> frozenset[str]:
        """The names of the representations."""
        return frozenset(self._texts)

    @property
    def weights(self) -> int:
        """How many numbers the regression learns."""
        return int(len(self._training) * self.als.item_factors.shape[1])

    def users(self, queries: Queries) -> Float32:
        """Return float32[q, f], ALS factors of the asking users; new items in a history are ignored."""
        return self.als.fold_in(queries, np.where(self.warm[:, None], self.als.item_factors, np.float32(0)))

    def factors(self, kernel: TextKernel, candidates: Int32 | None = None) -> Float32:
        """Return float32[c, f]: factors of new items as a kernel predicts them, 0 for known ones."""
        out = np.zeros_like(self.als.item_factors)
        out[self._new] = self._predicted_by(kernel)
        return out if candidates is None else out[candidates]

    def _predicted_by(self, kernel: TextKernel) -> Float32:
        key = (*sorted(kernel.shares.items()), kernel.ridge)
        if key not in self._predicted:
            self._predicted[key] = self._predict(kernel)
        return self._predicted[key]

    def save(self, folder: Path, kernel: TextKernel) -> None:
        """Write ALS and the factors of new items as one kernel predicts them."""
        from safetensors.numpy import save_file

        self.als.save(folder)
        save_file({"warm": self.warm, "taught": self._training, "factors": self._predicted_by(kernel)}, folder / _FILE)

    @classmethod
    def load(cls, folder: Path, items: Entities, kernel: TextKernel, als: ALS) -> Self:
        """Read what :meth:`save` wrote, into ``als`` of the same settings; no other kernel is known."""
        from safetensors.numpy import load_file

        stored = load_file(folder / _FILE)
        loaded = cls(als.load(folder, items), stored["warm"].astype(np.float32), {})
        loaded._training = stored["taught"]
        loaded._predicted[(*sorted(kernel.shares.items()), kernel.ridge)] = stored["factors"]
        return loaded

    def _predict(self, kernel: TextKernel) -> Float32:
        from sklearn.kernel_ridge import KernelRidge

        learnt = self.als.item_factors[self._training].astype(np.float64)
        if not len(learnt) or not len(self._new):
            return np.zeros((len(self._new), learnt.shape[1]), np.float32)
        among, towards = (np.zeros((size, len(learnt))) for size in (len(learnt), len(self._new)))
        with blas_threads(self._threads):
            for name, share in kernel.shares.items():
                if name not in self._kernels:
                    self._kernels[name] = _kernels(self._texts[name], self._training, self._new)
                known, new = self._kernels[name]
                among += share * known
                towards += share * new
            middle = learnt.mean(axis=0)
            model = KernelRidge(alpha=kernel.ridge, kernel="precomputed").fit(among, learnt - middle)
            return np.asarray(model.predict(towards) + middle, np.float32)


def _kernels(texts: Any, training: Int64, new: Int64) -> tuple[Float64, Float64]:
    """Return float64[t, t] and float64[m, t], the kernel among the training items, and of new items with them."""
    if not isinstance(texts, np.ndarray):
        known = texts[training].astype(np.float64)
        return (known @ known.T).toarray(), (texts[new].astype(np.float64) @ known.T).toarray()
    rows = texts[np.concatenate([training, new])].astype(np.float64)
    written: Bool = rows.any(axis=1)
    count = len(training)
    if written[:count].any():
        rows -= rows[:count][written[:count]].mean(axis=0)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _TINY)
    near = np.exp(2.0 * (rows @ rows[:count].T) - 2.0)
    near[~written] = 0.0
    near[:, ~written[:count]] = 0.0
    return near[:count], near[count:]
