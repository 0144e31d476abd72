from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.evaluate import Calibrator, calibrate_scores

scores_and_labels = st.lists(
    st.tuples(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 3.0]), st.integers(0, 1)), min_size=1, max_size=30
)


def accuracy(scores: np.ndarray, labels: np.ndarray, threshold: float) -> float:
    return float(((scores >= threshold) == labels).mean())


def f1(scores: np.ndarray, labels: np.ndarray, threshold: float) -> float:
    called = scores >= threshold
    return float(2 * (called & (labels == 1)).sum() / max(called.sum() + labels.sum(), 1))


@pytest.mark.slow
@settings(max_examples=200)
@given(scores_and_labels)
def test_no_threshold_beats_the_chosen_one(pairs: list[tuple[float, int]]) -> None:
    scores = np.array([score for score, _ in pairs], np.float32)
    labels = np.array([label for _, label in pairs], np.int8)
    everything = [*sorted(set(scores.tolist())), np.inf]
    for aim, quality in (("accuracy", accuracy), ("f1", f1)):
        chosen = Calibrator.fit(scores, labels, aim).threshold  # type: ignore[arg-type]
        assert quality(scores, labels, chosen) >= max(quality(scores, labels, t) for t in everything) - 1e-12


def test_an_abstention_is_read_as_the_models_median() -> None:
    scores = np.array([0.0, 1.0, 2.0, np.nan], np.float32)
    labels = np.array([0, 0, 1, 1], np.int8)
    read, reading = calibrate_scores((scores, labels), np.array([np.nan, 5.0], np.float32), "accuracy")
    assert reading.neutral == 1.0
    assert read.score.tolist() == [1.0, 5.0]
    assert read.fallback.tolist() == [True, False]


def test_a_model_that_always_abstains_gets_the_base_rate() -> None:
    labels = np.array([1, 1, 1, 0], np.int8)
    read, _ = calibrate_scores((np.full(4, np.nan, np.float32), labels), np.full(2, np.nan, np.float32), "accuracy")
    assert read.probability is not None
    np.testing.assert_allclose(read.probability, 4 / 6, rtol=1e-6)


def test_the_calibrator_recovers_a_logistic_truth() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(3, 2, 40_000).astype(np.float32)
    chance = 1 / (1 + np.exp(-(0.8 * scores - 2)))
    labels = (rng.random(len(scores)) < chance).astype(np.int8)
    reading = Calibrator.fit(scores, labels, "accuracy")
    assert abs(reading.slope - 0.8) < 0.03
    assert abs(reading.intercept + 2) < 0.1


def test_perfectly_separated_scores_are_no_problem() -> None:
    reading = Calibrator.fit(np.array([0.0, 1.0], np.float32), np.array([0, 1], np.int8), "accuracy")
    probability = reading.apply(np.array([0.0, 1.0], np.float32)).probability
    assert probability is not None
    assert probability[0] < 0.01
    assert probability[1] > 0.99
