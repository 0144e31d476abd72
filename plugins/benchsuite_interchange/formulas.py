"""The formulas that conventions choose from. ``H`` hits in the first k places, ``R`` relevant items.

All return float64[q]; ``k`` None looks at the whole list. A query without a relevant item has 0 here: whether it counts
is the convention's affair.
"""

from __future__ import annotations

import numpy as np

from benchsuite.data import Float64
from benchsuite.data.numeric import dcg_divisor
from benchsuite_interchange.lists import Judged


def precision(judged: Judged, k: int | None) -> Float64:
    """Return ``H / k``; without k, H by the length of the list."""
    places = judged.listed if k is None else np.full(len(judged), float(k))
    return _by(judged.total(judged.hit, k), places)


def recall(judged: Judged, k: int | None) -> Float64:
    """Return ``H / R``."""
    return _by(judged.total(judged.hit, k), judged.relevant)


def f1(judged: Judged, k: int | None) -> Float64:
    """Return the harmonic mean of each query's precision and recall."""
    p, r = precision(judged, k), recall(judged, k)
    return _by(2.0 * p * r, p + r)


def hit_rate(judged: Judged, k: int | None) -> Float64:
    """Return 1 where there is a hit."""
    return (judged.total(judged.hit, k) > 0).astype(np.float64)


def mrr(judged: Judged, k: int | None) -> Float64:
    """Return ``1 / place`` of the first hit."""
    first = judged.hit & (judged.found == 1)
    return judged.total(first / (judged.place + 1.0), k)


def map_by_relevant(judged: Judged, k: int | None) -> Float64:
    """Return the precisions at the hits, summed, by ``R``."""
    return _by(_precisions(judged, k), judged.relevant)


def map_by_possible(judged: Judged, k: int | None) -> Float64:
    """Return the precisions at the hits, summed, by ``min(R, k)``."""
    possible = judged.relevant if k is None else np.minimum(judged.relevant, k)
    return _by(_precisions(judged, k), possible)


def map_over_places(judged: Judged, k: int | None) -> Float64:
    """Return the mean of precision@1 to precision@k, at hits and misses alike.

    A hit at place j adds 1/n to every precision@n from n = j to k, so it is worth ``(1/j + .. + 1/k) / k``.
    """
    places = int(judged.place.max(initial=0)) + 1 if k is None else k
    tail = np.cumsum(1.0 / np.arange(places, 0, -1.0))[::-1] / places
    worth = np.where(judged.place < places, tail[np.minimum(judged.place, places - 1)], 0.0)
    return judged.total(judged.hit * worth, k)


def ndcg(judged: Judged, k: int | None) -> Float64:
    """Return discounted gains, ``gain / log2(place + 1)``, by those of the ideal list of k places."""
    gained = judged.total(judged.gain / dcg_divisor(judged.place), k)
    return _by(gained, _ideal(judged, k))


def ndcg_averaged_ties(judged: Judged, k: int | None) -> Float64:
    """Return nDCG in which items with the same score share the mean of their gains over the places that they fill."""
    tie = np.cumsum((judged.place == 0) | np.append(True, judged.score[1:] != judged.score[:-1])[: len(judged.row)])
    shared = np.bincount(tie, weights=judged.gain) / np.maximum(np.bincount(tie), 1)
    gained = judged.total(shared[tie] / dcg_divisor(judged.place), k)
    return _by(gained, _ideal(judged, k))


def _ideal(judged: Judged, k: int | None) -> Float64:
    top = slice(None) if k is None else judged.ideal_place < k
    gain = judged.ideal_gain[top] / dcg_divisor(judged.ideal_place[top])
    return np.bincount(judged.ideal_row[top], weights=gain, minlength=len(judged)).astype(np.float64)


def _precisions(judged: Judged, k: int | None) -> Float64:
    return judged.total(judged.hit * judged.found / (judged.place + 1.0), k)


def _by(above: Float64, below: Float64 | np.ndarray) -> Float64:
    """Return ``above / below``, 0 where ``below`` is 0."""
    return np.divide(above, below, out=np.zeros(len(above)), where=np.asarray(below) > 0)
