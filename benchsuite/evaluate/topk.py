"""Top-k on the full candidate set, exact and deterministic: the same rule for every model.

Each (query, candidate) gets one 64-bit number that orders all that matters at once: blocked candidates are 0; then
comes whether the model had an opinion, then the score (or, without an opinion, the popularity and, among the equally
popular, an order drawn for each query), then the smaller code. So a single partition finds the k best with all ties
resolved. The drawn order matters for new items, which are all equally unpopular: one order for everybody would make the
result of a model without opinions a matter of luck.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchsuite.api import Model, TopK
from benchsuite.data import Float32, Fold, Int32, Int64, Pairs, Queries, Ragged, Rankings
from benchsuite.errors import BenchsuiteError

_BLOCK_BYTES = 64 * 2**20
_CODE_BITS = np.uint64(31)
_CODE_MASK = np.uint64(2**31 - 1)
_OPINION = np.uint64(1 << 63)

UInt64 = NDArray[np.uint64]
Progress = Callable[[int, int, str], None]


def popularity(fold: Fold) -> Int64:
    """Return int64[items], the training rows of each item: the declared fallback order."""
    train = fold.train
    return np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.int64)


def rank(model: Model, fold: Fold, k: int, progress: Progress | None = None) -> Rankings:
    """Return the model's k best candidates for each query.

    Seen (blocked) items are left out; where the model has no opinion (NaN) the remaining places are filled by
    popularity in the training part, equally popular ones in an order drawn for each query, and marked; ties among
    scores go to the smaller code.

    Raises:
        BenchsuiteError: when the model breaks its contract (wrong shape, infinite scores).
    """
    items = len(fold.train.items)
    candidates = None if fold.candidates is None or len(fold.candidates) == items else fold.candidates
    width = items if candidates is None else len(candidates)
    k = min(k, width)
    fallback = _levels(popularity(fold))
    fallback = fallback if candidates is None else fallback[candidates]
    position = _positions(items, candidates)
    step = max(1, _BLOCK_BYTES // (8 * max(width, 1)))
    out = _Lists(len(fold.queries), k)
    for first in range(0, len(fold.queries), step):
        last = min(first + step, len(fold.queries))
        queries, blocked = fold.queries.slice(first, last), fold.blocked.slice(first, last)
        ready = model.recommend(queries, candidates, k, blocked)
        if ready is not None and bool(ready.filled.all()) and ready.item.shape == (last - first, k):
            out.take(first, ready)
        else:
            scores = _checked(model.score(queries, candidates), last - first, width)
            rest = None if not np.isnan(scores).any() else _fallback(queries.user, candidates, fallback)
            out.rank(first, _order(scores, blocked, position, rest), scores, candidates)
        if progress is not None:
            progress(last, len(fold.queries), "")
    return Rankings(out.item, out.score, out.filled_in)


def score_pairs(model: Model, queries: Queries, pairs: Pairs) -> Float32:
    """Return float32[p], the model's own scores of labelled pairs; NaN where it has no opinion.

    Raises:
        BenchsuiteError: when the model breaks its contract.
    """
    scores = np.asarray(model.score_pairs(queries, pairs.query, pairs.item))
    if scores.shape != (len(pairs),):
        raise BenchsuiteError(f"score_pairs returned shape {scores.shape} instead of {(len(pairs),)}")
    if np.isinf(scores).any():
        raise BenchsuiteError("score_pairs returned infinite scores")
    return scores.astype(np.float32)


class _Lists:
    """The lists under construction."""

    def __init__(self, rows: int, k: int) -> None:
        self.item = np.full((rows, k), -1, np.int32)
        self.score = np.full((rows, k), np.nan, np.float32)
        self.filled_in = np.zeros((rows, k), np.bool_)

    def take(self, first: int, ready: TopK) -> None:
        """Copy full lists that a model made by a faster way."""
        last = first + len(ready.item)
        self.item[first:last] = ready.item
        self.score[first:last] = ready.score

    def rank(self, first: int, order: UInt64, scores: Float32, candidates: Int32 | None) -> None:
        """Keep the k largest order numbers of each row."""
        last, k = first + len(order), self.item.shape[1]
        best = order if order.shape[1] == k else np.partition(order, order.shape[1] - k, axis=1)[:, -k:]
        best = np.sort(best, axis=1)[:, ::-1]
        column = (_CODE_MASK - (best & _CODE_MASK)).astype(np.int64)
        valid, opinion = best > 0, best >= _OPINION
        column[~valid] = 0
        code = column if candidates is None else candidates[column]
        self.item[first:last] = np.where(valid, code, -1)
        self.score[first:last] = np.where(opinion, np.take_along_axis(scores, column, axis=1), np.nan)
        self.filled_in[first:last] = valid & ~opinion


def _positions(items: int, candidates: Int32 | None) -> Int64 | None:
    """Return int64[items], the column of each item among the candidates or -1; None when columns are codes."""
    if candidates is None:
        return None
    position = np.full(items, -1, np.int64)
    position[candidates] = np.arange(len(candidates))
    return position


def _checked(scores: Float32, rows: int, width: int) -> Float32:
    scores = np.asarray(scores)
    if scores.shape != (rows, width):
        raise BenchsuiteError(f"score returned shape {scores.shape} instead of {(rows, width)}")
    scores = scores.astype(np.float32, copy=False)
    if np.isinf(scores).any():
        raise BenchsuiteError("score returned infinite scores; NaN means no opinion")
    return scores


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


def _order(scores: Float32, blocked: Ragged, position: Int64 | None, rest: UInt64 | None) -> UInt64:
    """Return uint64[q, c], larger is better, 0 is blocked; ``rest`` orders candidates without an opinion."""
    opinion = ~np.isnan(scores)
    order = _sortable(scores)
    if rest is not None:
        order = np.where(opinion, order, rest)
    order <<= _CODE_BITS
    order |= _CODE_MASK - np.arange(scores.shape[1], dtype=np.uint64)
    order |= np.where(opinion, _OPINION, np.uint64(0))
    column = blocked.item.astype(np.int64) if position is None else position[blocked.item]
    inside = column >= 0
    order[blocked.rows[inside], column[inside]] = 0
    return order


def _sortable(scores: Float32) -> UInt64:
    """Return uint64 numbers below 2^32 in the order of the floats (the two's complement trick for IEEE 754)."""
    bits = np.ascontiguousarray(scores + np.float32(0)).view(np.uint32)  # adding 0 makes -0.0 equal to 0.0
    negative = bits >> np.uint32(31) == 1
    return np.where(negative, ~bits, bits | np.uint32(1 << 31)).astype(np.uint64)
