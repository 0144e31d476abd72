"""Reading tables strictly: every row has the right number of cells of the right type, or one line says where not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from benchsuite.errors import DataError
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.delimited import delimited_rows, read_delimited
from benchsuite_tables.formats import json_rows, read_jsonl, read_lists, read_parquet
from benchsuite_tables.text_file import FETCH, LONGEST, TextFile

if TYPE_CHECKING:
    import pandas as pd


_READERS: dict[str, Callable[[TextFile, CardTable, tuple[str, ...]], pd.DataFrame]] = {
    "delimited": read_delimited,
    "columns": read_delimited,
    "lists": read_lists,
    "jsonl": read_jsonl,
    "pythonl": read_jsonl,
    "parquet": read_parquet,
}


def read_table(text: TextFile, table: CardTable, numbers: tuple[str, ...] = ()) -> pd.DataFrame:
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
    frame = _READERS[table.format](text, table, numbers)
    if not len(frame):
        raise DataError("holds no rows", where=text.name, remedy=FETCH)
    for name in frame:
        if str(name) not in numbers:
            _check_cells(frame[name], text, table, str(name))
    return frame


def _check_cells(column: pd.Series[Any], text: TextFile, table: CardTable, name: str) -> None:
    """Raise DataError for a cell that no sound file of text holds."""
    import numpy as np

    cells = column.cat.categories.astype(str)
    lengths = cells.str.len()
    for bad, what in (
        (cells.str.contains("\0", regex=False), "holds a NUL byte"),
        (lengths > LONGEST, f"is longer than {LONGEST:,} characters"),
    ):
        if bad.any():
            row = int(np.argmax(np.isin(column.cat.codes, np.flatnonzero(bad))))
            raise DataError(what, where=first_line(text, table, name, row), remedy="correct the cell")


def first_line(text: TextFile, table: CardTable, column: str, row: int) -> str:
    """Say where a row is, for an error found after reading.

    Args:
        text: the file.
        table: how it is laid out.
        column: the file's column.
        row: the row, counted from 0.
    """
    if table.format in {"delimited", "columns", "jsonl", "pythonl"}:
        lines = table.format in {"jsonl", "pythonl"}
        rows: Generator[tuple[int, Any], None, None] = (
            json_rows(text, table.format) if lines else delimited_rows(text, table)
        )
        with contextlib.closing(rows):
            line = next((line for at, (line, _) in enumerate(rows) if at == row), None)
        if line is not None:
            return f"{text.name}, line {line}, column {column}"
    return f"{text.name}, row {row + 1}, column {column}"
