"""Results that several fits need and none of them changes: made once, and kept in the user's cache for all runs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from benchsuite.atomic_writes import new_folder
from benchsuite.keys import content_key, file_digest
from benchsuite.shared_folders import entries, folder_bytes

T = TypeVar("T")

MOST_BYTES = 4 * 2**30
"""What was not used for longest is removed beyond so many bytes."""

_ABOUT = "about.json"
_STALE_SECONDS = 24 * 3600
_LONGEST_WAIT = 600.0
_PAUSE = 0.05


@dataclass
class SharedCache:
    """Results by a key of everything that their bytes depend on.

    Only what is the same for every training part may be kept here, such as what pretrained weights make of the items'
    texts: the harness hands the same folder to all cells. Entries are there whole or not at all, and are compared with
    their sums when they are read; what is damaged is made anew. Of several processes that want the same entry one makes
    it and the others wait; one that is killed leaves nothing that counts. Where the folder cannot be written everything
    is made and nothing is kept.

    A result costs what it took to make, whoever made it: :attr:`owed` is what the harness adds to the measured time of
    a fit, so that the order of fits and the state of the cache do not show in the costs.

    Attributes:
        folder: where results are kept; None keeps nothing.
        most_bytes: at most so much is kept; a larger result is not kept at all.
        used: wall-clock seconds that the results took which were asked for, made here or before.
        owed: of these, the seconds that were not spent here; negative by the time it took to keep what was made here.
        owed_cpu: the same in processor seconds.
    """

    folder: Path | None = None
    most_bytes: int = MOST_BYTES
    used: float = field(default=0.0, init=False)
    owed: float = field(default=0.0, init=False)
    owed_cpu: float = field(default=0.0, init=False)

    @classmethod
    def inside(cls, cache: Path) -> SharedCache:
        """Return the one of a user's cache."""
        return cls(cache / "shared")

    def get(
        self,
        kind: str,
        key: Mapping[str, Any],
        make: Callable[[], T],
        *,
        write: Callable[[Path, T], None],
        read: Callable[[Path], T],
    ) -> T:
        """Return a result: read where it is kept, else made and kept.

        Args:
            kind: what it is, in a word.
            key: everything that its bytes depend on, as JSON has it: sums of inputs, settings, versions, machine.
            make: makes it; its wall-clock and processor seconds are kept with it.
            write: writes it into an empty folder.
            read: reads what ``write`` wrote: the same bytes that ``make`` returned.
        """
        if self.folder is None:
            return make()
        clock = _Clock()
        place = self.folder / content_key(kind, dict(key))
        with _locked(place.with_suffix(".lock")):
            kept = _about(place)
            if kept is not None:
                with contextlib.suppress(OSError):  # another process made room
                    value = read(place)
                    os.utime(place / _ABOUT)
                    self._pay((kept["seconds"], kept["cpu_seconds"]), clock)
                    return value
            made_in = _Clock()
            value = make()
            cost = made_in.read()
            with contextlib.suppress(OSError):  # no room, or no right to write: it was made all the same
                self._keep(place, kind, key, cost, lambda folder: write(folder, value))
        self._pay(cost, clock)
        return value

    def _pay(self, cost: tuple[float, float], clock: _Clock) -> None:
        """Charge what a result took, in place of what was spent here."""
        spent, spent_cpu = clock.read()
        self.used += cost[0]
        self.owed += cost[0] - spent
        self.owed_cpu += cost[1] - spent_cpu

    def _keep(
        self,
        place: Path,
        kind: str,
        key: Mapping[str, Any],
        cost: tuple[float, float],
        write: Callable[[Path], None],
    ) -> None:
        shutil.rmtree(place, ignore_errors=True)  # damaged, or it would have been read
        with new_folder(place) as draft:
            write(draft)
            files = {file.name: file_digest(file) for file in sorted(draft.iterdir())}
            size = sum(file.stat().st_size for file in draft.iterdir())
            if size > self.most_bytes:
                raise OSError("larger than all that may be kept")
            make_room(place.parent, self.most_bytes - size)
            about = {"kind": kind, "key": dict(key), "seconds": cost[0], "cpu_seconds": cost[1], "files": files}
            (draft / _ABOUT).write_text(json.dumps(about, indent=1) + "\n", "utf-8")


class _Clock:
    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return wall-clock and processor seconds since the beginning."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


def make_room(folder: Path, most: int) -> None:
    """Remove what was not used for longest until at most ``most`` bytes are left, and what killed writers left."""
    found: list[tuple[float, int, Path]] = []
    for path in entries(folder):
        with contextlib.suppress(OSError):
            if path.suffix == ".lock":
                continue
            if path.name.startswith("."):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
                continue
            found.append(((path / _ABOUT).stat().st_mtime, folder_bytes(path), path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            return
        shutil.rmtree(path, ignore_errors=True)
        total -= size


def _about(place: Path) -> dict[str, Any] | None:
    """Return what is told of an entry that is whole; None where there is none."""
    try:
        about: dict[str, Any] = json.loads((place / _ABOUT).read_text("utf-8"))
        whole = all(file_digest(place / name) == sum_ for name, sum_ in about["files"].items())
        float(about["seconds"]), float(about["cpu_seconds"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return about if whole else None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process; go on without one where there are no locks, or after ten minutes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield
        return
    try:
        last = time.monotonic() + _LONGEST_WAIT
        while _is_taken(descriptor) and time.monotonic() < last:
            time.sleep(_PAUSE)
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # whoever waits for it finds the entry then
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    """Try to take a lock; False also where the file system has none."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
