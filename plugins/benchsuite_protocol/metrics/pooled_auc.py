"""The area under the ROC curve of all pairs pooled, under thousands of weightings of the queries.

A pair weighs what its query weighs, so the area under weights ``w`` is a quadratic form: ``sum_qr w_q w_r W_qr`` over
all pairs of queries, divided by the weighted number of pairs of pairs. ``W_qr`` counts how often a pair of query q with
label 1 scores higher than one of query r with label 0, a tie being half a win. There are two exact ways:

- With few queries the counts are put into a matrix once, and each weighting costs one matrix product.
- With many queries that matrix would be too large. The pairs are sorted once; of each run of neighbours with one label
  (or one score) only its weights count, and each weighting costs one pass over the runs.

Weights of a bootstrap are whole numbers, and so is twice every sum here. Both ways therefore give the same bits, in
single precision as well, where that holds whole numbers as large as these.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from benchsuite.data import Bool, EvaluationInput, Float32, Float64, Int32, Int64
from benchsuite_protocol.metrics.caching import once_per_evidence
from benchsuite_protocol.metrics.labelled_pairs import ordered_bits, ratio, scores_without_nan

if TYPE_CHECKING:
    from scipy import sparse

_MATRIX_UP_TO = 270
"""The matrix is faster up to so many of its cells for each run; measured on two cores with AVX2."""

_MATRIX_QUERIES = 4096
"""The matrix of so many queries has 64 MiB; a larger one is never made."""

_BLOCKS = 13.0
"""Blocks of scores by root of pairs of pairs and by query, where counting within and between them takes equally long;
measured on the same."""

_COLUMNS, _CELLS = 16, 60_000
"""At least how many weightings pass over the runs at once, so that a row of them fills a cache line, and how many
times the runs that makes where there are few of them."""

_EXACT = 2.0**24
"""Single precision holds all whole numbers up to this one."""


Weights = NDArray[np.float32] | Float64


class _Wins(Protocol):
    """How often pairs with label 1 score higher than pairs with label 0, by query."""

    def largest(self, liked: Float64, others: Float64, kept: Bool) -> float:
        """Return a bound of the whole numbers that are summed in the precision of the weights.

        Args:
            liked: float64[b], weighted pairs with label 1.
            others: float64[b], weighted pairs with label 0.
            kept: bool[w], the queries with a weight other than 0.
        """

    def weighted(self, weights: Weights, kept: Bool) -> Float64:
        """Return float64[b], the weighted wins.

        Args:
            weights: float32[b, k] or float64[b, k], of the kept queries.
            kept: as above.
        """


@dataclass(frozen=True, eq=False)
class _Compared:
    """The pairs of an evidence, compared.

    Attributes:
        query: int64[w], the queries that have pairs.
        liked: float64[w], how many of their pairs have label 1.
        others: float64[w], how many have label 0.
        wins: how the former stand against the latter; None where one of the labels is missing.
    """

    query: Int64
    liked: Float64
    others: Float64
    wins: _Wins | None


def pooled_auc(evidence: EvaluationInput, weights: Float64) -> Float64:
    """Return float64[b], the area under the ROC curve of all pairs, each pair weighing what its query weighs.

    NaN where the pairs with a weight above 0 have one label only.

    Args:
        evidence: labelled pairs and scores.
        weights: float64[b, q].
    """
    compared = _compare(evidence)
    if compared.wins is None:
        return np.full(len(weights), np.nan)
    asked = np.asarray(weights.any(axis=0))
    kept: Bool = asked[compared.query]
    if len(compared.query) < len(evidence) or not kept.all():
        weights = weights[:, compared.query[kept]]
    single, whole = _in_single(weights)
    one, other = weights @ compared.liked[kept], weights @ compared.others[kept]
    exact = whole and compared.wins.largest(one, other, kept) < _EXACT
    return ratio(compared.wins.weighted(single if exact else weights, kept), one * other)


_Single = tuple[NDArray[np.float32], bool]
_known: dict[int, tuple[weakref.ref[Float64], _Single]] = {}
"""By identity of weights that cannot change; an entry goes when its weights do."""


def _in_single(weights: Float64) -> _Single:
    """Return weights in single precision, and whether all are whole numbers that fit.

    All parts and models of a test are weighed by the same draws, so what is made of weights that cannot change is kept
    for the next call.
    """
    known = _known.get(id(weights))
    if known is not None and known[0]() is weights:
        return known[1]
    single = weights.astype(np.float32)
    whole = bool((single == np.rint(single)).all()) and bool((single == weights).all())
    found = single, whole
    if not weights.flags.writeable:
        key = id(weights)

        def forget(_: object) -> None:
            _known.pop(key, None)

        _known[key] = weakref.ref(weights, forget), found
    return found


@dataclass(frozen=True, eq=False)
class _Sorted:
    """All pairs by ascending score.

    Attributes:
        liked: bool[p], label 1.
        query: int32[p], place of each pair's query among those that have pairs.
        place: int32[p], number of each pair's score among the different scores.
        size: int64[scores], pairs with each score.
        queries: how many queries have pairs.
    """

    liked: Bool
    query: Int32
    place: Int32
    size: Int64
    queries: int


@once_per_evidence
def _compare(evidence: EvaluationInput) -> _Compared:
    score = scores_without_nan(evidence.scores.score)
    order = _ascending(score)
    asked = np.bincount(evidence.pairs.query, minlength=len(evidence)) > 0
    known = np.flatnonzero(asked)
    code = (np.cumsum(asked, dtype=np.int32) - np.int32(1))[evidence.pairs.query[order]]
    score, liked = score[order], evidence.pairs.label[order] == 1
    begins = np.append(True, score[1:] != score[:-1])[: len(score)]
    place = np.cumsum(begins, dtype=np.int32) - np.int32(1)
    pairs = _Sorted(liked, code, place, np.bincount(place), len(known))
    wins: _Wins | None = None
    if liked.any() and not liked.all():
        run = _join(pairs)
        small = len(known) <= min(_MATRIX_QUERIES, np.sqrt(_MATRIX_UP_TO * (1.0 + run[-1])))
        wins = _matrix(pairs) if small else _runs(pairs, run)
    ones, zeros = (np.bincount(code[chosen], minlength=len(known)).astype(np.float64) for chosen in (liked, ~liked))
    return _Compared(known, ones, zeros, wins)


def _ascending(score: Float32) -> Int64:
    """Return the order of the scores, equal ones as they stand: score and place in one number, sorted as that."""
    packed = ordered_bits(score).astype(np.uint64) << np.uint64(32)
    packed |= np.arange(len(score), dtype=np.uint64)
    packed.sort()
    return (packed & np.uint64(2**32 - 1)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Matrix:
    """The wins of each query over each other, in the upper triangle: those of q over r and of r over q in one number.

    The quadratic form is the same, and a product with a triangle takes half the steps.

    Attributes:
        triangle: [w, w], in the order of columns.
        liked: float64[w], pairs of each query with label 1.
        others: float64[w], with label 0.
    """

    triangle: Weights
    liked: Float64
    others: Float64

    @classmethod
    def of(cls, table: Weights, liked: Float64, others: Float64) -> _Matrix:
        """Fold the wins of each query (row) over each other (column)."""
        folded = np.triu(table) + np.tril(table, -1).T
        return cls(np.asfortranarray(folded), liked, others)

    def largest(self, liked: Float64, others: Float64, kept: Bool) -> float:
        """Return twice the wins over the pairs of one query and those of its own, at most."""
        over = float(liked.max(initial=0.0)) * float(self.others[kept].max(initial=0.0))
        own = float(others.max(initial=0.0)) * float(self.liked[kept].max(initial=0.0))
        return 2.0 * (over + own)

    def weighted(self, weights: Weights, kept: Bool) -> Float64:
        """Return the weighted wins, by one product with the triangle."""
        from scipy.linalg import blas  # not needed where all is measured already

        triangle = self.triangle if kept.all() else np.asfortranarray(self.triangle[kept][:, kept])
        product = blas.strmm if weights.dtype == np.float32 else blas.dtrmm
        sums = product(1.0, triangle.astype(weights.dtype, copy=False), weights.T, trans_a=1)
        won: Float64 = np.einsum("qb,bq->b", sums, weights, dtype=np.float64)
        return won


def _matrix(pairs: _Sorted) -> _Matrix:
    """Count wins between blocks of neighbouring scores by a matrix product, and within blocks one by one.

    Pairs with one score that fill a block alone are all tied, so they need no counting either.
    """
    liked, queries = pairs.liked, pairs.queries
    blocks = max(1, int(_BLOCKS * np.sqrt(float(liked.sum()) * float((~liked).sum())) / queries))
    size = len(liked) // blocks + 1
    alone = pairs.size > size
    cut = (np.cumsum(pairs.size) - pairs.size) // size
    begins = np.append(True, (cut[1:] != cut[:-1]) | alone[1:] | alone[:-1])
    block_of = np.cumsum(begins, dtype=np.int32) - np.int32(1)
    block, blocks = block_of[pairs.place], int(block_of[-1]) + 1
    own, other = (_table(pairs.query[chosen], block[chosen], queries, blocks) for chosen in (liked, ~liked))
    ones, zeros = own.sum(axis=1, dtype=np.float64), other.sum(axis=1, dtype=np.float64)
    below = np.cumsum(other, axis=1) - other + other * np.where(alone[begins], np.float32(0.5), np.float32(0.0))
    kind = np.float32 if 4.0 * ones.max() * zeros.max() < _EXACT else np.float64
    table = own.astype(kind, copy=False) @ below.T.astype(kind, copy=False)
    near = ~alone[pairs.place]
    one, another = np.flatnonzero(liked & near), np.flatnonzero(~liked & near)
    begin = np.searchsorted(block[another], block[one], side="left")
    lower, upper = (np.searchsorted(pairs.place[another], pairs.place[one], side=side) for side in ("left", "right"))
    row = pairs.query[one] * np.int32(queries)
    for first, last, gain in ((begin, lower, 1.0), (lower, upper, 0.5)):
        cell = np.repeat(row, last - first) + pairs.query[another][_ranges(first, last)]
        if len(cell):
            wins = gain * np.bincount(cell, minlength=queries**2)
            table += wins.reshape(queries, queries).astype(kind)
    return _Matrix.of(table, ones, zeros)


def _table(query: Int32, block: Int32, queries: int, blocks: int) -> NDArray[np.float32]:
    """Return float32[queries, blocks], how many pairs each query has in each block."""
    counts = np.bincount(query * blocks + block, minlength=queries * blocks)
    return counts.reshape(queries, blocks).astype(np.float32)


def _ranges(first: Int64, last: Int64) -> Int32:
    """Return the numbers from each first to below its last, one range after the other."""
    count = last - first
    ends = np.cumsum(count)
    found = np.repeat((first - ends + count).astype(np.int32), count)
    found += np.arange(len(found), dtype=np.int32)
    return found


@dataclass(frozen=True, eq=False)
class _Runs:
    """Neighbours by score: how many pairs with label 1 and with label 0 each query has in each run, [runs, w]."""

    liked: sparse.csr_array
    others: sparse.csr_array

    def largest(self, liked: Float64, others: Float64, kept: Bool) -> float:
        """Return twice the weight of all pairs of one label."""
        return 2.0 * max(float(liked.max(initial=0.0)), float(others.max(initial=0.0)))

    def weighted(self, weights: Weights, kept: Bool) -> Float64:
        """Return the weighted wins, by running sums."""
        liked, others = (table.astype(weights.dtype) for table in (self.liked, self.others))
        if not kept.all():
            liked, others = liked[:, np.flatnonzero(kept)], others[:, np.flatnonzero(kept)]
        won = np.zeros(len(weights))
        step = max(_COLUMNS, _CELLS // liked.shape[0])
        for first in range(0, len(weights), step):
            weight = np.ascontiguousarray(weights[first : first + step].T)
            own, other = liked @ weight, others @ weight
            beaten = np.cumsum(other, axis=0)
            other *= 0.5
            beaten -= other
            won[first : first + step] = np.einsum("rb,rb->b", own, beaten, dtype=np.float64)
        return won


def _join(pairs: _Sorted) -> Int32:
    """Return int32[p], the run of each pair: neighbours of one score, or whose scores all belong to one label."""
    ones = np.bincount(pairs.place, weights=pairs.liked)
    label = np.where(ones == 0, 0, np.where(ones == pairs.size, 1, 2))
    begins = np.append(True, (label[1:] != label[:-1]) | (label[1:] == 2))  # noqa: PLR2004 - both labels
    run: Int32 = (np.cumsum(begins, dtype=np.int32) - np.int32(1))[pairs.place]
    return run


def _runs(pairs: _Sorted, run: Int32) -> _Runs:
    """Count by run and query."""
    from scipy import sparse  # a second to import, and nothing where all is measured already

    shape = (int(run[-1]) + 1, pairs.queries)
    tables = []
    for chosen in (pairs.liked, ~pairs.liked):
        where = (run[chosen], pairs.query[chosen])
        tables.append(sparse.csr_array((np.ones(len(where[0])), where), shape))
    return _Runs(*tables)
