"""What the rating models say of pairs with items that nobody rated: Surprise's own estimate of an unknown item."""

from __future__ import annotations

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite_classic.knn_baseline import KNNBaseline
from benchsuite_classic.ratings import Ratings
from benchsuite_classic.svd import SVD
from benchsuite_testing.samples import cold_items, last_events, small_dataset


@pytest.mark.parametrize("model", [SVD(epochs=3), KNNBaseline(neighbours=5)], ids=["svd", "knn-baseline"])
def test_a_new_item_gets_the_mean_and_the_users_bias(model: Model) -> None:
    fold = last_events(small_dataset(), strangers=False)
    new = int(cold_items(fold.train)[0])
    queries = fold.queries
    query = np.arange(len(queries), dtype=np.int32)
    fitted = model.fit(fold.train, Context(seed=3))
    scores = fitted.score_pairs(queries, query, np.full(len(query), new, np.int32))
    assert np.isfinite(scores).all()
    assert np.isnan(fitted.score(queries, np.array([new], np.int32))).all()
    known = Ratings.of(fold.train).user_position[queries.user] >= 0
    assert known.sum() > 3
    assert len(np.unique(scores[known])) > 3  # generous and strict users differ
    means = np.array(
        [fold.train.interactions.value[fold.train.interactions.user == u].mean() for u in queries.user[known]]
    )
    assert np.corrcoef(means, scores[known])[0, 1] > 0.8
