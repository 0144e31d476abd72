"""The folder for temporary files of a run. A folder left by a killed run is removed when the next run starts."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchsuite.child_processes import end_processes_of
from benchsuite.errors import UsageError

_PREFIX = "benchsuite-"
_OWNER = "owner.lock"
_NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
_ROOM = 2**16
"""Bytes that must fit into a folder for temporary files."""


@contextlib.contextmanager
def scratch_folder(root: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder, removed at the end; remove folders whose owners have ended.

    Processes that still use it, as what a model left while the process that starts workers was killed, end with it.
    The owner holds a lock on a file in it. The system releases the lock when the process ends, however it ends.

    Args:
        root: where to make it (default: among the machine's temporary files).

    Raises:
        UsageError: when temporary files cannot be written.
    """
    try:
        if root is not None:
            root.mkdir(parents=True, exist_ok=True)
        _sweep(root or Path(tempfile.gettempdir()))
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        owner = _lock(folder)
    except OSError as error:
        raise unwritable(error) from None
    try:
        yield folder
    finally:
        try:
            end_processes_of(folder)
            _remove(folder)
        finally:
            os.close(owner)
        if root is not None:
            with contextlib.suppress(OSError):  # other runs use it
                root.rmdir()


def unwritable(error: OSError) -> UsageError:
    """Return the error to raise when temporary files cannot be written."""
    what = f"temporary files cannot be written: {error.strerror or error}"
    remedy = "free disk space or set $TMPDIR to another folder; finished cells are safe"
    return UsageError(what, where=tempfile.gettempdir(), remedy=remedy)


def check_room(folder: Path, reason: str) -> None:
    """See whether a failure for lack of space or of a right is not the model's: then nobody can work on.

    Args:
        folder: for temporary files.
        reason: what the worker told.

    Raises:
        UsageError: when nothing can be written there.
    """
    if not any(os.strerror(number) in reason for number in _NOT_WRITABLE):
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_ROOM))
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(error) from None


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
