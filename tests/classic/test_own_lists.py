"""Models that make their lists by a faster way: what the run checks of them holds, on the demonstration data."""

from __future__ import annotations

import numpy as np
import pytest

from benchsuite.api import Context, DataLocations, Model
from benchsuite.checks import AllowedItems, check_agreement, check_lists
from benchsuite.data import Fold
from benchsuite.evaluate import check_sample, rank
from benchsuite.evaluate.topk import ranks_itself
from benchsuite.registry import load_source, load_split
from benchsuite_classic.als import ALS
from benchsuite_classic.item_knn import ItemKNN
from benchsuite_classic.sequential_knn import SequentialKNN


@pytest.fixture(scope="module")
def fold() -> Fold:
    shop = load_source("demo").from_settings({}).load(DataLocations())
    return next(iter(load_split("random-holdout").from_settings({}).split(shop, 0)))


@pytest.mark.slow
@pytest.mark.parametrize("k", [10, 100])
@pytest.mark.parametrize(
    "model",
    [
        ALS(factors=16),
        ALS(),
        ItemKNN(),
        ItemKNN(neighbours=5),
        ItemKNN(weighting="bm25", side="history"),
        SequentialKNN(neighbours=5),
    ],
    ids=str,
)
def test_they_keep_the_rules_and_equal_a_ranking_of_the_scores(model: Model, k: int, fold: Fold) -> None:
    assert ranks_itself(model)
    view = fold.view()
    fitted = model.fit(view.train, Context(seed=1))
    lists = rank(fitted, view, k)
    check_lists(lists, k, AllowedItems(len(view.train.items), view.candidates, view.blocked))
    check_sample(fitted, view, lists, seed=1)
    check_agreement(fitted, view, lists, np.arange(0, len(lists), 7).tolist())
