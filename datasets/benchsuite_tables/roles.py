"""Which column is the user, the item, the value, the time: by names, or by places, and only where the cells agree."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchsuite_tables.column_names import find_column, is_unnamed, names_a_moment, normalize_name
from benchsuite_tables.first_rows import LOOKED_AT, FirstRows
from benchsuite_tables.profiles import ColumnProfile
from benchsuite_tables.times import number

_TEXT_TYPES = {"token", "token_seq"}
_FEW_ROWS = 3
_ENOUGH_ROWS = 20
_MOST_USERS = 0.9
_FEW_ITEMS = 10
_RATINGS = frozenset(map(str, range(11)))
_DECIMALS = re.compile(r"-?\d+[.,]\d*[1-9]\d*")
_CUT = re.compile(r"\d[.,]\d+E\+\d\d", re.ASCII)
_ASIN = re.compile(r"B[0-9A-Z]{9}|\d{9}[\dX]")
_REVIEWER = re.compile(r"A[0-9A-Z]{9,}")
_PLACES = 4
_PAIR = 2
_EXPORT = "export the ids as text"
_SAY_HEADER = "say header = true or header = false (in the shell --header, --no-header)"
_SAY = "say user = 'COLUMN' and item = 'COLUMN' (in the shell --user, --item); columns: "


@dataclass(frozen=True)
class Doubt:
    """Something that makes an understanding unlikely.

    Attributes:
        what: as a clause.
        remedy: what the user can say.
    """

    what: str
    remedy: str


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
            held = f"{profile[name].kind} such as {_first(profile[name])}"
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
            doubts += _unlikely(role, profile[name], first)
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


def _unlikely(role: str, one: ColumnProfile, first: FirstRows) -> list[Doubt]:
    """Return what makes a column of the right name unlikely all the same."""
    if role in {"user", "item"} and (held := _no_id(one)):
        remedy = _lists_remedy(role, one) if one.holds_lists else _SAY + _described(first)
        return [Doubt(f"{one.name} would be the {role}, but holds {held}", _EXPORT if _cut_id(one) else remedy)]
    if role in {"value", "score", "rank"} and one.cells and not one.holds_numbers:
        what = f"column {one.name} would be the {role}, but holds {one.kind} such as {_first(one)}"
        return [Doubt(what, f"correct the cells, or say {role} = 'none' or which column it is")]
    if role == "value" and one.is_label:
        return _other_labels(one, first)
    if role == "timestamp" and one.is_code and normalize_name(one.name) != "timestamp":  # steps of a simulation
        what = f"column {one.name} would be the time, but holds few small numbers, as {_first(one)}"
        return [Doubt(what, f"say timestamp = 'none', or timestamp = '{one.name}' if they count time")]
    return []


def _lists_remedy(role: str, one: ColumnProfile) -> str:
    """Return what to do about an id that is several."""
    kept = f"say {role} = '{one.name}' if these are ids"
    if one.cells[0].startswith("{"):
        return f"write each of its fields as a column of its own, or {kept}"
    return f"write one row for each {role} (in pandas explode), say explode in a card of JSON or Parquet, or {kept}"


def _no_id(one: ColumnProfile) -> str:
    """Return what a column holds that no id is, or ""."""
    if one.kind == "date":
        return f"dates like {one.cells[0]}"
    if one.holds_lists:
        return f"{'objects' if one.cells[0].startswith('{') else 'lists'} such as {_first(one)}"
    cut = _cut_id(one)
    return f"{cut}: a spreadsheet cut its ids off" if cut else ""


def _other_labels(one: ColumnProfile, first: FirstRows) -> list[Doubt]:
    """Return a doubt where a second column of a usual name says yes or no, too."""
    usual = [other for other in first.profiles if find_column("value", [other.name], ()) and other.is_label]
    names = [other.name for other in usual]
    if len(names) < _PAIR:
        return []
    what = f"columns {', '.join(names)} say yes or no, and each could be the value"
    return [Doubt(what, f"say value = '{one.name}' or another of them, or value = 'none'")]


def _cut_id(one: ColumnProfile) -> str:
    """Return the first cell that a spreadsheet wrote in place of a long number, such as ``1.23457E+17``, or ""."""
    return next((cell for cell in one.cells if _CUT.fullmatch(cell)), "")


def _first(one: ColumnProfile) -> str:
    return repr(one.cells[0][:40])


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
    remedy = _SAY + _described(first)
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
    if not doubts and len(unsaid) == _PAIR:
        doubts += _unlikely_places(columns, found, remedy)
    guessed = tuple(f"{role} is {name}" for role, name in found.items() if role not in named)
    return Roles(found, guessed, tuple(notes), tuple(doubts))


def _role_of(profile: ColumnProfile, free: Sequence[str]) -> str:
    """Return the role of a column behind user and item, "" where it has none."""
    if "timestamp" in free and profile.is_time:
        return "timestamp"
    return next((role for role in free if role in {"value", "score", "rank"} and profile.is_numeric), "")


def _unlikely_places(columns: Sequence[ColumnProfile], found: Mapping[str, str], remedy: str) -> list[Doubt]:
    """Return what makes the places of user and item unlikely; the first reason counts."""
    if len(columns) < _PAIR:
        return []
    user, item = columns[:_PAIR]
    value = next((one for one in columns if one.name == found.get("value")), None)
    reasons = [_unlikely_column("user", user), _unlikely_column("item", item), _unlikely_user(user)]
    if all(map(_ASIN.fullmatch, user.cells)) and all(map(_REVIEWER.fullmatch, item.cells)):
        reasons.append(
            f"{user.name} would be the user, but holds Amazon's numbers of products, and {item.name} of users"
        )
    if all(one.kind == "integer" and set(one.cells) <= _RATINGS for one in columns) and not user.is_sorted:
        reasons.append("all its columns hold small numbers; it may be a matrix of ratings, a row for each user")
    if item.is_time and "timestamp" not in found and item.kind != "date":
        reasons.append(f"{item.name} would be the item, but holds numbers like times: {item.cells[0]}")
    left = next((one for one in columns if one.name not in found.values() and one.kind in {"code", "text"}), None)
    if left is not None and (role := "user" if user.is_time else "item" if item.is_rating else ""):
        one = {"user": user, "item": item}[role]
        reasons.append(
            f"{one.name} would be the {role}, but holds numbers like {one.cells[0]}, and {left.name} is not read"
        )
    few = item.rows >= _ENOUGH_ROWS and item.distinct <= _FEW_ITEMS
    if (
        not user.is_sorted
        and user.rows >= _ENOUGH_ROWS
        and user.is_rating
        and value is not None
        and not value.is_rating
    ):
        reasons.append(
            f"{user.name} would be the user, but holds numbers like ratings, and {value.name} none like these"
        )
    unread = next((one.name for one in columns if one.name not in found.values()), "")
    if unread and value is not None and not value.is_rating and value.distinct > item.distinct:
        what = f"has {item.distinct} different cells, {value.name} has more, and {unread} is not read"
        reasons.append(f"{item.name} would be the item, but {what}")
    if few and value is not None and value.kind == "integer" and value.distinct > 2 * _FEW_ITEMS:
        what = f"has {item.distinct} different cells, {value.name} has more"
        reasons.append(f"{item.name} would be the item, but {what}")
    return [Doubt(why, remedy) for why in reasons if why][:1]


def _unlikely_column(role: str, one: ColumnProfile) -> str:
    """Return why a column is an unlikely user or item, or ""."""
    would = f"{one.name} would be the {role}, but"
    if held := _no_id(one):
        return f"{would} holds {held}"
    if one.kind == "number" and any(_DECIMALS.fullmatch(cell) for cell in one.cells):
        return f"{would} holds numbers like {one.cells[0]}"
    if _holds_blanks(one):
        return f"{would} holds blanks, such as {_first(one)}; if they separate cells, too, say separator = ' '"
    if one.rows >= _FEW_ROWS and one.distinct == 1:
        return f"{would} is {one.cells[0]} in each row"
    return ""


def _holds_blanks(one: ColumnProfile) -> bool:
    """Return whether each cell has the same number of blanks, at least one, and may be several columns.

    A word that each cell has in the same place, as in ``user 5``, makes them ids with blanks.
    """
    parts = [cell.split() for cell in one.cells]
    if len({len(part) for part in parts}) > 1 or len(parts[0]) < 2:  # noqa: PLR2004 - user, item
        return False
    places = [set(cells) for cells in zip(*parts, strict=True)]
    return len(parts) < _FEW_ROWS or not any(len(words) == 1 and number(min(words)) is None for words in places)


def _unlikely_user(user: ColumnProfile) -> str:
    """Return why a column is an unlikely user, or ""."""
    if user.rows >= _FEW_ROWS and user.counts_on:
        return f"{user.name} would be the user, but only counts the rows"
    # in a longer table many users may come before one comes again; that is looked at when all of it has been read
    if _ENOUGH_ROWS <= user.rows < LOOKED_AT and user.distinct > _MOST_USERS * user.rows:
        return f"{user.name} would be the user, but nearly each row has another ({user.distinct} in {user.rows})"
    return ""


def _described(first: FirstRows) -> str:
    """Return the columns with an example each: ``column 1 (196)``."""
    shown = [f"{one.name} ({one.cells[0][:30] if one.cells else 'empty'})" for one in first.profiles[:8]]
    return ", ".join([*shown, *(["..."] if len(first.profiles) > len(shown) else [])])


def find_id(first: FirstRows) -> tuple[str, tuple[Doubt, ...]]:
    """Return the column that identifies the rows of a table about users or items, and doubts about it."""
    usable = [one for one in first.profiles if not is_unnamed(one.name)] or list(first.profiles)
    if first.has_names and (known := find_column("id", [one.name for one in usable], ())):
        return known, ()
    one = usable[0]
    if not one.cells or one.distinct == len(one.cells):
        return one.name, ()
    what = f"{one.name} would be the id, but holds {one.cells[0][:30]!r} and others more than once"
    return one.name, (Doubt(what, "name the column of the id user_id or item_id in the file's first line"),)


def find_texts(first: FirstRows, identity: str, wanted: Sequence[str]) -> dict[str, str]:
    """Return the columns that are texts, by the name they get: words, no numbers, addresses or codes.

    Args:
        first: the table's beginning.
        identity: the column of the id.
        wanted: columns that are texts because the user says so.
    """
    texts: dict[str, str] = {}
    for one in first.profiles:
        bare, _, kind = one.name.partition(":")
        is_text = kind in _TEXT_TYPES if kind else one.kind == "text"
        if one.name != identity and (is_text or bare in wanted or one.name in wanted):
            texts[bare] = one.name
    return texts
