"""Messages from a running worker: one JSON line each, checked before use.

A model can write to the other end of the pipe. A line that is no message is skipped, a long text is cut.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from benchsuite.runner.logs import clip

_LONGEST_LINE = 2**16
_LONGEST_TEXT = 500
_LARGEST = 2**53


class Channel:
    """The receiving end of a worker's pipe.

    Args:
        pipe: its descriptor; it is closed by :meth:`close`.
    """

    def __init__(self, pipe: int) -> None:
        os.set_blocking(pipe, False)
        self.pipe = pipe
        self.open = True
        self._rest = b""
        self._skipping = False

    def read(self) -> list[dict[str, Any]]:
        """Return the messages that have arrived, or a part of them where there are many."""
        return self._take(self._chunk())

    def read_all(self) -> list[dict[str, Any]]:
        """Return the last messages of a worker that has ended."""
        messages = []
        for _ in range(_LARGEST_PIPE // _CHUNK):
            chunk = self._chunk()
            if not chunk:
                break
            messages += self._take(chunk)
        return messages

    def close(self) -> None:
        """Close the pipe."""
        os.close(self.pipe)

    def _chunk(self) -> bytes:
        try:
            chunk = os.read(self.pipe, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            chunk = b""
        self.open = bool(chunk)
        return chunk

    def _take(self, chunk: bytes) -> list[dict[str, Any]]:
        *lines, rest = (self._rest + chunk).split(b"\n")
        if self._skipping and lines:
            lines, self._skipping = lines[1:], False
        if self._skipping or len(rest) > _LONGEST_LINE:
            rest, self._skipping = b"", True
        self._rest = rest
        found = (parse(line) for line in lines if len(line) <= _LONGEST_LINE)
        return [message for message in found if message is not None]


_CHUNK = 2**16
_LARGEST_PIPE = 2**20
"""The most that a pipe can hold; a process that a model started may outlive it and go on writing."""


def parse(line: bytes) -> dict[str, Any] | None:
    """Return a message with printable values, or None for a line that is no message.

    The messages are ``{"start": key}``, ``{"phase", "done", "total", "note"}``, ``{"done": key, "seconds"}``,
    ``{"ranked": key}`` and ``{"failed": key, "reason"}``.
    """
    try:
        table = json.loads(line)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    if not isinstance(table, dict):
        return None
    if isinstance(table.get("phase"), str):
        return _progress(table)
    for kind in ("start", "ranked", "done", "failed"):
        if isinstance(table.get(kind), str):
            return {kind: table[kind], "seconds": _number(table.get("seconds")), "reason": _text(table.get("reason"))}
    return None


def _progress(table: Mapping[str, Any]) -> dict[str, Any]:
    done, total = int(_number(table.get("done"))), int(_number(table.get("total")))
    return {"phase": _text(table["phase"]), "done": min(done, total), "total": total, "note": _text(table.get("note"))}


def _number(value: object) -> float:
    """Return a number from 0 to 2^53; 0 for a value that is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        return 0.0
    return float(min(max(value, 0), _LARGEST))


def _text(value: object) -> str:
    return clip(value if isinstance(value, str) else "" if value is None else str(value), _LONGEST_TEXT)
