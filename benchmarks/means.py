"""Means over users of what lists are worth, for tables of published values."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchsuite.api import Model
from benchsuite.data import Fold
from benchsuite.evaluate import rank


def judged(model: Model, fold: Fold, k: int) -> dict[str, float]:
    """Return nDCG@k, recall@k and the hit rate@k of a fitted model, over the queries that have a truth."""
    lists = rank(model, fold.view(), k)
    size = np.int64(len(fold.train.items))
    wanted = fold.truth.rows * size + fold.truth.item
    hit: Any = np.isin(np.arange(len(fold.queries))[:, None] * size + lists.item, wanted) & (lists.item >= 0)
    truths = np.diff(fold.truth.start)
    asked = truths > 0
    gain = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.append(0.0, np.cumsum(gain))[np.minimum(truths, k)]
    return {
        "ndcg": float(((hit * gain).sum(axis=1)[asked] / ideal[asked]).mean()),
        "recall": float((hit.sum(axis=1)[asked] / truths[asked]).mean()),
        "hit rate": float(hit.any(axis=1)[asked].mean()),
    }
