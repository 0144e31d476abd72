"""The few columns of each row that can be among its k best, found in one pass over the scores.

A row is dealt into groups of columns. The k-th largest of the groups' maxima is a bound that at least k columns reach,
one in each of k groups; so what lies below it is out, and all that reaches it lies in groups whose maximum does. Only
these few groups are looked at again. The bound is exact, whatever the scores; what varies is how many reach it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from benchsuite.data import Bool, Float32, Int64
from benchsuite.errors import BenchsuiteError

_CHUNK_BYTES = 4 * 2**20
"""Rows are copied in chunks of this size, so that the passes that follow read from the processor's cache."""

_FEWEST_LEVELS = 4
"""With fewer columns in a group, looking at groups saves nothing."""


@dataclass(frozen=True, eq=False)
class Finalists:
    """The k best columns of the rows that could be settled.

    Attributes:
        column: int64[r, k], best first, ties to the smaller column; rows that are not settled mean nothing.
        score: float32[r, k].
        settled: bool[r]; False where fewer than k columns have a score, or too many are tied.
    """

    column: Int64
    score: Float32
    settled: Bool


def worth(width: int, k: int) -> bool:
    """Tell whether lists of k out of ``width`` columns are short enough for :func:`finalists`."""
    return k > 0 and width // _groups(width, k) >= _FEWEST_LEVELS


def finalists(scores: Float32, k: int, row: Int64, column: Int64, threads: int = 1) -> Finalists:
    """Return the k best open columns of each row.

    Args:
        scores: float32[r, c], NaN where there is no opinion; not changed.
        k: how many.
        row: int64[b] rows of blocked cells, ascending.
        column: int64[b] their columns.
        threads: chunks of rows worked on at a time.

    Raises:
        BenchsuiteError: when a score is infinite.
    """
    rows, width = scores.shape
    step = max(1, min(_CHUNK_BYTES // (4 * width), -(-rows // threads)))
    out = Finalists(np.zeros((rows, k), np.int64), np.zeros((rows, k), np.float32), np.zeros(rows, np.bool_))

    def work(first: int) -> None:
        last = min(first + step, rows)
        begin, end = np.searchsorted(row, [first, last])
        chunk = np.array(scores[first:last], order="C")
        closed = (row[begin:end] - first, column[begin:end])
        if np.isinf(chunk[closed]).any():
            _refuse()
        chunk[closed] = np.nan
        best = _best(chunk, k)
        out.column[first:last], out.score[first:last], out.settled[first:last] = best

    starts = range(0, rows, step)
    if threads == 1 or len(starts) == 1:
        for first in starts:
            work(first)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(work, starts):
                pass
    return out


def _groups(width: int, k: int) -> int:
    """Return how many groups: the fewest cells are looked at where there are about sqrt(k c); never fewer than 2 k."""
    return max(2 * k, round((k * width) ** 0.5))


def _best(chunk: Float32, k: int) -> tuple[Int64, Float32, Bool]:
    """Return columns, scores and whether they are settled, for rows without blocked cells."""
    rows, width = chunk.shape
    groups = _groups(width, k)
    # Group g holds columns g, g + groups, g + 2 groups ..: maxima are taken of whole stretches of memory.
    levels, rest = divmod(width, groups)
    maxima = np.fmax.reduce(chunk[:, : levels * groups].reshape(rows, levels, groups), axis=1)
    maxima[:, :rest] = np.fmax(maxima[:, :rest], chunk[:, levels * groups :])
    if np.isposinf(maxima).any() or np.isneginf(np.fmin.reduce(chunk, axis=1)).any():
        _refuse()
    maxima[np.isnan(maxima)] = -np.inf
    bound = np.partition(maxima, groups - k, axis=1)[:, groups - k]
    hot = maxima >= bound[:, None]
    settled = (bound > -np.inf) & (np.count_nonzero(hot, axis=1) <= 2 * k)
    hot[~settled] = False
    owner, group = np.nonzero(hot)
    column = group[:, None] + groups * np.arange(levels + bool(rest))
    inside = column < width
    column[~inside] = 0
    near = chunk[owner[:, None], column]
    place = np.nonzero((near >= bound[owner, None]) & inside)
    owner, column, near = owner[place[0]], column[place], near[place]
    order = np.lexsort((column, -near, owner))
    first = np.searchsorted(owner[order], np.arange(rows))
    chosen = np.minimum(first[:, None] + np.arange(k), max(len(order) - 1, 0))
    picked = order[chosen] if len(order) else np.zeros((rows, k), np.int64)
    if not len(order):
        return picked, np.zeros((rows, k), np.float32), settled
    return column[picked], near[picked], settled


def _refuse() -> None:
    raise BenchsuiteError("score returned infinite scores; NaN means no opinion")
