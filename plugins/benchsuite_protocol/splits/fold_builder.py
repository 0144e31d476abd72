"""Builds folds: turns a mask of held-out rows into queries, ground truth, blocked items and counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchsuite.api import Requirement, Split
from benchsuite.data import Bool, Dataset, Fold, GroundTruth, Int32, Int64, Interactions, Queries, Ragged
from benchsuite.data.arrays import starts
from benchsuite.errors import DataError, NotApplicable

AskingTime = Literal["at the end", "at its truth", "at once"]

Cutter = Callable[[Dataset], Fold]
"""Cuts a validation fold out of a training part."""


def random_stream(seed: int, depth: int) -> np.random.Generator:
    """Return the random generator of one cut; ``depth`` 0 cuts the test rows, 1 the validation rows."""
    return np.random.default_rng([seed, depth])


def draw_share(codes: Int64, share: float, generator: np.random.Generator, what: str, where: str) -> Int32:
    """Return a sorted random sample of ``codes``: ``round(share * len(codes))`` of them, at least one, never all.

    Every code has the same chance, whatever its popularity or activity.

    Raises:
        DataError: when there are fewer than two codes to draw from.
    """
    if len(codes) < 2:  # noqa: PLR2004 - one part must be drawn and one must stay
        raise DataError(f"only {len(codes)} {what} to draw from", where=where, remedy="use a larger data set")
    size = min(max(round(share * len(codes)), 1), len(codes) - 1)
    return np.sort(generator.choice(codes, size, replace=False)).astype(np.int32)


def occurring(codes: Int32, size: int) -> Int64:
    """Return the sorted codes below ``size`` that occur at least once."""
    return np.flatnonzero(np.bincount(codes, minlength=size))


def as_mask(codes: Int32 | Int64, size: int) -> Bool:
    """Return bool[size] that is True at ``codes``."""
    chosen = np.zeros(size, np.bool_)
    chosen[codes] = True
    return chosen


def chronological(owner: Int32 | Int64, times: Int64 | None) -> Int64:
    """Return the order (int64[n]) by owner, then time, then given order; without times by owner and given order."""
    if times is None or not len(times):
        return np.argsort(owner, kind="stable")
    first, span = int(times.min()), int(times.max()) - int(times.min()) + 1
    if int(owner.max()) >= np.iinfo(np.int64).max // span - 1:
        return np.lexsort((times, owner))
    # One key sorts twice as fast as two, and these sorts are most of the work on large logs.
    return np.argsort(owner.astype(np.int64) * span + (times - first), kind="stable")


def event_ranks(
    owner: Int32, times: Int64 | None, owners: int, generator: np.random.Generator | None
) -> tuple[Int64, Int64]:
    """Return each event's rank among its owner's events in time (int64[n], from 0), and events per owner.

    Args:
        owner: int32[n], the user (or item) whose event it is.
        times: int64[n], or None where the data has no time: then all events tie.
        owners: how many owners there are.
        generator: draws the order of events that tie, so that the order of lines in a file does not matter; None
            keeps the given order.
    """
    if generator is None:
        order = chronological(owner, times)
    else:
        shuffled = generator.permutation(len(owner))
        order = shuffled[chronological(owner[shuffled], None if times is None else times[shuffled])]
    begin = starts(owner, owners)
    rank = np.empty(len(owner), np.int64)
    rank[order] = np.arange(len(owner), dtype=np.int64) - begin[owner[order]]
    return rank, np.diff(begin)


def timestamps(split: Split, dataset: Dataset) -> Int64:
    """Return the timestamps.

    Raises:
        NotApplicable: when the data has none.
    """
    times = dataset.interactions.timestamp
    if times is None:
        raise NotApplicable(f"{type(split).__name__} needs timestamps", where=dataset.name)
    return times


def user_order(split: Split, dataset: Dataset) -> Int64:
    """Return int64[n] numbers that grow with time within each user: timestamps, or the rows' own places.

    Raises:
        NotApplicable: when the data has no times and its rows stand in no known order.
    """
    rows = dataset.interactions
    if rows.timestamp is not None:
        return rows.timestamp
    if not dataset.ordered:
        raise NotApplicable(f"{type(split).__name__} needs {Requirement.ORDER}", where=dataset.name)
    return np.arange(len(rows), dtype=np.int64)


@dataclass(frozen=True)
class HeldOut:
    """Blocked items and ground truth of some queries, and counts of the held-out rows.

    Attributes:
        blocked: items that must not be recommended, one sorted list without repeats per query.
        truth: held-out items, one list per query, sorted by code, without repeats and without blocked items.
        repeated: held-out rows merged into a later row of the same query and item.
        known: held-out rows left out of the truth because the query's blocked items hold the item already.
    """

    blocked: Ragged
    truth: GroundTruth
    repeated: int
    known: int


def build_truth(
    rows: Interactions, query: Int64, *, taken: Interactions, taken_query: Int64, queries: int, items: int
) -> HeldOut:
    """Build the ground truth from held-out rows.

    Where a query holds out an item several times, the truth keeps the latest row (the last one given, without
    timestamps).

    Args:
        rows: held-out rows.
        query: int64[len(rows)] query that each belongs to.
        taken: rows whose items must not be recommended.
        taken_query: int64[len(taken)] query that each belongs to.
        queries: how many queries there are.
        items: size of the catalogue.
    """
    keys = _distinct(taken_query * items + taken.item)
    pair = query * items + rows.item
    order = chronological(pair, rows.timestamp)
    pair = pair[order]
    last = np.ones(len(pair), np.bool_)
    last[:-1] = pair[1:] != pair[:-1]
    fresh = last & ~_contains(keys, pair)
    repeated = int(len(pair) - np.count_nonzero(last))
    truth = GroundTruth.from_rows(query[order[fresh]], rows.take(order[fresh]), queries)
    blocked = Ragged(starts(keys // items, queries), (keys % items).astype(np.int32))
    return HeldOut(blocked, truth, repeated, len(pair) - repeated - len(truth.item))


def _distinct(keys: Int64) -> Int64:
    ordered = np.sort(keys)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    distinct: Int64 = ordered[first]
    return distinct


def _contains(ordered: Int64, wanted: Int64) -> Bool:
    if not len(ordered):
        return np.zeros(len(wanted), np.bool_)
    found: Bool = ordered[np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)] == wanted
    return found


def count_rows(
    dataset: Dataset, train: Dataset, held: HeldOut, *, queries: Queries, rows: Mapping[str, int], copies: int = 1
) -> dict[str, int]:
    """Return ``Fold.counts``: which part each row is in, and how many queries and truth entries are cold.

    ``train rows`` and all of ``rows`` add up to ``rows``; ``truth entries`` and the two kinds of held-out rows that
    are not in the truth add up to the held-out rows (times ``copies``, when each truth is asked for several times).
    """
    warm_items = as_mask(train.interactions.item, len(dataset.items))
    warm_users = as_mask(train.interactions.user, len(dataset.users))
    sizes = np.diff(held.truth.start)
    return {
        "rows": len(dataset.interactions),
        "train rows": len(train.interactions),
        **rows,
        "queries": len(queries),
        "queries without truth": int(np.count_nonzero(sizes == 0)) * copies,
        "queries of users without training rows": int(np.count_nonzero(~warm_users[queries.user])),
        "truth entries": len(held.truth.item) * copies,
        "truth entries of items without training rows": int(np.count_nonzero(~warm_items[held.truth.item])) * copies,
        "held-out repeats merged": held.repeated * copies,
        "held-out rows already in the history": held.known * copies,
    }


def require_rows(test: Bool, train: Bool, name: str, where: str) -> None:
    """Check that neither the test part nor the training part is empty.

    Raises:
        DataError: when one is.
    """
    if not test.any() or not train.any():
        part = "training" if test.any() else "test"
        raise DataError(
            f"{len(test)} rows are too few: the {part} part of fold {name} is empty",
            where=where,
            remedy="use a larger data set or another share",
        )


def holdout(
    dataset: Dataset,
    test: Bool,
    *,
    name: str,
    where: str,
    left_out: Mapping[str, Bool] | None = None,
    asked: AskingTime = "at the end",
    candidates: Int32 | None = None,
    validate: Cutter | None = None,
    counts: Mapping[str, int] | None = None,
) -> Fold:
    """Build the fold in which every user with held-out rows asks once, showing all of their training rows.

    Args:
        dataset: what to cut.
        test: bool[n], True for the held-out rows.
        name: name of the fold.
        where: name of the split, for errors.
        left_out: rows that are neither in training nor held out (bool[n], disjoint), by the reason shown in the counts.
        asked: when the queries are asked, see :func:`asking_time`.
        candidates: int32[c] sorted item codes that may be recommended, or None for the whole catalogue.
        validate: cuts the validation fold out of the training part.
        counts: more counts of the fold.

    Raises:
        DataError: when the training part or the test part would be empty.
    """
    rows, items = dataset.interactions, len(dataset.items)
    gone = np.logical_or.reduce([test, *(left_out or {}).values()])
    require_rows(test, ~gone, name, f"{where} of {dataset.name}")
    train = dataset.cut(~gone)
    asking = occurring(rows.user[test], len(dataset.users))
    query_of = np.full(len(dataset.users), -1, np.int64)
    query_of[asking] = np.arange(len(asking))
    owner = query_of[train.interactions.user]
    history = train.interactions if (owner >= 0).all() else train.interactions.take(owner >= 0)
    owner = owner[owner >= 0]
    truth_rows = rows.take(test)
    truth_query = query_of[truth_rows.user]
    held = build_truth(truth_rows, truth_query, taken=history, taken_query=owner, queries=len(asking), items=items)
    when = asking_time(asked, truth_rows, truth_query, len(asking), train)
    shown = history.take(chronological(owner, history.timestamp))
    queries = Queries(asking.astype(np.int32), starts(owner, len(asking)), shown, when)
    row_counts = {
        "held-out rows": len(truth_rows),
        **{k: int(np.count_nonzero(v)) for k, v in (left_out or {}).items()},
    }
    return Fold(
        name=name,
        train=train,
        queries=queries,
        truth=held.truth,
        blocked=held.blocked,
        candidates=candidates,
        validation=None if validate is None else validate(train),
        counts={**count_rows(dataset, train, held, queries=queries, rows=row_counts), **(counts or {})},
    )


def asking_time(asked: AskingTime, truth: Interactions, query: Int64, queries: int, train: Dataset) -> Int64 | None:
    """Return int64[q], when each query is asked, or None where the data has no time.

    Args:
        asked: ``"at the end"``: all at the time of the last training row, because such a split has no time of its own;
            ``"at its truth"``: each when its first held-out row happened; ``"at once"``: all when the first held-out
            row of anybody happened.
        truth: held-out rows.
        query: int64[len(truth)] query of each.
        queries: how many queries there are.
        train: the training part.
    """
    if truth.timestamp is None or train.interactions.timestamp is None:
        return None
    if asked == "at its truth":
        when = np.full(queries, np.iinfo(np.int64).max, np.int64)
        np.minimum.at(when, query, truth.timestamp)
        return when
    moment = train.interactions.timestamp.max() if asked == "at the end" else truth.timestamp.min()
    return np.full(queries, moment, np.int64)
