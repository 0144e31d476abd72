"""Published tables come out of our neighbours, on the published splits.

Gowalla, the split of LightGCN: the BARS leaderboard has ItemKNN at Recall@20 .1570 and NDCG@20 .1214, by the cosine,
100 neighbours a candidate whose similarities sum to 1, and items' means. All users give .1568 and .1213; here a fifth
of them is asked. Amazon Beauty, leave-last-out: the largest nDCG@10 published for this split that we know is .0597, of
SASRec with cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import Context, DataLocations, Model
from benchsuite.data import Fold
from benchsuite.evaluate import rank
from benchsuite.registry import load_source, load_split
from benchsuite_classic.item_knn import ItemKNN
from benchsuite_classic.sequential_knn import SequentialKNN

pytestmark = pytest.mark.slow


def means(model: Model, fold: Fold, k: int, users: int) -> tuple[float, float]:
    """Mean Recall@k and NDCG@k of the first users; their order is that of hashed ids, so they are any."""
    model.fit(fold.train, Context(threads=2))
    gain = 1 / np.log2(np.arange(2, k + 2))
    recalls, gains = [], []
    for first in range(0, users, 1000):
        queries = fold.queries.slice(first, first + 1000)
        scores = model.score(queries, None)
        for query in range(len(queries)):
            scores[query, fold.blocked[first + query]] = np.nan
            wanted = fold.truth.items[first + query]
            if len(wanted):
                known = np.nan_to_num(scores[query], nan=-np.inf)
                best = np.argpartition(-known, k)[:k]
                hit = np.isin(best[np.argsort(-known[best])], wanted)
                recalls.append(hit.sum() / len(wanted))
                gains.append(gain[hit].sum() / gain[: len(wanted)].sum())
    return float(np.mean(recalls)), float(np.mean(gains))


def test_item_knn_of_gowalla(real_set: Callable[[str], Path]) -> None:
    place = DataLocations(folders=(real_set("gowalla").parent,), offline=True)
    fold = next(iter(load_split("fixed").from_settings({}).split(load_source("gowalla")().load(place), 0)))
    published = ItemKNN(
        100, alpha=0.5, beta=0.5, weighting="none", user_exponent=0.0, normalize="candidate", mean_centering=True
    )
    assert means(published, fold, 20, 6000) == pytest.approx((0.1570, 0.1214), rel=0.02)


def test_sequential_knn_of_beauty(real_set: Callable[[str], Path]) -> None:
    place = DataLocations(folders=(real_set("amazon-beauty").parent,), offline=True)
    source = load_source("file").from_settings(
        {"path": "amazon-beauty/Beauty.txt", "format": "lists", "items": "items.csv"}
    )
    fold = next(iter(load_split("leave-last-out").from_settings({}).split(source.load(place), 0)))
    chosen = SequentialKNN(
        671, history_decay=0.474, order_weight=10.3, window=6, distance_decay=0.9, alpha=0.634, beta=0.106,
        shrinkage=96.1, user_exponent=0.146,
    )  # fmt: skip
    lists = rank(chosen.fit(fold.train, Context(threads=2)), fold.view(), 10)
    place_of = lists.item == fold.truth.item[:, None]
    assert len(fold.truth.item) == len(fold.queries) == 22_363
    hits, gains = place_of.any(axis=1).mean(), (place_of / np.log2(np.arange(2, 12))).sum(axis=1).mean()
    assert (gains, hits) == pytest.approx((0.0616, 0.0974), abs=2e-4)
