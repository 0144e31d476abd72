"""Files and folders that are there whole or not at all: written beside their place and moved into it."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Give a draft beside a file, with the same ending; it takes the file's place when the block ends without error.

    Raises:
        OSError: when it cannot.
    """
    # Another process or thread that writes the same file has a draft of its own.
    draft = path.with_name(f".{os.getpid()}-{threading.get_ident()}-{path.name}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give an empty draft beside a folder; it gets the folder's name when the block ends without error.

    Raises:
        OSError: when it cannot, as where there is such a folder that holds something.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield draft
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
