"""The few columns of each row that can be among its k best, found in one pass over the scores.

The columns of a row are divided into groups, and each group's maximum is taken. The k-th largest maximum is a lower
bound of the k best scores, because at least k columns (one in each of k groups) reach it. A column that reaches the
bound lies in a group whose maximum reaches it, so only those few groups are searched again. The bound holds for any
scores; only the number of columns that reach it varies.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from benchsuite.checks import FINITE_REMEDY
from benchsuite.data import Bool, Float32, Int64
from benchsuite.errors import BenchsuiteError

_CHUNK_BYTES = 4 * 2**20
"""Rows are copied in chunks of this size, so that the passes that follow read from the processor's cache."""

_FEWEST_LEVELS = 4
"""With fewer columns in a group, the prefilter saves no time."""


@dataclass(frozen=True, eq=False)
class Finalists:
    """The k best columns of the rows that could be settled.

    Attributes:
        column: int64[r, k], best first, ties to the smaller column; rows that are not settled mean nothing.
        score: float32[r, k].
        settled: bool[r]; False where fewer than k columns have a score, or too many are tied.
        tie_left_out: bool[r]; True where a further open column has the score of the last one.
    """

    column: Int64
    score: Float32
    settled: Bool
    tie_left_out: Bool

    @classmethod
    def none(cls, rows: int, k: int) -> Finalists:
        """Return room for the columns of so many rows, none of them settled."""
        shape = (rows, k)
        return cls(np.zeros(shape, np.int64), np.zeros(shape, np.float32), np.zeros(rows, bool), np.zeros(rows, bool))

    def put(self, first: int, part: Finalists) -> None:
        """Write the columns of some rows, the first of them given."""
        last = first + len(part.settled)
        self.column[first:last], self.score[first:last] = part.column, part.score
        self.settled[first:last], self.tie_left_out[first:last] = part.settled, part.tie_left_out


def use_prefilter(width: int, k: int) -> bool:
    """Tell whether lists of k out of ``width`` columns are short enough for :func:`finalists`."""
    return k > 0 and width // _groups(width, k) >= _FEWEST_LEVELS


def finalists(scores: Float32, k: int, row: Int64, column: Int64, threads: int = 1) -> Finalists:
    """Return the k best open columns of each row.

    Args:
        scores: float32[r, c], NaN where the model abstains; not changed.
        k: how many.
        row: int64[b] rows of blocked cells, ascending.
        column: int64[b] their columns.
        threads: chunks of rows worked on at a time.

    Raises:
        BenchsuiteError: when a score is infinite.
    """
    rows, width = scores.shape
    groups = _groups(width, k)
    levels = -(-width // groups)
    step = max(1, min(_CHUNK_BYTES // (4 * levels * groups), -(-rows // threads)))
    out = Finalists.none(rows, k)

    def work(begin: int, end: int) -> None:
        # Rows are padded with NaN, so that every group has the same number of columns.
        room = np.full((min(step, end - begin), levels * groups), np.nan, np.float32)
        for first in range(begin, end, step):
            last = min(first + step, end)
            chunk = room[: last - first]
            chunk[:, :width] = scores[first:last]
            low, high = np.searchsorted(row, [first, last])
            closed = (row[low:high] - first, column[low:high])
            if np.isinf(chunk[closed]).any():
                _refuse()
            chunk[closed] = np.nan
            out.put(first, _best(chunk, groups, k))

    edges = np.linspace(0, rows, min(threads, -(-rows // step)) + 1).astype(int).tolist()
    if len(edges) <= 2:  # noqa: PLR2004 - one part has two edges
        work(0, rows)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(work, edges[:-1], edges[1:]):
                pass
    return out


def _groups(width: int, k: int) -> int:
    """Return how many groups: the fewest cells are looked at where there are about sqrt(k c); never fewer than 2 k."""
    return max(2 * k, round(math.sqrt(k * width)))


def _best(chunk: Float32, groups: int, k: int) -> Finalists:
    """Return the k best columns of rows whose blocked cells are NaN."""
    rows = len(chunk)
    # Group g holds columns g, g + groups, g + 2 groups ..: maxima are taken of whole stretches of memory.
    grouped = chunk.reshape(rows, -1, groups)
    maxima = np.fmax.reduce(grouped, axis=1)
    if np.isposinf(maxima).any() or np.isneginf(np.fmin.reduce(chunk, axis=1)).any():
        _refuse()
    maxima[np.isnan(maxima)] = -np.inf
    bound = np.partition(maxima, groups - k, axis=1)[:, groups - k]
    hot = maxima >= bound[:, None]
    settled = (bound > -np.inf) & (np.count_nonzero(hot, axis=1) <= 2 * k)
    if not settled.any():
        return Finalists.none(rows, k)
    hot[~settled] = False
    owner, group = np.divmod(np.flatnonzero(hot), groups)
    near = grouped[owner, :, group]
    place, level = np.divmod(np.flatnonzero(near >= bound[owner, None]), near.shape[1])
    owner, column, near = owner[place], group[place] + groups * level, near[place, level]
    order = np.lexsort((column, -near, owner))
    first = np.searchsorted(owner[order], np.arange(rows))
    # A settled row has k or more such columns; values of the other rows are not used.
    picked = order[np.minimum(first[:, None] + np.arange(k), len(order) - 1)]
    # Every column with the score of the last one reaches the bound, too.
    after = first + k
    next_ = order[np.minimum(after, len(order) - 1)]
    left_out = (after < len(order)) & (owner[next_] == np.arange(rows)) & (near[next_] == near[picked[:, -1]])
    return Finalists(column[picked], near[picked], settled, left_out & settled)


def _refuse() -> None:
    raise BenchsuiteError("score() returned infinite scores as float32", remedy=FINITE_REMEDY)
