"""Floors on real data: a change that costs quality must not go unseen. Figures are nDCG@10 on MovieLens-100K."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Fold, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.co_clustering import CoClustering
from benchsuite_classic.ease import EASE
from benchsuite_classic.item_knn import ItemKNN
from benchsuite_classic.knn_baseline import KNNBaseline
from benchsuite_classic.popular import Popular
from benchsuite_classic.random_order import Random
from benchsuite_classic.slope_one import SlopeOne
from benchsuite_classic.svd import SVD
from benchsuite_classic.user_knn import UserKNN

Measure = Callable[[Model, Fold], float]


@pytest.fixture(scope="module")
def popular(fold: Fold, ndcg: Measure) -> float:
    return ndcg(Popular(), fold)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "floor"), [(EASE, 0.343), (ALS, 0.335), (ItemKNN, 0.295), (UserKNN, 0.295)])
def test_personal_models_are_strong(
    model: type[Model], floor: float, fold: Fold, ndcg: Measure, popular: float
) -> None:
    reached = ndcg(model(), fold)
    assert reached > floor
    assert reached > 1.5 * popular


def test_popular_is_far_above_random(fold: Fold, ndcg: Measure, popular: float) -> None:
    assert popular > 0.12
    assert ndcg(Random(), fold) < 0.03


def rmse(model: Model, fold: Fold) -> float:
    model.fit(fold.train, Context(seed=0))
    query = fold.truth.rows.astype(np.int32)
    scores = model.score_pairs(fold.queries, query, fold.truth.item)
    told = ~np.isnan(scores)
    assert told.mean() > 0.99
    return float(np.sqrt(np.mean((scores[told] - fold.truth.value[told]) ** 2)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "ceiling"), [(SVD, 0.93), (KNNBaseline, 0.935), (SlopeOne, 0.95), (CoClustering, 0.975)]
)
def test_rating_models_predict_ratings(model: type[Model], ceiling: float, fold: Fold) -> None:
    reached = rmse(model(), fold)
    assert reached < ceiling
    assert reached < 0.85 * float(fold.truth.value.std())


def test_few_items_of_history_are_enough(fold: Fold, ndcg: Measure, popular: float) -> None:
    """User kNN answers from what a query shows: cut to five items it still beats popularity, and more is better."""
    assert popular < ndcg(UserKNN(), first(fold, 5)) < ndcg(UserKNN(), fold)


def first(fold: Fold, count: int) -> Fold:
    queries = fold.queries
    kept = np.arange(len(queries.history)) - queries.start[queries.rows] < count
    cut = Queries.from_rows(queries.user, queries.rows[kept], queries.history.take(kept))
    return dataclasses.replace(fold, queries=cut)
