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
    """

    def __init__(self, fold: Fold, split: Split, whole: Dataset | None) -> None:
        self.fold = fold
        self.split = split
        self.whole = whole
        self.items = len(fold.train.items)

    @cached_property
    def train(self) -> Int64:
        """int64: pairs of the training part."""
        rows = self.fold.train.interactions
        return keys(rows.user, rows.item, self.items)

    @cached_property
    def everything(self) -> Int64:
        """int64: pairs of the data set that was cut; without that data set, all pairs of the fold."""
        if self.whole is not None:
            return keys(self.whole.interactions.user, self.whole.interactions.item, self.items)
        return distinct(np.concatenate([self.train, self.truth, self.history, self.blocked]))

    @cached_property
    def truth(self) -> Int64:
        """int64: held-out pairs."""
        return self._of_users(self.fold.truth.rows, self.fold.truth.item)

    @cached_property
    def history(self) -> Int64:
        """int64: pairs that some query's history shows."""
        return self._of_users(self.fold.queries.rows, self.fold.queries.history.item)

    @cached_property
    def blocked(self) -> Int64:
        """int64: pairs that some query blocks."""
        return self._of_users(self.fold.blocked.rows, self.fold.blocked.item)

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
        """int64: places that cannot be recommended."""
        return keys(self.fold.blocked.rows, self.fold.blocked.item, self.items)

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
        return np.setdiff1d(self.everything, self.seen, assume_unique=True)

    @property
    def source(self) -> Dataset:
        """The data set that was cut, or without it the training part."""
        return self.fold.train if self.whole is None else self.whole

    def first(self, pairs: Int64) -> str:
        """Return the first pair in words, after a comma; "" without pairs."""
        if not len(pairs):
            return ""
        user, item = divmod(int(pairs[0]), self.items)
        return f", the first is user {self.fold.train.users.ids[user]}, item {self.fold.train.items.ids[item]}"

    def _of_users(self, query: Int64, item: Int32) -> Int64:
        return keys(self.fold.queries.user[query], item, self.items)


def keys(row: Int32 | Int64, item: Int32, items: int) -> Int64:
    """Return int64, sorted and without repeats: one number for each different (row, item)."""
    return distinct(row.astype(np.int64) * items + item)


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return the sorted different values; on large arrays several times as fast as ``np.unique``."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def common(first: Int64, second: Int64) -> Int64:
    """Return the intersection of two sorted arrays without repeats."""
    return np.intersect1d(first, second, assume_unique=True)


def missing(part: Int64, whole: Int64) -> Int64:
    """Return the values of one sorted array without repeats that are not in another."""
    return np.setdiff1d(part, whole, assume_unique=True)


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
    """Return how many rows of a part are not in the whole, repeats counted."""
    values, counts = np.unique(part, return_counts=True)
    known, times = np.unique(whole, return_counts=True)
    if not len(known):
        return len(part)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    allowed = np.where(known[at] == values, times[at], 0)
    return int(np.maximum(counts - allowed, 0).sum())


def absent(part: UInt64, whole: UInt64) -> Bool:
    """Return bool[n], True for rows of a part that are not in the whole."""
    known = np.sort(whole)
    if not len(known):
        return np.ones(len(part), np.bool_)
    found: Bool = known[np.minimum(np.searchsorted(known, part), len(known) - 1)] != part
    return found
