"""Reading tables strictly: every row has the right number of cells of the right type, or one line says which has not."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchsuite.errors import DataError, did_you_mean
from benchsuite_datasets.card import Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BLOCK = 1 << 24
"""Bytes read at a time; also the longest row there may be."""

_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)
"""What the standard library raises for unreadable, truncated, encrypted or unsupported files."""


@dataclass(frozen=True)
class Text:
    """A file of text, perhaps inside a gzip file or a zip.

    Attributes:
        path: the file.
        member: the file inside a zip, or "".
    """

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """How errors call it."""
        return f"{self.path}, {self.member}" if self.member else str(self.path)

    @contextlib.contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading bytes.

        Raises:
            DataError: when it cannot be read to its end.
        """
        try:
            with contextlib.ExitStack() as stack:
                if self.member:
                    archive = stack.enter_context(zipfile.ZipFile(self.path))
                    if self.member not in archive.namelist():
                        raise DataError(f"holds no {self.member}", where=str(self.path), remedy=_FETCH)
                    yield stack.enter_context(archive.open(self.member))
                elif self.path.suffix == ".gz":
                    yield stack.enter_context(gzip.open(self.path))
                else:
                    yield stack.enter_context(self.path.open("rb"))
        except _BROKEN as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise DataError(f"cannot be read: {reason}", where=self.name, remedy=_FETCH) from None


_FETCH = "replace the file by a sound copy"


def read_table(text: Text, table: Table, numbers: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return the wanted columns of a table under the file's own names, in the order of the file.

    Text comes as categories, numbers as float64 (NaN where the cell is one of ``table.missing``).

    Args:
        text: where it is.
        table: how it is laid out.
        numbers: which of the file's columns must hold numbers.

    Raises:
        DataError: when the file is unreadable or empty, a column is missing, a row has too many or too few cells, or a
            cell that must be a number is none; with file, line and column.
    """
    reader = {"delimited": _delimited, "lists": _lists, "jsonl": _jsonl, "parquet": _parquet}[table.format]
    frame = reader(text, table, numbers)
    if not len(frame):
        raise DataError("holds no rows", where=text.name, remedy=_FETCH)
    return frame


def _delimited(text: Text, table: Table, numbers: tuple[str, ...]) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    if len(table.separator) > 1:
        return _slow(text, table, numbers)
    with text.open() as file:
        names = list(table.names) or _header(file, text, table)
    columns = {
        name: pa.float64() if name in numbers else pa.dictionary(pa.int32(), pa.string()) for name in table.wanted
    }
    try:
        with text.open() as file:
            found = arrow_csv.read_csv(
                pa.PythonFile(file, mode="r"),
                arrow_csv.ReadOptions(
                    column_names=names,
                    skip_rows=1 if table.header else 0,
                    encoding=table.encoding,
                    block_size=_BLOCK,
                ),
                arrow_csv.ParseOptions(
                    delimiter=table.separator,
                    quote_char=table.quote or False,
                    newlines_in_values=bool(table.quote),
                ),
                arrow_csv.ConvertOptions(
                    include_columns=list(table.wanted),
                    column_types=columns,
                    null_values=list(table.missing),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _explain(text, table, names, numbers, str(error)) from None
    return _frame(found)


def _frame(found: pa.Table) -> pd.DataFrame:
    """Turn an arrow table into a frame whose text columns are categories."""
    frame: pd.DataFrame = found.unify_dictionaries().to_pandas()
    return frame


def _header(file: IO[bytes], text: Text, table: Table) -> list[str]:
    """Return the column names of the first line; all wanted ones must be among them."""
    line = file.readline(_BLOCK)
    try:
        decoded = line.decode(table.encoding).lstrip("\ufeff").rstrip("\r\n")
    except UnicodeDecodeError:
        raise DataError(f"is not {table.encoding}", where=f"{text.name}, line 1", remedy=_ENCODING) from None
    if not decoded.strip():
        raise DataError("is empty" if not line else "the first line is empty", where=text.name, remedy=_FETCH)
    if table.quote and len(table.separator) == 1:
        names = next(csv.reader([decoded], delimiter=table.separator))
    else:
        names = decoded.split(table.separator)
    _check_names(names, text, table)
    return names


_ENCODING = "say its encoding in the card (latin-1, cp1252) or convert it to UTF-8"


def _check_names(names: list[str], text: Text, table: Table) -> None:
    for name in table.wanted:
        if name not in names:
            remedy = did_you_mean(name, names) if len(names) < 100 else ""
            raise DataError(f'column "{name}" is missing', where=f"{text.name}, line 1", remedy=remedy)
        if names.count(name) > 1:
            raise DataError(f'column "{name}" is there twice', where=f"{text.name}, line 1", remedy="rename one")


def _rows(text: Text, table: Table) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every row below the header, slowly and strictly."""
    with text.open() as file:
        lines = io.TextIOWrapper(file, encoding=table.encoding, errors="strict", newline="")
        line = 0
        try:
            if table.quote and len(table.separator) == 1:
                reader = csv.reader(lines, delimiter=table.separator, strict=True)
                for cells in reader:
                    first, line = line + 1, reader.line_num
                    if cells and (first > 1 or not table.header):
                        yield first, cells
            else:
                lines.reconfigure(newline=None)
                for line, row in enumerate(lines, 1):
                    if row.strip("\r\n") and (line > 1 or not table.header):
                        yield line, row.rstrip("\n").split(table.separator)
        except UnicodeDecodeError:
            where = f"{text.name}, after line {line}"
            raise DataError(f"is not {table.encoding}", where=where, remedy=_ENCODING) from None
        except csv.Error as error:
            where = f"{text.name}, line {line + 1}"
            raise DataError(f"cannot be split into cells: {error}", where=where, remedy="correct the row") from None


def _checked(text: Text, table: Table, names: list[str], numbers: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield rows that have the right number of cells, with numbers where there must be numbers."""
    where_number = [(names.index(name), name) for name in numbers]
    for line, cells in _rows(text, table):
        if len(cells) != len(names):
            what = f"{len(cells)} columns instead of {len(names)}"
            raise DataError(what, where=f"{text.name}, line {line}", remedy=_CELLS)
        for at, name in where_number:
            if cells[at] not in table.missing and not _is_number(cells[at]):
                what = f"{_short(cells[at])} is not a number"
                raise DataError(what, where=f"{text.name}, line {line}, column {name}", remedy="correct the cell")
        yield line, cells


_CELLS = "correct the row, or the separator and quoting in the card"


def _explain(text: Text, table: Table, names: list[str], numbers: tuple[str, ...], fallback: str) -> DataError:
    """Find the first bad row; the fast reader only says that there is one."""
    try:
        for _ in _checked(text, table, names, numbers):
            pass
    except DataError as error:
        return error
    if "straddling" in fallback or "block" in fallback:
        return DataError(f"a row is longer than {_BLOCK >> 20} MB", where=text.name, remedy=_CELLS)
    return DataError(fallback[:200], where=text.name, remedy=_CELLS)


def _slow(text: Text, table: Table, numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read a table whose separator is longer than one character."""
    import pandas as pd

    with text.open() as file:
        names = list(table.names) or _header(file, text, table)
    wanted = [(name, names.index(name)) for name in table.wanted]
    columns: dict[str, list[str | None]] = {name: [] for name, _ in wanted}
    missing = set(table.missing)
    for _, cells in _checked(text, table, names, numbers):
        for name, at in wanted:
            columns[name].append(None if cells[at] in missing else cells[at])
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype="float64") if name in numbers else pd.Categorical(values)
            for name, values in columns.items()
        }
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _short(cell: Any) -> str:
    shown = repr(cell)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def first_line(text: Text, table: Table, column: str, row: int) -> str:
    """Say where a row is, for an error found after reading.

    Args:
        text: the file.
        table: how it is laid out.
        column: the file's column.
        row: the row, counted from 0.
    """
    if table.format in {"delimited", "jsonl"}:
        lines = _rows(text, table) if table.format == "delimited" else _json_lines(text)
        for at, (line, _) in enumerate(lines):
            if at == row:
                return f"{text.name}, line {line}, column {column}"
    return f"{text.name}, row {row + 1}, column {column}"


def _lists(text: Text, table: Table, numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read ``user item item ...`` lines into columns ``user`` and ``item``."""
    import numpy as np
    import pandas as pd

    with text.open() as file:
        data = file.read()
    users: list[bytes] = []
    counts: list[int] = []
    items: list[bytes] = []
    for line in data.splitlines():
        cells = line.split()
        if cells:
            users.append(cells[0])
            counts.append(len(cells) - 1)
            items += cells[1:]
    try:
        who = pd.Categorical([user.decode("ascii") for user in users])
        what, names = pd.factorize(np.array(items))
        known = [name.decode("ascii") for name in names.tolist()]
    except UnicodeDecodeError:
        raise DataError("holds something other than plain ids", where=text.name, remedy=_FETCH) from None
    codes = np.repeat(who.codes, counts)
    return pd.DataFrame(
        {
            "user": pd.Categorical.from_codes(codes, who.categories),
            "item": pd.Categorical.from_codes(what, pd.Index(known, dtype=str)),
        }
    )


def _json_lines(text: Text) -> Iterator[tuple[int, dict[str, Any]]]:
    with text.open() as file:
        for line, row in enumerate(file, 1):
            if not row.strip():
                continue
            where = f"{text.name}, line {line}"
            try:
                value = json.loads(row)
            except (ValueError, RecursionError) as error:
                raise DataError(f"is not JSON: {error}", where=where, remedy="correct the row") from None
            if not isinstance(value, dict):
                raise DataError("is not a JSON object", where=where, remedy="correct the row")
            yield line, value


def _jsonl(text: Text, table: Table, numbers: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [] for name in table.wanted}
    seen: set[str] = set()
    for line, value in _json_lines(text):
        seen |= value.keys() & columns.keys()
        for name, cells in columns.items():
            cell = value.get(name)
            if name in numbers:
                if cell is not None and (isinstance(cell, bool) or not isinstance(cell, int | float)):
                    where = f"{text.name}, line {line}, column {name}"
                    raise DataError(f"{_short(cell)} is not a number", where=where, remedy="correct the cell")
                cells.append(cell)
            else:
                cells.append(_plain(cell, table))
    if columns and (missing := [name for name in columns if name not in seen]) and len(seen) + len(missing):
        if not any(columns.values()):
            return pd.DataFrame(columns)
        raise DataError(f'column "{missing[0]}" is missing', where=text.name, remedy="correct the card's columns")
    return pd.DataFrame(
        {
            name: pd.Series(cells, dtype="float64") if name in numbers else pd.Categorical(cells)
            for name, cells in columns.items()
        }
    )


def _plain(cell: Any, table: Table) -> str | None:
    """Return a JSON value as text: lists are joined, objects are written as JSON."""
    if cell is None:
        return None
    if isinstance(cell, list):
        cell = table.join.join(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in cell)
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    return None if text in table.missing else text


def _parquet(text: Text, table: Table, numbers: tuple[str, ...]) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not text.path.is_file():
        raise DataError("no such file", where=text.name, remedy=_FETCH)
    try:
        names = pq.read_schema(text.path).names
        _check_names(names, text, table)
        found = pq.read_table(text.path, columns=list(table.wanted))
        columns = {}
        for name in table.wanted:
            column = found[name]
            if name in numbers:
                columns[name] = pc.cast(column, pa.float64())
            else:
                column = column.cast(pa.string()) if not pa.types.is_dictionary(column.type) else column
                columns[name] = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        return _frame(pa.table(columns))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise DataError(f"cannot be read: {str(error)[:200]}", where=text.name, remedy=_FETCH) from None
