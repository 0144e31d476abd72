"""Folds: a training part, queries with their visible history, and the ground truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from benchsuite.data.arrays import (
    Float32,
    Int8,
    Int32,
    Int64,
    Ragged,
    check_codes,
    check_start,
    lock,
    same_length,
    starts,
)
from benchsuite.data.dataset import Dataset, Interactions
from benchsuite.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class Queries:
    """Who asks, when, and with which visible history. Every model gets the same history.

    A cold user is a query with a short or empty history.

    Attributes:
        user: int32[q] user codes; the user table (profile text, features) may be read for them.
        start: int64[q + 1]; the history of query ``j`` is ``history`` rows ``start[j]:start[j + 1]``, oldest first.
        history: the visible events, all columns of an interaction.
        when: int64[q] UTC seconds of asking, or None where the data has no time.
        group: int8[q] index into ``groups``.
        groups: named kinds of query that a table shows apart, e.g. ``("k=0", "k=1")``; one name when there are none.
    """

    user: Int32
    start: Int64
    history: Interactions
    when: Int64 | None = None
    group: Int8 | None = None
    groups: tuple[str, ...] = ("all",)

    def __post_init__(self) -> None:
        """Lock the arrays and check that they agree."""
        object.__setattr__(self, "user", lock(self.user, np.int32, "user"))
        object.__setattr__(self, "start", lock(self.start, np.int64, "start"))
        if self.when is not None:
            object.__setattr__(self, "when", lock(self.when, np.int64, "when"))
        group = np.zeros(len(self.user), np.int8) if self.group is None else self.group
        object.__setattr__(self, "group", lock(group, np.int8, "group"))
        same_length("queries", user=self.user, start=self.start[1:], when=self.when, group=self.group)
        check_start(self.start, len(self.history))

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.user)

    @property
    def items(self) -> Ragged:
        """The history as lists of item codes, oldest first."""
        return Ragged(self.start, self.history.item)

    @property
    def counts(self) -> Int64:
        """int64[q]: events in each history."""
        return np.diff(self.start)

    @property
    def rows(self) -> Int64:
        """int64[len(history)]: the query each event belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.counts)

    def matrix(self, items: int, values: ArrayLike | None = None) -> csr_matrix:
        """Return float32 csr[q, items]; repeated items count once (1.0), or sum to ``values`` (float[h])."""
        from scipy.sparse import csr_matrix

        data = np.ones(len(self.history), np.float32) if values is None else np.asarray(values, np.float32)
        matrix = csr_matrix(
            (data, self.history.item, self.start), shape=(len(self), items), dtype=np.float32, copy=True
        )
        matrix.sum_duplicates()
        if values is None:
            matrix.data[:] = 1.0
        return matrix

    def slice(self, first: int, last: int) -> Queries:
        """Return queries ``first`` to ``last`` (exclusive)."""
        begin, end = int(self.start[first]), int(self.start[last])
        return Queries(
            user=self.user[first:last],
            start=self.start[first : last + 1] - begin,
            history=self.history.take(slice_index(begin, end)),
            when=None if self.when is None else self.when[first:last],
            group=None if self.group is None else self.group[first:last],
            groups=self.groups,
        )

    @classmethod
    def from_rows(
        cls, user: ArrayLike, query: ArrayLike, rows: Interactions, when: ArrayLike | None = None, **more: Any
    ) -> Queries:
        """Build queries for ``user`` (int[q]) whose histories are ``rows``, row r belonging to query ``query[r]``.

        Histories are ordered by time where there is time, else by the given order.
        """
        users = np.asarray(user, dtype=np.int32)
        owner = np.asarray(query, dtype=np.int64)
        order = np.lexsort((rows.timestamp, owner)) if rows.timestamp is not None else np.argsort(owner, kind="stable")
        asked = None if when is None else np.asarray(when, dtype=np.int64)
        return cls(users, starts(owner, len(users)), rows.take(order), asked, **more)


def slice_index(begin: int, end: int) -> Int64:
    """Return int64 ``begin .. end - 1`` as an index array."""
    return np.arange(begin, end, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """What came next, held out from every model. Row lists like :class:`Ragged`, one per query.

    Attributes:
        start: int64[q + 1] boundaries.
        item: int32[t] item codes.
        value: float32[t] rating, count or amount of the held-out event; 0 or below is never relevant by default, see
            :func:`benchsuite.data.relevant_rows`.
        label: int8[t], 1 liked and 0 disliked, or None where the data has no dislikes.
        timestamp: int64[t] UTC seconds, or None where the data has no time.
    """

    start: Int64
    item: Int32
    value: Float32
    label: Int8 | None = None
    timestamp: Int64 | None = None

    def __post_init__(self) -> None:
        """Lock the arrays and check that they agree."""
        object.__setattr__(self, "start", lock(self.start, np.int64, "start"))
        object.__setattr__(self, "item", lock(self.item, np.int32, "item"))
        object.__setattr__(self, "value", lock(self.value, np.float32, "value"))
        if self.label is not None:
            object.__setattr__(self, "label", lock(self.label, np.int8, "label"))
        if self.timestamp is not None:
            object.__setattr__(self, "timestamp", lock(self.timestamp, np.int64, "timestamp"))
        same_length("truth", item=self.item, value=self.value, label=self.label, timestamp=self.timestamp)
        check_start(self.start, len(self.item))

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.start) - 1

    @property
    def items(self) -> Ragged:
        """The held-out items as lists, one per query."""
        return Ragged(self.start, self.item)

    @property
    def rows(self) -> Int64:
        """int64[t]: the query each held-out event belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.start))

    @classmethod
    def from_rows(cls, query: ArrayLike, rows: Interactions, queries: int) -> GroundTruth:
        """Group held-out rows by the query (int[len(rows)]) they answer."""
        owner = np.asarray(query, dtype=np.int64)
        held = rows.take(np.argsort(owner, kind="stable"))
        return cls(starts(owner, queries), held.item, held.value, held.label, held.timestamp)


@dataclass(frozen=True, eq=False)
class Fold:
    """One train/test cut. Models see ``train``, ``queries``, ``candidates`` and, through the context, ``validation``.

    Attributes:
        name: what to call it, e.g. ``"1"`` in a k-fold split.
        train: the training part; the user and item tables stay whole, held-out rows are gone.
        queries: who asks.
        truth: what came next, one list per query.
        blocked: items that the harness removes from each query's list: the history, and anything held back.
        candidates: int32[c] sorted item codes that may be recommended, or None for the whole catalogue.
        validation: a fold cut from ``train`` in the same way, or None inside a validation fold.
        counts: what fell where, e.g. ``{"train rows": 90000, "test rows": 10000}``.
    """

    name: str
    train: Dataset
    queries: Queries
    truth: GroundTruth
    blocked: Ragged
    candidates: Int32 | None = None
    validation: Fold | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lock the rest; check that queries, truth and blocked lists belong together, and all codes to the tables."""
        object.__setattr__(self, "counts", MappingProxyType(dict(self.counts)))
        if not len(self.queries) == len(self.truth) == len(self.blocked):
            raise DataError(
                f"fold {self.name}: {len(self.queries)} queries, {len(self.truth)} truths, {len(self.blocked)} blocked"
            )
        object.__setattr__(self, "candidates", _locked_candidates(self.name, self.candidates))
        _check_codes(self)
        check_codes(f"fold {self.name}", "held-out item codes", self.truth.item, "item", len(self.train.items))

    def view(self) -> FoldView:
        """Return what a model may see of it."""
        return FoldView(self.name, self.train, self.queries, self.blocked, self.candidates, self.validation)


@dataclass(frozen=True, eq=False)
class FoldView:
    """What a model may see of a fold: all but the truth.

    Attributes:
        name: as in :class:`Fold`.
        train: the training part.
        queries: who asks.
        blocked: items that the harness removes from each query's list.
        candidates: int32[c] sorted item codes that may be recommended, or None for the whole catalogue.
        validation: a fold cut from ``train``, which has its truth; None inside a validation fold.
    """

    name: str
    train: Dataset
    queries: Queries
    blocked: Ragged
    candidates: Int32 | None = None
    validation: Fold | None = None

    def __post_init__(self) -> None:
        """Lock the rest; check that queries and blocked lists belong together, and all codes to the tables."""
        if len(self.queries) != len(self.blocked):
            raise DataError(f"fold {self.name}: {len(self.queries)} queries, {len(self.blocked)} blocked")
        object.__setattr__(self, "candidates", _locked_candidates(self.name, self.candidates))
        _check_codes(self)


def _check_codes(fold: Fold | FoldView) -> None:
    """Raise DataError unless what a model sees of a fold are rows of its tables."""
    where, users, items = f"fold {fold.name}", len(fold.train.users), len(fold.train.items)
    check_codes(where, "user codes of queries", fold.queries.user, "user", users)
    check_codes(where, "item codes of histories", fold.queries.history.item, "item", items)
    check_codes(where, "blocked item codes", fold.blocked.item, "item", items)
    if fold.candidates is not None:
        check_codes(where, "candidates", fold.candidates, "item", items)


def _locked_candidates(name: str, candidates: Int32 | None) -> Int32 | None:
    if candidates is None:
        return None
    locked: Int32 = lock(candidates, np.int32, "candidates")
    if bool(np.any(np.diff(locked) <= 0)):
        raise DataError(f"fold {name}: candidates are not sorted and unique")
    return locked
