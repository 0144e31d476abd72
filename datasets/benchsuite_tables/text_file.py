"""Files of text, plain or compressed, and how errors speak of them."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
import zlib
from array import array
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from benchsuite.data import Bool
from benchsuite.data.unpacking import UnpackedTooLargeError, bounded
from benchsuite.errors import DataError, did_you_mean
from benchsuite_tables.card_table import CardTable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BLOCK = 1 << 24
"""Bytes read at a time; also the longest row there may be."""

LONGEST = 131_072
"""Characters a cell may have; Python's own csv reader has the same bound."""

END = "\0end\0"
"""No cell of a sound file; put behind its end, it is a row of its own unless a quote is open there."""

FETCH = "replace the file by a sound copy"
CELLS = "correct the row, or the separator and quoting in the card"
ENCODING = "say encoding = 'latin-1' or 'cp1252' (in the shell --encoding), or convert it to UTF-8"

_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)
"""What the standard library raises for unreadable, truncated, encrypted or unsupported files."""

_SHOWN = 40
_FEW = 100


@dataclass(frozen=True)
class TextFile:
    """A file of text, perhaps inside a gzip file or a zip.

    Attributes:
        path: the file.
        member: the file inside a zip, or "".
        skip: how many lines before the table are left out; the others keep their numbers.
    """

    path: Path
    member: str = ""
    skip: int = 0

    @property
    def name(self) -> str:
        """How errors call it."""
        return f"{self.path}, {self.member}" if self.member else str(self.path)

    @property
    def packed(self) -> bool:
        """Whether its bytes are compressed."""
        return bool(self.member) or self.path.suffix in {".gz", ".zst"}

    def _opened(self, stack: contextlib.ExitStack) -> IO[bytes]:
        """Return the file, unpacked and bounded, which the stack will close."""
        if self.member:
            archive = stack.enter_context(zipfile.ZipFile(self.path))
            if self.member not in archive.namelist():
                raise DataError(f"holds no {self.member}", where=str(self.path), remedy=FETCH)
            packed = min(archive.getinfo(self.member).compress_size, self.path.stat().st_size)
            return bounded(stack.enter_context(archive.open(self.member)), packed)
        packed = self.path.stat().st_size
        if self.path.suffix == ".gz":
            return bounded(cast("IO[bytes]", stack.enter_context(gzip.open(self.path))), packed)
        if self.path.suffix == ".zst":
            return bounded(stack.enter_context(_zstd(self.path)), packed)
        return stack.enter_context(self.path.open("rb"))

    @contextlib.contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading bytes, from the first line of the table on.

        Raises:
            DataError: when it cannot be read to its end, also when that shows only while it is being read.
        """
        try:
            with contextlib.ExitStack() as stack:
                file = self._opened(stack)
                for _ in range(self.skip):
                    file.readline(BLOCK)
                yield file
        except UnpackedTooLargeError as error:
            raise DataError(str(error), where=self.name) from None
        except _BROKEN as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise DataError(f"cannot be read: {reason}", where=self.name, remedy=FETCH) from None


@contextlib.contextmanager
def _zstd(path: Path) -> Iterator[IO[bytes]]:
    """Open a Zstandard file; Arrow has a decoder, this Python's library does not."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as raw, pa.CompressedInputStream(raw, "zstd") as file:
        yield file


def text_lines(text: TextFile, encoding: str) -> Generator[tuple[int, str], None, None]:
    """Yield (line number, line with its end) of every physical line, however the file ends its lines.

    Raises:
        DataError: when a line is too long or is not in this encoding.
    """
    with text.open() as file:
        lines = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
        number = text.skip
        while line := lines.readline(BLOCK):
            number += 1
            where = f"{text.name}, line {number}"
            if len(line) == BLOCK:
                raise DataError(f"is longer than {BLOCK >> 20} million characters", where=where, remedy=CELLS)
            if not line.isascii() and any("\ud800" <= letter <= "\udfff" for letter in line):
                raise DataError(f"is not {encoding}", where=where, remedy=ENCODING)
            yield number, line.removeprefix("\ufeff") if number == 1 else line


def shorten(cell: Any) -> str:
    """Return a cell as an error shows it, cut where it is long."""
    shown = repr(cell)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


def check_names(names: Iterable[str], text: TextFile, table: CardTable) -> None:
    """Raise DataError for a wanted column that is missing or there twice."""
    known = list(names)
    for name in table.wanted:
        if name not in known:
            remedy = did_you_mean(name, set(known)) if len(known) < _FEW else ""
            remedy = remedy or f"there are {', '.join(map(shorten, known[:20]))}"
            raise DataError(f'column "{name}" is missing', where=f"{text.name}, line 1", remedy=remedy)
    for name in table.wanted:
        if known.count(name) > 1:
            raise DataError(f'column "{name}" is there twice', where=f"{text.name}, line 1", remedy="rename one")


class TextColumn:
    """One column of text while it is read: each different cell is kept once, each row as a number.

    Args:
        missing: cells that mean "not known".
    """

    def __init__(self, missing: Iterable[str]) -> None:
        self._codes = array("i")
        self._place: dict[str, int] = {}
        self._missing = frozenset(missing)

    def append(self, cell: str | None) -> None:
        """Add a row."""
        unknown = cell is None or cell in self._missing
        self._codes.append(-1 if unknown or cell is None else self._place.setdefault(cell, len(self._place)))

    def column(self) -> pd.Categorical[str]:
        """Return the rows read so far."""
        import pandas as pd

        return pd.Categorical.from_codes(np.array(self._codes, np.int32), pd.Index(list(self._place), dtype=str))


def arrow_columns(found: pa.Table) -> tuple[dict[str, Any], dict[str, Bool]]:
    """Return the columns of an arrow table, categories or numbers, and bool[n] where a number is empty, if any is."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    nulls: dict[str, Bool] = {}
    for name in found.column_names:
        column = found[name]
        if pa.types.is_dictionary(column.type):
            columns[name] = column.unify_dictionaries().to_pandas().array
            continue
        if column.null_count:
            nulls[name] = column.is_null().to_numpy()
            column = column.fill_null(0)
        columns[name] = column.to_numpy()
    return columns, nulls
