"""Labelled pairs of the pointwise task."""

from __future__ import annotations

import numpy as np

from benchsuite.data import Fold, Int64, Pairs


def labelled_pairs(fold: Fold, seed: int) -> Pairs:
    """Return the fold's labelled (query, item) pairs, by query.

    Where the data has dislikes, the pairs are the held-out rows with their labels. Where it has none, every held-out
    row is a positive, and for each the harness draws one negative, evenly among the query's candidates that it never
    took (neither in the history nor held out), without repeats as far as there are enough. Where these are judged, a
    held-out row with a value of 0 or below is a negative, see :func:`benchsuite.evaluate.evaluation_input`.

    Args:
        fold: the fold.
        seed: seed of the draw.
    """
    truth = fold.truth
    if truth.label is not None:
        return Pairs(truth.rows.astype(np.int32), truth.item, truth.label, truth.value)
    query, item = _negatives(fold, np.random.default_rng([seed, 7]))
    owner = np.concatenate([truth.rows, query])
    order = np.argsort(owner, kind="stable")
    label = np.concatenate([np.ones(len(truth.item), np.int8), np.zeros(len(query), np.int8)])
    value = np.concatenate([truth.value, np.full(len(query), np.nan, np.float32)])
    items = np.concatenate([truth.item.astype(np.int64), item])
    return Pairs(owner[order].astype(np.int32), items[order].astype(np.int32), label[order], value[order], len(query))


def _negatives(fold: Fold, rng: np.random.Generator) -> tuple[Int64, Int64]:
    """Draw as many distinct untaken candidates per query as it has held-out rows; rejected draws are drawn again."""
    items = len(fold.train.items)
    candidates = np.arange(items) if fold.candidates is None else fold.candidates.astype(np.int64)
    truth, blocked = fold.truth.items, fold.blocked
    inside = np.isin(blocked.item, candidates)
    taken = _ascending(
        np.concatenate([truth.rows * items + truth.item, blocked.rows[inside] * items + blocked.item[inside]])
    )
    used = np.bincount(taken // items, minlength=len(truth))
    missing = np.minimum(truth.counts, len(candidates) - used)
    drawn = np.zeros(0, np.int64)
    while missing.any():
        query = np.repeat(np.arange(len(truth)), missing)
        key = _ascending(query * items + candidates[rng.integers(0, len(candidates), len(query))])
        place = np.searchsorted(taken, key)
        key = key[np.append(taken, -1)[place] != key]
        drawn = np.concatenate([drawn, key])
        taken = np.sort(np.concatenate([taken, key]), kind="stable")  # two runs in order are merged in one pass
        missing = missing - np.bincount(key // items, minlength=len(truth))
    drawn.sort()
    return drawn // items, drawn % items


def _ascending(values: Int64) -> Int64:
    """Return the different values in order; for millions this is faster than ``np.unique``, which hashes first."""
    values = np.sort(values)
    different: Int64 = values[np.append(True, values[1:] != values[:-1])[: len(values)]]
    return different
