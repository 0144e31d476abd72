"""What a worker tells while it works: one JSON line for each message, and no line that could do any harm.

The other end of the pipe is in the hands of a model. What is no message is skipped, what is too long is cut.
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
        """Return the messages that have come, a part of them where there are many."""
        return self._take(self._chunk())

    def read_all(self) -> list[dict[str, Any]]:
        """Return what a worker that has ended left in the pipe."""
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
"""What a pipe can hold at most; a process that a model left behind may go on writing for ever."""


def parse(line: bytes) -> dict[str, Any] | None:
    """Return a message with values that can be shown, or None where the line is none.

    The messages are ``{"start": key}``, ``{"phase", "done", "total", "note"}``, ``{"ranked": key}``,
    ``{"done": key, "seconds"}``, ``{"failed": key, "reason"}`` and ``{"fatal": [what, where, remedy]}``.
    """
    try:
        table = json.loads(line)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    if not isinstance(table, dict):
        return None
    match table.get("fatal"):
        case [what, where, remedy]:
            return {"fatal": [_text(what), _text(where), _text(remedy)]}
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
    """Return a number from 0 to 2^53; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        return 0.0
    return float(min(max(value, 0), _LARGEST))


def _text(value: object) -> str:
    return clip(value if isinstance(value, str) else "" if value is None else str(value), _LONGEST_TEXT)
