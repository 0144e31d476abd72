"""Owners of drafts: a draft belongs to the process that writes it, and is not removed while that process lives."""

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
"""Whether a process of another machine lives is unknown here; a draft this old is taken for abandoned."""

_CHECKPOINTS = 30 * _DAY
OWNER = ".owner"
"""The suffix of the file beside a draft that names its owner."""


def claim(folder: Path) -> None:
    """Write beside a draft that it belongs to this process; called before the folder is made."""
    _beside(folder).write_text(json.dumps(this_process()), "utf-8")


def this_process() -> dict[str, Any]:
    """Return what identifies this process, for :func:`lives`."""
    return {"host": _host(), "pid": os.getpid(), "started": _started(os.getpid())}


def lives(told: Any) -> bool | None:
    """Return whether a process that :func:`this_process` described lives; None where that cannot be known here."""
    try:
        host, pid, started = told["host"], int(told["pid"]), told["started"]
    except (ValueError, KeyError, TypeError):
        return None
    if host != _host() or started is None:
        return None
    return bool(_started(pid) == started)


def is_suspended(pid: int) -> bool:
    """Return whether a process of this machine is stopped, as by Ctrl-Z; False where that cannot be known."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()[0] in "Tt"
    except (OSError, IndexError):
        return False


def release(folder: Path) -> None:
    """Remove a draft and the file that names its owner."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        _beside(folder).unlink()


def sweep(drafts: Path, checkpoints: Path) -> None:
    """Remove drafts of dead owners, and the checkpoints that older versions kept in the store, after a month."""
    for folder in dead_drafts(drafts):
        release(folder)
    for folder in _folders(checkpoints):
        if _age(folder) > _CHECKPOINTS and not _alive(_beside(folder)):
            release(folder)


def dead_drafts(drafts: Path) -> list[Path]:
    """Return the drafts whose owners are dead, or unknown for a week."""
    owners = [(folder, _alive(_beside(folder))) for folder in _folders(drafts)]
    return [folder for folder, alive in owners if alive is False or (alive is None and _age(folder) > _FOREIGN)]


def _folders(place: Path) -> list[Path]:
    """Return all drafts, including those that were claimed and never made."""
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
    """Return whether an owner lives; None where the owner is unknown or on another machine."""
    try:
        return lives(json.loads(owner.read_text("utf-8")))
    except (OSError, ValueError, RecursionError):
        return None


@functools.cache
def _host() -> str:
    """Return what identifies a set of process ids: the machine, its start, and the container."""
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
