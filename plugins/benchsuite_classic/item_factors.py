"""What models share that keep the factors of items and solve for whoever asks from the visible history."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from benchsuite.api import Model
from benchsuite.data import Bool, Entities, Float32, Int32, Queries
from benchsuite_classic.support import blas_threads, has_known_history, mask_unscored


class ItemFactors(Model):
    """Scores are products of an asking user's factors and those of the items; ``fit`` sets what is declared here."""

    FILE: ClassVar[str]
    """Name of the file that a saved model is kept in."""

    NUMBERS: ClassVar[Mapping[str, type]] = {"active": int}
    """What else is kept, by name: ``_active`` and so on, and what each is."""

    _item_factors: Float32
    _warm: Bool
    _active: int
    """How many users have training rows."""

    _threads: int

    @abstractmethod
    def fold_in(self, queries: Queries) -> Float32:
        """Return float32[q, factors], each asking user's factors solved from the visible history."""

    def beside_items(self, queries: Queries) -> Float32:
        """Return float32[q, factors], what the items' factors are multiplied with."""
        return self.fold_in(queries)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], products of the users' factors and the items'."""
        factors = self._item_factors if candidates is None else self._item_factors[candidates]
        users = self.beside_items(queries)
        with blas_threads(self._threads):
            scores: Float32 = users @ factors.T
        return mask_unscored(scores, has_known_history(queries, self._warm), self._warm, candidates)

    def save(self, folder: Path) -> None:
        """Write the factors of the items. Those of users are not kept: every query is solved for from its history."""
        from safetensors.numpy import save_file

        numbers = {name: np.array([getattr(self, f"_{name}")]) for name in self.NUMBERS}
        save_file({"items": self._item_factors, "warm": self._warm, **numbers}, folder / self.FILE)

    def load(self, folder: Path, items: Entities) -> Self:
        """Read the factors of the items."""
        from safetensors.numpy import load_file

        stored = load_file(folder / self.FILE)
        self._item_factors, self._warm, self._threads = stored["items"], stored["warm"], 1
        for name, kind in self.NUMBERS.items():
            setattr(self, f"_{name}", kind(stored[name][0]))
        return self
