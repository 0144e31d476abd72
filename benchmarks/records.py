"""Results of long measurements, one JSON line each, so that a run that was broken off goes on where it was."""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Records:
    """A file of measurements; each has a name (any JSON-like key) and is made once.

    Args:
        path: the file; what it holds is kept.
        fresh: begin anew.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if fresh:
            path.unlink(missing_ok=True)
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self._known: dict[str, Any] = {}
        for line in lines:
            row = json.loads(line)
            self._known[_name(row["key"])] = row

    def once(self, key: Mapping[str, Any], make: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Return the measurement of this key, made now if there is none."""
        if not self.has(key):
            self.put(key, make())
        found: dict[str, Any] = self._known[_name(key)]
        return found

    def has(self, key: Mapping[str, Any]) -> bool:
        """Tell whether there is a measurement of this key."""
        return _name(key) in self._known

    def put(self, key: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """Keep a measurement; it replaces an earlier one of this key."""
        row = json.dumps({"key": dict(key), **found})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(row + "\n")
        self._known[_name(key)] = json.loads(row)

    def all(self) -> list[dict[str, Any]]:
        """Return all measurements."""
        return list(self._known.values())


def _name(key: Mapping[str, Any]) -> str:
    return json.dumps(dict(key), sort_keys=True)


def compiled() -> dict[str, str]:
    """Return an environment in which commands find our packages compiled, as pip leaves them, whatever was set here."""
    for shelf in ("benchsuite", "datasets", "plugins", "reports"):
        compileall.compile_dir(Path(__file__).parent.parent / shelf, quiet=2)
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass
class Spent:
    """What processes took, in seconds.

    Attributes:
        wall: by the clock.
        processor: of all their processors together, in the program and in the system.
    """

    wall: float = 0.0
    processor: float = 0.0


@contextlib.contextmanager
def spent_inside() -> Iterator[Spent]:
    """Yield what holds, at the end, the seconds of the processes that began and ended inside."""
    spent = Spent()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    yield spent
    after, spent.wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    spent.processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def put_page(page: str, path: Path, *, quick: bool) -> None:
    """Write a page of results; that of a small run proves nothing, so it is only printed."""
    if quick:
        print(page)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, "utf-8")
    print(f"wrote {path}")


def hardware() -> str:
    """Describe the machine in a few words."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    where = f"{platform.system()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GB of memory, {where}"
