"""A matrix of values: a row for each user, a column for each item, and a sign where there is no value."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

from benchsuite.errors import DataError
from benchsuite_tables.bad_cells import BadRows, Cells
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.delimited import count_row, delimited_rows, header_names
from benchsuite_tables.text_file import TextColumn, TextFile
from benchsuite_tables.times import number

_COUNT = "say missing_cells = 'CELL', the cell that means no value, or user = '1' if the first column names the users"
_ENOUGH_ROWS = 3
_ENOUGH_ITEMS = 5


@dataclass(frozen=True)
class MatrixShape:
    """What the first rows of a matrix say.

    Attributes:
        header: whether the first line names the items.
        row_begins: what its first column holds: ``user``, ``count`` (of the row's values) or "" for a value.
        missing: cells that mean "no value".
    """

    header: bool
    row_begins: str
    missing: tuple[str, ...]


def find_shape(
    rows: Sequence[Sequence[str]], header: bool | None, user: str, missing: tuple[str, ...], where: str
) -> MatrixShape:
    """Find out what the first line and the first column are, and which cell means "no value".

    Args:
        rows: the first rows as cells.
        header: whether the first line names the items, as the user says; None to find it out.
        user: the column of the user, as the user says: its name or 1, ``none`` for none, "" to find it out.
        missing: what the user says means "no value".
        where: the file, for errors.

    Raises:
        DataError: when the users would stand in another column than the first, or no cell means "no value".
    """
    header = _has_names(rows) if header is None else header
    body = rows[1:] if header else rows
    first = [row[0].strip() for row in body]
    if user not in {"", "none", "1", *(rows[0][:1] if header else ())}:
        raise DataError("has its users elsewhere than in its first column", where=where, remedy="say user = '1'")
    for sign in [missing] if missing else [("",), _most_frequent(body)]:
        if not user and all(_is_count(row, sign) for row in body):
            return MatrixShape(header, "count", sign)
    begins = "user" if user not in {"", "none"} or (not user and _are_ids(first)) else ""
    cells = [cell.strip() for row in body for cell in row[bool(begins) :]]
    if not missing and all(cells):
        usual = Counter(cells).most_common(1)[0][0]
        remedy = f"say missing_cells = '{usual}', or whichever cell means that there is no value"
        raise DataError(
            "no cell of the matrix is empty, so that each user would have all items", where=where, remedy=remedy
        )
    return MatrixShape(header, begins, missing or ("",))


def _most_frequent(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return (Counter(cell.strip() for row in rows for cell in row[1:]).most_common(1)[0][0],)


def _is_count(row: Sequence[str], missing: tuple[str, ...]) -> bool:
    """Return whether a row's first cell counts the values behind it."""
    return row[0].strip() == str(len(row) - 1 - sum(_means(cell.strip(), missing) for cell in row[1:]))


def _means(cell: str, missing: tuple[str, ...]) -> bool:
    """Return whether a cell is one of those that mean "no value", in whatever way the number is written."""
    return not cell or cell in missing or (number(cell) is not None and number(cell) in map(number, missing))


def _has_names(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first line names the items: with words, or with numbers that count above other cells."""
    names = [cell.strip() for cell in rows[0][1:]]
    words = sum(bool(name) and number(name) is None for name in names)
    if 2 * words > len(names):
        return len(set(names)) == len(names)
    counted = all(name.isdigit() for name in names) and all(int(b) == int(a) + 1 for a, b in pairwise(names))
    return counted and (number(rows[0][0]) is None or len(names) >= _ENOUGH_ITEMS)


def _are_ids(cells: Sequence[str]) -> bool:
    """Return whether the cells of a first column name users: words, or numbers that grow."""
    if len(cells) < _ENOUGH_ROWS or len(set(cells)) < len(cells) or not all(cells):
        return False
    numbers = [number(cell) for cell in cells]
    return all(one is None for one in numbers) or all(
        a is not None and b is not None and a < b for a, b in pairwise(numbers)
    )


def read_matrix(text: TextFile, table: CardTable, _numbers: dict[str, str]) -> Cells:
    """Read a matrix into the columns ``user``, ``item`` and ``value``, a row for each value."""
    names = {name: TextColumn(table.missing) for name in ("user", "item", "value")}
    bad: dict[str, BadRows] = {}
    for _, user, items, cells in _rows(text, table, bad):
        for item, cell in zip(items, cells, strict=True):
            names["user"].append(user)
            names["item"].append(item)
            names["value"].append(cell)
    return Cells({name: column.column() for name, column in names.items()}, bad=tuple(bad.values()))


def matrix_values(text: TextFile, table: CardTable) -> Generator[tuple[str, str, str], None, None]:
    """Yield (user, item, value) of each value."""
    for _, user, items, cells in _rows(text, table, {}):
        yield from ((user, item, cell) for item, cell in zip(items, cells, strict=True))


def matrix_lines(text: TextFile, table: CardTable) -> Generator[int, None, None]:
    """Yield the line of each value, in the order in which they are read."""
    for line, _, items, _ in _rows(text, table, {}):
        yield from (line for _ in items)


def _rows(
    text: TextFile, table: CardTable, bad: dict[str, BadRows]
) -> Generator[tuple[int, str, list[str], list[str]], None, None]:
    """Yield (line, user, items, values) of each row that has the right number of cells; others are counted.

    Raises:
        DataError: when a first cell does not count the values of its row, as the card says.
    """
    form = "columns" if table.separator == " " else "delimited"
    plain = table.model_copy(update={"format": form, "columns": {}})
    begin = int(bool(table.row_begins))
    names = header_names(text, plain) if table.header else []
    if twice := [name for name, times in Counter(names[begin:]).items() if times > 1]:
        raise DataError(f'item "{twice[0]}" is there twice', where=f"{text.name}, line 1", remedy="rename one")
    is_missing = cache(partial(_means, missing=table.missing))
    width = len(names)
    with contextlib.closing(delimited_rows(text, plain)) as rows:
        for place, (line, row) in enumerate(rows, 1):
            width = width or len(row)
            if len(row) != width:
                count_row(bad, line, len(row), width)
                continue
            items = [name.strip() for name in names[begin:]] or [str(at + 1) for at in range(width - begin)]
            found = [
                (item, cell)
                for item, raw in zip(items, row[begin:], strict=True)
                if not is_missing(cell := raw.strip())
            ]
            if table.row_begins == "count" and row[0].strip() != str(len(found)):
                what = f"its first cell says {row[0].strip()} values, there are {len(found)}"
                raise DataError(what, where=f"{text.name}, line {line}", remedy=_COUNT)
            user = row[0].strip() if table.row_begins == "user" else str(place)
            yield line, user, [item for item, _ in found], [cell for _, cell in found]
