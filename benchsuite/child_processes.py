"""Processes that run foreign code: they end with their parent, adopt what they leave behind, and have bounded memory.

Linux has what this needs; on other systems the functions that it has not do nothing.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import signal
import sys
from collections.abc import Collection
from pathlib import Path

_LINUX = sys.platform == "linux"
_END_WITH_PARENT, _ADOPT_ORPHANS = 1, 36  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER
_MEMORY_SHARE = 0.9
"""The share of the machine's memory that one process may allocate unless it is told otherwise."""

_CGROUPS = ("memory.max", "memory/memory.limit_in_bytes")
_ROUNDS = 100
_FIRST_TO_GO = "500"


def adopt_orphans(adopt: bool = True) -> None:
    """Become the parent of every descendant whose own parent ends, so that none escapes by a session of its own."""
    _prctl(_ADOPT_ORPHANS, int(adopt))


def end_with_parent() -> None:
    """Be killed when the parent ends, whatever this process is busy with."""
    _prctl(_END_WITH_PARENT, signal.SIGKILL)


def children() -> set[int]:
    """Return the children of this process, those that have ended but were not waited for included."""
    found: set[int] = set()
    for thread in Path("/proc/self/task").glob("*/children") if _LINUX else ():
        with contextlib.suppress(OSError, ValueError):
            found |= {int(one) for one in thread.read_text("ascii").split()}
    return found


def end_children(keep: Collection[int] = ()) -> int:
    """Kill all children but some, and what these leave to this process, until none is left; return how many lived.

    It takes a process that adopts orphans to find those that fled.
    """
    ended = 0
    for _ in range(_ROUNDS):
        strays = children().difference(keep)
        if not strays:
            break
        for pid in strays:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                status = os.waitpid(pid, 0)[1]
                ended += os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    return ended


def end_processes_of(folder: Path) -> int:
    """Kill every process of this user that was started with its ``TMPDIR`` in a folder; return how many there were.

    So those are found whose ancestors are all gone. What cleared its environment is not found.
    """
    ended = 0
    marks = (f"\0TMPDIR={folder}\0".encode(), f"\0TMPDIR={folder}/".encode())
    for place in Path("/proc").glob("[0-9]*") if _LINUX else ():
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            told = b"\0" + (place / "environ").read_bytes()
            if any(mark in told for mark in marks) and int(place.name) != os.getpid():
                os.kill(int(place.name), signal.SIGKILL)
                ended += 1
    return ended


@functools.cache
def usual_memory() -> int:
    """Return how many bytes a process may allocate by default: nine tenths of the machine's, or of the container's."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _CGROUPS:
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            sizes.append(int(Path("/sys/fs/cgroup", name).read_text("ascii")))
    return int(_MEMORY_SHARE * min(sizes))


def limit_memory(size: int) -> None:
    """Let this process and each of its children allocate no more than ``size`` bytes; beyond, allocating fails.

    What is reserved without being writable, as by threads and drivers, does not count. Where memory runs out all the
    same, the system ends this process before others.
    """
    if not _LINUX:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, "ascii")


def memory_limit() -> int:
    """Return how many bytes this process may allocate, 0 where nothing but the machine limits it."""
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0] if _LINUX else resource.RLIM_INFINITY
    return 0 if limit == resource.RLIM_INFINITY else limit


def kill_group(pid: int) -> None:
    """Kill every process of the group that a process was started in; the process itself may have ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def kill(pid: int) -> None:
    """Kill a process that was not waited for yet, even where it left its group, and its group."""
    kill_group(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def ending(code: int) -> str:
    """Return how a process ended: ``ended the process with code 0`` or ``was killed by SIGSEGV``."""
    if code >= 0:
        return f"ended the process with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"was killed by signal {-code}"


def _prctl(option: int, value: int) -> None:
    if _LINUX:
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
