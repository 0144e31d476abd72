"""Tables of separated cells: fast where all is well, slow and exact where something is wrong."""

from __future__ import annotations

import contextlib
import csv
import re
from collections import deque
from collections.abc import Generator, Iterator
from typing import Any

from benchsuite.errors import DataError
from benchsuite_tables.arrow_rows import Numbers, OtherRows, arrow_table, may_break_lines
from benchsuite_tables.bad_cells import BadRows, Cells
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.text_file import (
    CELLS,
    END,
    FETCH,
    LONGEST,
    TextColumn,
    TextFile,
    arrow_columns,
    check_names,
    text_lines,
)

_QUOTE = 'close the quote, or say quote = "" where quotes mean nothing'


def read_delimited(text: TextFile, table: CardTable, numbers: Numbers) -> Cells:
    """Read a table of separated cells; see :func:`benchsuite_tables.strict_tables.read_cells`."""
    import pyarrow as pa

    if len(table.separator) > 1 or table.format == "columns":
        return _slow(text, table)
    names = list(table.names) or header_names(text, table)
    quoted = may_break_lines(text, table)
    wanted = tuple(numbers)
    numbers = {name: kind for name, kind in numbers.items() if table.decimal == "."}
    while True:
        others = OtherRows(names, table, quoted=quoted)
        try:
            found = arrow_table(text, table, names, numbers, others)
            break
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            column = re.search(r"CSV column #(\d+)", str(error))
            wrong = names[int(column[1])] if column else ""
            if wrong not in numbers:
                raise _explain(text, table, str(error)) from None
            del numbers[wrong]  # its cells are looked at one by one
    if quoted and not others.ended:
        raise _explain(text, table, "a quote is opened and never closed", _QUOTE)
    if quoted and others.broken:
        _check_breaks(text, table, names, wanted)
    columns, nulls = arrow_columns(found)
    if table.cut and others.rows:
        _add_cut_line(columns, nulls, text, table, names, others.rows)
        return Cells(columns, nulls)
    return Cells(columns, nulls, bad=tuple(bad_rows(text, table, names)) if others.rows else ())


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


def _check_breaks(text: TextFile, table: CardTable, names: list[str], numbers: tuple[str, ...]) -> None:
    """Raise DataError where a quote is in the wrong place, so that a cell holds rows of the table."""
    places = [names.index(name) for name in numbers]

    def like_row(line: str) -> bool:
        cells = line.split(table.separator)
        if len(cells) != len(names) or any(cell != cell.strip() for cell in cells):
            return False
        return all(_is_number(cells[at]) for at in places) if places else len(cells) > 2  # noqa: PLR2004

    for line, cells in _split(text, table, strict=True):
        for cell in cells:
            if "\n" in cell and any(map(like_row, cell.splitlines()[1:])):
                what = "a cell holds whole rows of the table: a quote is opened, and closed some rows later"
                raise DataError(what, where=f"{text.name}, line {line}", remedy=_QUOTE)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _split(text: TextFile, table: CardTable, *, strict: bool = False) -> Generator[tuple[int, list[str]], None, None]:
    """Yield (line, cells) of every row of a table with quotes, the header and blank lines among them."""
    held: list[tuple[int, str]] = []  # the lines of one row

    def lines() -> Iterator[str]:
        for number, line in text_lines(text, table.encoding):
            held.append((number, line))
            yield line
        yield END

    reader = csv.reader(lines(), delimiter=table.separator, escapechar=table.escape or None, strict=strict)
    while True:
        held.clear()
        try:
            cells = next(reader)
        except csv.Error as error:
            raise _unsplit(text, table, held, str(error)) from None
        if cells == [END]:
            return
        if cells and cells[-1].endswith(END):
            raise _unsplit(text, table, held, "")
        yield held[0][0], cells


def _unsplit(text: TextFile, table: CardTable, held: list[tuple[int, str]], why: str) -> DataError:
    """Return the error for a row that has no end: the line where its quote opens, if it has several lines."""
    first = held[0][0]
    if "expected after" in why:
        what = "text follows a closing quote: a quote is missing, or one is too many"
        return DataError(what, where=f"{text.name}, line {first}", remedy=_QUOTE)
    if len(held) > 1 or not why or why == "unexpected end of data":
        opened = _opening(held, table)
        what = "a quote is opened and never closed"
        what += f" within {LONGEST:,} characters" if "field limit" in why else ""
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
            return DataError(one.what, where=f"{text.name}, {one.place}", remedy=one.remedy)
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
