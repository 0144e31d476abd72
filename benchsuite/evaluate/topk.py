"""Top-k on the full candidate set, exact and deterministic: the same rule for every model.

Each (query, candidate) gets one 64-bit number. Larger is better, so one partition finds the k best and breaks all
ties. A blocked candidate is 0. Of the others, those with a score come before those without. Then the score decides.
Without a score (the model abstains), the popularity decides, and among equally popular items an order drawn for each
query. Last, the smaller item code comes first. The drawn order matters for new items, which all have popularity 0: with
one order for all queries, the result of a model that abstains would depend on that one draw.

Most rows never need these numbers: where k open candidates have a score, the module
:mod:`benchsuite.evaluate.topk_prefilter` finds the same lists in one pass over the scores. Only the other rows, and
those with many ties, are ordered in full.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchsuite.api import Model
from benchsuite.checks import AllowedItems, check_agreement, check_finite, check_scores, check_top
from benchsuite.data import Bool, Float32, Fold, FoldView, Int32, Int64, Queries, Rankings
from benchsuite.evaluate.topk_prefilter import finalists, use_prefilter

_BLOCK_BYTES = 32 * 2**20
"""Size of a block of float32 scores: the largest that glibc hands out again without asking the system."""

_READY_ROWS = 4096
"""Queries in a block of a model with its own ``recommend``."""

_SAMPLE = 20
"""Queries whose own lists are compared with the scores."""

_CODE_BITS = np.uint64(31)
_CODE_MASK = np.uint64(2**31 - 1)
_SCORED = np.uint64(1 << 63)

UInt64 = NDArray[np.uint64]
Progress = Callable[[int, int, str], None]


def popularity(fold: Fold | FoldView) -> Int64:
    """Return int64[items], the training rows of each item: the declared fallback order."""
    train = fold.train
    return np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.int64)


def rank(model: Model, fold: Fold | FoldView, k: int, progress: Progress | None = None, threads: int = 1) -> Rankings:
    """Return the model's k best candidates for each query.

    Seen (blocked) items are left out; where the model abstains (NaN) the remaining places are filled by
    popularity in the training part, equally popular ones in an order drawn for each query, and marked; ties among
    scores go to the smaller code.

    Args:
        model: a fitted model.
        fold: who asks, what is blocked, what may be recommended.
        k: the length of the lists.
        progress: called with the number of queries done.
        threads: how many threads may select at a time.

    Raises:
        BenchsuiteError: when the model breaks its contract: see :mod:`benchsuite.checks`. Whether its own lists are
            those that its scores give is left to :func:`check_sample`.
    """
    items = len(fold.train.items)
    candidates = None if fold.candidates is None or len(fold.candidates) == items else fold.candidates
    width = items if candidates is None else len(candidates)
    k = min(k, width)
    ranker = _Ranker(model, candidates, width, k, threads, fold)
    step = block_rows(width)
    outer = step * max(1, _READY_ROWS // step) if ranks_itself(model) else step
    for first in range(0, len(fold.queries), outer):
        last = min(first + outer, len(fold.queries))
        full = ranker.take(first, last)
        for begin in range(first, last, step):
            end = min(begin + step, last)
            if not full[begin - first : end - first].all():
                ranker.rank(begin, end)
        if progress is not None:
            progress(last, len(fold.queries), "")
    return Rankings(ranker.item, ranker.score, ranker.filled_in, ranker.tie_left_out)


def block_rows(width: int) -> int:
    """Return how many queries are scored at a time, for lists out of ``width`` candidates."""
    return max(1, _BLOCK_BYTES // (4 * max(width, 1)))


def ranks_itself(model: Model) -> bool:
    """Return whether a model has a ``recommend`` of its own."""
    return type(model).recommend is not Model.recommend


def check_sample(model: Model, fold: FoldView, lists: Rankings, seed: int) -> None:
    """Compare some lists of a model that ranks by itself with its scores; others are ranked by the harness anyway.

    Args:
        model: a fitted model.
        fold: who asked.
        lists: what :func:`rank` returned.
        seed: draws the queries.

    Raises:
        BenchsuiteError: when lists and scores differ.
    """
    if ranks_itself(model) and len(lists):
        rng = np.random.default_rng([seed, 11])
        rows = rng.choice(len(lists), min(_SAMPLE, len(lists)), replace=False)
        check_agreement(model, fold, lists, np.sort(rows).tolist())


def score_pairs(model: Model, queries: Queries, query: Int32, item: Int32) -> Float32:
    """Return float32[p], the model's own scores of (query, item) pairs; NaN where it abstains.

    Args:
        model: a fitted model.
        queries: who asks.
        query: int32[p] query index of each pair, ascending.
        item: int32[p] item code of each pair.

    Raises:
        BenchsuiteError: when the model breaks its contract.
    """
    scores = check_scores(model.score_pairs(queries, query, item), (len(query),), "score_pairs()")
    return check_finite(scores, "score_pairs()")


class _Ranker:
    """The lists under construction."""

    def __init__(
        self, model: Model, candidates: Int32 | None, width: int, k: int, threads: int, fold: Fold | FoldView
    ) -> None:
        self._model, self._candidates, self._width = model, candidates, width
        self._queries, self._blocked, self._threads = fold.queries, fold.blocked, threads
        level = _levels(popularity(fold))
        self._level = level if candidates is None else level[candidates]
        self._items = len(fold.train.items)
        self._position = _positions(self._items, candidates)
        rows = len(fold.queries)
        self.item = np.full((rows, k), -1, np.int32)
        self.score = np.full((rows, k), np.nan, np.float32)
        self.filled_in = np.zeros((rows, k), np.bool_)
        self.tie_left_out = np.zeros(rows, np.bool_)

    def take(self, first: int, last: int) -> Bool:
        """Keep lists that the model made by a faster way; return bool[last - first], where they are full."""
        rows, k = last - first, self.item.shape[1]
        blocked = self._blocked.slice(first, last)
        ready = self._model.recommend(self._queries.slice(first, last), self._candidates, k, blocked)
        if ready is None:
            return np.zeros(rows, np.bool_)
        ready = check_top(ready, k, AllowedItems(self._items, self._candidates, blocked), first)
        if ready.item.shape != (rows, k):
            return np.zeros(rows, np.bool_)
        self.item[first:last], self.score[first:last] = ready.item, ready.score
        full: Bool = np.asarray(ready.filled.all(axis=1))
        return full

    def rank(self, first: int, last: int) -> None:
        """Score some queries and keep the best."""
        queries, blocked, k = self._queries.slice(first, last), self._blocked.slice(first, last), self.item.shape[1]
        scores = self._model.score(queries, self._candidates)
        scores = check_scores(scores, (last - first, self._width), "score()")
        column = blocked.item.astype(np.int64) if self._position is None else self._position[blocked.item]
        inside = column >= 0
        closed = blocked.rows[inside], column[inside]
        if not use_prefilter(self._width, k):
            self._order(np.arange(first, last), queries.user, check_finite(scores, "score()"), closed)
            return
        found = finalists(scores, k, *closed, self._threads)
        self.item[first:last] = found.column if self._candidates is None else self._candidates[found.column]
        self.score[first:last] = found.score
        self.tie_left_out[first:last] = found.tie_left_out
        rest = np.flatnonzero(~found.settled)
        # What is left may be many rows (ties) and its order numbers take more room than scores: some rows at a time.
        place = np.full(last - first, -1, np.int64)
        for begin in range(0, len(rest), step := max(1, _BLOCK_BYTES // (16 * self._width))):
            rows = rest[begin : begin + step]
            place[:] = -1
            place[rows] = np.arange(len(rows))
            owner = place[closed[0]]
            mine = owner >= 0
            self._order(first + rows, queries.user[rows], scores[rows], (owner[mine], closed[1][mine]))

    def _order(self, rows: Int64, user: Int32, scores: Float32, closed: tuple[Int64, Int64]) -> None:
        """Keep the k largest order numbers of each row."""
        k = self.item.shape[1]
        rest = None if not np.isnan(scores).any() else _fallback(user, self._candidates, self._level)
        order = _order(scores, closed, rest)
        most = min(k + 1, order.shape[1])  # one more than is kept, to see whether the last place is tied with it
        best = order if order.shape[1] == most else np.partition(order, order.shape[1] - most, axis=1)[:, -most:]
        best = np.sort(best, axis=1)[:, ::-1]
        if most > k > 0:
            last, next_ = best[:, k - 1], best[:, k]
            self.tie_left_out[rows] = (next_ >= _SCORED) & (last >> _CODE_BITS == next_ >> _CODE_BITS)
        best = best[:, :k]
        column = (_CODE_MASK - (best & _CODE_MASK)).astype(np.int64)
        valid, scored = best > 0, best >= _SCORED
        column[~valid] = 0
        code = column if self._candidates is None else self._candidates[column]
        self.item[rows] = np.where(valid, code, -1)
        self.score[rows] = np.where(scored, np.take_along_axis(scores, column, axis=1), np.nan)
        self.filled_in[rows] = valid & ~scored


def _positions(items: int, candidates: Int32 | None) -> Int64 | None:
    """Return int64[items], the column of each item among the candidates or -1; None when columns are codes."""
    if candidates is None:
        return None
    position = np.full(items, -1, np.int64)
    position[candidates] = np.arange(len(candidates))
    return position


def _levels(counts: Int64) -> UInt64:
    """Return uint64[items] below 2^16: the rank of each popularity among the distinct ones.

    There are fewer than 2^16 distinct counts below two thousand million rows; beyond that the rarest share a level.
    """
    _, level = np.unique(counts, return_inverse=True)
    return np.maximum(level - max(int(level.max(initial=0)) - (2**16 - 1), 0), 0).astype(np.uint64)


def _fallback(user: Int32, candidates: Int32 | None, level: UInt64) -> UInt64:
    """Return uint64[q, c] below 2^32: popularity level first, then 16 bits hashed from user and item code."""
    items = np.arange(len(level), dtype=np.uint64) if candidates is None else candidates.astype(np.uint64)
    mixed = (user.astype(np.uint64)[:, None] << np.uint64(32)) | items
    mixed *= np.uint64(0x9E3779B97F4A7C15)  # the steps of splitmix64 (Steele et al. 2014): every bit depends on all
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    return (level << np.uint64(16)) | (mixed >> np.uint64(48))


def _order(scores: Float32, closed: tuple[Int64, Int64], rest: UInt64 | None) -> UInt64:
    """Return uint64[q, c], larger is better, 0 is blocked; ``rest`` orders candidates without a score."""
    scored = ~np.isnan(scores)
    order = _sortable(scores)
    if rest is not None:
        order = np.where(scored, order, rest)
    order <<= _CODE_BITS
    order |= _CODE_MASK - np.arange(scores.shape[1], dtype=np.uint64)
    order |= np.where(scored, _SCORED, np.uint64(0))
    order[closed] = 0
    return order


def _sortable(scores: Float32) -> UInt64:
    """Return uint64 numbers below 2^32 in the order of the floats (the two's complement trick for IEEE 754)."""
    bits = np.ascontiguousarray(scores + np.float32(0)).view(np.uint32)  # adding 0 makes -0.0 equal to 0.0
    negative = bits >> np.uint32(31) == 1
    return np.where(negative, ~bits, bits | np.uint32(1 << 31)).astype(np.uint64)
