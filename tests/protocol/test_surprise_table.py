"""Surprise's published table for MovieLens-100K comes out of our folds, models, pair scores and metrics.

The table is in Surprise's README: "average RMSE, MAE and total execution time of various algorithms (with their default
parameters) on a 5-fold cross-validation procedure". Our folds are drawn with our own seed, so the numbers are those of
other folds of the same kind; nothing was tuned or picked.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, EvaluationInput, Fold, Relevance
from benchsuite.evaluate import evaluation_input, labelled_pairs, score_pairs
from benchsuite_classic.knn_baseline import KNNBaseline
from benchsuite_classic.svd import SVD
from benchsuite_protocol.metrics.rating import MAE, RMSE
from benchsuite_protocol.splits.k_fold import KFold

pytestmark = pytest.mark.slow

SEED = 1
TOLERANCE = 0.003
PUBLISHED = [
    pytest.param(SVD(factors=100, epochs=20, learning_rate=0.005, regularization=0.02), 0.934, 0.737, id="SVD"),
    pytest.param(KNNBaseline(neighbours=40, between="users", similarity="msd"), 0.931, 0.733, id="k-NN Baseline"),
]


@pytest.fixture(scope="module")
def folds(request: pytest.FixtureRequest) -> list[Fold]:
    """All five: every one of the 100,000 ratings is predicted once."""
    if os.environ.get("BENCHSUITE_DATA"):
        request.getfixturevalue("real_set")("ml-100k")  # skips, with the reason, where the folder lacks it
    ml_100k: Dataset = request.getfixturevalue("ml_100k")
    folds = list(KFold(folds=5).split(ml_100k, SEED))
    assert sum(len(fold.truth.item) for fold in folds) == len(ml_100k.interactions) == 100_000
    return folds


def answered(model: Model, fold: Fold) -> EvaluationInput:
    """Fit on the fold's whole training part and answer its labelled pairs; lists are not asked for."""
    pairs = labelled_pairs(fold, SEED)
    fitted = model.fit(fold.train, Context(seed=SEED))
    score = score_pairs(fitted, fold.queries, pairs.query, pairs.item)
    shape = (len(fold.queries), 1)
    answers: dict[str, NDArray[Any]] = {
        "item": np.full(shape, -1, np.int32),
        "score": np.full(shape, np.nan, np.float32),
        "fallback": np.zeros(shape, np.bool_),
        "pair_query": pairs.query,
        "pair_item": pairs.item,
        "pair_label": pairs.label,
        "pair_value": pairs.value,
        "pair_score": score,
    }
    # These models predict values, so that no line is fitted on validation answers: there need be none.
    nothing = {name: column[:0] for name, column in answers.items() if name.startswith("pair_")}
    assert model.predicts_values
    return evaluation_input(fold, answers, nothing, Relevance(), "accuracy", predicts_values=True)[0]


@pytest.mark.parametrize(("model", "rmse", "mae"), PUBLISHED)
def test_the_published_errors_come_out(folds: list[Fold], model: Model, rmse: float, mae: float) -> None:
    found = []
    for fold in folds:
        evidence = answered(model, fold)
        assert not np.isnan(evidence.pairs.value).any()
        everybody = np.ones((1, len(evidence)))
        found.append([metric.estimate(evidence, metric.measure(evidence), everybody)[0] for metric in (RMSE(), MAE())])
    assert np.mean(found, axis=0) == pytest.approx([rmse, mae], abs=TOLERANCE)
