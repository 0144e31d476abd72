"""The sending end of a worker's pipe; :mod:`benchsuite.runner.channel` is the receiving one."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from typing import Any, TextIO

LONGEST_TEXT = 500
"""The longest note or reason, in characters."""

_LARGEST_COUNT = 2**53

_PAUSE = 0.1
"""Seconds between two messages about the progress of one phase: each is read, checked and shown by the runner."""


class ProgressPipe:
    """The sending end of the pipe. Its arguments may come from a model, so no method raises."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._told: tuple[str, bool] | None = None
        self._when = 0.0

    def tell(self, **message: Any) -> None:
        """Send one line; do nothing when the runner has ended or the model closed the pipe."""
        if "phase" not in message:
            self._told = None  # of the next cell everything is new
        with contextlib.suppress(OSError, ValueError), self._lock:
            self._stream.write(json.dumps(message) + "\n")
            self._stream.flush()

    def progress(self, phase: str, done: Any, total: Any, note: object) -> None:
        """Report the progress of a phase; a value that is no number becomes 0, other values become text.

        A model may report each of a million steps. The first of a phase is told, its last one, and ten in a second.
        """
        counts = _count(done), _count(total)
        now_, mark = time.monotonic(), (phase, 0 < counts[1] <= counts[0])
        if mark == self._told and now_ - self._when < _PAUSE:
            return
        self._told, self._when = mark, now_
        self.tell(phase=phase, done=counts[0], total=counts[1], note="" if note is None else printable(note))


def printable(value: object) -> str:
    """Return any value as one printable line, cut to a few hundred characters."""
    try:
        start = str(value)[: 4 * LONGEST_TEXT]
        return " ".join(start.encode("utf-8", "backslashreplace").decode("utf-8").split())[:LONGEST_TEXT]
    except BaseException as error:  # noqa: BLE001 - a model's own method may raise anything
        return f"(a {type(value).__name__} whose text cannot be had: {type(error).__name__})"


def _count(value: Any) -> int:
    """Return a count from 0 on; 0 for a value that is no count."""
    try:
        number = float(value)
        return 0 if math.isnan(number) else int(min(max(number, 0.0), _LARGEST_COUNT))
    except BaseException:  # noqa: BLE001 - same
        return 0
