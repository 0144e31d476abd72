"""Temporary folders with an owner: whoever makes the next one removes those whose owners have ended.

The owner holds a lock on a file in its folder. The system releases the lock when the process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from benchsuite.child_processes import end_processes_of

_PREFIX = "benchsuite-"
_OWNER = "owner.lock"


def make_owned(root: Path | None = None) -> tuple[Path, int]:
    """Remove what processes that have ended left there, then make a folder.

    Args:
        root: where to make it (default: among the machine's temporary files).

    Returns:
        The folder, and the open file that says whose it is: it is to be given to :func:`remove_owned`.

    Raises:
        OSError: when it cannot be made.
    """
    _sweep(root or Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
    return folder, _lock(folder)


def remove_owned(folder: Path, owner: int) -> None:
    """Remove a folder with all processes that use it; errors are ignored."""
    try:
        end_processes_of(folder)
        _remove(folder)
    finally:
        os.close(owner)


def _lock(folder: Path) -> int:
    """Lock the owner's file before it gets its final name."""
    draft = folder / f".{_OWNER}"
    owner = os.open(draft, os.O_RDWR | os.O_CREAT, 0o600)
    with contextlib.suppress(OSError):  # without locks it keeps its draft name, which _sweep leaves
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        draft.rename(folder / _OWNER)
    return owner


def _sweep(root: Path) -> None:
    """Remove the folders of owners that have ended; a folder without an owner's file is left alone."""
    for file in root.glob(f"{_PREFIX}*/{_OWNER}"):
        with contextlib.suppress(OSError):
            owner = os.open(file, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                end_processes_of(file.parent)
                _remove(file.parent)
            finally:
                os.close(owner)


def _remove(folder: Path) -> None:
    """Remove a folder, the owner's file last: were it removed first, nobody would remove what a kill then leaves."""
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            elif left.name != _OWNER:
                left.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
