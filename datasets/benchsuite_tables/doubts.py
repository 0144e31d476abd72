"""What makes it unlikely that a column is what its name or its place says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchsuite_tables.column_names import find_column, normalize_name
from benchsuite_tables.first_rows import LOOKED_AT, FirstRows
from benchsuite_tables.profiles import ColumnProfile
from benchsuite_tables.times import number

_FEW_ROWS = 3
_ENOUGH_ROWS = 20
_MOST_USERS = 0.9
_FEW_ITEMS = 10
_RATINGS = frozenset(map(str, range(11)))
_DECIMALS = re.compile(r"-?\d+[.,]\d*[1-9]\d*")
_CUT = re.compile(r"\d[.,]\d+E\+\d\d", re.ASCII)
_ASIN = re.compile(r"B[0-9A-Z]{9}|\d{9}[\dX]")
_REVIEWER = re.compile(r"A[0-9A-Z]{9,}")
_EXPORT = "export the ids as text"
PAIR = 2
SAY_COLUMNS = "say user = 'COLUMN' and item = 'COLUMN' (in the shell --user, --item); columns: "


@dataclass(frozen=True)
class Doubt:
    """Something that makes an understanding unlikely.

    Attributes:
        what: as a clause.
        remedy: what the user can say.
    """

    what: str
    remedy: str


def unlikely_names(role: str, one: ColumnProfile, first: FirstRows) -> list[Doubt]:
    """Return what makes a column of the right name unlikely all the same."""
    if role in {"user", "item"} and (held := _no_id(one)):
        remedy = _lists_remedy(role, one) if one.holds_lists else SAY_COLUMNS + described(first)
        return [Doubt(f"{one.name} would be the {role}, but holds {held}", _EXPORT if _cut_id(one) else remedy)]
    if role in {"value", "score", "rank"} and one.cells and not one.holds_numbers:
        what = f"column {one.name} would be the {role}, but holds {one.kind} such as {example(one)}"
        return [Doubt(what, f"correct the cells, or say {role} = 'none' or which column it is")]
    if role == "value" and one.is_label:
        return _other_labels(one, first)
    if role == "timestamp" and one.is_code and normalize_name(one.name) != "timestamp":  # steps of a simulation
        what = f"column {one.name} would be the time, but holds few small numbers, as {example(one)}"
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
        return f"{'objects' if one.cells[0].startswith('{') else 'lists'} such as {example(one)}"
    cut = _cut_id(one)
    return f"{cut}: a spreadsheet cut its ids off" if cut else ""


def _other_labels(one: ColumnProfile, first: FirstRows) -> list[Doubt]:
    """Return a doubt where a second column of a usual name says yes or no, too."""
    usual = [other for other in first.profiles if find_column("value", [other.name], ()) and other.is_label]
    names = [other.name for other in usual]
    if len(names) < PAIR:
        return []
    what = f"columns {', '.join(names)} say yes or no, and each could be the value"
    return [Doubt(what, f"say value = '{one.name}' or another of them, or value = 'none'")]


def _cut_id(one: ColumnProfile) -> str:
    """Return the first cell that a spreadsheet wrote in place of a long number, such as ``1.23457E+17``, or ""."""
    return next((cell for cell in one.cells if _CUT.fullmatch(cell)), "")


def example(one: ColumnProfile) -> str:
    """Return the first cell as an error shows it."""
    return repr(one.cells[0][:40])


def unlikely_places(columns: Sequence[ColumnProfile], found: Mapping[str, str], remedy: str) -> list[Doubt]:
    """Return what makes the places of user and item unlikely; the first reason counts."""
    if len(columns) < PAIR:
        return []
    user, item = columns[:PAIR]
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
        return f"{would} holds blanks, such as {example(one)}; if they separate cells, too, say separator = ' '"
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


def described(first: FirstRows) -> str:
    """Return the columns with an example each: ``column 1 (196)``."""
    shown = [f"{one.name} ({one.cells[0][:30] if one.cells else 'empty'})" for one in first.profiles[:8]]
    return ", ".join([*shown, *(["..."] if len(first.profiles) > len(shown) else [])])
