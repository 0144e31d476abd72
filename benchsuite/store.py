"""Content-addressed, append-only results: a folder that has a manifest is complete and is never edited.

``root/<kind>/<first two digits>/<key>/`` holds ``manifest.json`` and the files it names with their sha256. A folder is
written beside its place, synced, and renamed into it, so that a kill at any moment leaves it whole or absent, several
processes may share one store, and *resuming means skipping keys that exist*.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.errors import StoreError

MANIFEST = "manifest.json"
_ARRAYS = "arrays.npz"
_STALE_SECONDS = 24 * 3600
_STALE_CHECKPOINTS = 30 * _STALE_SECONDS


class Entry:
    """One complete thing in the store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / MANIFEST
        try:
            self.manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(
                f"cannot be read: {error}", where=str(path), remedy="delete that folder and run again"
            ) from None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the stored arrays by name."""
        path = self.folder / _ARRAYS
        try:
            with np.load(path, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(
                f"cannot be read: {error}", where=str(path), remedy="delete its folder and run again"
            ) from None

    def damaged(self) -> list[str]:
        """Return the names of files that are missing or no longer have the recorded sha256."""
        files: dict[str, str] = self.manifest["files"]
        return [name for name, digest in files.items() if file_digest(self.folder / name) != digest]


class Draft:
    """A folder being written; it becomes an entry when the ``with`` block of :meth:`Store.write` ends without error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = {}

    def arrays(self, **arrays: NDArray[Any]) -> None:
        """Keep arrays, compressed and without pickle."""
        with (self.folder / _ARRAYS).open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)


class Store:
    """A folder of results."""

    def __init__(self, root: Path) -> None:
        """Open or create the store.

        Raises:
            StoreError: when the folder cannot be created or written.
        """
        self.root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._sweep()
            with tempfile.TemporaryFile(dir=root):
                pass
        except OSError as error:
            remedy = "choose a folder you may write with --store DIR"
            raise StoreError(f"cannot be written: {error.strerror or error}", where=str(root), remedy=remedy) from None

    def _sweep(self) -> None:
        """Remove drafts that a killed process left more than a day ago, and checkpoints of older versions."""
        for kind, most in (("drafts", _STALE_SECONDS), ("checkpoints", _STALE_CHECKPOINTS)):
            for left in (self.root / kind).glob("*"):
                with contextlib.suppress(OSError):
                    if time.time() - left.stat().st_mtime > most:
                        shutil.rmtree(left)

    def folder(self, kind: str, key: str) -> Path:
        """Return where a thing lies, or would lie."""
        return self.root / kind / key[:2] / key

    def has(self, kind: str, key: str) -> bool:
        """Return True when the thing is there, complete."""
        return (self.folder(kind, key) / MANIFEST).is_file()

    def get(self, kind: str, key: str) -> Entry:
        """Return a complete thing.

        Raises:
            StoreError: when it is not there.
        """
        if not self.has(kind, key):
            raise StoreError(f"no {kind} {key[:12]}", where=str(self.root), remedy="run the experiment first")
        return Entry(self.folder(kind, key))

    def keys(self, kind: str) -> list[str]:
        """Return the keys of all complete things of a kind, sorted."""
        return sorted(path.parent.name for path in (self.root / kind).glob(f"*/*/{MANIFEST}"))

    @contextlib.contextmanager
    def write(self, kind: str, key: str) -> Iterator[Draft]:
        """Give a draft folder and make it an entry at the end; if another process was faster, its entry stays."""
        target = self.folder(kind, key)
        try:
            drafts = self.root / "drafts"
            drafts.mkdir(exist_ok=True)
            draft = Draft(Path(tempfile.mkdtemp(prefix=f"{kind}-{key[:12]}-", dir=drafts)))
            try:
                yield draft
                self._seal(draft, kind, key)
                target.parent.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    _rename(draft.folder, target)
                sync(target.parent)
            finally:
                shutil.rmtree(draft.folder, ignore_errors=True)
        except OSError as error:
            reason = error.strerror or str(error)
            remedy = "free disk space or choose another --store DIR; finished cells are safe"
            raise StoreError(f"cannot be written: {reason}", where=str(target), remedy=remedy) from error

    def drop(self, kind: str, key: str) -> None:
        """Forget a thing, so that it is made again (failed cells, on request)."""
        shutil.rmtree(self.folder(kind, key), ignore_errors=True)

    @staticmethod
    def _seal(draft: Draft, kind: str, key: str) -> None:
        """Write the manifest last, naming every file with its sha256."""
        files = sorted(path.relative_to(draft.folder).as_posix() for path in draft.folder.rglob("*") if path.is_file())
        draft.manifest |= {"kind": kind, "key": key, "files": {n: file_digest(draft.folder / n) for n in files}}
        for name in files:
            sync(draft.folder / name)
        path = draft.folder / MANIFEST
        path.write_text(json.dumps(draft.manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
        sync(path)


def file_digest(path: Path) -> str:
    """Return the sha256 (hex) of a file, or "" when it is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _rename(source: Path, target: Path) -> None:
    """Rename a folder into place; a complete folder that is already there stays."""
    try:
        source.rename(target)
    except OSError:
        if not (target / MANIFEST).is_file():
            shutil.rmtree(target, ignore_errors=True)  # left by an older, cruder copy; it was never complete
            source.rename(target)


def sync(path: Path) -> None:
    """Push a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
