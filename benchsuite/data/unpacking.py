"""How much a packed file may grow to when it is read: a few megabytes must not fill the memory.

The bound is the larger of 512 MiB and 200 times the file's size, and each row counts at least 32 bytes, what one
takes in memory. Tables of real events stay far below: a row packs to three bytes or more (an item alone has ten bits),
so that 32 bytes are some ten times as much, and text shrinks to a tenth, seldom to a fiftieth. Up to 16 million rows
are read from any file. Whoever trusts a file sets ``BENCHSUITE_UNPACK_GB``.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from benchsuite.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pyarrow as pa

VARIABLE = "BENCHSUITE_UNPACK_GB"
FREE = 1 << 29
RATIO = 200
ROW_BYTES = 32
_CELL_BYTES = 4
_MORE = f"if you trust the file, allow more: {VARIABLE}=8 (GB)"


def unpacked_bound(packed: int) -> int:
    """Return how many bytes a packed file of this size may grow to.

    Raises:
        ConfigError: when ``BENCHSUITE_UNPACK_GB`` is no positive number.
    """
    told = os.environ.get(VARIABLE, "")
    if not told:
        return max(FREE, RATIO * packed)
    try:
        gigabytes = float(told)
    except ValueError:
        gigabytes = math.nan
    if not 0 < gigabytes < math.inf:
        raise ConfigError(f"{told!r} is no positive number", where=VARIABLE, remedy="say how many GB, such as 8")
    return int(gigabytes * 1e9)


class UnpackedTooLargeError(OSError):
    """More comes out of a packed file than it may grow to."""


def bounded(file: IO[bytes], packed: int) -> IO[bytes]:
    """Return a reader that stops where a packed file of this size grows beyond its bound, in bytes or in rows.

    Reading raises :class:`UnpackedTooLargeError`, an OSError, with a message for people.
    """
    return cast("IO[bytes]", io.BufferedReader(_Bounded(file, packed)))


class _Bounded(io.RawIOBase):
    """Counts what is read."""

    def __init__(self, file: IO[bytes], packed: int) -> None:
        self._file = file
        self._bound = unpacked_bound(packed)
        self._bytes = 0
        self._rows = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self._bytes += len(data)
        self._rows += data.count(b"\n") or data.count(b"\r")
        if max(self._bytes, self._rows * ROW_BYTES) > self._bound:
            raise UnpackedTooLargeError(_grows(self._bound, self._bytes, self._rows))
        buffer[: len(data)] = data
        return len(data)


def _grows(bound: int, size: int, rows: int) -> str:
    found = f"{rows:,} rows or more" if rows * ROW_BYTES > size else f"{size:,} bytes or more"
    return f"it unpacks to {found}, the bound for it is {bound:,} bytes, {ROW_BYTES} or more a row; {_MORE}"


def read_parquet(path: Path, columns: Sequence[str] | None = None, *, dense: bool = False) -> pa.Table:
    """Read a Parquet file, texts as dictionaries, so that a repeated one is kept once.

    Args:
        path: of the file.
        columns: their names; None reads all.
        dense: write every text out.

    Raises:
        DataError: when it holds more than a file of its size may.
        pyarrow.ArrowException, OSError: when it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_parquet(path)
    schema = pq.read_schema(path)
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    texts = [field.name for field in schema if any(kind(field.type) for kind in kinds)]
    table = pq.read_table(path, columns=None if columns is None else list(columns), read_dictionary=texts)
    return _written_out(table, path) if dense else table


def _written_out(table: pa.Table, path: Path) -> pa.Table:
    """Return the table with plain texts, if they fit.

    Raises:
        DataError: when they do not.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    packed = [name for name in table.column_names if pa.types.is_dictionary(table.schema.field(name).type)]
    size = 0
    for name in packed:
        for chunk in table[name].chunks:
            size += pc.sum(pc.binary_length(chunk.dictionary).cast(pa.int64()).take(chunk.indices)).as_py() or 0
    bound = unpacked_bound(path.stat().st_size)
    if size > bound:
        raise DataError(_grows(bound, size, 0), where=str(path))
    for name in packed:
        at = table.column_names.index(name)
        table = table.set_column(at, name, table[name].cast(table.schema.field(name).type.value_type))
    return table


def check_parquet(path: Path) -> None:
    """Compare what a Parquet file says of itself with its size.

    Raises:
        DataError: when it holds more than a file of its size may.
        pyarrow.ArrowException, OSError: when it cannot be read.
    """
    import pyarrow.parquet as pq

    about = pq.read_metadata(path)
    groups = [about.row_group(at) for at in range(about.num_row_groups)]
    size = sum(group.column(at).total_uncompressed_size for group in groups for at in range(group.num_columns))
    rows = max(about.num_rows, sum(group.num_rows for group in groups))
    cells = sum(group.column(at).num_values for group in groups for at in range(group.num_columns))
    size = max(size, cells * _CELL_BYTES)
    bound = unpacked_bound(path.stat().st_size)
    if max(size, rows * ROW_BYTES) > bound:
        raise DataError(_grows(bound, size, rows), where=str(path))
