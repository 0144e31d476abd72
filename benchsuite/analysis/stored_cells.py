"""The cells of a plan as they lie in a store: each manifest is opened once, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from benchsuite.errors import StoreError
from benchsuite.plan import Cell
from benchsuite.store import Entry, Store


class StoredCells:
    """What is known of cells during one comparison; what another process writes meanwhile is not seen.

    Args:
        store: where results are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries: dict[str, Entry | None] = {}

    def manifest(self, cell: Cell) -> Mapping[str, Any] | None:
        """Return what is told of a cell, failures included; None where it is not applicable or not run yet.

        Raises:
            StoreError: when it is damaged.
        """
        entry = None if cell.reason else self._entry(cell.key)
        return None if entry is None else entry.manifest

    def is_ok(self, cell: Cell) -> bool:
        """Return whether a cell has answers.

        Raises:
            StoreError: when it is damaged.
        """
        manifest = self.manifest(cell)
        return manifest is not None and manifest["state"] == "ok"

    def arrays(self, cell: Cell, *names: str) -> dict[str, NDArray[Any]]:
        """Return a cell's answers by name: all of them, or only some.

        Raises:
            StoreError: when there are none, or they are damaged.
        """
        entry = self._entry(cell.key)
        if entry is None:
            remedy = "run the experiment first"
            raise StoreError(f"no cell {cell.key[:12]}", where=str(self._store.root), remedy=remedy)
        return entry.arrays(*names)

    def _entry(self, key: str) -> Entry | None:
        if key not in self._entries:
            self._entries[key] = self._store.find("cell", key)
        return self._entries[key]
