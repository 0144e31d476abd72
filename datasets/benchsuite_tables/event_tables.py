"""What a table of rows about users and items means: one row for each thing that a user did."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from benchsuite.errors import DataError, did_you_mean
from benchsuite_tables.doubts import Doubt
from benchsuite_tables.first_rows import NONE, FirstRows, Said, first_rows
from benchsuite_tables.lists_and_matrices import LONG_LIST, understand_lists, understand_matrix
from benchsuite_tables.roles import Roles, by_name, by_place
from benchsuite_tables.text_file import CELLS, TextFile
from benchsuite_tables.times import EARLIEST, number, time_form
from benchsuite_tables.understanding import Understanding, plain_table

EVENTS = ("user", "item", "value", "timestamp")
"""Roles in a table of interactions, in the order in which a table without names has them."""

_ALWAYS = ("user", "item")


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
        return understand_lists(text, first, said)
    if first.format == "matrix":
        return understand_matrix(text, first, said)
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
    table = plain_table(first, said)
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
    if numeric >= max(LONG_LIST, len(first.names) - 1):
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
