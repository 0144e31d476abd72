"""Reading tables strictly: every row has the right number of cells of the right type, or one line says where not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.errors import DataError
from benchsuite_tables.bad_cells import BadCells, Cells, refuse
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.delimited import read_delimited, sound_rows
from benchsuite_tables.formats import json_lines, read_jsonl, read_lists, read_parquet
from benchsuite_tables.matrix import matrix_lines, read_matrix
from benchsuite_tables.text_file import CELLS, FETCH, LONGEST, TextFile

if TYPE_CHECKING:
    import pandas as pd


_READERS: dict[str, Callable[[TextFile, CardTable, dict[str, str]], Cells]] = {
    "delimited": read_delimited,
    "columns": read_delimited,
    "lists": read_lists,
    "matrix": read_matrix,
    "json": read_jsonl,
    "jsonl": read_jsonl,
    "pythonl": read_jsonl,
    "parquet": read_parquet,
}


def read_table(text: TextFile, table: CardTable) -> pd.DataFrame:
    """Return the wanted columns of a table as categories of text, under the file's own names and in its order.

    A missing cell is one of ``table.missing``.

    Args:
        text: where it is.
        table: how it is laid out.

    Raises:
        DataError: when the file is unreadable or empty, a column is missing, or a row has too many or too few cells
            and the table does not say that such rows are left out.
    """
    import pandas as pd

    cells = read_cells(text, table, {})
    bad = [one for name, column in cells.columns.items() for one in bad_texts(column, name)]
    rows = () if table.on_bad_row == "drop" else cells.bad
    refuse(bad, rows, text.name, lambda wanted: lines_of(text, table, wanted))
    return pd.DataFrame(cells.columns)


def read_cells(text: TextFile, table: CardTable, numbers: dict[str, str]) -> Cells:
    """Return the wanted columns of a table, and what is no row of it.

    Args:
        text: where it is.
        table: how it is laid out.
        numbers: the file's columns that should hold numbers, and the arrow type for them; where some of the cells are
            none of this type, the column comes as text all the same.

    Raises:
        DataError: when the file is unreadable or empty, or a column is missing.
    """
    cells = _READERS[table.format](text, table, numbers)
    if not len(cells) and (not cells.bad or table.on_bad_row == "drop"):
        why = f": {cells.bad[0].what} in {cells.bad[0].place}" if cells.bad else ""
        raise DataError(f"holds no rows{why}", where=text.name, remedy=CELLS if why else FETCH)
    return cells


def bad_texts(column: Any, name: str) -> list[BadCells]:
    """Return cells that no sound file of text holds."""
    cells = column.categories.astype(str)
    lengths = cells.str.len()
    found = []
    for bad, what in (
        (cells.str.contains("\0", regex=False), "holds a NUL byte"),
        (lengths > LONGEST, f"is longer than {LONGEST:,} characters"),
    ):
        if bad.any():
            found.append(BadCells("bad", name, np.append(bad, False)[column.codes], what))
    return found


def lines_of(text: TextFile, table: CardTable, rows: set[int]) -> dict[int, str]:
    """Say where rows are, for an error found after reading; reads the file up to the last of them.

    Args:
        text: the file.
        table: how it is laid out.
        rows: counted from 0 among all rows that have the right number of cells.
    """
    found = {row: f"row {row + 1}" for row in rows}
    if rows and table.format not in {"lists", "parquet"}:
        last = max(rows)
        unit = "object" if table.format == "json" else "line"
        with contextlib.closing(_lines(text, table)) as lines:
            for row, line in enumerate(lines):
                if row in rows:
                    found[row] = f"{unit} {line}"
                if row == last:
                    break
    return found


def _lines(text: TextFile, table: CardTable) -> Generator[int, None, None]:
    if table.format == "matrix":
        yield from matrix_lines(text, table)
    elif table.format in {"json", "jsonl", "pythonl"}:
        yield from (line for line, _, why in json_lines(text, table.format) if not why)
    else:
        yield from (line for line, _ in sound_rows(text, table))


def first_line(text: TextFile, table: CardTable, column: str, row: int) -> str:
    """Say where a row is: file, line and column; see :func:`lines_of`."""
    place = f"{text.name}, {lines_of(text, table, {row})[row]}"
    return f"{place}, column {column}" if column else place
