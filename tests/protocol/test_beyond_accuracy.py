"""Evenness, novelty and popularity of lists, against the formulas word by word."""

from __future__ import annotations

import dataclasses
import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.data import EvaluationInput, Rankings
from benchsuite.errors import DataError
from benchsuite_protocol.metrics.beyond_accuracy import GiniAtK, NoveltyAtK, PopularityLiftAtK
from benchsuite_protocol.metrics.ranking import CoverageAtK


def lists(evidence: EvaluationInput, k: int) -> list[list[int]]:
    return [[int(item) for item in row[:k] if item >= 0] for row in evidence.rankings.item]


def gini(places: list[float]) -> float:
    """Half the mean absolute difference of all pairs of items, by the mean: the definition behind the formula."""
    if not sum(places):
        return math.nan
    gaps = sum(abs(one - other) for one, other in product(places, places))
    return gaps / (2 * len(places) * sum(places))


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), queries=st.integers(1, 12), k=st.integers(1, 9), items=st.integers(9, 14))
def test_by_the_book(answers, seed: int, queries: int, k: int, items: int) -> None:
    evidence = answers(seed, queries, items, k=9)
    listed = lists(evidence, k)
    weights = np.vstack([np.ones(queries), np.random.default_rng(seed).integers(0, 3, (2, queries))])

    metric = GiniAtK(k=k)
    values = metric.measure(evidence)
    alone = [gini([float(item in row) for item in range(items)]) for row in listed]
    np.testing.assert_allclose(values, alone, atol=1e-12)
    expected = [
        gini([sum(w * (item in row) for w, row in zip(weight, listed, strict=True)) for item in range(items)])
        for weight in weights
    ]
    np.testing.assert_allclose(metric.estimate(evidence, values, weights), expected, atol=1e-12)

    novelty = NoveltyAtK(k=k)
    bits = [-math.log2(min((n + 1) / (evidence.users + 1), 1)) for n in evidence.popularity]
    np.testing.assert_allclose(novelty.measure(evidence), [mean([bits[i] for i in row]) for row in listed], atol=1e-9)

    covering = CoverageAtK(k=k)
    values = covering.measure(evidence)
    np.testing.assert_allclose(values, [len(set(row)) / items for row in listed], atol=1e-12)
    union = [set().union(*(row for w, row in zip(weight, listed, strict=True) if w)) for weight in weights]
    np.testing.assert_allclose(covering.estimate(evidence, values, weights), [len(one) / items for one in union])

    rows = evidence.popularity
    usual = sum(n * n for n in rows) / sum(rows)
    values = PopularityLiftAtK(k=k).measure(evidence)
    np.testing.assert_allclose(values, [(mean([rows[i] for i in row]) - usual) / usual for row in listed], atol=1e-9)


def listing(evidence: EvaluationInput, item: np.ndarray) -> EvaluationInput:
    return dataclasses.replace(evidence, rankings=Rankings(item, np.zeros(item.shape), np.zeros(item.shape, np.bool_)))


def number(metric: GiniAtK | NoveltyAtK | PopularityLiftAtK, evidence: EvaluationInput) -> float:
    return float(metric.estimate(evidence, metric.measure(evidence), np.ones((1, len(evidence))))[0])


def test_extremes_of_evenness(answers) -> None:
    evidence = answers(0, queries=25, items=25, k=1)
    everybody = np.arange(25, dtype=np.int32)[:, None]
    assert number(GiniAtK(k=1), listing(evidence, everybody)) == pytest.approx(0.0)
    assert number(GiniAtK(k=1), listing(evidence, np.full((25, 1), 7, np.int32))) == pytest.approx(24 / 25)
    assert math.isnan(number(GiniAtK(k=1), listing(evidence, np.full((25, 1), -1, np.int32))))


def test_novelty_and_lift_by_hand(answers) -> None:
    evidence = dataclasses.replace(
        answers(0, queries=1, items=4, k=4), popularity=np.asarray([31, 7, 0, 200]), users=31
    )
    one = listing(evidence, np.asarray([[0, 1, 2, 3]], np.int32))
    assert number(NoveltyAtK(k=1), one) == pytest.approx(0.0)  # everybody has it
    assert number(NoveltyAtK(k=2), one) == pytest.approx((0 + 2) / 2)
    assert number(NoveltyAtK(k=3), one) == pytest.approx((0 + 2 + 5) / 3)  # nobody has the third: log2(32)
    assert number(NoveltyAtK(k=4), one) == pytest.approx((0 + 2 + 5 + 0) / 4)  # repeats do not make it negative
    usual = (31**2 + 7**2 + 200**2) / 238
    assert number(PopularityLiftAtK(k=1), one) == pytest.approx(31 / usual - 1)
    assert number(PopularityLiftAtK(k=4), one) == pytest.approx(238 / 4 / usual - 1)
    assert number(PopularityLiftAtK(k=1), listing(one, np.asarray([[2]], np.int32))) == pytest.approx(-1.0)
    nothing = dataclasses.replace(one, popularity=np.zeros(4, np.int64))
    assert math.isnan(number(PopularityLiftAtK(k=4), nothing))


def test_a_list_drawn_like_the_training_rows_has_no_lift(answers) -> None:
    evidence = answers(1, queries=2000, items=25, k=1)
    share = evidence.popularity / evidence.popularity.sum()
    drawn = np.random.default_rng(1).choice(25, (2000, 1), p=share).astype(np.int32)
    assert number(PopularityLiftAtK(k=1), listing(evidence, drawn)) == pytest.approx(0.0, abs=0.03)
    most = np.full((2000, 1), np.argmax(evidence.popularity), np.int32)
    assert number(PopularityLiftAtK(k=1), listing(evidence, most)) > 0.3


def test_what_metrics_say_of_themselves(answers) -> None:
    for metric, higher, resampled in (
        (GiniAtK, False, False),
        (NoveltyAtK, True, True),
        (PopularityLiftAtK, False, True),
    ):
        assert metric.convention
        assert "\n" not in metric.convention
        assert metric.task == "ranking"
        assert (metric.higher_is_better, metric.resampled) == (higher, resampled)
        with pytest.raises(DataError, match="first 13 places"):
            metric(k=13).measure(answers(0, k=12, items=25))
