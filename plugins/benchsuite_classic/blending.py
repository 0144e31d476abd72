"""Blends of scores: the weights are selected by nDCG@10 on held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np

from benchsuite.data import Bool, Dataset, Float32, Float64, Fold, GroundTruth, Int64, Queries, Ragged
from benchsuite.data.numeric import dcg_divisor

MOST_QUERIES = 2000
"""Weights are chosen on at most this many queries."""

_SHARE = 0.1  # of each history that is held out where no validation fold is given
_LEAST = 5  # items a history must have for some to be held out
_BYTES = 16 * 2**20

ScoreBlend = Callable[[Sequence[Float32]], Float32]
"""Makes one score matrix, float32[q, c], of several."""


def inner_holdout(train: Dataset, seed: int, *, share: float = _SHARE, least: int = _LEAST) -> Fold:
    """Cut a fold from inside a training part: a share of the items of each user who took enough of them.

    Args:
        train: what there is to learn from.
        seed: of the draw.
        share: of each history that is held out; at least one item.
        least: items a history must have for some to be held out.

    Returns:
        A fold whose candidates are the whole catalogue. It has no query when all histories are shorter.
    """
    rows = train.interactions
    size = len(train.items)
    pairs, place = np.unique(rows.user.astype(np.int64) * size + rows.item, return_inverse=True)
    owner = pairs // size
    order = np.lexsort((np.random.default_rng([seed, 11]).random(len(pairs)), owner))
    taken = np.bincount(owner, minlength=len(train.users))
    first = np.cumsum(taken) - taken
    rank = np.empty(len(pairs), np.int64)
    rank[order] = np.arange(len(pairs)) - first[owner[order]]
    hidden_count = np.where(taken >= least, np.maximum(1, np.round(share * taken)), 0).astype(np.int64)
    hidden = (rank < hidden_count[owner])[place]
    users = np.flatnonzero(hidden_count)
    number = np.full(len(train.users), -1, np.int64)
    number[users] = np.arange(len(users))
    shown, truth = rows.take(~hidden & (hidden_count[rows.user] > 0)), rows.take(hidden)
    queries = Queries.from_rows(users, number[shown.user], shown)
    return Fold(
        name="inner",
        train=train.cut(~hidden),
        queries=queries,
        truth=GroundTruth.from_rows(number[truth.user], truth, len(users)),
        blocked=queries.items,
    )


def select_blend(
    fold: Fold,
    parts: Callable[[Queries], Sequence[Float32]],
    blends: Sequence[ScoreBlend],
    seed: int,
    *,
    drawn: Literal["users", "items"] | None = None,
) -> tuple[int, float]:
    """Return (index, nDCG@10) of the blend with the highest nDCG@10 on a fold; of equals the first.

    Args:
        fold: a validation fold; every held-out item counts as right.
        parts: the scores to blend, float32[q, c] of the fold's candidates each, made once for each block of queries.
        blends: each makes float32[q, c] of the parts.
        seed: of the draw of queries, where there are too many.
        drawn: over what the standard error is taken. If given, the first blend is kept unless the best gains more over
            it than the standard error of that gain, over users or over items (the rule of one standard error, Breiman
            et al. 1984). Choose what varies more from sample to sample: for new items that is the items.
    """
    size = len(fold.train.items) if fold.candidates is None else len(fold.candidates)
    gained = np.zeros((len(blends), len(fold.train.users) if drawn == "users" else size))
    counted = 0
    for queries, blocked, truth in _blocks(fold, seed):
        made = parts(queries)
        counted += len(queries)
        for number, blend in enumerate(blends):
            listed, gains = _gains(blend(made), blocked, truth, 10)
            unit = np.repeat(queries.user, listed.shape[1]) if drawn == "users" else listed.ravel()
            gained[number] += np.bincount(unit, weights=gains.ravel(), minlength=gained.shape[1])
    totals = gained.sum(axis=1)
    best = int(np.argmax(totals))
    more = gained[best] - gained[0]
    # A user or item without a query adds nothing to either side.
    if drawn and more.sum() <= np.sqrt((more**2).sum() - more.sum() ** 2 / len(more)):
        best = 0
    return best, float(totals[best] / max(1, counted))


def ndcg(scores: Float32, blocked: Bool, truth: Bool, k: int = 10) -> Float64:
    """Return float64[q], nDCG@k with binary gains (Järvelin and Kekäläinen 2002), the ideal cut at k.

    Args:
        scores: float32[q, c].
        blocked: bool[q, c], what may not be recommended.
        truth: bool[q, c], what counts as right; each query has at least one.
        k: length of the lists.
    """
    gained: Float64 = _gains(scores, blocked, truth, k)[1].sum(axis=1)
    return gained


def _gains(scores: Float32, blocked: Bool, truth: Bool, k: int) -> tuple[Int64, Float64]:
    """Return int64[q, k] columns of each list, best first, and float64[q, k] what each place adds to its nDCG@k."""
    open_scores = np.where(blocked | np.isnan(scores), -np.inf, scores)
    k = min(k, scores.shape[1])
    top = np.argpartition(-open_scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(open_scores, top, axis=1), axis=1, kind="stable")
    listed = np.take_along_axis(top, order, axis=1)
    right = np.take_along_axis(truth & ~blocked, listed, axis=1)
    discount = 1 / dcg_divisor(np.arange(k))
    ideal = np.cumsum(discount)[np.minimum(truth.sum(axis=1), k) - 1]
    return listed, right * discount / ideal[:, None]


def _blocks(fold: Fold, seed: int) -> Iterator[tuple[Queries, Bool, Bool]]:
    """Yield blocks of queries that have a truth, with bool[q, c] blocked and bool[q, c] truth."""
    items = len(fold.train.items)
    candidates = np.arange(items) if fold.candidates is None else fold.candidates
    column = np.full(items, -1, np.int64)
    column[candidates] = np.arange(len(candidates))
    chosen = _queries_with_truth(fold, column)
    if len(chosen) > MOST_QUERIES:
        chosen = np.sort(np.random.default_rng([seed, 13]).choice(chosen, MOST_QUERIES, replace=False))
    step = max(1, _BYTES // (8 * len(candidates)))
    for first in range(0, len(chosen), step):
        part = chosen[first : first + step]
        yield (
            _take_queries(fold.queries, part),
            _mask(fold.blocked, part, column),
            _mask(fold.truth.items, part, column),
        )


def _queries_with_truth(fold: Fold, column: Int64) -> Int64:
    """Return int64, the queries with at least one right answer among the candidates."""
    inside = column[fold.truth.item] >= 0
    return np.unique(fold.truth.rows[inside])


def _mask(lists: Ragged, part: Int64, column: Int64) -> Bool:
    out = np.zeros((len(part), int(column.max(initial=-1)) + 1), bool)
    for row, query in enumerate(part):
        places = column[lists.item[lists.start[query] : lists.start[query + 1]]]
        out[row, places[places >= 0]] = True
    return out


def _take_queries(queries: Queries, part: Int64) -> Queries:
    """Return only some queries."""
    rows = queries.rows
    number = np.full(len(queries), -1, np.int64)
    number[part] = np.arange(len(part))
    kept = number[rows] >= 0
    return Queries.from_rows(
        queries.user[part],
        number[rows[kept]],
        queries.history.take(kept),
        None if queries.when is None else queries.when[part],
    )
