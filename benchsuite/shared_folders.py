"""Reading folders from which other processes remove something meanwhile: what vanishes is passed over.

``Path.glob`` and ``Path.rglob`` raise FileNotFoundError for a folder that goes between its listing and its reading.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def entries(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted; nothing where it is not there, is a file, or may not be read."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def entries_of(parents: list[Path]) -> Iterator[Path]:
    """Yield what is in each of several folders; a file among them holds nothing."""
    for parent in parents:
        yield from entries(parent)


def folder_bytes(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder, links not followed; 0 where there is none."""
    below = [Path(place, name) for place, _, names in os.walk(path) for name in names]
    total = 0
    for file in below if path.is_dir() else [path]:
        with contextlib.suppress(OSError):
            total += file.lstat().st_size
    return total
