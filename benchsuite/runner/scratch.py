"""The folder for temporary files of a run. A folder left by a killed run is removed when the next run starts."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchsuite.errors import UsageError
from benchsuite.temporary_folders import make_owned, remove_owned

_NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
_ROOM = 2**16
"""Bytes that must fit into a folder for temporary files."""


@contextlib.contextmanager
def scratch_folder(root: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder, removed at the end; remove folders whose owners have ended.

    Processes that still use it, as what a model left while the process that starts workers was killed, end with it.

    Args:
        root: where to make it (default: among the machine's temporary files).

    Raises:
        UsageError: when temporary files cannot be written.
    """
    try:
        if root is not None:
            root.mkdir(parents=True, exist_ok=True)
        folder, owner = make_owned(root)
    except OSError as error:
        raise unwritable(error) from None
    try:
        yield folder
    finally:
        remove_owned(folder, owner)
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
