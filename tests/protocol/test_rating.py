"""RMSE and MAE against scikit-learn, pooled, per query and under weights."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from benchsuite.api import Metric, Requirement
from benchsuite.data import EvaluationInput
from benchsuite_protocol.metrics.rating import MAE, RMSE

METRICS: list[Metric] = [RMSE(), MAE()]


def rated(evidence: EvaluationInput, seed: int) -> EvaluationInput:
    """The same with values from half a star to five, some of them missing, and ratings of them."""
    rng = np.random.default_rng(seed)
    value = rng.integers(1, 11, len(evidence.pairs)) / 2
    value[rng.random(len(value)) < 0.3] = np.nan
    value[evidence.pairs.query % 6 == 0] = np.nan
    rating = rng.uniform(0.5, 5, len(value)).round(1)
    return dataclasses.replace(
        evidence,
        pairs=dataclasses.replace(evidence.pairs, value=value.astype(np.float32)),
        scores=dataclasses.replace(evidence.scores, rating=rating.astype(np.float32)),
    )


def theirs(metric: Metric, evidence: EvaluationInput, weight: np.ndarray) -> float:
    """What scikit-learn says about the pairs with a value, each weighing what its query weighs."""
    weighed = weight[evidence.pairs.query]
    kept = (weighed > 0) & ~np.isnan(evidence.pairs.value)
    if not kept.any():
        return math.nan
    assert evidence.scores.rating is not None
    truth, said = evidence.pairs.value[kept].astype(float), evidence.scores.rating[kept].astype(float)
    theirs = sk.root_mean_squared_error if isinstance(metric, RMSE) else sk.mean_absolute_error
    return float(theirs(truth, said, sample_weight=weighed[kept]))


@pytest.mark.parametrize("metric", METRICS, ids=repr)
@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), queries=st.integers(1, 40), pairs=st.integers(0, 150))
def test_scikit_learn_agrees(metric: Metric, answers, seed: int, queries: int, pairs: int) -> None:
    evidence = rated(answers(seed, queries, pairs=pairs), seed)
    values = metric.measure(evidence)
    assert values.shape == (queries,)
    assert values.dtype == np.float64
    for query in range(queries):
        alone = np.zeros(queries)
        alone[query] = 1.0
        assert values[query] == pytest.approx(theirs(metric, evidence, alone), abs=1e-6, nan_ok=True)
    rng = np.random.default_rng(seed)
    weights = np.vstack([np.ones(queries), rng.integers(0, 4, (3, queries)), rng.random((2, queries))])
    pooled = metric.estimate(evidence, values, weights)
    assert pooled.shape == (6,)
    for weight, value in zip(weights, pooled, strict=True):
        assert value == pytest.approx(theirs(metric, evidence, weight), abs=1e-6, nan_ok=True)


def test_by_hand(answers) -> None:
    evidence = answers(1, queries=2, pairs=4)
    pairs = dataclasses.replace(evidence.pairs, query=[0, 0, 1, 1], value=[1, 5, 3, math.nan])
    scores = dataclasses.replace(evidence.scores, rating=np.array([2, 3, 3, 1], np.float32))
    evidence = dataclasses.replace(evidence, pairs=pairs, scores=scores)
    for metric, each, pooled in ((RMSE(), [math.sqrt(5 / 2), 0], math.sqrt(5 / 3)), (MAE(), [3 / 2, 0], 1.0)):
        values = metric.measure(evidence)
        np.testing.assert_allclose(values, each)
        np.testing.assert_allclose(metric.estimate(evidence, values, np.ones((1, 2))), [pooled])


@pytest.mark.parametrize("metric", METRICS, ids=repr)
def test_without_values_or_ratings_nothing_is_said(metric: Metric, answers) -> None:
    evidence = answers(3)
    scores = dataclasses.replace(evidence.scores, rating=np.ones(len(evidence.pairs), np.float32))
    pairs = dataclasses.replace(evidence.pairs, value=np.full(len(evidence.pairs), np.nan, np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for blind in (evidence, dataclasses.replace(evidence, pairs=pairs, scores=scores)):
            values = metric.measure(blind)
            assert np.isnan(values).all()
            assert np.isnan(metric.estimate(blind, values, np.ones((2, len(blind))))).all()


@pytest.mark.parametrize("metric", METRICS, ids=repr)
def test_what_is_said_about_them(metric: Metric) -> None:
    assert "validation" in metric.convention
    assert "\n" not in metric.convention
    assert (metric.task, metric.higher_is_better) == ("rating", False)
    assert metric.needs == {Requirement.VALUES}
