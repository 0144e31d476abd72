"""Which column is the user, the item, the value, the time: by names, or by places, and only where the cells agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchsuite_tables.column_names import find_column, is_unnamed, names_a_moment
from benchsuite_tables.doubts import PAIR, SAY_COLUMNS, Doubt, described, example, unlikely_names, unlikely_places
from benchsuite_tables.first_rows import FirstRows
from benchsuite_tables.profiles import ColumnProfile

_PLACES = 4
_SAY_HEADER = "say header = true or header = false (in the shell --header, --no-header)"


@dataclass(frozen=True)
class Roles:
    """Columns by role, and how they were found.

    Attributes:
        columns: the file's column by role.
        guessed: phrases on what the user did not say.
        notes: sentences on columns that look like something and were not taken.
        doubts: what makes it unlikely.
    """

    columns: Mapping[str, str]
    guessed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def by_name(first: FirstRows, roles: Sequence[str], named: Mapping[str, str]) -> Roles:
    """Find columns by their names; a column whose cells do not fit the role is not taken.

    Args:
        first: the table's beginning.
        roles: which roles are looked for.
        named: what the user said, which counts before any guess.
    """
    columns: dict[str, str] = {}
    notes: list[str] = []
    doubts: list[Doubt] = []
    profile = {one.name: one for one in first.profiles}
    indexes = {name for name in first.names if is_unnamed(name)}
    for role in roles:
        taken = {*columns.values(), *(name for other, name in named.items() if other != role)}
        # a behaviour is never guessed: only its owner knows which comes before which
        name = named.get(role) or ("" if role == "behaviour" else find_column(role, first.names, taken | indexes))
        while role == "timestamp" and role not in named and name and not _may_be_time(profile[name]):
            held = f"{profile[name].kind} such as {example(profile[name])}"
            notes.append(f"column {name} is not read as the time: it holds {held}")
            taken.add(name)
            name = find_column(role, first.names, taken | indexes)
        if role == "timestamp" and not name:
            name, more = _dated(first, taken)
            notes += more
        if not name:
            continue
        columns[role] = name
        if role not in named:
            doubts += unlikely_names(role, profile[name], first)
    if "value" in roles and "value" not in columns:
        notes += _unread_labels(first, columns)
    if first.is_header_doubtful:
        what = f"the first line ({', '.join(first.names[:4])}) could be names or a row"
        doubts.insert(0, Doubt(what, _SAY_HEADER))
    guessed = tuple(f"{role} is {name}" for role, name in columns.items() if role not in named)
    return Roles(columns, guessed, tuple(notes), tuple(doubts))


def _may_be_time(one: ColumnProfile) -> bool:
    return not one.cells or one.is_time or one.is_numeric


def _unread_labels(first: FirstRows, columns: Mapping[str, str]) -> list[str]:
    """Return notes on columns that may say what was liked in a table of which no value is read."""
    names = [one.name for one in first.profiles if one.says_no and one.name not in columns.values()]
    what = "says yes or no and is not read: all rows count alike"
    return [f"column {name} {what}; say value = '{name}' if it says what was liked" for name in names]


def _dated(first: FirstRows, taken: set[str]) -> tuple[str, list[str]]:
    """Return the one column that holds dates and whose name speaks of a time, or notes on those that hold dates."""
    timed = [one for one in first.profiles if one.is_time and one.name not in taken]
    fitting = [one.name for one in timed if names_a_moment(one.name)]
    if len(fitting) == 1:
        return fitting[0], []
    dated = [one.name for one in timed if one.kind == "date" or one.name in fitting]
    notes = [f"column {name} holds times and is not read; say timestamp = '{name}' if it is the time" for name in dated]
    return "", notes


def by_place(first: FirstRows, roles: Sequence[str], named: Mapping[str, str]) -> Roles:
    """Find columns by their places: ``user item [value] [timestamp]``, as far as the cells agree.

    Args:
        first: the table's beginning; its names mean nothing.
        roles: which roles are looked for, in order.
        named: what the user said.
    """
    columns = [one for one in first.profiles if one.kind != "empty"]
    if {"user", "item"} <= named.keys() and len(columns) > _PLACES:
        return Roles(dict(named))
    remedy = SAY_COLUMNS + described(first)
    doubts: list[Doubt] = []
    notes: list[str] = []
    if first.header and columns and columns[0].counts_rows:
        notes.append("its first column only counts the rows and is not read")
        columns = columns[1:]
    if first.is_header_doubtful:
        doubts.append(Doubt("the first line could be names or a row", _SAY_HEADER))
    if len(columns) > _PLACES:
        numeric = all(one.is_numeric for one in columns)
        whole = "; it looks like a whole matrix of ratings, a row for each user" if numeric else ""
        remedy = f"{remedy}{', or format = ' + repr('matrix') if numeric else ''}"
        doubts.append(Doubt(f"has {len(columns)} columns and no names{whole}", remedy))
    free = [one for one in columns if one.name not in named.values()]
    unsaid = [role for role in ("user", "item") if role not in named]
    found = dict(named) | dict(zip(unsaid, (one.name for one in free), strict=False))
    for one in free[len(unsaid) : _PLACES]:
        role = _role_of(one, [role for role in roles if role not in found])
        if role:
            found[role] = one.name
        else:
            notes.append(f"{one.name}, with cells like {one.cells[0]!r}, is not read")
    if not doubts and len(unsaid) == PAIR:
        doubts += unlikely_places(columns, found, remedy)
    guessed = tuple(f"{role} is {name}" for role, name in found.items() if role not in named)
    return Roles(found, guessed, tuple(notes), tuple(doubts))


def _role_of(profile: ColumnProfile, free: Sequence[str]) -> str:
    """Return the role of a column behind user and item, "" where it has none."""
    if "timestamp" in free and profile.is_time:
        return "timestamp"
    return next((role for role in free if role in {"value", "score", "rank"} and profile.is_numeric), "")
