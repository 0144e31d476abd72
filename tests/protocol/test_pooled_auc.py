"""The pooled AUC under many weightings: two ways of counting, both equal to the definition, bit for bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchsuite.data import EvaluationInput, PairScores
from benchsuite_protocol.metrics import pooled_auc
from benchsuite_protocol.metrics.labelled_pairs import auc_per_query

WAYS = ("_Matrix", "_Runs")


def defined(evidence: EvaluationInput, weights: Any) -> Any:
    """Compare every pair with label 1 with every pair with label 0."""
    score = np.where(np.isnan(evidence.scores.score), -np.inf, evidence.scores.score)
    one, other = np.flatnonzero(evidence.pairs.label == 1), np.flatnonzero(evidence.pairs.label != 1)
    won = 1.0 * (score[one][:, None] > score[other]) + 0.5 * (score[one][:, None] == score[other])
    own, against = weights[:, evidence.pairs.query[one]], weights[:, evidence.pairs.query[other]]
    with np.errstate(invalid="ignore"):
        return ((own @ won) * against).sum(axis=1) / (own.sum(axis=1) * against.sum(axis=1))


def both_ways(evidence: EvaluationInput, weights: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found = []
    for way, queries in zip(WAYS, (10**9, 0), strict=True):
        monkeypatch.setattr(pooled_auc, "_MATRIX_UP_TO", 10**9)
        monkeypatch.setattr(pooled_auc, "_MATRIX_QUERIES", queries)
        fresh = dataclasses.replace(evidence)  # what is compared is kept for each evidence
        assert type(pooled_auc._compare(fresh).wins).__name__ == way
        found.append(pooled_auc.pooled_auc(fresh, weights))
    return found


def rounded(evidence: EvaluationInput, steps: float) -> EvaluationInput:
    score = np.round(evidence.scores.score * steps) / np.float32(steps)
    return dataclasses.replace(evidence, scores=PairScores(score, evidence.scores.fallback, 0.5))


@pytest.mark.parametrize("steps", [0.0, 0.5, 3.0, 1000.0])
@pytest.mark.parametrize(("queries", "pairs"), [(1, 30), (30, 200), (40, 3000)])
def test_both_ways_are_the_definition(
    answers: Callable[..., EvaluationInput], monkeypatch: pytest.MonkeyPatch, steps: float, queries: int, pairs: int
) -> None:
    evidence = answers(3, queries, pairs=pairs)
    evidence = rounded(evidence, steps) if steps else evidence
    rng = np.random.default_rng(1)
    weights = rng.poisson(1.0, (50, queries)).astype(np.float64)
    weights[:, : queries // 3] = 0.0  # these queries are not asked
    weights[0] = 1.0
    wanted = defined(evidence, weights)
    for found in both_ways(evidence, weights, monkeypatch):
        np.testing.assert_array_equal(found, wanted)
    fractions = rng.random((5, queries))
    for found in both_ways(evidence, fractions, monkeypatch):
        np.testing.assert_allclose(found, defined(evidence, fractions), rtol=1e-12)


def test_whole_numbers_too_large_for_single_precision_are_summed_in_double(
    answers: Callable[..., EvaluationInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = answers(4, 25, pairs=1500)
    weights = np.random.default_rng(2).poisson(1.0, (20, 25)).astype(np.float64)
    large = weights * 3_000_001
    large[:, 0] += 1
    for found in both_ways(evidence, large, monkeypatch):
        np.testing.assert_allclose(found, defined(evidence, large), rtol=1e-14)
    exact = both_ways(evidence, weights, monkeypatch)
    monkeypatch.setattr(pooled_auc, "_EXACT", 1.0)
    for found, single in zip(both_ways(evidence, weights, monkeypatch), exact, strict=True):
        np.testing.assert_array_equal(found, single)


def test_one_label_has_no_area(answers: Callable[..., EvaluationInput], monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = answers(5, 10, pairs=100)
    pairs = dataclasses.replace(evidence.pairs, label=np.ones(len(evidence.pairs), np.int8))
    assert np.isnan(pooled_auc.pooled_auc(dataclasses.replace(evidence, pairs=pairs), np.ones((3, 10)))).all()
    for found in both_ways(evidence, np.zeros((3, 10)), monkeypatch):
        assert np.isnan(found).all()


def test_odd_scores_stand_in_their_order(
    answers: Callable[..., EvaluationInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = answers(6, 30, pairs=2000)
    odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38, 1.0, -1.0], np.float32)
    score = odd[np.random.default_rng(3).integers(0, len(odd), 2000)]
    evidence = dataclasses.replace(evidence, scores=PairScores(score, evidence.scores.fallback, 0.5))
    own = np.eye(30)  # one query alone is what the area within it is
    np.testing.assert_array_equal(auc_per_query(evidence), defined(evidence, own))
    weights = np.ones((1, 30))
    for found in both_ways(evidence, weights, monkeypatch):
        np.testing.assert_array_equal(found, defined(evidence, weights))


def test_what_is_kept_of_weights_is_that_of_these_weights(answers: Callable[..., EvaluationInput]) -> None:
    evidence, rng = answers(7, 30, pairs=900), np.random.default_rng(4)
    for _ in range(12):
        weights = rng.poisson(1.0, (9, 30)).astype(np.float64)
        weights.flags.writeable = False
        for _ in range(2):
            np.testing.assert_array_equal(pooled_auc.pooled_auc(evidence, weights), defined(evidence, weights))
        assert id(weights) in pooled_auc._known
    last = id(weights)
    del weights
    assert last not in pooled_auc._known
