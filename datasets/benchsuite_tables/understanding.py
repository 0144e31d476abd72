"""What somebody's table means: its cells, its columns' roles, and what cannot be known without asking."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from benchsuite.errors import DataError, did_you_mean
from benchsuite_tables.card_table import table_of
from benchsuite_tables.first_rows import NONE, FirstRows, Said, first_rows
from benchsuite_tables.matrix import find_shape, matrix_values
from benchsuite_tables.profiles import ColumnProfile, profiles
from benchsuite_tables.roles import Doubt, Roles, by_name, by_place, find_id, find_texts
from benchsuite_tables.text_file import CELLS, TextFile
from benchsuite_tables.times import EARLIEST, number, time_form

EVENTS = ("user", "item", "value", "timestamp")
"""Roles in a table of interactions, in the order in which a table without names has them."""

_SHOWN_ROWS = 3
_LONG_LIST = 5
"""A line with at least this many items is seldom sorted by chance."""

_MOST_SORTED = 0.9
_LOOKED_AT = 10_000
_ALWAYS = ("user", "item")


@dataclass(frozen=True)
class Understanding:
    """What a table is taken to be.

    Attributes:
        where: the file, for errors.
        names: all columns.
        table: the plain values of a :class:`benchsuite_tables.card_table.CardTable`, without ``file`` and ``member``.
        guessed: what was found out, as phrases: ``user is userId``.
        ignored: the columns that have no role.
        notes: what a reader might not expect, as sentences.
        doubts: what makes the understanding unlikely.
        profiles: what the columns look like.
        rows: the first rows as cells.
        has_names: whether the file names its columns.
    """

    where: str
    names: tuple[str, ...]
    table: Mapping[str, Any]
    guessed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    profiles: tuple[ColumnProfile, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    has_names: bool = True

    @property
    def columns(self) -> Mapping[str, str]:
        """The file's column by role."""
        found: Mapping[str, str] = self.table["columns"]
        return found

    def profile(self, role: str) -> ColumnProfile | None:
        """Return what the column of a role looks like, None where no column has it."""
        name = self.columns.get(role)
        return next((one for one in self.profiles if one.name == name), None)

    def shown(self) -> list[str]:
        """Return the first rows as they are understood, one line each."""
        place = {name: self.names.index(name) for name in self.columns.values() if name in self.names}
        lines = []
        for row in self.rows[:_SHOWN_ROWS]:
            if not place:
                lines.append(f"user {row[0]}: items {', '.join(row[1:6])}{' ...' if len(row) > 6 else ''}")  # noqa: PLR2004
            elif len(row) == len(self.names):
                lines.append(", ".join(f"{role} {row[place[name]]}" for role, name in self.columns.items()))
        return lines

    def settle(self, say: Callable[[str], None], ask: Callable[[str], bool] | None = None) -> None:
        """Tell what was found out; where it is doubtful, ask, or stop where nobody can answer.

        Args:
            say: shows a line.
            ask: shows a question and returns whether the answer was yes.

        Raises:
            DataError: for a doubt that nobody resolved.
        """
        for note in self.notes:
            say(f"{self.where}: {note}")
        if self.guessed:
            say(f"{self.where}: guessed that {', '.join(self.guessed)}; say otherwise in the settings if it is not so")
        if self.ignored:
            say(f"{self.where}: columns not read: {', '.join(self.ignored[:20])}")
        shown = self.shown() if self.doubts or not self.has_names else []
        for at, line in enumerate(shown, 1):
            say(f"{self.where}: row {at} as understood: {line}")
        for doubt in self.doubts:
            if ask is not None and ask(f"{doubt.what}. Is this right all the same?"):
                continue
            example = f" (the first row would be: {shown[0]})" if shown else ""
            raise DataError(f"{doubt.what}{example}", where=self.where, remedy=doubt.remedy)


def understand(
    text: TextFile, said: Said, roles: Sequence[str] = EVENTS, required: Sequence[str] = _ALWAYS
) -> Understanding:
    """Find out what a table of rows about users and items means.

    Args:
        text: the file.
        said: what the user said.
        roles: which roles are looked for, in the order in which a table without names has them.
        required: those without which there is no table.

    Raises:
        DataError: when the file is unreadable, a column that was named is missing, or a required role has no column.
    """
    first = first_rows(text, said)
    if first.format == "lists":
        return _lists(text, first, said)
    if first.format == "matrix":
        return _matrix(text, first, said)
    named = {role: _named(role, name, first, text) for role, name in said.columns.items() if name and name != NONE}
    refused = {role for role, name in said.columns.items() if name == NONE}
    wanted = [role for role in (*roles, *said.columns) if role not in refused]
    finder = by_name if first.has_names else by_place
    found = finder(first, tuple(dict.fromkeys(wanted)), named)
    for role in required:
        if role not in found.columns:
            what = f"cannot tell which column holds the {role}"
            remedy = f"say {role} = 'COLUMN'; there are {', '.join(first.names[:20])}"
            remedy += _other_shapes(role, first)
            if first.is_header_doubtful:
                remedy += "; if the first line is a row, say header = false (in the shell --no-header)"
            raise DataError(what, where=text.name, remedy=remedy)
    if {found.columns[role] for role in ("user", "item") if role in found.columns} == {found.columns.get("user")}:
        what = "would be the user and the item"
        raise DataError(what, where=f"{text.name}, column {found.columns['user']}", remedy="say two columns")
    table = _table(first, said)
    table["columns"] = dict(found.columns)
    found = _with_time(found, table, first, said, text)
    found = _with_decimals(found, table, first)
    found = _with_thousands(found, table, first, said)
    if first.skip:
        comments = f"{first.skip} line{'s' if first.skip > 1 else ''} of comment before the table not read"
        found = dataclasses.replace(found, notes=(*found.notes, comments))
    ignored = tuple(name for name in first.names if name.strip() and name not in found.columns.values())
    return Understanding(
        text.name,
        first.names,
        table,
        found.guessed,
        ignored,
        found.notes,
        found.doubts,
        first.profiles,
        first.rows,
        first.has_names,
    )


def _other_shapes(role: str, first: FirstRows) -> str:
    """Return what to do where a column that is missing shows that the table has another shape, or ""."""
    lists = [one.name for one in first.profiles if one.holds_lists]
    if role == "item" and lists:
        return f"; {lists[0]} holds lists: write one row for each item (in pandas explode)"
    numeric = sum(one.is_numeric or one.kind == "empty" for one in first.profiles)
    if numeric >= max(_LONG_LIST, len(first.names) - 1):
        return "; or format = 'matrix' if each column is an item (with user = '1' if the first one names users)"
    return ""


def _named(role: str, name: str, first: FirstRows, text: TextFile) -> str:
    """Return the column a user named, by its name (with or without RecBole's type) or its number."""
    if name in first.names:
        return name
    short = [column.partition(":")[0].strip() for column in first.names]
    if short.count(name) == 1:
        return first.names[short.index(name)]
    if name.isdigit():
        if 1 <= int(name) <= len(first.names):
            return first.names[int(name) - 1]
        what = f"has {len(first.names)} columns, {role} says {name}"
        raise DataError(what, where=text.name, remedy="count from 1")
    raise DataError(f'column "{name}" is missing', where=text.name, remedy=did_you_mean(name, first.names))


def _table(first: FirstRows, said: Said) -> dict[str, Any]:
    """Return the plain values of a card's table, all that was found out among them."""
    table: dict[str, Any] = {"format": first.format, "encoding": said.encoding}
    table |= {"skip": first.skip} if first.skip else {}
    if first.format in {"delimited", "columns"}:
        table |= {"separator": first.separator, "quote": first.quote, "header": first.header}
        table |= {} if first.header else {"names": list(first.names)}
    return table


def _with_time(found: Roles, table: dict[str, Any], first: FirstRows, said: Said, text: TextFile) -> Roles:
    name = found.columns.get("timestamp")
    if not name:
        return found
    if said.time:
        table["time"] = said.time
        return found
    profile = next(one for one in first.profiles if one.name == name)
    if not profile.cells:
        raise DataError("has no time in its first rows", where=f"{text.name}, column {name}", remedy=CELLS)
    table["time"] = time_form(profile.cells[:200], f"{text.name}, column {name}")
    found = dataclasses.replace(found, guessed=(*found.guessed, f"times are {table['time']}"))
    counted = [size for cell in profile.cells if (size := number(cell)) is not None]
    if table["time"] != "s" or not counted or not 0 <= max(counted) < EARLIEST:
        return found
    shown = f"small numbers such as {profile.cells[0]}"
    if not said.columns.get("timestamp") and "date" in name.lower():
        what = f"column {name} would be the time, but holds {shown}, which are no dates in seconds since 1970"
        remedy = "say time = 's' if they count time from any start, time = '%y%m%d' or the like, or timestamp = 'none'"
        return dataclasses.replace(found, doubts=(*found.doubts, Doubt(what, remedy)))
    note = f"column {name} holds {shown}: they are read as seconds since 1970, so that only their order is known"
    return dataclasses.replace(found, notes=(*found.notes, note))


def _with_decimals(found: Roles, table: dict[str, Any], first: FirstRows) -> Roles:
    numeric = [found.columns[role] for role in ("value", "score") if role in found.columns]
    if not any(one.has_decimal_comma for one in first.profiles if one.name in numeric):
        return found
    table["decimal"] = ","
    return dataclasses.replace(found, guessed=(*found.guessed, "numbers have a decimal comma"))


def _with_thousands(found: Roles, table: dict[str, Any], first: FirstRows, said: Said) -> Roles:
    """Add a doubt where points may stand between thousands; such files seldom have commas between cells."""
    name = found.columns.get("value")
    profile = next((one for one in first.profiles if one.name == name), None)
    comma = table.get("separator", ",") == ","
    if profile is None or comma or said.columns.get("value") or not profile.may_have_thousands:
        return found
    cell = next(cell for cell in profile.cells if "." in cell)
    what = f"column {name} holds numbers such as {cell}, a thousand and some or a decimal"
    remedy = f"remove the points if they stand between thousands, or say value = '{name}' if they are decimal points"
    return dataclasses.replace(found, doubts=(*found.doubts, Doubt(what, remedy)))


def _lists(text: TextFile, first: FirstRows, said: Said) -> Understanding:
    """Describe lines of a user and a list of items; nothing else is asked of them where the user said the format."""
    doubt = Doubt("each line seems to be a user and a list of items", "say format = 'lists' if it is so")
    doubts = () if said.format == "lists" else (doubt,)
    table = _table(first, said) | {"columns": {}}
    notes: tuple[str, ...] = ()
    if said.ordered is None and _ascend(first.rows):
        notes = (
            "the items of each line are sorted, which no order of time is; say ordered = true if it is all the same",
        )
    elif said.ordered is None:
        table["ordered"] = True
        notes = (
            "each line is taken as the order of time, oldest first; if it is not, say ordered = false (--no-ordered)",
        )
    return Understanding(text.name, ("user", "item"), table, notes=notes, doubts=doubts, rows=first.rows)


def _matrix(text: TextFile, first: FirstRows, said: Said) -> Understanding:
    """Describe a matrix; its first rows are shown as users, items and values."""
    shape = find_shape(first.rows, said.header, said.columns.get("user", ""), said.missing_cells, text.name)
    table = _table(first, said)
    table |= {"separator": first.separator, "quote": first.quote, "header": shape.header}
    table |= {"row_begins": shape.row_begins, "missing": list(dict.fromkeys(("", *shape.missing)))}
    table["columns"] = {name: name for name in first.names}
    begins = {"user": "names the users", "count": "counts the values of its row", "": "holds values"}
    guessed = [
        f"the first line {'names the items' if shape.header else 'is a row'}",
        f"the first column {begins[shape.row_begins]}",
        f"no value is written as {' or '.join(map(repr, table['missing']))}",
    ]
    model = table_of({"file": text.path.name, **table}, text.name)
    values = list(islice(matrix_values(text, model), _LOOKED_AT))
    ours = profiles(first.names, values)
    if ours[-1].has_decimal_comma:
        table["decimal"] = ","
        guessed.append("numbers have a decimal comma")
    return Understanding(
        text.name, first.names, table, tuple(guessed), profiles=ours, rows=tuple(values[:_SHOWN_ROWS]), has_names=False
    )


def _ascend(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the items of (nearly) each long line are sorted by their numbers, which no order of time is."""
    lines = [[number(cell) for cell in row[1:]] for row in rows if len(row) > _LONG_LIST]
    sorted_lines = sum(all(a is not None and b is not None and a < b for a, b in pairwise(line)) for line in lines)
    return bool(lines) and sorted_lines > _MOST_SORTED * len(lines)


def understand_entities(text: TextFile, said: Said, wanted: Sequence[str] = ()) -> Understanding:
    """Find out what a table about users or items means: which column is the id, and which ones are texts.

    Args:
        text: the file.
        said: what the user said.
        wanted: columns that are texts because the user says so.

    Raises:
        DataError: when the file is unreadable or a column that was named is missing.
    """
    first = first_rows(text, said)
    identity, doubts = find_id(first)
    texts = find_texts(first, identity, wanted)
    left_out = [name for name in first.names if name.strip() and name not in {identity, *texts.values()}]
    table = _table(first, said)
    table["columns"] = {"id": identity} | texts
    guessed = (f"the id is {identity}", f"texts are {', '.join(texts.values()) or 'none'}")
    notes = (f"not taken as texts: {', '.join(left_out[:20])}",) if left_out else ()
    return Understanding(
        text.name, first.names, table, guessed, tuple(left_out), notes, doubts, first.profiles, first.rows
    )


def understand_links(text: TextFile, said: Said) -> Understanding:
    """Find out which two columns of a table are linked users: those of the usual names, else the first two.

    Raises:
        DataError: when the file is unreadable or has one column only.
    """
    first = first_rows(text, said)
    names = [name for name in first.names if name.strip()]
    if len(names) < 2:  # noqa: PLR2004 - a pair
        raise DataError("has one column only", where=text.name, remedy="links are pairs of users")
    table = _table(first, said)
    table["columns"] = dict(zip(("user", "other"), names[:2], strict=True))
    guessed = (f"{names[0]} and {names[1]} are linked users",)
    return Understanding(
        text.name, first.names, table, guessed, tuple(names[2:]), profiles=first.profiles, rows=first.rows
    )
