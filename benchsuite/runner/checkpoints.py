"""Checkpoint folders of unfinished cells, in the user's cache, from which no path leads to the store.

A checkpoint outlives a killed process and a full disk under the store. It is removed once its cell has a result, a
failure included; one that is not used for a month is removed, too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from pathlib import Path

from benchsuite.api import DataLocations
from benchsuite.errors import StoreError

_STALE_SECONDS = 30 * 24 * 3600


def user_cache() -> Path:
    """Return the user's cache: ``$BENCHSUITE_CACHE``, else a folder in the home directory."""
    return Path(os.environ.get("BENCHSUITE_CACHE") or DataLocations().cache).absolute()


class Checkpoints:
    """The checkpoints of one store.

    Args:
        root: the store's folder.
    """

    def __init__(self, root: Path) -> None:
        store = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
        self._folder = user_cache() / "checkpoints" / store
        for left in self._folder.parent.glob("*/*"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left)
                    left.parent.rmdir()

    def folder(self, key: str) -> Path:
        """Return the folder of a cell, which exists.

        Raises:
            StoreError: when it cannot be made.
        """
        folder = self._folder / key
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            remedy = "set BENCHSUITE_CACHE to a folder that you may write, with room; finished cells are safe"
            what = f"checkpoints cannot be written: {error.strerror or error}"
            raise StoreError(what, where=str(folder), remedy=remedy) from None
        return folder

    def drop(self, key: str) -> None:
        """Remove the folder of a cell that has ended."""
        shutil.rmtree(self._folder / key, ignore_errors=True)
        with contextlib.suppress(OSError):  # other checkpoints are still there
            self._folder.rmdir()
