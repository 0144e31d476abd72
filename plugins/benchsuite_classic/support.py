"""What the classics share: known items, unscored places (NaN), blocks of rows and threads."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from benchsuite.data import Bool, Dataset, Float32, Fold, Int32, Int64, Queries

CITE_IMPLICIT = """@misc{frederickson_implicit,
  title = {Implicit: Fast {Python} Collaborative Filtering for Implicit Datasets},
  author = {Frederickson, Ben},
  howpublished = {\\url{https://github.com/benfred/implicit}}
}"""

CITE_AIOLLI = """@inproceedings{aiolli2013efficient,
  title = {Efficient Top-{N} Recommendation for Very Large Scale Binary Rated Datasets},
  author = {Aiolli, Fabio},
  booktitle = {Proceedings of the 7th ACM Conference on Recommender Systems (RecSys '13)},
  pages = {273--280},
  year = {2013},
  publisher = {ACM},
  doi = {10.1145/2507157.2507189}
}"""

CITE_SLIM = """@inproceedings{ning2011slim,
  title = {{SLIM}: Sparse Linear Methods for Top-N Recommender Systems},
  author = {Ning, Xia and Karypis, George},
  booktitle = {IEEE 11th International Conference on Data Mining (ICDM)},
  pages = {497--506},
  year = {2011},
  doi = {10.1109/ICDM.2011.134}
}"""

BLOCK_BYTES = 64 * 2**20
"""Temporary arrays of scoring stay near this size."""

BESIDE = 0.05
"""What terms of new items weigh where known items stand beside them. On validation folds of ml-100k, twice as much
lowers the quality of lists of the whole catalogue."""

SAME = 1e-6
"""Similarities that differ by less than this share are equal: the last digits of a sum change with the processor."""


def warm_items(train: Dataset) -> Bool:
    """Return bool[items]: which items have at least one training row."""
    warm: Bool = np.bincount(train.interactions.item, minlength=len(train.items)) > 0
    return warm


def new_item_share(validation: Fold | None) -> float:
    """Return what terms of new items weigh: 1 where only new items are recommended, else :data:`BESIDE`.

    Items without rows are mostly rare ones, which would fill lists in which known items stand, too.

    Args:
        validation: the validation fold, whose candidates are of the kind of those to come; None tells nothing.
    """
    if validation is None or validation.candidates is None:
        return BESIDE
    return BESIDE if np.isin(validation.candidates, validation.train.interactions.item).any() else 1.0


def select_columns(scores: Float32, candidates: Int32 | None) -> Float32:
    """Return the columns of the candidates; ``scores`` is float32[q, items]."""
    return scores if candidates is None else scores[:, candidates]


def broadcast_scores(values: Float32, queries: int, candidates: Int32 | None) -> Float32:
    """Return float32[q, c] with the same scores (``values``, float32[items]) for each query, as a read-only view."""
    row = values if candidates is None else values[candidates]
    return np.broadcast_to(row, (queries, len(row)))


def has_known_history(queries: Queries, known: Bool) -> Bool:
    """Return bool[q]: which queries have a ``known`` (bool[items]) item in their visible history."""
    count = np.bincount(queries.rows[known[queries.history.item]], minlength=len(queries))
    has_known: Bool = count > 0
    return has_known


def mask_unscored(scores: Float32, rows: Bool, known: Bool, candidates: Int32 | None) -> Float32:
    """Write NaN, in place, where the model abstains.

    Args:
        scores: float32[q, c].
        rows: bool[q], False for queries without any score.
        known: bool[items], False for items without any score.
        candidates: the columns, None for all items.
    """
    if not rows.all():
        scores[~rows] = np.nan
    columns = known if candidates is None else known[candidates]
    if not columns.all():
        scores[:, ~columns] = np.nan
    return scores


def blocks(rows: int, bytes_per_row: int) -> Iterator[tuple[int, int]]:
    """Yield (first, last) so that each block's temporary array stays near :data:`BLOCK_BYTES`."""
    step = max(1, BLOCK_BYTES // max(bytes_per_row, 1))
    for first in range(0, rows, step):
        yield first, min(first + step, rows)


def parallel_for(work: Callable[[int, int], None], parts: Iterable[tuple[int, int]], threads: int) -> None:
    """Call ``work(first, last)`` for each part on so many threads; SciPy's sparse products release the lock."""
    if threads == 1:
        for first, last in parts:
            work(first, last)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, first, last) for first, last in parts]:
            done.result()


def equal_parts(rows: int, threads: int) -> list[tuple[int, int]]:
    """Return (first, last) of as many equal parts as there are threads, empty ones left out."""
    edges = np.linspace(0, rows, threads + 1).astype(int).tolist()
    return [(first, last) for first, last in itertools.pairwise(edges) if first < last]


@contextmanager
def blas_threads(threads: int) -> Iterator[None]:
    """Let BLAS and LAPACK use this many threads inside the block."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=max(1, threads), user_api="blas"):
        yield


def largest(values: Float32, codes: Int32, count: int) -> Bool:
    """Return bool[n]: which are the ``count`` largest similarities; of equal ones at the end, the smaller codes."""
    if len(values) <= count:
        return np.ones(len(values), np.bool_)
    bound = np.partition(values, len(values) - count)[len(values) - count]
    slack = SAME * abs(bound)
    kept: Bool = values > bound + slack
    equal = np.flatnonzero(~kept & (values >= bound - slack))
    equal = equal[np.argsort(codes[equal])]
    kept[equal[: count - int(np.count_nonzero(kept))]] = True
    return kept


def compact_codes(codes: Int32, size: int) -> tuple[Int64, Int64]:
    """Return the sorted codes that occur (int64[m]) and int64[size], the position of each code among them or -1."""
    present = np.flatnonzero(np.bincount(codes, minlength=size))
    position = np.full(size, -1, np.int64)
    position[present] = np.arange(len(present))
    return present, position
