"""What a plugin does to the process it runs in, and what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchsuite.child_processes import adopt_orphans, children, end_children
from benchsuite_testing.outcome import require

_MOST_PRINTED = 2**20
"""Bytes; the log of a worker keeps as many."""

_TRACKER = "resource_tracker"
"""A process of Python's own, which ends with the one that started it."""


@dataclass
class Traces:
    """What was observed.

    Attributes:
        changed: what is not as it was before, in words.
        printed: bytes written to standard output and standard error.
        processes: command lines of processes that still ran.
    """

    changed: list[str] = field(default_factory=list)
    printed: int = 0
    processes: list[str] = field(default_factory=list)

    def require_nothing_changed(self) -> None:
        """Require that the process is as it was."""
        require(not self.changed, f"it changed {', '.join(self.changed)}")

    def require_nobody_left(self) -> None:
        """Require that no process was left behind."""
        left = len(self.processes)
        require(not left, f"it left {left} process{'es' if left > 1 else ''} running: {'; '.join(self.processes[:3])}")

    def require_little_printed(self) -> None:
        """Require that less was printed than a log keeps."""
        what = f"it printed {self.printed / 1e6:.0f} MB; a log keeps 1 MB: show progress with context.progress"
        require(self.printed <= _MOST_PRINTED, what)


def sum_of(first: Traces, *others: Traces) -> Traces:
    """Return what was observed in several places; what changed the first time only is a library's doing, at its import.

    All changes are undone in between, so that a plugin makes its own again.
    """
    parts = (first, *others)
    return Traces(
        list(dict.fromkeys(name for part in others for name in part.changed)),
        max(part.printed for part in parts),
        list(dict.fromkeys(words for part in parts for words in part.processes)),
    )


@contextlib.contextmanager
def observed(*, program: bool = False) -> Iterator[Traces]:
    """Watch what is done within, restore what it changed and end what it left, so that no other check suffers.

    Args:
        program: what is used declares a program of its own, which goes on until its model is gone.
    """
    traces, before, known = Traces(), _state(), children()
    adopt_orphans()
    try:
        with _captured(traces):
            yield traces
    finally:
        after = _state()
        traces.changed = [name for name, value in before.items() if not _same(value, after[name])]
        _restore(before)
        if program:
            known |= children()
        left = children() - known
        traces.processes = [words for pid in sorted(left) if _TRACKER not in (words := _command(pid)) and words]
        keep = known | {pid for pid in left if _TRACKER in _command(pid)}
        end_children(keep)
        adopt_orphans(False)


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """Undo what is changed within, so that one check does not hide from another what a plugin does."""
    before = _state()
    try:
        yield
    finally:
        _restore(before)


def observed_twice(use: Callable[[], object]) -> Traces:
    """Use a plugin twice and return what was observed; see :func:`sum_of`."""
    seen = []
    for _ in range(2):
        with observed() as traces:
            use()
        seen.append(traces)
    return sum_of(*seen)


def _state() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    threads = {one.name for one in threading.enumerate() if not one.daemon}
    return {
        "the working folder": _folder(),
        "the environment": dict(os.environ),
        "signal handlers": {one: signal.getsignal(one) for one in signal.valid_signals()},
        "the file mode mask": _umask(),
        "the limit of recursion": sys.getrecursionlimit(),
        "how NumPy treats errors": np.geterr(),
        "Python's global random state": random.getstate(),
        "NumPy's global random state": np.random.get_state(),  # noqa: NPY002 - the global state is the point
        "torch's global random state": None if torch is None else torch.get_rng_state().numpy().tobytes(),
        "the threads: one still runs": threads,
    }


def _restore(state: dict[str, Any]) -> None:
    """Put back what a plugin may have changed; a thread cannot be ended."""
    with contextlib.suppress(OSError):
        os.chdir(state["the working folder"])
    if dict(os.environ) != state["the environment"]:
        os.environ.clear()
        os.environ.update(state["the environment"])
    for number, handler in state["signal handlers"].items():
        if handler is not None and signal.getsignal(number) is not handler:
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, handler)
    os.umask(state["the file mode mask"])
    sys.setrecursionlimit(state["the limit of recursion"])
    np.seterr(**state["how NumPy treats errors"])
    random.setstate(state["Python's global random state"])
    np.random.set_state(state["NumPy's global random state"])  # noqa: NPY002 - same
    if (known := state["torch's global random state"]) is not None:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.frombuffer(bytearray(known), dtype=torch.uint8))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, set):  # threads: what ended is no fault
        return bool(other <= one)
    if isinstance(one, tuple):  # NumPy's random state holds an array
        return len(one) == len(other) and all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    return one is None or bool(one == other)


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a text, which may name a folder that is gone
    except OSError:
        return ""


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _command(pid: int) -> str:
    """Return how a process was started; "" where it has ended."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - as short as can be
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()[:80]
    except OSError:
        return ""


@contextlib.contextmanager
def _captured(traces: Traces) -> Iterator[None]:
    """Send what is printed, also past Python, to a file and count it."""
    with tempfile.TemporaryFile() as file, open(os.dup(file.fileno()), "w", errors="replace") as stream:  # noqa: PTH123 - a descriptor
        kept = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in kept:
            os.dup2(file.fileno(), number)
        try:
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                yield
        finally:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
            traces.printed = os.fstat(file.fileno()).st_size
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)
