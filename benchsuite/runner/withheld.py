"""What a worker must not open: what its model is judged by, in a store or in the files that the data was made from.

A model that opens them by Python's own means is stopped, and its cell fails. This catches slips and short cuts, not
malice: a process that the model starts, a library that opens files by itself, and copies that nobody knows of are not
watched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection

from benchsuite.errors import BenchsuiteError

_JUDGED = ("truth", "cell")
"""Kinds of entries with held-out rows: the truth of each fold, and the answers of all models with their labels."""

_WHAT = "the model opened what it is judged by"
_REMEDY = "answer from the training part and the queries alone"

_LONGEST_PATH = 200
"""Characters of a path that are told, its last ones: the reason of a failure is cut, and must say what happened."""


def was_opened(reason: str) -> bool:
    """Return whether a cell failed because its model opened what it is judged by."""
    return _WHAT in reason


class Watch:
    """Refuses to open what a model is judged by, and keeps the first attempt. It stays until the process ends.

    Args:
        store: the real path of the store's folder.

    Attributes:
        paused: whether nothing is refused, because it is the runner who opens files in this process.
    """

    def __init__(self, store: str) -> None:
        self._store = f"{store}{os.sep}"
        self._stage, self._fold = "", ""
        self._raw_files: frozenset[str] = frozenset()
        self._opened = ""
        self.paused = False
        sys.addaudithook(self._hear)

    def begin(self, stage: str, fold: str, raw_files: Collection[str] = ()) -> None:
        """Watch over a cell.

        Args:
            stage: ``validation`` or ``test``.
            fold: the folder of what may be seen in it.
            raw_files: the real paths of the files that the data was made from.
        """
        self._raw_files = frozenset(raw_files)
        self._stage, self._fold, self._opened = stage, f"{fold}{os.sep}", ""

    def error(self) -> BenchsuiteError | None:
        """Return what to say of a cell whose model opened such a file, even if it took no harm from the refusal."""
        if not self._opened:
            return None
        path = self._opened if len(self._opened) <= _LONGEST_PATH else f"...{self._opened[-_LONGEST_PATH:]}"
        return BenchsuiteError(_WHAT, where=path, remedy=_REMEDY)

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        if self.paused or event != "open" or not isinstance(args[0], str | bytes):
            return
        path = os.path.realpath(os.fsdecode(args[0]))
        if path in self._raw_files or (path.startswith(self._store) and self._is_withheld(path)):
            self._opened = self._opened or path
            raise PermissionError(f"{path} holds what a model is judged by")

    def _is_withheld(self, path: str) -> bool:
        kind, name = path.removeprefix(self._store).partition(os.sep)[0], path.rpartition(os.sep)[2]
        if kind == "fold" and self._stage == "validation":  # what is held out from it lies beside what it may see
            return not path.startswith(self._fold) or name.startswith("truth.")
        return kind in _JUDGED or (kind == "data" and name.startswith("interactions."))
