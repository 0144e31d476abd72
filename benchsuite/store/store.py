"""A folder of results, opened to write or only to read."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

from benchsuite.errors import StoreError
from benchsuite.shared_folders import entries, entries_of
from benchsuite.store.entry import MANIFEST, Draft, Entry, sync
from benchsuite.store.json_files import is_there, unreadable
from benchsuite.store.owners import claim, release, sweep
from benchsuite.store.shapes import CACHES, REMADE, RESTS_ON
from benchsuite.temporary_folders import make_owned, remove_owned

_SPACE = "free disk space or choose another --store DIR; finished cells are safe"
_TEMPORARY = "free disk space or set $TMPDIR to another folder; finished cells are safe"


def _silent(line: str) -> None:
    """Show nothing."""


class Store:
    """A folder of results.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path, tell: Callable[[str], None] = _silent, *, writable: bool = True) -> None:
        """Open or create the store, to read and to write; see :meth:`open` for reading alone.

        Args:
            root: the folder.
            tell: shows one line about an entry that is damaged and made anew.
            writable: False to write nothing.

        Raises:
            StoreError: when the folder cannot be created or written.
        """
        self.root = root
        self._tell = tell
        self._writable = writable
        self._own_caches = True
        self._aside: Path | None = None
        self._told: set[str] = set()
        if not writable:
            return
        try:
            root.mkdir(parents=True, exist_ok=True)
            sweep(root / "drafts", root / "checkpoints")
            with tempfile.TemporaryFile(dir=root):
                pass
        except OSError as error:
            remedy = "choose a folder you may write with --store DIR"
            raise StoreError(f"cannot be written: {error.strerror or error}", where=str(root), remedy=remedy) from None

    @classmethod
    def open(cls, root: Path, tell: Callable[[str], None] = _silent) -> Store:
        """Open a store to read. Opening writes nothing, and the folder need not exist.

        Caches that are computed later are kept in the store where that is allowed, else in a temporary folder.

        Raises:
            StoreError: when the path is no folder.
        """
        try:
            wrong = root.exists() and not root.is_dir()
        except OSError as error:
            raise unreadable(root, error) from None
        if wrong:
            raise StoreError("is no folder", where=str(root), remedy="name a store with --store DIR")
        return cls(root, tell, writable=False)

    def without_caches(self) -> Store:
        """Return the same store, to read, without its caches: they are computed anew."""
        store = Store.open(self.root, self._tell)
        store._own_caches = False  # noqa: SLF001 - of the same class
        return store

    def folder(self, kind: str, key: str) -> Path:
        """Return the folder of an entry, whether it exists or not."""
        return _place(self.root, kind, key)

    def exists(self, kind: str, key: str) -> bool:
        """Return True when the entry exists and is complete; it may have been damaged since.

        Raises:
            StoreError: without permission to look.
        """
        return is_there(self._find(kind, key) / MANIFEST)

    def has(self, kind: str, key: str) -> bool:
        """Return True when the thing is there, complete. What can be made anew does not count when it is damaged."""
        return self.exists(kind, key) and (kind not in REMADE or self._remade(kind, key) is not None)

    def get(self, kind: str, key: str) -> Entry:
        """Return a complete entry, its files checked against their sums (its arrays: when they are read).

        Raises:
            StoreError: when it is not there, or damaged.
        """
        if not self.exists(kind, key):
            raise StoreError(f"no {kind} {key[:12]}", where=str(self.root), remedy="run the experiment first")
        return self._checked(kind, Entry(self._find(kind, key)))

    def find(self, kind: str, key: str) -> Entry | None:
        """Return what :meth:`get` does where :meth:`has` says yes, else None; the manifest is read once.

        Raises:
            StoreError: when it is damaged, and cannot be made anew.
        """
        if not self.exists(kind, key):
            return None
        entry = self._remade(kind, key) if kind in REMADE else Entry(self._find(kind, key))
        return None if entry is None else self._checked(kind, entry)

    def faults(self, kind: str, key: str) -> list[str]:
        """Return every fault of a complete entry, a line each; every file is read now."""
        try:
            entry = Entry(self._find(kind, key))
        except StoreError as error:
            return [str(error)]
        remedy = f"delete {entry.folder} and run again"
        return [f"{entry.folder / name}: it has changed since it was written; {remedy}" for name in entry.damaged()]

    def keys(self, kind: str) -> list[str]:
        """Return the keys of all complete entries of a kind, sorted."""
        return sorted(path.name for path in entries_of(entries(self.root / kind)) if (path / MANIFEST).exists())

    def made_aside(self) -> list[tuple[str, str]]:
        """Return kind and key of every cache that was computed now and is not in the store."""
        found = [] if self._aside is None else sorted(self._aside.glob(f"*/*/*/{MANIFEST}"))
        return [(path.parents[2].name, path.parent.name) for path in found]

    @contextlib.contextmanager
    def write(self, kind: str, key: str) -> Iterator[Draft]:
        """Yield a draft and make it an entry at the end; if another process was faster, its entry stays."""
        self._may_write(kind)
        target = self.folder(kind, key)
        cache = kind in CACHES
        root = self._make_aside() if cache else self.root
        folder = root / "drafts" / f"{kind}-{key[:12]}-{uuid.uuid4().hex[:12]}"
        try:
            try:
                _make(folder)
                draft = Draft(folder, compressed=not cache)
                yield draft
                draft.seal(kind, key, durable=not cache)
                self._keep(folder, _place(root, kind, key))
            finally:
                release(folder)
        except OSError as error:
            what = f"cannot be written: {error.strerror or error}"
            if cache:
                raise StoreError(what, where=tempfile.gettempdir(), remedy=_TEMPORARY) from error
            raise StoreError(what, where=str(target), remedy=_SPACE) from error
        if cache and self._own_caches:
            self._share(kind, key)

    def drop(self, kind: str, key: str) -> None:
        """Remove an entry, so that it is made again (failed cells, on request); a kill leaves it whole or absent."""
        self._may_write(kind)
        away = self.root / "drafts" / f"{kind}-{key[:12]}-{uuid.uuid4().hex[:12]}"
        try:
            away.parent.mkdir(parents=True, exist_ok=True)
            claim(away)
            self.folder(kind, key).rename(away)
        except OSError:  # it is not there, or no file can be written
            shutil.rmtree(self.folder(kind, key), ignore_errors=True)
        finally:
            release(away)

    def _checked(self, kind: str, entry: Entry) -> Entry:
        """Return the entry, its files and what it rests on held against their sums."""
        entry.check()
        if kind in RESTS_ON:
            self.get(RESTS_ON[kind], entry.manifest[RESTS_ON[kind]])
        return entry

    def _remade(self, kind: str, key: str) -> Entry | None:
        """Return an entry that can be made anew; None where it does not count."""
        try:
            return _counted(self._find(kind, key))
        except StoreError as error:
            self._tell_once(f"{error.where}: {error.what}; the {kind} is made anew")
            return None

    def _may_write(self, kind: str) -> None:
        if not self._writable and kind not in CACHES:
            raise RuntimeError(f"a {kind} is written into a store that was opened to read")

    def _find(self, kind: str, key: str) -> Path:
        """Return the folder of an entry: in the temporary folder where it was made there, else in the store."""
        if self._aside is not None and (aside := _place(self._aside, kind, key)).is_dir():
            return aside
        hidden = kind in CACHES and not self._own_caches
        return _place(self._make_aside(), kind, key) if hidden else self.folder(kind, key)

    def _make_aside(self) -> Path:
        """Return the temporary folder for caches that are not kept in the store; it is removed with this object."""
        if self._aside is None:
            try:
                self._aside, owner = make_owned()
            except OSError as error:
                what = f"cannot be written: {error.strerror or error}"
                raise StoreError(what, where=tempfile.gettempdir(), remedy=_TEMPORARY) from None
            weakref.finalize(self, _remove, self._aside, owner, os.getpid())
        return self._aside

    def _share(self, kind: str, key: str) -> None:
        """Move a cache from the temporary folder into the store, if the store can be written."""
        made = _place(self._make_aside(), kind, key)
        folder = self.root / "drafts" / f"{kind}-{key[:12]}-{uuid.uuid4().hex[:12]}"
        try:
            _make(folder)
            shutil.copytree(made, folder, copy_function=shutil.copyfile, dirs_exist_ok=True)
            self._keep(folder, self.folder(kind, key))
        except OSError:
            return
        finally:
            release(folder)
        shutil.rmtree(made, ignore_errors=True)

    @staticmethod
    def _keep(folder: Path, target: Path) -> None:
        """Move a sealed draft to its place; an undamaged entry that is there already stays."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.rename(target)
        except OSError:
            if not target.exists():
                raise
            if not _sound(target):
                away = folder.with_name(f"{folder.name}-old")
                with contextlib.suppress(FileNotFoundError):
                    target.rename(away)
                shutil.rmtree(away, ignore_errors=True)
                with contextlib.suppress(OSError):
                    folder.rename(target)
                if not (target / MANIFEST).is_file():
                    raise
        if target.parent.parent.name not in CACHES:  # a cache that a power cut takes away is computed anew
            sync(target.parent)

    def _tell_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._tell(" ".join(line.split()))


@functools.lru_cache(maxsize=4096)  # paths are asked for again and again, and making one is most of a look
def _place(root: Path, kind: str, key: str) -> Path:
    return root.joinpath(kind, key[:2], key)


def _make(folder: Path) -> None:
    """Make a draft folder that belongs to this process; the umask says who may read it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    claim(folder)
    folder.mkdir()


def _counted(folder: Path) -> Entry | None:
    """Return what can be made anew, None where it must be.

    Raises:
        StoreError: when it is damaged.
    """
    entry = Entry(folder)
    entry.check(whole=True)
    # Nobody can say whether a cache without a sum of itself is as it was written.
    return entry if entry.signed or entry.manifest["kind"] not in CACHES else None


def _sound(target: Path) -> bool:
    """Return False for a folder that was never complete, or is damaged and can be made anew."""
    if not (target / MANIFEST).is_file():
        return False
    try:
        return target.parent.parent.name not in REMADE or _counted(target) is not None
    except StoreError:
        return False


def _remove(folder: Path, owner: int, process: int) -> None:
    """Remove a temporary folder; a process that was forked off leaves it to its owner."""
    if os.getpid() == process:
        remove_owned(folder, owner)
