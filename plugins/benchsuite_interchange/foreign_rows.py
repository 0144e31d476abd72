"""Anybody's rows of users and items, in any format that is read here: understood, read, and told how."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Float64, Int32
from benchsuite.errors import DataError
from benchsuite.interface import silent
from benchsuite_interchange.table_options import Written
from benchsuite_tables.card_table import table_of
from benchsuite_tables.event_tables import understand
from benchsuite_tables.first_rows import FirstRows, Said, first_rows
from benchsuite_tables.odd_ids import refuse_odd_ids
from benchsuite_tables.strict_tables import read_table
from benchsuite_tables.table_rows import NUMBERS, Rows, read_rows
from benchsuite_tables.text_file import TextFile, shorten
from benchsuite_tables.times import number
from benchsuite_tables.understanding import Understanding
from benchsuite_tables.zip_members import only_member

if TYPE_CHECKING:
    import pandas as pd

_RUN, _QRELS = 6, 4
"""Columns of the files of TREC: ``user Q0 item rank score tag`` and ``user 0 item value``."""


@dataclass(frozen=True, eq=False)
class ForeignRows:
    """The rows of one file.

    Attributes:
        path: the file.
        user: id of each row.
        item: id of each row.
        numbers: float64[n] by role: ``value``, ``score``, ``rank``, and ``timestamp`` in UTC seconds.
        columns: the file's column by role.
        ignored: the columns that were not read.
        labels: those of them that say yes or no, or are below 0 in some rows.
        notes: what reading changed or left out, and what a reader might not expect.
        where: says for a row and a role or column where it is: file, line and column.
    """

    path: Path
    user: pd.Categorical[str]
    item: pd.Categorical[str]
    numbers: Mapping[str, Float64] = dataclasses.field(default_factory=dict)
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    where: Callable[[int, str], str] = lambda row, _column: f"row {row + 1}"

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.user)

    @property
    def time(self) -> Float64 | None:
        """float64[n] UTC seconds, or None."""
        return self.numbers.get("timestamp")

    @property
    def value(self) -> Float64 | None:
        """float64[n], or None."""
        return self.numbers.get("value")

    def told(self) -> Iterator[str]:
        """Yield which columns were read and which were not, and what reading changed."""
        read = ", ".join(f"{role} = {column}" for role, column in self.columns.items())
        yield f"{self.path}: columns: {read}{'; ignored: ' if self.ignored else ''}{', '.join(self.ignored)}"
        for note in self.notes:
            yield f"{self.path}: {note}"


def read_foreign(
    path: Path, columns: Mapping[str, str], roles: Sequence[str], written: Written, alike: Sequence[str] = ()
) -> ForeignRows:
    """Read one file.

    Args:
        path: CSV and the like, JSON, Parquet or a file of TREC, perhaps packed.
        columns: the columns that the user named, by role: a name, a number counted from 1, or ``none``.
        roles: which roles are read where a column has them, ``user`` and ``item`` first.
        written: what the user said of how it is written.
        alike: columns that must hold one value in all rows, in a file that has all of them.

    Raises:
        DataError: when the file cannot be read, it is doubtful what a column means, or a cell is bad.
    """
    if not path.exists():
        raise DataError("no such file", where=str(path), remedy="check the path")
    if path.is_dir():
        raise DataError("is a folder", where=str(path), remedy="name a file in it")
    text = TextFile(path, only_member(path))
    named = {role: name for role, name in columns.items() if name}
    roles_sought = tuple(roles)
    said = Said(named, "", written.separator, written.encoding, written.header, written.time)
    first = first_rows(text, said)
    trec = {} if named else _trec_columns(first, roles)
    if trec:
        said = dataclasses.replace(said, columns=trec, header=False)
    elif "timestamp" not in roles and not first.has_names:
        # without names a time must be known as one, or it would be taken for a number of another kind
        said, roles_sought = dataclasses.replace(said, time="s"), (*roles, "timestamp")
    found = understand(text, said, roles_sought)
    if found.table["format"] == "lists":
        what = "each line seems to be a user and a list of items"
        raise DataError(what, where=text.name, remedy="write one row for each user and item")
    used = {role: name for role, name in found.columns.items() if role in roles}
    table = {**found.table, "file": path.name, "member": text.member, "columns": used}
    table |= {"on_bad_row": written.on_bad_row, "on_missing": written.missing}
    if written.ids_as == "integer":
        table["numbers"] = [used["user"], used["item"]]
    if not _holds_numbers(found):
        found.settle(silent)
    rows = _with_ids(read_rows(text, table_of(table, str(path))), written)
    refuse_odd_ids(rows.frame, rows.table, text.name)
    found.settle(silent)
    if alike and set(alike) <= set(found.names):
        _refuse_several(text, table, alike)
    ignored = tuple(name for name in found.names if name.strip() and name not in used.values())
    labels = tuple(one.name for one in found.profiles if (one.is_label or one.says_no) and one.name in ignored)
    numbers = {role: rows.frame[role].to_numpy().astype(np.float64) for role in used if role not in {"user", "item"}}
    notes = (*found.notes, *(["is a file of TREC"] if trec else []), *_changes(rows))
    user, item = (rows.frame[role].array for role in ("user", "item"))
    return ForeignRows(path, user, item, numbers, used, ignored, labels, notes, rows.where)


def _holds_numbers(found: Understanding) -> bool:
    """Return whether each column of numbers holds some: reading it then tells more of the other cells than a doubt."""
    columns = [one for role in NUMBERS if (one := found.profile(role)) is not None]
    return all(any(number(cell) is not None for cell in one.cells) for one in columns)


def _refuse_several(text: TextFile, table: dict[str, Any], alike: Sequence[str]) -> None:
    """Raise DataError where one of some columns holds several values: lists of several models are not one model's."""
    cells = read_table(text, table_of({**table, "columns": {name: name for name in alike}, "numbers": ()}, text.name))
    for name in alike:
        held = cells[name].cat.remove_unused_categories().cat.categories
        if len(held) > 1:
            what = f"column {name} holds {len(held):,} different cells: {', '.join(map(shorten, held[:3]))}"
            raise DataError(what, where=text.name, remedy=f"keep the rows of one {name}")


def _trec_columns(first: FirstRows, roles: Sequence[str]) -> dict[str, str]:
    """Return the columns of a run or of qrels by role, none where the file is neither."""
    width = len(first.names)
    if first.header or first.format not in {"delimited", "columns"} or width not in {_RUN, _QRELS}:
        return {}
    second, fourth = set(first.profiles[1].cells), first.profiles[3]
    if "score" in roles and width == _RUN and second == {"Q0"} and first.profiles[4].is_numeric:
        return {"user": "1", "item": "3", "rank": "4", "score": "5"}
    if "value" in roles and width == _QRELS and second <= {"0", "Q0"} and fourth.is_numeric and not fourth.is_time:
        return {"user": "1", "item": "3", "value": "4"}
    return {}


def _with_ids(rows: Rows, written: Written) -> Rows:
    """Return the rows that have both ids.

    Raises:
        DataError: when an id is empty and such rows are not left out.
    """
    empty = {role: rows.frame[role].isna().to_numpy() for role in ("user", "item")}
    lost = empty["user"] | empty["item"]
    if not lost.any():
        return rows
    if "drop" not in {written.on_bad_row, written.missing}:
        at = int(np.argmax(lost))
        role = "user" if empty["user"][at] else "item"
        remedy = "give every row an id, or leave such rows out with --missing drop"
        raise DataError("is empty", where=rows.where(at, role), remedy=remedy)
    if lost.all():
        raise DataError("no row has both ids", where=rows.text.name, remedy="correct the columns' meaning")
    kept = np.arange(len(lost)) if rows.kept is None else rows.kept
    frame = rows.frame[~lost].copy()
    for role in empty:
        frame[role] = frame[role].cat.remove_unused_categories()
    return dataclasses.replace(rows, frame=frame, kept=kept[~lost])


def _changes(rows: Rows) -> Iterator[str]:
    """Yield what reading changed or left out; zeros are told where their meaning is."""
    for one in rows.counts:
        if not one.dropped and one.kind != "zero":
            yield f"{one.kind}: {one.number:,} x {one.what}"
    yield from (f"left out: {line}" for line in rows.told())
    if (lost := rows.read - len(rows.frame)) > 0:
        yield f"{lost:,} of {rows.read:,} rows are left out"


def codes(columns: Sequence[pd.Categorical[str]]) -> tuple[tuple[str, ...], list[Int32]]:
    """Return the different ids of several columns, and each column as int32 codes into them."""
    import pandas as pd

    names = np.concatenate([column.categories.to_numpy(dtype=object) for column in columns])
    places, known = pd.factorize(names)
    ends = np.cumsum([len(column.categories) for column in columns])[:-1]
    parts = np.split(places.astype(np.int32), ends)
    return tuple(known), [part[column.codes] for part, column in zip(parts, columns, strict=True)]
