"""Who is writing: folders in the making belong to a process, and nobody removes them while it lives."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import platform
import shutil
import time
from pathlib import Path
from typing import Any

_DAY = 24 * 3600
_FOREIGN = 7 * _DAY
"""Nobody here can see whether a process of another machine lives; what it left for so long is taken for abandoned."""

_CHECKPOINTS = 30 * _DAY
OWNER = ".owner"
"""The ending of the file beside a folder in the making that says whose it is."""


def claim(folder: Path) -> None:
    """Say beside a folder that this process is at work in it; do it before the folder is made."""
    owner = {"host": _host(), "pid": os.getpid(), "started": _started(os.getpid())}
    _beside(folder).write_text(json.dumps(owner), "utf-8")


def release(folder: Path) -> None:
    """Remove a folder in the making, and what says whose it is."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        _beside(folder).unlink()


def sweep(drafts: Path, checkpoints: Path) -> None:
    """Remove drafts of dead owners, and the checkpoints that older versions kept in the store, after a month."""
    for folder in _folders(drafts):
        alive = _alive(_beside(folder))
        if alive is False or (alive is None and _age(folder) > _FOREIGN):
            release(folder)
    for folder in _folders(checkpoints):
        if _age(folder) > _CHECKPOINTS and not _alive(_beside(folder)):
            release(folder)


def _folders(place: Path) -> list[Path]:
    """Return all folders in the making, those too that were claimed and never made."""
    return [place / name for name in sorted({path.name.removesuffix(OWNER) for path in place.glob("*")})]


def _beside(folder: Path) -> Path:
    return folder.with_name(folder.name + OWNER)


def _age(folder: Path) -> float:
    """Return the seconds since a folder changed; 0 when it is gone."""
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return 0.0


def _alive(owner: Path) -> bool | None:
    """Return whether an owner lives; None where nobody says who it is, or it is not of this machine."""
    try:
        told: Any = json.loads(owner.read_text("utf-8"))
        host, pid, started = told["host"], int(told["pid"]), told["started"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if host != _host() or started is None:
        return None
    return bool(_started(pid) == started)


@functools.cache
def _host() -> str:
    """Return what tells one system of processes from any other: the machine, its start, and the container."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
    with contextlib.suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def _started(pid: int) -> float | None:
    """Return when a process began, in a unit of this machine; None when there is no such process."""
    if Path("/proc/self/stat").is_file():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
            return None if fields[0] in "ZX" else float(fields[19])
        except (OSError, IndexError, ValueError):
            return None
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
