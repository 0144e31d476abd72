"""Tables of separated cells: fast where all is well, slow and exact where something is wrong."""

from __future__ import annotations

import contextlib
import csv
import re
import sys
from collections import deque
from collections.abc import Generator, Iterator
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from benchsuite.errors import DataError
from benchsuite_tables.bad_cells import BadRows, Cells
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.text_file import (
    BLOCK,
    CELLS,
    FETCH,
    LONGEST,
    TextColumn,
    TextFile,
    arrow_columns,
    check_names,
    text_lines,
)

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = dict[str, str]
"""Columns that should hold numbers, and the arrow type to try first."""

_QUOTE = 'close the quote, or say quote = "" where quotes mean nothing'
_END = "\0end\0"
"""No cell of a sound file; put behind its end, it is a row of its own unless a quote is open there."""


def read_delimited(text: TextFile, table: CardTable, numbers: Numbers) -> Cells:
    """Read a table of separated cells; see :func:`benchsuite_tables.strict_tables.read_cells`."""
    import pyarrow as pa

    if len(table.separator) > 1 or table.format == "columns":
        return _slow(text, table)
    names = list(table.names) or header_names(text, table)
    quoted = _may_break_lines(text, table)
    numbers = {name: kind for name, kind in numbers.items() if table.decimal == "."}
    while True:
        others = _OtherRows(names, table, quoted=quoted)
        try:
            found = _arrow(text, table, names, numbers, others)
            break
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            column = re.search(r"CSV column #(\d+)", str(error))
            wrong = names[int(column[1])] if column else ""
            if wrong not in numbers:
                raise _explain(text, table, str(error)) from None
            del numbers[wrong]  # its cells are looked at one by one
    if quoted and not others.ended:
        raise _explain(text, table, "a quote is opened and never closed", _QUOTE)
    columns, nulls = arrow_columns(found)
    if table.cut and others.rows:
        _add_cut_line(columns, nulls, text, table, names, others.rows)
        return Cells(columns, nulls)
    return Cells(columns, nulls, bad=tuple(bad_rows(text, table, names)) if others.rows else ())


def _arrow(text: TextFile, table: CardTable, names: list[str], numbers: Numbers, others: _OtherRows) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    texts = pa.dictionary(pa.int32(), pa.string())
    kinds = {name: pa.type_for_alias(numbers[name]) if name in numbers else texts for name in table.wanted}
    with text.open() as file, _Held(file, others.end).told() as held, others.decoded():
        return arrow_csv.read_csv(
            pa.PythonFile(held, mode="r"),
            arrow_csv.ReadOptions(
                column_names=names,
                skip_rows=1 if table.header else 0,
                encoding=table.encoding,
                block_size=BLOCK,
            ),
            arrow_csv.ParseOptions(
                delimiter=table.separator,
                quote_char=table.quote or False,
                escape_char=table.escape or False,
                newlines_in_values=bool(others.end),
                invalid_row_handler=others.append_row,
            ),
            arrow_csv.ConvertOptions(
                include_columns=list(table.wanted),
                column_types=kinds,
                null_values=list(table.missing),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )


class _Held:
    """A file that ends where it cannot be read, and tells why afterwards.

    Arrow reads in a thread of its own; what is raised there may keep the process from ever ending.
    """

    closed = False

    def __init__(self, file: IO[bytes], end: bytes = b"") -> None:
        self._file = file
        self._end = end
        self._error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; nothing after an error."""
        try:
            data = b"" if self._error is not None else self._file.read(size)
        except Exception as error:  # noqa: BLE001 - raised again by told()
            self._error = error
            return b""
        if not data:
            data, self._end = self._end, b""
        return data

    def close(self) -> None:
        """Leave the file to whoever opened it."""

    @contextlib.contextmanager
    def told(self) -> Iterator[_Held]:
        """Raise at the end what reading raised, in place of what came of half a file."""
        try:
            yield self
        finally:
            if self._error is not None:
                raise self._error


def _may_break_lines(text: TextFile, table: CardTable) -> bool:
    """Return whether cells may hold line ends; without a quote in the file none does, and blocks are split faster."""
    if not table.quote or text.packed:
        return bool(table.quote)
    quote = table.quote.encode()
    with text.open() as file:
        if table.header:
            file.readline(BLOCK)
        return any(quote in block for block in iter(partial(file.read, BLOCK), b""))


class _OtherRows:
    """Collects rows with too few or too many cells while the fast reader leaves them out.

    One such row is put behind the end of the file, which tells whether a quote is open there.
    """

    def __init__(self, names: list[str], table: CardTable, *, quoted: bool) -> None:
        self._row = table.separator.join([_END] * (len(names) + 1))
        self.end = f"\n{self._row}\n".encode() if quoted else b""
        self.ended = False
        self.rows: deque[str] = deque(maxlen=2)

    @contextlib.contextmanager
    def decoded(self) -> Iterator[None]:
        """Raise UnicodeDecodeError for a row that cannot be decoded; arrow itself would only print it."""
        before = sys.unraisablehook
        failed: list[UnicodeDecodeError] = []

        def hook(told: Any) -> None:
            if isinstance(told.exc_value, UnicodeDecodeError):
                failed.append(told.exc_value)
            else:
                before(told)

        sys.unraisablehook = hook
        try:
            yield
        finally:
            sys.unraisablehook = before
        if failed:
            raise failed[0]

    def append_row(self, row: Any) -> str:
        """Take one row from the reader and let it go on."""
        if self.end and row.text.strip("\r\n") == self._row:
            self.ended = True
        else:
            self.rows.append(row.text)
        return "skip"


def _add_cut_line(
    columns: dict[str, Any], nulls: dict[str, Any], text: TextFile, table: CardTable, names: list[str], rows: deque[str]
) -> None:
    """Append the last line of a file that was cut off there; any other short line is an error."""
    import numpy as np
    import pandas as pd

    last = deque((line for _, line in text_lines(text, table.encoding)), maxlen=1).pop()
    row = next(csv.reader([*rows][:1], delimiter=table.separator))
    if [*rows] != [last.rstrip("\r\n")] or len(row) > len(names):
        raise _explain(text, table, "a row has too few cells")
    cells = dict(zip(names, row, strict=False))
    for name, column in columns.items():
        cell = None if cells.get(name, "") in ("", *table.missing) else cells[name]
        if hasattr(column, "categories"):
            kept = [*column.categories, *({cell} - {None, *column.categories})]
            code = -1 if cell is None else kept.index(cell)
            columns[name] = pd.Categorical.from_codes(np.append(column.codes, code), pd.Index(kept, dtype=str))
        else:
            null = nulls.get(name, np.zeros(len(column), bool))
            columns[name] = np.append(column, column.dtype.type(0 if cell is None else cell))
            nulls[name] = np.append(null, cell is None)


def header_names(text: TextFile, table: CardTable) -> list[str]:
    """Return the column names of the first line; all wanted ones must be among them."""
    with contextlib.closing(text_lines(text, table.encoding)) as lines:
        line = next((line for _, line in lines), "")
    names = line.rstrip("\r\n")
    if not names.strip():
        raise DataError("the first line is empty" if line else "is empty", where=text.name, remedy=FETCH)
    if table.format == "columns":
        cells = names.split()
    elif table.quote and len(table.separator) == 1:
        cells = next(csv.reader([names], delimiter=table.separator))
    else:
        cells = names.split(table.separator)
    check_names(cells, text, table)
    return cells


def delimited_rows(text: TextFile, table: CardTable) -> Generator[tuple[int, list[str]], None, None]:
    """Yield (line, cells) of every row below the header, slowly; the number of cells is whatever it is.

    Raises:
        DataError: when a line cannot be decoded or split; with file and line.
    """
    if not table.quote or len(table.separator) > 1 or table.format == "columns":
        separator = None if table.format == "columns" else table.separator
        for line, row in text_lines(text, table.encoding):
            plain = row.rstrip("\r\n")
            if plain and (line > text.skip + 1 or not table.header):
                yield line, plain.split(separator)
        return
    for line, cells in _split(text, table):
        if cells and (line > text.skip + 1 or not table.header):
            yield line, cells


def _split(text: TextFile, table: CardTable) -> Generator[tuple[int, list[str]], None, None]:
    """Yield (line, cells) of every row of a table with quotes, the header and blank lines among them."""
    held: list[tuple[int, str]] = []  # the lines of one row

    def lines() -> Iterator[str]:
        for number, line in text_lines(text, table.encoding):
            held.append((number, line))
            yield line
        yield _END

    reader = csv.reader(lines(), delimiter=table.separator, escapechar=table.escape or None)
    while True:
        held.clear()
        try:
            cells = next(reader)
        except csv.Error as error:
            raise _unsplit(text, table, held, str(error)) from None
        if cells == [_END]:
            return
        if cells and cells[-1].endswith(_END):
            raise _unsplit(text, table, held, "")
        yield held[0][0], cells


def _unsplit(text: TextFile, table: CardTable, held: list[tuple[int, str]], why: str) -> DataError:
    """Return the error for a row that has no end: the line where its quote opens, if it has several lines."""
    if len(held) > 1 or not why:
        opened = _opening(held, table)
        what = "a quote is opened and never closed"
        what += f" within {LONGEST:,} characters" if why else ""
        return DataError(what, where=f"{text.name}, line {opened}", remedy=_QUOTE)
    long = "field limit" in why
    what = f"a cell is longer than {LONGEST:,} characters" if long else f"cannot be split into cells: {why}"
    return DataError(what, where=f"{text.name}, line {held[0][0]}", remedy=CELLS)


def _opening(held: list[tuple[int, str]], table: CardTable) -> int:
    """Return the line where the last quote opens."""
    quoted, fresh, opened = False, True, held[0][0]
    for number, line in held:
        at = 0
        while at < len(line):
            letter = line[at]
            if letter == table.escape or (quoted and line[at : at + 2] == table.quote * 2):
                at += 1
            elif quoted:
                quoted = letter != table.quote
            elif letter == table.quote and fresh:
                quoted, opened = True, number
            fresh = not quoted and letter in {table.separator, "\r", "\n"}
            at += 1
    return opened


def bad_rows(text: TextFile, table: CardTable, names: list[str] | None = None) -> list[BadRows]:
    """Return the rows that have too few or too many cells."""
    names = names or list(table.names) or header_names(text, table)
    found: dict[str, BadRows] = {}
    for line, cells in delimited_rows(text, table):
        if len(cells) != len(names):
            count_row(found, line, len(cells), len(names))
    return list(found.values())


def count_row(found: dict[str, BadRows], line: int, cells: int, wanted: int) -> None:
    """Count a row that has another number of cells than there are columns."""
    kind = "few" if cells < wanted else "many"
    known = found.get(kind) or BadRows(kind, 0, line, f"{cells} columns instead of {wanted}", CELLS)
    found[kind] = BadRows(kind, known.number + 1, known.line, known.what, known.remedy)


def sound_rows(text: TextFile, table: CardTable) -> Generator[tuple[int, list[str]], None, None]:
    """Yield (line, cells) of the rows that have the right number of cells, the cut last one among them."""
    width = len(table.names or header_names(text, table))
    for line, cells in delimited_rows(text, table):
        if len(cells) == width or table.cut:
            yield line, cells


def _explain(text: TextFile, table: CardTable, fallback: str, remedy: str = CELLS) -> DataError:
    """Find the first bad row; the fast reader only says that there is one."""
    try:
        for one in bad_rows(text, table):
            return DataError(one.what, where=f"{text.name}, line {one.line}", remedy=one.remedy)
    except DataError as error:
        return error
    return DataError(fallback[:200], where=text.name, remedy=remedy)


def _slow(text: TextFile, table: CardTable) -> Cells:
    """Read a table whose separator is longer than one character."""
    names = list(table.names) or header_names(text, table)
    columns = [(names.index(name), TextColumn(table.missing)) for name in table.wanted]
    bad: dict[str, BadRows] = {}
    for line, cells in delimited_rows(text, table):
        if len(cells) != len(names):
            count_row(bad, line, len(cells), len(names))
            continue
        for at, column in columns:
            column.append(cells[at])
    found = {name: column.column() for name, (_, column) in zip(table.wanted, columns, strict=True)}
    return Cells(found, bad=tuple(bad.values()))
