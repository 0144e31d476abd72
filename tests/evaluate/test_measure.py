from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats

from benchsuite.api import Metric
from benchsuite.data import EvaluationInput, Interactions, Pairs, PairScores, Queries, Ragged, Rankings
from benchsuite.evaluate import measure
from benchsuite.evaluate.bootstrap import draws


@dataclass
class FirstScore(Metric):
    """The score of the first place: whatever the test puts there."""

    def measure(self, evidence: EvaluationInput) -> Any:
        return evidence.rankings.score[:, 0].astype(np.float64)


@dataclass
class NoInterval(FirstScore):
    """The same without an interval."""

    resampled = False


def make(
    values: Any, user: Any, group: Any = None, groups: tuple[str, ...] = ("all",)
) -> tuple[EvaluationInput, Queries]:
    q = len(values)
    nothing = Interactions(*(np.zeros(0, np.int32) for _ in range(3)), None, None, np.zeros(0), ("take",))
    queries = Queries(np.asarray(user), np.zeros(q + 1), nothing, group=group, groups=groups)
    scores = np.asarray(values, np.float32)[:, None]
    rankings = Rankings(np.zeros((q, 1), np.int32), scores, np.zeros((q, 1), bool))
    none = np.zeros(0, np.int32)
    pairs, pair_scores = Pairs(none, none, none, none), PairScores(none, np.zeros(0, bool), 0.0)
    evidence = EvaluationInput(queries.user, Ragged.empty(q), rankings, pairs, pair_scores, 1, np.zeros(1, np.int64), 1)
    return evidence, queries


def test_mean_count_and_groups() -> None:
    evidence, queries = make([1, 2, 6, np.nan], [0, 0, 1, 1], np.array([0, 1, 0, 1]), ("a", "b"))
    values, results = measure(evidence, queries, {"m": FirstScore(), "n": NoInterval()}, 50, 2)
    assert np.isnan(values["m"]).tolist() == [False, False, False, True]
    assert (results["m", ""].value, results["m", ""].n) == (3.0, 3)
    assert (results["m", "a"].value, results["m", "a"].n) == (3.5, 2)
    assert (results["m", "b"].value, results["m", "b"].n) == (2.0, 1)
    assert len(results["m", ""].replicates) == 50
    assert len(results["n", ""].replicates) == 0


def test_replicates_do_not_depend_on_chunks(monkeypatch: Any) -> None:
    evidence, queries = make(np.arange(40), np.arange(40) // 2)
    whole = measure(evidence, queries, {"m": FirstScore()}, 100, 30)[1]["m", ""].replicates
    monkeypatch.setattr("benchsuite.evaluate.bootstrap._CHUNK", 100)
    parts = measure(evidence, queries, {"m": FirstScore()}, 100, 30)[1]["m", ""].replicates
    np.testing.assert_array_equal(whole, parts)


def test_the_interval_covers_the_true_mean_of_clustered_queries() -> None:
    """Two queries a user that always agree: an interval that ignored the users would be too short."""
    rng = np.random.default_rng(1)
    covered = 0
    trials = 300
    for _ in range(trials):
        per_user = rng.exponential(1.0, 120)
        evidence, queries = make(np.repeat(per_user, 2), np.repeat(np.arange(120), 2))
        replicates = measure(evidence, queries, {"m": FirstScore()}, 300, 120)[1]["m", ""].replicates
        low, high = np.quantile(replicates, [0.025, 0.975])
        covered += bool(low <= 1.0 <= high)
    assert 0.90 <= covered / trials <= 0.98


@dataclass
class Largest(FirstScore):
    """No sum over queries: it says how it is weighed, and must be asked."""

    def estimate(self, evidence: EvaluationInput, values: Any, weights: Any) -> Any:
        return np.where(weights > 0, values, -np.inf).max(axis=1)


@dataclass
class Second(Largest):
    """A sum again, further down."""

    def amounts(self, evidence: EvaluationInput, values: Any) -> Any:
        return np.stack([values, np.ones(len(values))])


def test_a_metric_is_weighed_by_what_its_own_class_says() -> None:
    evidence, queries = make(np.arange(40.0), np.arange(40) // 2, np.arange(40) % 2, ("a", "b"))
    metrics = {"mean": FirstScore(), "largest": Largest(), "second": Second()}
    _, results = measure(evidence, queries, metrics, 60, 20)
    weights = np.concatenate(list(draws(evidence.user, 60, 20)))
    for group, mask in (("", np.ones(40)), ("a", np.arange(40) % 2 == 0), ("b", np.arange(40) % 2 == 1)):
        own = weights * mask
        mean = (own @ np.arange(40.0)) / own.sum(axis=1)
        np.testing.assert_allclose(results["mean", group].replicates, mean, rtol=1e-6)
        np.testing.assert_allclose(results["second", group].replicates, mean, rtol=1e-6)
        largest = np.where(own > 0, np.arange(40.0), -np.inf).max(axis=1)
        np.testing.assert_array_equal(results["largest", group].replicates, largest)


def test_kept_draws_are_those_that_are_drawn_in_chunks(monkeypatch: Any) -> None:
    user = np.array([0, 3, 3, 8], np.int32)
    kept = np.concatenate(list(draws(user, 70, 9)))
    monkeypatch.setattr("benchsuite.evaluate.bootstrap._KEPT", 0)
    monkeypatch.setattr("benchsuite.evaluate.bootstrap._CHUNK", 100)
    np.testing.assert_array_equal(np.concatenate(list(draws(user, 70, 9))), kept)


def test_the_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(3).exponential(1.0, 400)
    evidence, queries = make(values, np.arange(400))
    replicates = measure(evidence, queries, {"m": FirstScore()}, 4000, 400)[1]["m", ""].replicates
    ours = np.quantile(replicates, [0.025, 0.975])
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(4)
    ).confidence_interval
    np.testing.assert_allclose(ours, theirs, atol=0.1 * (theirs.high - theirs.low))
