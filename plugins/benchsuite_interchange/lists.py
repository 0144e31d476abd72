"""Anybody's lists and truths, and how one convention looks at them: who counts, in which order, what is relevant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchsuite.data import Bool, Float64, Int32, Int64


@dataclass(frozen=True, eq=False)
class Lists:
    """Recommendations and test rows as they were read.

    Attributes:
        users: raw ids.
        items: raw ids.
        rec_user: int32[n] user of each recommendation, in the order of the file.
        rec_item: int32[n].
        rec_score: float64[n], higher is better; a rank is read as its negative.
        test_user: int32[t] user of each test row.
        test_item: int32[t].
        test_value: float64[t]; 1 where the file has no values.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    rec_user: Int32
    rec_item: Int32
    rec_score: Float64
    test_user: Int32
    test_item: Int32
    test_value: Float64

    @property
    def with_list(self) -> Bool:
        """bool[users]: has a list."""
        return np.bincount(self.rec_user, minlength=len(self.users)) > 0

    @property
    def with_test(self) -> Bool:
        """bool[users]: has test rows."""
        return np.bincount(self.test_user, minlength=len(self.users)) > 0


@dataclass(frozen=True, eq=False)
class Judged:
    """Lists in a convention's order with its gains, one query a user; rows are sorted by query and place.

    Attributes:
        user: int32[q], whose query it is.
        row: int64[n], query of each listed item.
        place: int64[n], its place from 0.
        item: int32[n], which item.
        score: float64[n], as the convention sees it.
        hit: bool[n], True where it is relevant.
        gain: float64[n], what it is worth for nDCG; 0 where nothing.
        relevant: int64[q], how many items are relevant.
        ideal_row: int64[m], query of each item with a gain, best first.
        ideal_place: int64[m], its place from 0 in the ideal list.
        ideal_gain: float64[m].
    """

    user: Int32
    row: Int64
    place: Int64
    item: Int32
    score: Float64
    hit: Bool
    gain: Float64
    relevant: Int64
    ideal_row: Int64
    ideal_place: Int64
    ideal_gain: Float64

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.user)

    def total(self, values: NDArray[np.float64] | Bool, k: int | None) -> Float64:
        """Return float64[q], the sum of values [n] over the first k places (None: all)."""
        top = slice(None) if k is None else self.place < k
        return np.bincount(self.row[top], weights=values[top], minlength=len(self)).astype(np.float64)

    @property
    def listed(self) -> Float64:
        """float64[q]: how long each list is."""
        return np.bincount(self.row, minlength=len(self)).astype(np.float64)

    @property
    def found(self) -> Int64:
        """int64[n]: how many hits there are in the list up to this place."""
        running = np.cumsum(self.hit, dtype=np.int64)
        first = np.flatnonzero(self.place == 0)
        before: Int64 = np.repeat(running[first] - self.hit[first], np.diff(np.append(first, len(self.row))))
        return running - before


def judge(lists: Lists, counted: Bool, score: Float64, tie: Int64, relevant: Bool, gain: Float64) -> Judged:
    """Put lists in order and look up what each place is worth.

    Args:
        lists: what was read.
        counted: bool[users], who is a query.
        score: float64[n], higher is better.
        tie: int64[n], equal scores go by this, smaller first.
        relevant: bool[t], which test rows are relevant.
        gain: float64[t], what each test row is worth for nDCG, 0 or more.
    """
    users = np.flatnonzero(counted)
    query = np.full(len(counted), -1, np.int64)
    query[users] = np.arange(len(users))
    kept = np.flatnonzero(counted[lists.rec_user])
    order = kept[np.lexsort((tie[kept], -score[kept], query[lists.rec_user[kept]]))]
    row = query[lists.rec_user[order]]
    held = np.flatnonzero(counted[lists.test_user])
    match = _match(lists, order, held)
    known = match >= 0
    worth = np.flatnonzero(counted[lists.test_user] & (gain > 0))
    best = worth[np.lexsort((-gain[worth], query[lists.test_user[worth]]))]
    ideal_row = query[lists.test_user[best]]
    return Judged(
        user=users.astype(np.int32),
        row=row,
        place=places(row),
        item=lists.rec_item[order],
        score=score[order],
        hit=np.where(known, relevant[match], False),
        gain=np.where(known, gain[match], 0.0),
        relevant=np.bincount(query[lists.test_user[held]][relevant[held]], minlength=len(users)),
        ideal_row=ideal_row,
        ideal_place=places(ideal_row),
        ideal_gain=gain[best],
    )


def _match(lists: Lists, order: Int64, held: Int64) -> Int64:
    """Return for each recommendation the test row of the same user and item, or -1."""
    if not len(held):
        return np.full(len(order), -1, np.int64)
    width = np.int64(len(lists.items))
    truth = lists.test_user[held] * width + lists.test_item[held]
    asked = lists.rec_user[order] * width + lists.rec_item[order]
    by_key = np.argsort(truth, kind="stable")
    at = np.minimum(np.searchsorted(truth, asked, sorter=by_key), len(held) - 1)
    found = held[by_key[at]]
    return np.where(truth[by_key[at]] == asked, found, -1)


def places(row: NDArray[np.integer]) -> Int64:
    """Return each row's number within its run of equal values, from 0."""
    begin = np.flatnonzero(np.append(True, row[1:] != row[:-1])) if len(row) else np.zeros(0, np.int64)
    length = np.diff(np.append(begin, len(row)))
    place: Int64 = np.arange(len(row), dtype=np.int64) - np.repeat(begin, length)
    return place
