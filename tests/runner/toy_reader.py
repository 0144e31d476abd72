"""A model that reads a file by name, used through ``./toy_reader.py:OpensAFile``."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.api import Context, Model
from benchsuite.data import Dataset


@dataclass
class OpensAFile(Model):
    """Popularity; reads a file while it is fitted, or while it answers, and takes no for an answer."""

    path: str = ""
    late: bool = False

    def fit(self, train: Dataset, context: Context) -> OpensAFile:
        self._read(not self.late)
        self._score = np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.float32)
        return self

    def score(self, queries: Any, candidates: Any) -> Any:
        self._read(self.late)
        return np.tile(self._score if candidates is None else self._score[candidates], (len(queries), 1))

    def _read(self, now: bool) -> None:
        with contextlib.suppress(PermissionError):
            _ = now and Path(self.path).read_bytes()
