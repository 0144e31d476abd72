"""Leases: who computes what, so that several runners share one store and each thing is computed once.

Runners are processes of one machine, or of several with a shared folder. A lease is a file ``leases/KIND-KEY.N`` in the
store. It says who computes the entry: machine (with its start and its container), process, the process's start, since
when, and what it is called.

- *Take.* The file is created with ``O_EXCL``, which one of several runners can do, on shared folders too. Then the key
  is looked up once more, as another runner may have stored it between the look and the take.
- *Hold.* A thread of the runner sets the file's time of change every ``BEAT`` seconds, whatever the runner does.
- *Give back.* The file is removed when the entry is stored, or the runner ends.
- *Dead runners.* On the machine of the lease the process tells: once it is gone, its lease counts no more, and while it
  lives, it does. Elsewhere a lease counts no more when this runner has seen its time of change stand still for
  ``PATIENCE`` seconds by its own clock; clocks of two machines are never compared.
- *Take over.* The next number is created: ``KIND-KEY.1`` after ``.0``. Of two that take over at once, ``O_EXCL`` lets
  one succeed; the highest number holds. A rename could not decide it: the slower would rename the faster one's lease.
- *Wrongly taken over.* A machine that was cut off goes on, finds its lease gone and stores its result all the same: an
  entry is renamed into its place, the first one stays, and equal keys have equal results. A lease saves work; nothing
  that is stored depends on it.

A runner that finds something leased goes on with the rest. When only leased things are left it waits, says whose they
are, and takes over what is given up. Leased are cells (trials of a search are cells), data sets that are written, cuts
with all their folds, and the tables of an experiment that was run: one run judges, the others read what it has kept.
Who only reads a store leases nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchsuite.errors import StoreError
from benchsuite.store.owners import lives, this_process

BEAT = 15.0
"""Seconds between two signs of life."""

PATIENCE = 180.0
"""Seconds without a sign of life after which a runner on another machine counts as dead."""

_FOLDER = "leases"
_LOOK_AGAIN = 1.0
"""Seconds for which an answer about a lease of somebody else's is remembered."""

_ATTEMPTS = 50


@dataclass(frozen=True)
class Holder:
    """Who holds a lease.

    Attributes:
        kind: of the entry.
        key: of the entry.
        about: what is computed, for people.
        host: the machine, "" where the file cannot be read.
        pid: the process, 0 where the file cannot be read.
        since: when it was taken, in seconds since 1970.
        heard: when its holder last gave a sign of life, by the clock of the file's machine.
        alive: whether the process lives; None where that cannot be known here.
        token: different for each lease.
    """

    kind: str
    key: str
    about: str
    host: str
    pid: int
    since: float
    heard: float
    alive: bool | None
    token: str

    @property
    def who(self) -> str:
        """``process 12``, or ``process 12 on host`` where it is not known to run here."""
        return f"process {self.pid}" + ("" if self.alive is not None else f" on {self.host or 'an unknown machine'}")


class Leases:
    """The leases of this process in one store; all are given back at the end of the ``with`` block.

    Args:
        root: of the store.
        patience: see ``PATIENCE``.
    """

    def __init__(self, root: Path, patience: float = PATIENCE) -> None:
        self._folder = root / _FOLDER
        self._patience = patience
        self._held: dict[tuple[str, str], Path] = {}
        self._seen: dict[Path, tuple[int, float]] = {}
        self._known: dict[tuple[str, str], tuple[Holder, float]] = {}
        self._end = threading.Event()
        self._beats: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin; nothing is written yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give everything back."""
        self._end.set()
        if self._beats is not None:
            self._beats.join()
        for kind, key in list(self._held):
            self.give_back(kind, key)
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def take(self, kind: str, key: str, about: str = "") -> Holder | None:
        """Take a lease; return None when it is this process's now, else who holds it.

        Args:
            kind: of the entry.
            key: of the entry.
            about: what is computed, for people.

        Raises:
            StoreError: when the store cannot be written.
        """
        known = self._known.pop((kind, key), None)
        if known is not None and time.monotonic() - known[1] < _LOOK_AGAIN:
            self._known[kind, key] = known
            return known[0]
        try:
            for _ in range(_ATTEMPTS):
                newest = _newest(self._folder, f"{kind}-{key}")
                if newest is not None:
                    holder = _read(newest)
                    if holder is None:
                        continue  # given back meanwhile
                    if not self._is_abandoned(newest, holder):
                        self._known[kind, key] = holder, time.monotonic()
                        return holder
                    if self._create(_numbered(newest, _number(newest) + 1), about, newest, holder):
                        return None
                elif self._create(self._folder / f"{kind}-{key}.0", about, None, None):
                    return None
        except OSError as error:
            remedy = "free disk space or choose another --store DIR; finished cells are safe"
            what = f"cannot be written: {error.strerror or error}"
            raise StoreError(what, where=str(self._folder), remedy=remedy) from error
        return Holder(kind, key, about, "", 0, time.time(), time.time(), None, "")  # taken anew again and again

    def sweep(self) -> None:
        """Remove the leases of processes of this machine that are gone; nobody may want what they computed again."""
        for holder in holders(self._folder.parent):
            if holder.alive is False:
                with contextlib.suppress(StoreError):
                    if self.take(holder.kind, holder.key, holder.about) is None:
                        self.give_back(holder.kind, holder.key)

    def give_back(self, kind: str, key: str) -> None:
        """Give a lease back; one that is not held, or was taken over, is left alone."""
        path = self._held.pop((kind, key), None)
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink()

    @contextlib.contextmanager
    def alone(self, kind: str, key: str, about: str, say: Callable[[str], None]) -> Iterator[None]:
        """Hold a lease for a ``with`` block; wait for it where another runner has it, and say whose it is.

        Raises:
            StoreError: when the store cannot be written.
        """
        told = ""
        while (holder := self.take(kind, key, about)) is not None:
            if holder.who != told:
                say(f"waiting for {about}, which {holder.who} makes")
                told = holder.who
            time.sleep(_LOOK_AGAIN / 2)
        try:
            yield
        finally:
            self.give_back(kind, key)

    def _create(self, path: Path, about: str, before: Path | None, dead: Holder | None) -> bool:
        """Create a lease, in place of a dead one; return whether it is this process's."""
        told = {"process": this_process(), "since": time.time(), "about": about, "token": uuid.uuid4().hex}
        path.parent.mkdir(exist_ok=True)
        try:
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        except (FileExistsError, FileNotFoundError):  # another was faster, or has removed the empty folder
            return False
        try:
            os.write(file, json.dumps(told).encode())
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(file)
        kind, _, key = path.stem.rpartition("-")
        now_before = None if before is None else _read(before)
        changed = dead is not None and now_before is not None and now_before.token != dead.token
        if changed or _newest(path.parent, path.stem) != path:
            path.unlink(missing_ok=True)  # it was taken, given back and taken again since it was read
            return False
        if before is not None:
            before.unlink(missing_ok=True)
        self._held[kind, key] = path
        self._known.pop((kind, key), None)
        if self._beats is None:
            self._beats = threading.Thread(target=self._beat, name="leases", daemon=True)
            self._beats.start()
        return True

    def _is_abandoned(self, path: Path, holder: Holder) -> bool:
        """Return whether the holder of a lease is dead, as far as this process can know."""
        if holder.alive is not None:
            return not holder.alive
        try:
            beat = path.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        known = self._seen.get(path)
        if known is None or known[0] != beat:
            self._seen[path] = beat, time.monotonic()
            return False
        return time.monotonic() - known[1] > self._patience

    def _beat(self) -> None:
        while not self._end.wait(BEAT):
            for path in list(self._held.values()):
                with contextlib.suppress(OSError):
                    os.utime(path)


def holders(root: Path) -> list[Holder]:
    """Return who holds the leases of a store, dead ones included, by kind and key."""
    names = sorted({path.stem for path in (root / _FOLDER).glob("*-*.*")})
    found = [_newest(root / _FOLDER, name) for name in names]
    return [holder for path in found if path is not None and (holder := _read(path)) is not None]


def held(root: Path) -> list[Holder]:
    """Return who holds the leases of a store and lives, as far as that can be known here."""
    now = time.time()
    return [one for one in holders(root) if one.alive or (one.alive is None and now - one.heard < 2 * PATIENCE)]


def _newest(folder: Path, name: str) -> Path | None:
    """Return the lease that counts: the one with the highest number."""
    found = [path for path in folder.glob(f"{name}.*") if path.suffix[1:].isdecimal()]
    return max(found, key=_number, default=None)


def _number(path: Path) -> int:
    return int(path.suffix[1:])


def _numbered(path: Path, number: int) -> Path:
    return path.with_suffix(f".{number}")


def _read(path: Path) -> Holder | None:
    """Return what a lease says; None when it is gone. One that is still being written has no process."""
    try:
        text, heard = path.read_text("utf-8", errors="replace"), path.stat().st_mtime
    except FileNotFoundError:
        return None
    told: Any
    try:
        told = json.loads(text)
        process, about, token = told["process"], str(told["about"]), str(told["token"])
        host, pid, since = str(process["host"]).partition(" ")[0], int(process["pid"]), float(told["since"])
    except (ValueError, KeyError, TypeError, RecursionError):
        process, about, token, host, pid, since = None, "", "", "", 0, heard
    kind, _, key = path.stem.rpartition("-")
    return Holder(kind, key, about, host, pid, since, heard, lives(process), token)
