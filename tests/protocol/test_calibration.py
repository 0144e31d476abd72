"""Metrics of probabilities, and AUC within queries, against scikit-learn."""

from __future__ import annotations

import dataclasses
import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from benchsuite.api import Metric
from benchsuite.data import EvaluationInput
from benchsuite.errors import ConfigError
from benchsuite_protocol.metrics.calibration import Brier, CalibrationError, LogLoss
from benchsuite_protocol.metrics.classification import UserAUC

METRICS: list[Metric] = [LogLoss(), Brier(), CalibrationError(), CalibrationError(bins=4)]


def calibration_error(bins: int, label: np.ndarray, probability: np.ndarray) -> float:
    """From scikit-learn's curve, which needs to see both labels; else pair by pair."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.asarray([next(b for b in range(bins) if p <= edges[b + 1] or b == bins - 1) for p in probability])
    if len(set(label)) == 2:
        liked, mean = calibration_curve(label, probability, n_bins=bins)
        sizes = np.asarray([np.count_nonzero(place == b) for b in range(bins) if (place == b).any()])
        return float(sizes @ np.abs(liked - mean) / len(label))
    return sum(abs(sum(label[place == b]) - sum(probability[place == b])) for b in range(bins)) / len(label)


def theirs(metric: Metric, label: np.ndarray, probability: np.ndarray) -> float:
    """What scikit-learn says about these pairs."""
    if not len(label):
        return math.nan
    match metric:
        case LogLoss():
            return sk.log_loss(label, np.clip(probability, 1e-7, 1 - 1e-7), labels=[0, 1])
        case Brier():
            # Needed from 1.7 on where all pairs have one label, unknown before.
            both = {"labels": [0, 1]} if "labels" in inspect.signature(sk.brier_score_loss).parameters else {}
            return sk.brier_score_loss(label, probability, pos_label=1, **both)
        case CalibrationError():
            return calibration_error(metric.bins, label, probability)
    raise AssertionError(metric)


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS, ids=repr)
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), queries=st.integers(1, 20), pairs=st.integers(1, 100))
def test_scikit_learn_agrees(metric: Metric, answers, seed: int, queries: int, pairs: int) -> None:
    evidence: EvaluationInput = answers(seed, queries, pairs=pairs)
    assert evidence.scores.probability is not None
    query, label = evidence.pairs.query, evidence.pairs.label
    likely = evidence.scores.probability.astype(np.float64)
    values = metric.measure(evidence)
    assert values.shape == (queries,)
    for number in range(queries):
        mine = query == number
        assert values[number] == pytest.approx(theirs(metric, label[mine], likely[mine]), abs=1e-6, nan_ok=True)
    counts = np.vstack([np.ones(queries, np.int64), np.random.default_rng(seed).integers(0, 4, (3, queries))])
    pooled = metric.estimate(evidence, values, counts.astype(np.float64))
    for count, value in zip(counts, pooled, strict=True):
        times = count[query]
        expected = theirs(metric, np.repeat(label, times), np.repeat(likely, times))
        assert value == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_probabilities_of_zero_and_one_cost_much_and_not_infinity(answers) -> None:
    evidence = answers(1, queries=1, pairs=4)
    evidence = dataclasses.replace(
        evidence,
        pairs=dataclasses.replace(evidence.pairs, label=[1, 0, 1, 0]),
        scores=dataclasses.replace(evidence.scores, probability=[0.0, 1.0, 1.0, 0.0]),
    )
    np.testing.assert_allclose(LogLoss().measure(evidence), [-np.log(1e-7) / 2], rtol=1e-6)
    np.testing.assert_allclose(Brier().measure(evidence), [0.5])
    # Two pairs in the first bin and two in the last, one wrong in each.
    np.testing.assert_allclose(CalibrationError().measure(evidence), [0.5])


def test_without_probabilities_everything_is_undefined(answers) -> None:
    evidence = answers(2)
    evidence = dataclasses.replace(evidence, scores=dataclasses.replace(evidence.scores, probability=None))
    for metric in METRICS:
        values = metric.measure(evidence)
        assert np.isnan(values).all()
        assert np.isnan(metric.estimate(evidence, values, np.ones((2, len(evidence))))).all()


def test_calibrated_probabilities_have_a_small_error_and_shifted_ones_their_shift(answers) -> None:
    evidence = answers(3, queries=50, pairs=50_000)
    likely = np.random.default_rng(3).random(50_000) / 2 + 0.25
    label = (np.random.default_rng(4).random(50_000) < likely).astype(np.int8)

    def error(probability: np.ndarray) -> float:
        told = dataclasses.replace(
            evidence,
            pairs=dataclasses.replace(evidence.pairs, label=label),
            scores=dataclasses.replace(evidence.scores, probability=probability),
        )
        metric = CalibrationError()
        return float(metric.estimate(told, metric.measure(told), np.ones((1, 50)))[0])

    assert error(likely) < 0.015
    assert error(likely + 0.2) == pytest.approx(0.2, abs=0.01)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), queries=st.integers(1, 20), pairs=st.integers(1, 150))
def test_auc_within_queries(answers, seed: int, queries: int, pairs: int) -> None:
    evidence: EvaluationInput = answers(seed, queries, pairs=pairs)
    query, label, score = evidence.pairs.query, evidence.pairs.label, evidence.scores.score
    expected = [
        sk.roc_auc_score(label[query == number], score[query == number])
        if len(set(label[query == number])) == 2
        else math.nan
        for number in range(queries)
    ]
    values = UserAUC().measure(evidence)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    if not np.isnan(expected).all():
        mean = UserAUC().estimate(evidence, values, np.ones((1, queries)))
        assert mean[0] == pytest.approx(np.nanmean(expected))


def test_what_metrics_say_of_themselves() -> None:
    for metric in (*METRICS, UserAUC()):
        assert metric.convention
        assert "\n" not in metric.convention
        assert metric.task == "classification"
        assert metric.higher_is_better == isinstance(metric, UserAUC)
    with pytest.raises(ConfigError, match='setting "bins"'):
        CalibrationError.from_settings({"bins": 1})
