"""The rows of a fold as sorted keys, so that any two parts can be compared exactly and fast."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.api import Split
from benchsuite.data import Bool, Dataset, Fold, Int32, Int64, Interactions
from benchsuite.data.numeric import UInt64, mix64


class FoldIndex:
    """One fold and what its checks compare; each array is computed once, on first use.

    A *pair* is ``user * items + item``, a *place* is ``query * items + item``; both are sorted, without repeats.

    Args:
        fold: to check.
        split: whose promises count.
        whole: what was cut, where it is there.
        outer: of the fold whose training part was cut, where that is what was: it has sorted those rows.
    """

    def __init__(self, fold: Fold, split: Split, whole: Dataset | None, outer: FoldIndex | None = None) -> None:
        self.fold = fold
        self.split = split
        self.whole = whole
        self.items = len(fold.train.items)
        self._outer = outer

    def inner(self, validation: Fold) -> FoldIndex:
        """Return the index of the validation fold."""
        return FoldIndex(validation, self.split, self.fold.train, self)

    @cached_property
    def train(self) -> Int64:
        """int64: pairs of the training part."""
        rows = self.fold.train.interactions
        return keys(rows.user, rows.item, self.items)

    @cached_property
    def everything(self) -> Int64:
        """int64: pairs of the data set that was cut; without that data set, all pairs of the fold."""
        if self._outer is not None:
            return self._outer.train
        if self.whole is not None:
            return keys(self.whole.interactions.user, self.whole.interactions.item, self.items)
        return distinct(np.concatenate([self.train, self.truth, self.history, self.blocked]))

    @cached_property
    def truth(self) -> Int64:
        """int64: held-out pairs."""
        return self._of_users(self.asked)

    @cached_property
    def history(self) -> Int64:
        """int64: pairs that some query's history shows."""
        return self._of_users(self.shown)

    @cached_property
    def blocked(self) -> Int64:
        """int64: pairs that some query blocks."""
        return self._of_users(self.closed)

    @cached_property
    def asked(self) -> Int64:
        """int64: places of held-out items."""
        return keys(self.fold.truth.rows, self.fold.truth.item, self.items)

    @cached_property
    def shown(self) -> Int64:
        """int64: places that a history shows."""
        return keys(self.fold.queries.rows, self.fold.queries.history.item, self.items)

    @cached_property
    def closed(self) -> Int64:
        """int64: places that cannot be recommended; most splits block what they show, which is sorted once."""
        blocked, shown = self.fold.blocked, self.fold.queries
        if np.array_equal(blocked.item, shown.history.item) and np.array_equal(blocked.start, shown.start):
            return self.shown
        return keys(blocked.rows, blocked.item, self.items)

    @cached_property
    def seen(self) -> Int64:
        """int64: pairs a model may know: training pairs, and those that every query of the user shows."""
        asking = np.bincount(self.fold.queries.user, minlength=len(self.fold.train.users))
        query, item = np.divmod(self.shown, self.items)
        pairs, times = np.unique(self.fold.queries.user[query] * np.int64(self.items) + item, return_counts=True)
        always = pairs[times >= asking[pairs // self.items]]
        return distinct(np.concatenate([self.train, always]))

    @cached_property
    def hidden(self) -> Int64:
        """int64: pairs of the data that no model may know."""
        return missing(self.everything, self.seen)

    @property
    def source(self) -> Dataset:
        """The data set that was cut, or without it the training part."""
        return self.fold.train if self.whole is None else self.whole

    @cached_property
    def train_rows(self) -> UInt64:
        """uint64, sorted: a fingerprint of each training row."""
        return np.sort(row_fingerprints(self.fold.train.interactions))

    @cached_property
    def source_rows(self) -> UInt64:
        """uint64, sorted: a fingerprint of each row of the source."""
        if self._outer is not None:
            return self._outer.train_rows
        return np.sort(row_fingerprints(self.source.interactions))

    def first(self, pairs: Int64) -> str:
        """Return the first pair in words, after a comma; "" without pairs."""
        if not len(pairs):
            return ""
        user, item = divmod(int(pairs[0]), self.items)
        return f", the first is user {self.fold.train.users.ids[user]}, item {self.fold.train.items.ids[item]}"

    def _of_users(self, places: Int64) -> Int64:
        """Return the pairs of places, in order where queries are in that of their users; codes fit the tables."""
        query, item = np.divmod(places, self.items)
        return distinct(self.fold.queries.user[query] * np.int64(self.items) + item)


def keys(row: Int32 | Int64, item: Int32, items: int) -> Int64:
    """Return int64, sorted and without repeats: one number for each different (row, item)."""
    return distinct(row.astype(np.int64) * items + item)


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return the sorted different values; on large arrays several times as fast as ``np.unique``."""
    if (values[1:] > values[:-1]).all():
        return values
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def common(first: Int64, second: Int64) -> Int64:
    """Return the intersection of two sorted arrays without repeats."""
    return first[inside(first, second)]


def missing(part: Int64, whole: Int64) -> Int64:
    """Return the values of one sorted array without repeats that are not in another."""
    return part[~inside(part, whole)]


def inside(part: NDArray[Any], whole: NDArray[Any]) -> Bool:
    """Return bool[n], True for values of a sorted array that are in another sorted array.

    Where both are sorted, the places that are looked up follow each other in memory: ten times as fast as at random.
    """
    if not len(whole):
        return np.zeros(len(part), np.bool_)
    found: Bool = whole[np.minimum(np.searchsorted(whole, part), len(whole) - 1)] == part
    return found


def fingerprints(columns: Mapping[str, NDArray[Any] | None]) -> UInt64:
    """Return uint64[n], a fingerprint of each row (all columns); two different rows agree with probability 2**-64."""
    length = next(len(column) for column in columns.values() if column is not None)
    mixed = np.zeros(length, np.uint64)
    for column in columns.values():
        if column is None:
            continue
        bits = column.view(np.int32) if column.dtype == np.float32 else column
        mixed = mix64(mixed ^ bits.astype(np.int64).view(np.uint64))
    return mixed


def row_fingerprints(rows: Interactions, skip: tuple[str, ...] = ()) -> UInt64:
    """Return uint64[n], a fingerprint of each row."""
    return fingerprints({name: column for name, column in rows.columns.items() if name not in skip})


def surplus(part: UInt64, whole: UInt64) -> int:
    """Return how many rows of a part are not in the whole, repeats counted; both are sorted."""
    values = distinct(part)
    if len(values) == len(part):
        return int((~inside(values, whole)).sum())
    there, allowed = (np.searchsorted(rows, values, "right") - np.searchsorted(rows, values) for rows in (part, whole))
    return int(np.maximum(there - allowed, 0).sum())


def strangers(part: UInt64, whole: UInt64) -> int:
    """Return how many rows of a part are not in the whole, however often they are in either.

    Args:
        part: in any order.
        whole: sorted.
    """
    return int((~inside(np.sort(part), whole)).sum())
