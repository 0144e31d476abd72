"""Models that answer with items similar to those in the history: finding the nearest, scoring, and ready lists."""

from __future__ import annotations

import itertools
import operator
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from benchsuite.api import Context, Model, TopK
from benchsuite.data import Bool, Dataset, Float32, Int32, Int64, Queries, Ragged
from benchsuite_classic.similarity import Similarity
from benchsuite_classic.support import (
    blocks,
    has_known_history,
    largest,
    mask_unscored,
    parallel_for,
    warm_items,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_PART = 512
"""Queries per product: some MB."""


@dataclass
class SimilarItems(Model):
    """Base of models that add up similarities between the items of the history and each candidate.

    What a subclass finds in :meth:`similarities` is all that it knows. Items without training rows and queries without
    a known item get no score.
    """

    def fit(self, train: Dataset, context: Context) -> Self:
        """Find each item's neighbours."""
        self._warm, self._threads = warm_items(train), context.threads
        self._similarity = self.similarities(train, context.threads)
        return self

    @abstractmethod
    def similarities(self, train: Dataset, threads: int) -> csr_matrix:
        """Return float32 csr[items, items]: how much an item of the history (row) speaks for a candidate (column)."""

    def weigh_history(self, queries: Queries) -> csr_matrix:
        """Return float32 csr[q, items], how much each item of the history counts; here 1."""
        return queries.matrix(len(self._warm))

    def parameter_count(self) -> int:
        """Return the stored similarities."""
        return int(self._similarity.nnz)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], sums of similarities."""
        similarity = self._similarity if candidates is None else self._similarity[:, candidates]
        scores: Float32 = (self.weigh_history(queries) @ similarity).toarray()
        return mask_unscored(scores, has_known_history(queries, self._warm), self._warm, candidates)

    def recommend(self, queries: Queries, candidates: Int32 | None, k: int, blocked: Ragged) -> TopK | None:
        """Rank the few items that have a neighbour in the history; then come the known others, which score 0."""
        if candidates is not None:
            return None
        item = np.full((len(queries), k), -1, np.int32)
        score = np.full((len(queries), k), np.nan, np.float32)
        history = self.weigh_history(queries)
        answered = has_known_history(queries, self._warm)
        taken = np.zeros(len(self._warm), np.bool_)
        parts = [(first, min(first + _PART, len(queries))) for first in range(0, len(queries), _PART)]
        for (first, last), product in zip(parts, self._products(history, parts), strict=True):
            for row in (first + np.flatnonzero(answered[first:last])).tolist():
                begin, end = product.indptr[row - first], product.indptr[row - first + 1]
                codes, values = product.indices[begin:end], product.data[begin:end]
                taken[blocked[row]] = True
                codes, values = self._top_k(codes, values, taken, k)
                taken[blocked[row]] = False
                item[row, : len(codes)], score[row, : len(codes)] = codes, values
        return TopK(item, score)

    def _products(self, history: csr_matrix, parts: list[tuple[int, int]]) -> Iterator[csr_matrix]:
        """Yield history times similarity for parts of the rows, the next ones being computed while one is used."""
        with ThreadPoolExecutor(self._threads) as pool:
            coming: deque[Future[csr_matrix]] = deque()
            for first, last in parts:
                coming.append(pool.submit(operator.matmul, history[first:last], self._similarity))
                if len(coming) > self._threads:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()

    def _top_k(self, codes: Int32, values: Float32, taken: Bool, k: int) -> tuple[Int32, Float32]:
        """Return the k best open items of one query; those without a neighbour in the history score 0."""
        kept = ~taken[codes]
        codes, values = codes[kept], values[kept]
        if np.count_nonzero(values > 0) < k:
            free = self._warm & ~taken
            free[codes] = False
            others = np.flatnonzero(free)[:k].astype(np.int32)
            codes, values = np.append(codes, others), np.append(values, np.zeros(len(others), np.float32))
        return _largest(codes, values, k)


def nearest(
    rows: Callable[[int, int], csr_matrix], size: Float32, similarity: Similarity, neighbours: int, threads: int
) -> csr_matrix:
    """Return float32 csr[items, items], each row's largest similarities but that with itself; ties to smaller codes.

    Blocks are made and cut one by one, so that of all co-occurrences only those of a block are in memory.

    Args:
        rows: returns inner products of items ``first`` to ``last`` with all, float32 csr[last - first, items].
        size: float32[items].
        similarity: from inner products and sizes; a is the row, b the column.
        neighbours: how many of each row stay.
        threads: how many blocks are made at a time.
    """
    from scipy.sparse import csr_matrix, vstack

    items = len(size)
    found: dict[int, csr_matrix] = {}

    def work(first: int, last: int) -> None:
        block = rows(first, last)
        similarity.apply(block, size[first:last], size)
        row = np.repeat(np.arange(first, last), np.diff(block.indptr))
        block.data[block.indices == row] = 0.0
        _keep_largest(block, neighbours)
        block.eliminate_zeros()
        block.sort_indices()
        found[first] = block

    parallel_for(work, blocks(items, 16 * threads * items), threads)
    if not found:
        return csr_matrix((items, items), dtype=np.float32)
    return vstack([found[first] for first in sorted(found)], format="csr")


def _keep_largest(matrix: csr_matrix, count: int) -> None:
    """Set all but the largest of each row to 0, in place; of equals at the end the smaller codes stay."""
    for begin, end in itertools.pairwise(matrix.indptr.tolist()):
        values = matrix.data[begin:end]
        if len(values) > count:
            values[~largest(values, matrix.indices[begin:end], count)] = 0.0


def _largest(codes: Int32, values: Float32, k: int) -> tuple[Int32, Float32]:
    """Return the k largest values, largest first, ties to the smaller code."""
    if len(values) > k:
        near = values >= np.partition(values, len(values) - k)[len(values) - k]
        codes, values = codes[near], values[near]
    order = np.lexsort((codes, -values))[:k]
    return codes[order], values[order]


def normalized_rows(matrix: csr_matrix) -> csr_matrix:
    """Return csr[n, m] with rows that sum to 1; empty rows stay empty."""
    total = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1, total, out=np.zeros_like(total), where=total != 0)
    scaled = matrix.copy()
    scaled.data *= np.repeat(scale, np.diff(matrix.indptr)).astype(np.float32)
    return scaled


def steps_back(queries: Queries) -> Int64:
    """Return int64[h], how many events of the same history are newer than each."""
    return queries.start[1:][queries.rows] - 1 - np.arange(len(queries.history))
