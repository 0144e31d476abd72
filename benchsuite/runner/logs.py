"""Bounded logs of workers: the first and the last part, and between them a line that says how much was cut."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

KEPT_BYTES = 2**20
"""The most of a log that is kept."""

_LIVE_BYTES = 16 * KEPT_BYTES
"""A log that grows beyond this while its worker runs is cut at once, so that it cannot fill the disk."""

_HALF = KEPT_BYTES // 2


def read_log(path: Path, since: int = 0) -> str:
    """Return what was written to a log, at most about :data:`KEPT_BYTES` of it; "" where the file is gone.

    Args:
        path: of the log.
        since: where to begin, in bytes; a log that was cut meanwhile is read from its beginning.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = since if since <= size else 0
            file.seek(start)
            if size - start <= KEPT_BYTES:
                return _decoded(file.read(KEPT_BYTES))
            first = file.read(_HALF)
            file.seek(size - _HALF)
            return _decoded(first) + _cut_line(size - start - KEPT_BYTES) + _decoded(file.read(_HALF))
    except OSError:
        return ""


def trim_log(path: Path) -> None:
    """Cut a log that has become too long while its worker still writes to it; all writers append."""
    with contextlib.suppress(OSError):
        if path.stat().st_size <= _LIVE_BYTES:
            return
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(size - _HALF)
            last = file.read(_HALF)
        os.truncate(path, _HALF)
        with path.open("ab") as file:
            file.write(_cut_line(size - KEPT_BYTES).encode() + last)


def clip(text: str, most: int) -> str:
    """Return a text as one printable line of at most so many characters."""
    line = " ".join(text[: 4 * most].encode("utf-8", "backslashreplace").decode("utf-8").split())
    line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
    return line if len(line) <= most else f"{line[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def last_line(text: str) -> str:
    """Return the last line that is not blank."""
    lines = [line for line in text.splitlines() if line.strip()]
    return clip(lines[-1], 300) if lines else "it printed nothing"


def _decoded(part: bytes) -> str:
    return part.decode("utf-8", errors="replace")


def _cut_line(count: int) -> str:
    return f"\n[... {count / 1e6:.1f} MB were cut here ...]\n"
