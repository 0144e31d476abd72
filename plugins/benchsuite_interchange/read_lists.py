"""Recommendations and held-out rows of any file, joined under common codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchsuite.data import Float64, relevant_rows
from benchsuite.errors import DataError
from benchsuite_interchange.foreign_rows import ForeignRows, codes, read_foreign
from benchsuite_interchange.lists import Lists, places
from benchsuite_interchange.table_options import Written
from benchsuite_tables.column_names import normalize_name
from benchsuite_tables.first_rows import NONE
from benchsuite_tables.id_matching import Met, meet

_GIVEN = {"rating", "ratings", "value", "label", "stars"}
"""Names of what users gave."""

_PREDICTED = {"score", "prediction", "predicted", "rank", "est", "estimate"}
"""Names of what models say."""

_ONE_OF_EACH = {"dataset", "split", "model", "seed", "fold"}
"""Columns of our own rankings of which a file must hold one value each."""


_ALIKE = ("dataset", "split", "model", "seed")
"""Those of them by which lists of different makers may have no item twice, and still are not one list."""


def read_recommendations(path: Path, user: str, item: str, score: str, rank: str, written: Written) -> ForeignRows:
    """Read lists; what orders them is ``numbers["score"]``, higher is better.

    Raises:
        DataError: see :func:`read_foreign`; also when nothing orders the lists, a user has an item twice, or scores and
            ranks disagree.
    """
    columns = {"user": user, "item": item, "score": score, "rank": rank}
    if score or rank:  # one that is named is enough
        columns |= {role: NONE for role in ("score", "rank") if not columns[role]}
    rows = _read_ordered(path, columns, written)
    _refuse_twice(rows)
    numbers = dict(rows.numbers)
    if not numbers:
        names = ", ".join((*rows.columns.values(), *rows.ignored))
        what = f"has no column that is surely a score or a rank, but {names}"
        raise DataError(what, where=str(path), remedy="name it: --score COL or --rank COL")
    if "score" not in numbers:
        return replace(rows, numbers={"score": -numbers["rank"]})
    if "rank" in numbers:
        _refuse_disagreement(rows, numbers["score"], numbers["rank"])
        agree = "score and rank order the lists alike; the score counts"
        return replace(rows, notes=(*rows.notes, agree))
    if rows.columns["score"].startswith("column ") and not score:
        _refuse_places(rows, numbers["score"])
    return rows


def _read_ordered(path: Path, columns: dict[str, str], written: Written) -> ForeignRows:
    """Read lists; our own by their ranks where scores are missing: places that the fallback filled have none."""
    roles = ("user", "item", "score", "rank")
    try:
        return read_foreign(path, columns, roles, written, _ALIKE)
    except DataError as error:
        if columns["score"] or columns["rank"] or "column score: is empty" not in f"{error.where}: {error.what}":
            raise
        rows = read_foreign(path, columns | {"score": NONE}, roles, written, _ALIKE)
        if "fallback" not in rows.ignored or "rank" not in rows.numbers:
            raise
    return replace(rows, notes=(*rows.notes, "some rows have no score, so that the rank counts"))


def read_held_out(path: Path, user: str, item: str, value: str, written: Written) -> ForeignRows:
    """Read test rows.

    Raises:
        DataError: see :func:`read_foreign`; also when a column that may hold the values is not read, or a user has an
            item twice.
    """
    rows = read_foreign(path, {"user": user, "item": item, "value": value}, ("user", "item", "value"), written)
    if rows.value is None and rows.labels and value != NONE:
        label = rows.labels[0]
        name = label if label.startswith("column ") else f"column {label}"
        what = f"{name} says yes or no (or holds values below 0), and is not read"
        remedy = f"say --value {label.removeprefix('column ')} if it says what was liked, else --value none"
        raise DataError(what, where=str(path), remedy=remedy)
    _refuse_twice(rows)
    return rows


def join(recommendations: ForeignRows, held: ForeignRows) -> Lists:
    """Return both under common codes."""
    users, (rec_user, test_user) = codes([recommendations.user, held.user])
    items, (rec_item, test_item) = codes([recommendations.item, held.item])
    value = np.ones(len(held)) if held.value is None else held.value
    return Lists(users, items, rec_user, rec_item, recommendations.numbers["score"], test_user, test_item, value)


def met(recommendations: ForeignRows, held: ForeignRows) -> tuple[Met, Met]:
    """Return how many users with test rows have a list, and how many listed items are in the test.

    Lists for some of the users only, and listed items that nobody takes, are normal. What is not: that fewer than half
    of the smaller side's users meet, or no listed item is ever a right answer.

    Raises:
        DataError: when they do not meet.
    """
    recs = recommendations
    users = meet(held.user.categories, recs.user.categories, "users with test rows", str(recs.path))
    users.require_half_of_smaller()
    items = meet(recs.item.categories, held.item.categories, "listed items", str(held.path))
    items.require_any()
    return users, items


def refuse_exchanged(recommendations: ForeignRows, held: ForeignRows) -> None:
    """Raise DataError where the lists are ordered by a rating and the held-out rows are judged by a model's score.

    Raises:
        DataError: that asks whether the files are exchanged.
    """
    ordered = normalize_name(recommendations.columns.get("score", ""))
    judged = normalize_name(held.columns.get("value", ""))
    if ordered in _GIVEN and (judged in _PREDICTED or _PREDICTED & set(map(normalize_name, held.ignored))):
        what = f"lists are ordered by {ordered}, and {held.path} holds scores or ranks: the files seem to be exchanged"
        remedy = "name the lists first, then the held-out rows; or say --score COL and --value COL"
        raise DataError(what, where=str(recommendations.path), remedy=remedy)


def relevance_note(held: ForeignRows, relevant_from: float | None) -> str:
    """Say what counts as relevant.

    Raises:
        DataError: when nothing does.
    """
    value, column = held.value, held.columns.get("value", "")
    if value is None:
        if relevant_from is not None:
            remedy = "name it: --value COL; or leave --relevant-from out"
            raise DataError("has no column of values, which --relevant-from needs", where=str(held.path), remedy=remedy)
        return f"{held.path}: no column of values, so that all {len(held):,} rows are relevant"
    relevant = relevant_rows(value, relevant_from=relevant_from)
    rule = f"{column} above 0" if relevant_from is None else f"{column} of at least {relevant_from:g}"
    if not relevant.any():
        what = f"no row is relevant: none has a {rule}"
        remedy = f"the largest value is {value.max():g}: say --relevant-from VALUE, or name another column: --value COL"
        raise DataError(what, where=f"{held.path}, column {column}", remedy=remedy)
    counted = f"{held.path}: relevant are the {int(relevant.sum()):,} of {len(held):,} rows with {rule}"
    return f"{counted}; 0, False and below never count"


def _refuse_twice(rows: ForeignRows) -> None:
    """Raise DataError where a user has an item twice."""
    key = rows.user.codes.astype(np.int64) * len(rows.item.categories) + rows.item.codes
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(key[order][1:] == key[order][:-1])
    if not len(again):
        return
    second = order[again + 1]
    at = int(again[np.argmin(second)])
    first, row = int(order[at]), int(order[at + 1])
    several = [name for name in rows.ignored if name in _ONE_OF_EACH]
    remedy = f"keep the rows of one {', one '.join(several)}" if several else "keep one row per user and item"
    who = f'user "{rows.user[row]}" has item "{rows.item[row]}" a second time'
    line = rows.where(first, "").rpartition(", ")[2]
    raise DataError(f"{who}, first in {line}", where=rows.where(row, ""), remedy=remedy)


def _refuse_disagreement(rows: ForeignRows, score: Float64, rank: Float64) -> None:
    """Raise DataError where a better rank has a lower score."""
    order = np.lexsort((-score, rank, rows.user.codes))
    same = rows.user.codes[order][1:] == rows.user.codes[order][:-1]
    wrong = np.flatnonzero(same & (score[order][1:] > score[order][:-1]))
    if len(wrong):
        row = int(order[wrong + 1].min())
        what = f'score and rank disagree on the list of user "{rows.user[row]}"'
        remedy = f"say what orders the lists: --score {rows.columns['score']} or --rank {rows.columns['rank']}"
        raise DataError(what, where=rows.where(row, ""), remedy=remedy)


def _refuse_places(rows: ForeignRows, score: Float64) -> None:
    """Raise DataError where scores without a name count up from 0 or 1 in each list: they are ranks, surely."""
    user = rows.user.codes
    order = np.argsort(user, kind="stable")
    place = places(user[order])
    if place.any() and any(np.array_equal(score[order], place + first) for first in (0, 1)):
        number = rows.columns["score"].removeprefix("column ")
        what = f"{rows.columns['score']} counts up in each list, as ranks do"
        raise DataError(what, where=str(rows.path), remedy=f"say --rank {number} or --score {number}")
