"""Checkpoint folders of unfinished cells, in the user's cache, from which no path leads to the store.

A checkpoint outlives a killed process and a full disk under the store. It is removed once its cell has a result, a
failure included; one that is not used for a month is removed, too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from benchsuite.api import DataLocations
from benchsuite.shared_folders import entries, entries_of

_STALE_SECONDS = 30 * 24 * 3600


def user_cache() -> Path:
    """Return the user's cache: ``$BENCHSUITE_CACHE``, else a folder in the home directory."""
    return Path(os.environ.get("BENCHSUITE_CACHE") or DataLocations().cache).absolute()


def why_nothing_is_kept() -> str:
    """Return one line that tells why nothing can be written into the user's cache, or ""."""
    folder = user_cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        lost = "a fit that is killed begins anew, and each fit encodes its texts itself"
        remedy = "set BENCHSUITE_CACHE to a folder that you may write"
        return f"{folder}: nothing can be kept there ({error.strerror or error}), so {lost}; {remedy}"


class Checkpoints:
    """The checkpoints of one store.

    Args:
        root: the store's folder.
    """

    def __init__(self, root: Path) -> None:
        store = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
        self._folder = user_cache() / "checkpoints" / store
        for left in entries_of(entries(self._folder.parent)):  # other runs remove theirs meanwhile
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left)
                    left.parent.rmdir()

    def folder(self, key: str) -> Path | None:
        """Return the folder of a cell, which exists; None where it cannot be made, and its fit goes without."""
        folder = self._folder / key
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return None
        return folder

    def drop(self, key: str) -> None:
        """Remove the folder of a cell that has ended."""
        shutil.rmtree(self._folder / key, ignore_errors=True)
        with contextlib.suppress(OSError):  # other checkpoints are still there
            self._folder.rmdir()
