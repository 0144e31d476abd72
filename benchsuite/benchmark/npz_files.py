"""Small compressed arrays, which strangers may send.

They are written so that equal arrays are equal files, and read so that no file, whatever is in it, ends in a traceback
or takes all memory.
"""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchsuite.errors import DataError
from benchsuite.keys import file_digest
from benchsuite.store.json_files import unreadable

try:
    from lzma import LZMAError
except ImportError:  # Python can be built without it; zipfile then says what is missing
    LZMAError = zlib.error  # type: ignore[assignment, misc]  # nothing can raise the real one

Arrays = dict[str, NDArray[Any]]
T = TypeVar("T")

_UNREADABLE = (
    *(OSError, ValueError, TypeError, LookupError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error, LZMAError),
    RuntimeError,  # the archive says that it is encrypted, or packed in a way that this Python does not know
    *(SyntaxError, tokenize.TokenError, ArithmeticError),  # the header of an array is no header
)
"""What numpy and zipfile raise for files that are none of theirs."""

_LARGEST = 256 * 2**20
"""What unpacks to more bytes than this is no result; the largest benchmark has a tenth of it."""


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a compressed .npz; its bytes hold no date, so equal arrays are equal files.

    LZMA takes a tenth off what deflate leaves of values by query, and numpy reads both.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            one = io.BytesIO()
            np.save(one, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), one.getvalue(), zipfile.ZIP_LZMA)
    return buffer.getvalue()


def read_npz(path: Path, digest: str, parse: Callable[[Arrays], T], remedy: str) -> T:
    """Return what a function makes of the arrays of a file; it may raise a ValueError.

    Raises:
        DataError: when its sha256 (hex) is another, it cannot be read, is too large, or the function does not take it.
    """
    try:
        if file_digest(path) != digest:
            raise DataError("it has changed since it was written", where=str(path), remedy=remedy)
        with zipfile.ZipFile(path) as archive:
            if sum(one.file_size for one in archive.infolist()) > _LARGEST:
                raise DataError(f"it unpacks to more than {_LARGEST >> 20} MiB", where=str(path), remedy=remedy)
        with np.load(path, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
        if stray := next((name for name, one in found.items() if not isinstance(one, np.ndarray)), ""):
            raise ValueError(f"{stray} is no array")  # told as whatever else is wrong with the file
        return parse(found)
    except _UNREADABLE as error:
        told = unreadable(path, error, remedy)
        raise DataError(told.what, where=str(path), remedy=told.remedy) from None
