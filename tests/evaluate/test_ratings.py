"""Scores become ratings in the same way for every model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from benchsuite.data import Dataset, Entities, Fold, GroundTruth, Interactions, Queries, Ragged, Relevance
from benchsuite.evaluate import RatingLine, RatingScale, evaluation_input, labelled_pairs
from benchsuite.evaluate.rating_calibration import DAMPING


def dataset(item: list[int], value: list[float], items: int = 4) -> Dataset:
    n = len(item)
    rows = Interactions(
        np.arange(n) % 3, np.array(item), np.array(value, np.float32), None, None, np.zeros(n, np.int8), ("rate",)
    )
    return Dataset("a", rows, Entities(("u", "v", "w")), Entities(tuple("abcdefgh"[:items])))


SCALE = RatingScale(1.0, 5.0, 3.5, np.array([2.0, 4.0]))


def test_the_scale_is_that_of_the_training_part() -> None:
    scale = RatingScale.of(dataset([0, 0, 1], [1, 4, 2.5]))
    assert scale is not None
    assert (scale.low, scale.high, scale.mean) == (1, 4, 2.5)
    wanted = [(5 + DAMPING * 2.5) / (2 + DAMPING), 2.5, 2.5, 2.5]
    np.testing.assert_allclose(scale.item, wanted)


@pytest.mark.parametrize("value", [[], [1.0, 1.0]])
def test_without_values_there_is_no_scale(value: list[float]) -> None:
    assert RatingScale.of(dataset([0] * len(value), value)) is None


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(-50, 50, width=32), st.integers(1, 5)), min_size=2, max_size=40))
def test_the_line_is_that_of_scikit_learn(pairs: list[tuple[float, int]]) -> None:
    score = np.array([score for score, _ in pairs], np.float32)
    value = np.array([value for _, value in pairs], np.float32)
    line = RatingLine.fit(score, value, SCALE)
    assert line.fitted
    if score.max() - score.min() > 1e-3:
        theirs = LinearRegression().fit(score[:, None].astype(float), value.astype(float))
        said = line.slope * score.astype(float) + line.intercept
        np.testing.assert_allclose(said, theirs.predict(score[:, None].astype(float)), atol=1e-5)
    elif score.max() == score.min():
        assert (line.slope, line.intercept) == (0, pytest.approx(value.mean()))


def test_only_pairs_with_a_score_and_a_value_teach() -> None:
    score = np.array([0, 1, np.nan, 7], np.float32)
    value = np.array([2, 4, 1, np.nan], np.float32)
    line = RatingLine.fit(score, value, SCALE)
    assert (line.slope, line.intercept) == (pytest.approx(2), pytest.approx(2))
    nothing = RatingLine.fit(score[2:], value[2:], SCALE)
    assert (nothing.slope, nothing.intercept) == (0, SCALE.mean)


def test_ratings_are_cut_to_the_range_and_without_a_score_the_items_mean() -> None:
    score = np.array([-1, 0.5, 9, 0.5], np.float32)
    unknown = np.array([False, False, False, True])
    item = np.array([0, 0, 1, 1], np.int32)
    assert RatingLine(2.0, 1.0).apply(score, unknown, item, SCALE).tolist() == [1.0, 2.0, 5.0, 4.0]
    assert RatingLine.own().apply(score, unknown, item, SCALE).tolist() == [1.0, 1.0, 5.0, 4.0]


def fold(value: list[float]) -> Fold:
    train = dataset([0, 1, 2, 3], value)
    none = train.interactions.take(np.zeros(0, np.int64))
    truth = GroundTruth(np.array([0, 2, 3]), np.array([0, 1, 2]), np.array([2, 5, 3], np.float32))
    return Fold("1", train, Queries(np.array([0, 1]), np.zeros(3), none), truth, Ragged.empty(2))


@pytest.mark.parametrize("own", [True, False])
def test_evidence_holds_ratings_beside_scores_and_drawn_negatives_teach_nothing(own: bool) -> None:
    asked = fold([1, 5, 3, 2])
    pairs = labelled_pairs(asked, 1)
    known = ~np.isnan(pairs.value)
    assert 0 < known.sum() < len(pairs)
    answers = {
        "item": np.full((2, 1), -1, np.int32),
        "score": np.full((2, 1), np.nan, np.float32),
        "fallback": np.zeros((2, 1), np.bool_),
        "pair_query": pairs.query,
        "pair_item": pairs.item,
        "pair_label": pairs.label,
        "pair_value": pairs.value,
        "pair_score": np.where(known, pairs.value / 10, 77).astype(np.float32),
    }
    evidence, reading = evaluation_input(asked, answers, answers, Relevance(), "accuracy", predicts_values=own)
    assert reading.rating is not None
    assert reading.rating.fitted != own
    assert evidence.scores.rating is not None
    told = np.full(3, 1.0) if own else pairs.value[known]
    np.testing.assert_allclose(evidence.scores.rating[known], told, rtol=1e-5)
    np.testing.assert_array_equal(evidence.scores.score, answers["pair_score"])
    unrated, reading = evaluation_input(
        fold([1, 1, 1, 1]), answers, answers, Relevance(), "accuracy", predicts_values=own
    )
    assert unrated.scores.rating is None
    assert reading.rating is None
