"""A table under our own names: ids as categories, numbers as numbers, times as seconds, and what that changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Bool, Int64
from benchsuite.errors import DataError
from benchsuite_tables.bad_cells import BadCells, BadRows, Cells, refuse
from benchsuite_tables.card_table import IDS, NOT_KNOWN, UNITS, CardTable
from benchsuite_tables.conversions import Converted, outside, tidy_ids, to_numbers, to_seconds
from benchsuite_tables.strict_tables import bad_texts, first_line, lines_of, read_cells
from benchsuite_tables.text_file import TextFile

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("value", "score", "rank")
"""Roles that hold numbers where the caller does not say which do."""

_TOLD = {
    "trimmed": "ids of column {} trimmed of blanks",
    "unseen": "ids of column {} trimmed of invisible signs",
    "early": "times before March 1973 in column {}, where most are later",
    "whole": "whole numbers of column {} written as such",
    "boolean": "yes or no, true or false in column {} read as 1 or 0",
    "comma": "decimal commas in column {}",
    "zero": "zeros in column {}",
}


@dataclass(frozen=True)
class Count:
    """How many rows reading changed or left out for one reason.

    Attributes:
        kind: a short fixed name: ``trimmed``, ``unseen``, ``whole``, ``boolean``, ``comma``, ``early``, ``zero`` for
            rows that were kept; ``empty``, ``bad`` (cells), ``few``, ``many``, ``syntax``,
            ``repeated`` (rows) for rows left out.
        column: the file's column; "" where the whole row is meant.
        what: for people: ``zeros in column rating``, ``column rating: 'x' is not a number``.
        number: of rows.
        row: the first of them, counted from 0 among all rows of the file that have the right number of cells; -1
            where ``line`` says it.
        line: the first of them where it is no such row, else 0.
        unit: what ``line`` counts: ``line``, or ``object`` in a JSON array.
        dropped: whether the rows were left out.
    """

    kind: str
    column: str
    what: str
    number: int
    row: int = -1
    line: int = 0
    unit: str = "line"
    dropped: bool = False


@dataclass(frozen=True, eq=False)
class Rows:
    """A table that was read.

    Attributes:
        frame: a column for each role of ``table.columns``: numbers and scores float64, ``timestamp`` int64 UTC
            seconds, anything else categories of text (a missing id is NaN).
        cells: the file's text columns under the file's own names, as they stand there.
        counts: what was changed or left out; a row with several bad cells counts for each.
        read: rows of the file, with those that were left out.
        kept: int64[len(frame)] the number of each row among all rows of the file that have the right number of cells;
            None where all of them were kept.
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

    def places(self, counts: Iterable[Count]) -> dict[Count, str]:
        """Return where the first row of each count is: ``line 17``. Reads the file up to the last of them."""
        counts = list(counts)
        lines = lines_of(self.text, self.table, {one.row for one in counts if one.row >= 0})
        return {one: lines[one.row] if one.row >= 0 else f"{one.unit} {one.line}" for one in counts}

    def told(self) -> list[str]:
        """Return a sentence for each kind of rows that were left out, with the first of them; reads the file again."""
        dropped = [one for one in self.counts if one.dropped]
        return [f"{one.number:,} x {place}, {one.what}" for one, place in self.places(dropped).items()]


def read_rows(text: TextFile, table: CardTable, numbers: tuple[str, ...] = NUMBERS) -> Rows:
    """Read the columns that ``table.columns`` names by role.

    Args:
        text: where it is.
        table: how it is laid out and what its columns mean; without any columns, ``user`` and ``item`` are meant.
        numbers: roles that hold numbers; ``timestamp`` always holds times.

    Raises:
        DataError: when the file is unreadable or empty, a column is missing, times of two units are mixed, or cells are
            bad and the table does not say that such rows are left out: all kinds of them at once, each with its first
            line.
    """
    import pandas as pd

    columns = dict(table.columns) or {"user": "user", "item": "item"}
    table = table.model_copy(update={"columns": columns})
    kinds = {columns[role]: "double" for role in numbers if role in columns}
    timed = columns.get("timestamp")
    if timed is not None and table.time in UNITS:
        # a float64 does not hold nanoseconds
        kinds[timed] = "int64" if table.time == "ns" else "double"
    _check_roles(text, table, kinds)
    found = read_cells(text, table, kinds)
    converted = {name: _converted(found, name, table) for name in kinds}
    if timed is not None and timed not in converted:
        converted[timed] = _converted(found, timed, table)
    keep, counts = _kept(found, converted, text, table)
    cells = {name: column for name, column in found.columns.items() if name not in converted}
    values = {name: one.numbers for name, one in converted.items()}
    changes = {name: one.changed for name, one in converted.items()}
    if keep is not None:
        cells = {name: column[keep].remove_unused_categories() for name, column in cells.items()}
        values = {name: column[keep] for name, column in values.items()}
        changes = {name: {kind: mask[keep] for kind, mask in known.items()} for name, known in changes.items()}
    kept = None if keep is None else np.flatnonzero(keep)
    missing = (*table.missing, *(sorted(NOT_KNOWN) if "drop" in {table.on_missing, table.on_bad_row} else ()))
    frame: dict[str, Any] = {}
    for role, name in columns.items():
        if name in values:
            frame[role], changed = values[name], changes[name]
            changed |= {"zero": values[name] == 0} if role == "value" else {}
        else:
            trim, whole = table.trim and role in IDS, name in table.numbers
            frame[role], changed = tidy_ids(cells[name], trim=trim, whole=whole, missing=missing if role in IDS else ())
        counts += _changes(changed, name, kept)
    read = len(found) + sum(one.number for one in found.bad)
    ours, theirs = (pd.DataFrame(columns, copy=False) for columns in (frame, cells))
    return Rows(ours, theirs, tuple(counts), read, kept, text, table)


def _check_roles(text: TextFile, table: CardTable, numbers: Iterable[str]) -> None:
    """Raise DataError where a column of numbers or times is meant to be something else, too."""
    taken = list(table.columns.values())
    marks = [*(drop.column for drop in table.drops), *(name for names in table.flags.values() for name in names)]
    for name in numbers:
        if taken.count(name) > 1 or name in marks:
            what = "holds the value or the time and cannot be a text too"
            raise DataError(what, where=f"{text.name}, column {name}", remedy="name another column as text")


def _converted(found: Cells, name: str, table: CardTable) -> Converted:
    column, null = found.columns[name], found.nulls.get(name)
    if name in found.times:
        return outside(column, null, name)
    return (to_seconds if name == table.columns.get("timestamp") else to_numbers)(column, null, name, table)


def _kept(
    found: Cells, converted: dict[str, Converted], text: TextFile, table: CardTable
) -> tuple[Bool | None, list[Count]]:
    """Return which rows stay (None for all) and what was left out.

    Raises:
        DataError: when the table does not say that bad rows are left out.
    """

    def lines(rows: set[int]) -> dict[int, str]:
        return lines_of(text, table, rows)

    for name, one in converted.items():
        if one.mixed is not None:
            usual, cell, other, strange = one.mixed
            places = lines({usual, other})
            what = f"times count different units: {strange} here, {cell} in {places[usual]}"
            where = f"{text.name}, {places[other]}, column {name}"
            raise DataError(what, where=where, remedy="write all times in one unit")
    texts = {name: column for name, column in found.columns.items() if name not in converted}
    cells = [bad for one in converted.values() for bad in one.bad]
    cells += [bad for name, column in texts.items() for bad in bad_texts(column, name)]

    def dropped(one: BadCells | BadRows) -> bool:
        return "drop" in {table.on_bad_row, table.on_missing if one.kind == "empty" else ""}

    refuse(
        [one for one in cells if not dropped(one)], [] if table.on_bad_row == "drop" else found.bad, text.name, lines
    )
    counts = [
        Count(one.kind, one.column, f"column {one.column}: {one.what}", int(one.bad.sum()), int(np.argmax(one.bad)))
        for one in cells
    ]
    counts += [Count(one.kind, "", one.what, one.number, line=one.line, unit=one.unit) for one in found.bad]
    counts = [replace(one, dropped=True) for one in sorted(counts, key=lambda one: -one.number)]
    if not cells:
        return None, counts
    keep = ~np.logical_or.reduce([one.bad for one in cells])
    if not keep.any():
        raise DataError("no row is left: each has a bad cell", where=text.name, remedy="correct the columns' meaning")
    return keep, counts


def _changes(changed: dict[str, Bool], name: str, kept: Int64 | None) -> list[Count]:
    """Count the kept rows whose cells were changed."""
    counts = []
    for kind, mask in changed.items():
        if mask.any():
            row = int(np.argmax(mask))
            row = row if kept is None else int(kept[row])
            counts.append(Count(kind, name, _TOLD[kind].format(name), int(mask.sum()), row))
    return counts
