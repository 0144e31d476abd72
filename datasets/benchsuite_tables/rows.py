"""A table under our own names: ids as categories, numbers as numbers, times as seconds, and what that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Int64
from benchsuite.errors import DataError
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.strict_tables import first_line, read_table
from benchsuite_tables.text_file import TextFile

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("value", "score", "rank")
"""Roles that hold numbers where the caller does not say which do."""

IDS = ("user", "item", "other", "id")
"""Roles that hold ids."""


@dataclass(frozen=True)
class Count:
    """How many rows reading changed or left out for one reason.

    Attributes:
        kind: a short fixed name: ``trimmed``, ``whole``, ``boolean``, ``comma``, ``zero``, ``empty``, ``bad``.
        column: the file's column; "" where the whole row is meant.
        what: for people, with the column: ``blanks around ids of column user``.
        number: of rows.
        row: the first of them, counted from 0 among all rows of the file that have the right number of cells.
        cell: what stands in its cell; "" where there is none.
        dropped: whether the rows were left out.
    """

    kind: str
    column: str
    what: str
    number: int
    row: int
    cell: str = ""
    dropped: bool = False


@dataclass(frozen=True, eq=False)
class Rows:
    """A table that was read.

    Attributes:
        frame: a column for each role of ``table.columns``: numbers and scores float64, ``timestamp`` int64 UTC
            seconds, anything else categories of text (a missing id is NaN).
        cells: the file's text columns under the file's own names, as they stand there.
        counts: what was changed or left out.
        read: rows of the file, with those that were left out.
        kept: int64[len(frame)] the number of each row among all rows of the file, or None where none was left out.
        text: the file.
        table: how it was read.
    """

    frame: pd.DataFrame
    cells: pd.DataFrame
    counts: tuple[Count, ...]
    read: int
    kept: Int64 | None
    text: TextFile
    table: CardTable

    def where(self, row: int, column: str = "") -> str:
        """Return the place of a row of ``frame`` for an error: file, line and column. Reads the file up to there.

        Args:
            row: the row of ``frame``, counted from 0.
            column: a role, or a column of the file.
        """
        at = row if self.kept is None else int(self.kept[row])
        return first_line(self.text, self.table, self.table.columns.get(column, column), at)


def read_rows(text: TextFile, table: CardTable, numbers: tuple[str, ...] = NUMBERS) -> Rows:
    """Read the columns that ``table.columns`` names by role.

    Args:
        text: where it is.
        table: how it is laid out and what its columns mean; without any columns, ``user`` and ``item`` are meant.
        numbers: roles that hold numbers; ``timestamp`` always holds times.

    Raises:
        DataError: when the file is unreadable or empty, a column is missing, or cells are bad and the table does not
            say that such rows are left out; all kinds of them at once, each with its first line.
    """
    import pandas as pd

    columns = dict(table.columns) or {"user": "user", "item": "item"}
    table = table.model_copy(update={"columns": columns})
    numeric = {columns[role] for role in numbers if role in columns}
    raw = read_table(text, table, tuple(sorted(numeric)))
    frame = pd.DataFrame(index=raw.index)
    counts: list[Count] = []
    for role, source in columns.items():
        frame[role] = raw[source]
        if role == "value":
            zero = (raw[source] == 0).to_numpy()
            if zero.any():
                what = f"zeros in column {source}"
                counts.append(Count("zero", source, what, int(zero.sum()), int(np.argmax(zero)), "0"))
    return Rows(frame, raw.drop(columns=sorted(numeric)), tuple(counts), len(raw), None, text, table)
