"""The sending end of a worker's pipe; :mod:`benchsuite.runner.channel` is the receiving one."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Mapping
from typing import Any, TextIO

LONGEST_TEXT = 500
"""The longest note or reason, in characters."""

_LARGEST_COUNT = 2**53

_RATE = 10.0
"""Messages a second about the progress of a fit, when there are many: each is read, checked and shown by the runner."""

_BURST = 20.0
"""So many may follow one another faster, so that what a model says before a long step is told at once."""


class ProgressPipe:
    """The sending end of the pipe. Its arguments may come from a model, so no method raises."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._free = _BURST
        self._when = 0.0
        self._last: tuple[str, int, int, object] | None = None

    def tell(self, **message: Any) -> None:
        """Send one line; do nothing when the runner has ended or the model closed the pipe."""
        self._tell_last()
        self._free = _BURST
        self._send(message)

    def progress(self, phase: str, done: Any, total: Any, note: object) -> None:
        """Report the progress of a phase; a value that is no number becomes 0, other values become text.

        A model may report each of a million steps: ten in a second are told, and always the last of a phase.
        """
        told = phase, _count(done), _count(total), note
        if self._last is not None and self._last[0] != phase:
            self._tell_last()
        now = time.monotonic()
        self._free = min(self._free + (now - self._when) * _RATE, _BURST)
        self._when = now
        if self._free < 1:
            self._last = told
            return
        self._free, self._last = self._free - 1, None
        self._send(_line(*told))

    def _tell_last(self) -> None:
        """Send what was held back, if nothing newer was sent since."""
        last, self._last = self._last, None
        if last is not None:
            self._send(_line(*last))

    def _send(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError), self._lock:
            self._stream.write(json.dumps(message) + "\n")
            self._stream.flush()


def _line(phase: str, done: int, total: int, note: object) -> dict[str, Any]:
    return {"phase": phase, "done": done, "total": total, "note": "" if note is None else printable(note)}


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
