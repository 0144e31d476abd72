"""Pointwise metrics against scikit-learn, pooled, per query and under weights."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from benchsuite.api import Metric
from benchsuite.data import EvaluationInput, Pairs, PairScores, Ragged, Rankings
from benchsuite_protocol.metrics.classification import AUC, F1, Accuracy, Precision, Recall

METRICS: list[Metric] = [Accuracy(), Precision(), Recall(), F1(), AUC()]


def theirs(metric: Metric, evidence: EvaluationInput, weight: np.ndarray) -> float:
    """What scikit-learn says about the pairs of the queries, each pair weighing what its query weighs."""
    pairs, score = evidence.pairs, evidence.scores.score.astype(np.float64)
    # NaN (the model abstains) ranks below every score; scikit-learn does not know it, so it gets the lowest number.
    score = np.where(np.isnan(score), np.nanmin(score, initial=0.0) - 1.0, score)
    weighed = weight[pairs.query]
    truth, score, weighed = pairs.label[weighed > 0], score[weighed > 0], weighed[weighed > 0]
    called = (score >= evidence.scores.threshold).astype(int)
    if not len(truth):
        return math.nan
    match metric:
        case AUC():
            return math.nan if len(set(truth)) == 1 else sk.roc_auc_score(truth, score, sample_weight=weighed)
        case Accuracy():
            return sk.accuracy_score(truth, called, sample_weight=weighed)
        case Precision():
            return sk.precision_score(truth, called, sample_weight=weighed, zero_division=np.nan)
        case Recall():
            return sk.recall_score(truth, called, sample_weight=weighed, zero_division=np.nan)
        case F1():
            return sk.f1_score(truth, called, sample_weight=weighed, zero_division=np.nan)
    raise AssertionError(metric)


def awkward(evidence: EvaluationInput, seed: int) -> EvaluationInput:
    """The same with some missing scores, and a few queries that have one label only."""
    rng = np.random.default_rng(seed)
    score = np.where(rng.random(len(evidence.pairs)) < 0.1, np.nan, evidence.scores.score)
    label = np.where(evidence.pairs.query % 5 == 0, 0, np.where(evidence.pairs.query % 5 == 1, 1, evidence.pairs.label))
    return dataclasses.replace(
        evidence,
        pairs=dataclasses.replace(evidence.pairs, label=label),
        scores=dataclasses.replace(evidence.scores, score=score),
    )


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS, ids=repr)
@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), queries=st.integers(1, 40), pairs=st.integers(1, 150))
def test_scikit_learn_agrees(metric: Metric, answers, seed: int, queries: int, pairs: int) -> None:
    evidence = awkward(answers(seed, queries, pairs=pairs), seed)
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


@pytest.mark.parametrize("metric", METRICS, ids=repr)
def test_a_weight_is_a_multiplicity(metric: Metric, answers) -> None:
    """A query drawn twice by a bootstrap counts as two queries with the same pairs."""
    evidence = answers(5)
    weight = np.random.default_rng(5).integers(0, 3, len(evidence))
    times = weight[evidence.pairs.query]
    pairs, scores = evidence.pairs, evidence.scores
    repeated = dataclasses.replace(
        evidence,
        pairs=Pairs(*(np.repeat(getattr(pairs, name), times) for name in ("query", "item", "label", "value"))),
        scores=PairScores(np.repeat(scores.score, times), np.repeat(scores.fallback, times), scores.threshold),
    )
    once = np.ones((1, len(evidence)))
    left = metric.estimate(evidence, metric.measure(evidence), weight[None, :].astype(np.float64))
    right = metric.estimate(repeated, metric.measure(repeated), once)
    np.testing.assert_allclose(left, right, rtol=1e-12)


def test_many_weightings_give_what_each_gives_alone(answers) -> None:
    evidence = answers(6, pairs=400)
    weights = np.random.default_rng(6).integers(0, 3, (150, len(evidence))).astype(np.float64)
    for metric in METRICS:
        values = metric.measure(evidence)
        together = metric.estimate(evidence, values, weights)
        alone = [metric.estimate(evidence, values, weight[None, :])[0] for weight in weights]
        np.testing.assert_allclose(together, alone, rtol=1e-12)


def case(score: list[float], label: list[int], threshold: float = 0.5, queries: int = 1) -> EvaluationInput:
    count = len(score)
    return EvaluationInput(
        user=np.arange(queries, dtype=np.int32),
        relevant=Ragged.empty(queries),
        rankings=Rankings(np.full((queries, 1), -1), np.full((queries, 1), np.nan), np.zeros((queries, 1), np.bool_)),
        pairs=Pairs(np.zeros(count), np.arange(count), np.asarray(label, np.int8), np.ones(count)),
        scores=PairScores(np.asarray(score, np.float32), np.zeros(count, np.bool_), threshold),
        catalogue=5,
        popularity=np.ones(5, np.int64),
        users=queries,
    )


@pytest.mark.parametrize(
    ("score", "label", "expected"),
    [
        ([0.9, 0.5, 0.1, 0.2], [1, 0, 1, 0], [2 / 4, 1 / 2, 1 / 2, 1 / 2, 2 / 4]),  # at the threshold is called 1
        ([0.1, 0.2], [1, 0], [1 / 2, math.nan, 0.0, 0.0, 0.0]),  # nothing called 1
        ([0.9, 0.2], [0, 0], [1 / 2, 0.0, math.nan, 0.0, math.nan]),  # nothing to find
        ([0.1, 0.2], [0, 0], [1.0, math.nan, math.nan, math.nan, math.nan]),  # neither
        ([0.7, 0.7], [1, 0], [1 / 2, 1 / 2, 1.0, 2 / 3, 1 / 2]),  # a tie counts half
        ([math.nan, -9.0], [1, 0], [1 / 2, math.nan, 0.0, 0.0, 0.0]),  # NaN ranks below -9
        ([math.nan, 0.9], [0, 1], [1.0, 1.0, 1.0, 1.0, 1.0]),
        ([math.nan, math.nan], [0, 1], [1 / 2, math.nan, 0.0, 0.0, 1 / 2]),  # NaNs tie
        ([], [], [math.nan] * 5),
    ],
)
def test_by_hand(score: list[float], label: list[int], expected: list[float]) -> None:
    evidence = case(score, label)
    for metric, value in zip(METRICS, expected, strict=True):
        values = metric.measure(evidence)
        np.testing.assert_allclose(values, [value], err_msg=repr(metric))
        np.testing.assert_allclose(metric.estimate(evidence, values, np.ones((1, 1))), [value], err_msg=repr(metric))


def test_pooling_is_not_the_mean_over_queries(answers) -> None:
    evidence = answers(8)
    values = Precision().measure(evidence)
    pooled = Precision().estimate(evidence, values, np.ones((1, len(evidence))))
    assert abs(pooled[0] - np.nanmean(values)) > 1e-3


def test_undefined_values_raise_no_warning(answers) -> None:
    evidence = answers(9, queries=50, pairs=30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric in METRICS:
            values = metric.measure(evidence)
            assert np.isnan(values).any()
            nobody = metric.estimate(evidence, values, np.zeros((2, 50)))
            assert np.isnan(nobody).all()


def test_every_metric_says_its_convention() -> None:
    for metric in METRICS:
        assert metric.convention
        assert "\n" not in metric.convention
        assert metric.task == "classification"
        assert metric.higher_is_better
