from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchsuite.data import EvaluationInput, Pairs, PairScores, Ragged, Rankings
from benchsuite.evaluate import undecided
from benchsuite.registry import load_metric

NAN = float("nan")


def metric(name: str, **settings: Any) -> Any:
    return load_metric(name).from_settings(settings, name)


def answers(score: Any, fallback: Any, left: Any = None, pairs: Any = (0.0, 1.0)) -> EvaluationInput:
    score, fallback = np.array(score, np.float32), np.array(fallback, np.bool_)
    rows, places = score.shape
    item = np.tile(np.arange(places, dtype=np.int32), (rows, 1))
    asked = np.array(pairs, np.float32)
    nothing = np.zeros(len(asked), np.int32)
    return EvaluationInput(
        user=np.arange(rows, dtype=np.int32),
        relevant=Ragged.from_pairs([], [], rows),
        rankings=Rankings(item, score, fallback, None if left is None else np.array(left)),
        pairs=Pairs(nothing, nothing, nothing.astype(np.int8), np.ones(len(asked), np.float32)),
        scores=PairScores(np.nan_to_num(asked), np.isnan(asked), 0.5),
        catalogue=9,
        popularity=np.ones(9, np.int64),
        users=rows,
    )


def shares(given: EvaluationInput, name: str, **settings: Any) -> tuple[float, float]:
    found = undecided(given, metric(name, **settings), np.ones(len(given), np.bool_))
    assert found is not None
    return round(found.fallback, 6), round(found.ties, 6)


def test_a_place_is_tied_with_its_neighbours_or_with_what_was_left_out() -> None:
    given = answers([[3, 2, 2, 1], [4, 3, 2, 1]], np.zeros((2, 4)), [False, True])
    assert given.rankings.tied.tolist() == [[False, True, True, False], [False, False, False, True]]
    assert shares(given, "ndcg@k", k=4) == (0, 0.375)
    assert shares(given, "ndcg@k", k=2) == (0, 0.25)
    assert shares(given, "ndcg@k", k=1) == (0, 0)


def test_without_knowing_what_was_left_out_ties_inside_the_lists_count() -> None:
    given = answers([[3, 2, 2, 1], [4, 3, 2, 1]], np.zeros((2, 4)))
    assert shares(given, "ndcg@k", k=4) == (0, 0.25)


def test_the_fallback_is_no_tie() -> None:
    given = answers([[3, 3, NAN, NAN]], [[False, False, True, True]], [False])
    assert shares(given, "ndcg@k", k=4) == (0.5, 0.5)


def test_the_last_place_with_a_score_is_the_one_tied_outside() -> None:
    given = answers([[3, 2, NAN, NAN]], [[False, False, True, True]], [True])
    assert given.rankings.tied.tolist() == [[False, True, False, False]]


@pytest.mark.parametrize(
    ("pairs", "found"), [((2, 2, 2, NAN), (0.25, 0.75)), ((2, 2, 3, NAN), (0.25, 0)), ((NAN, NAN), (1, 0))]
)
def test_one_score_for_all_pairs_decides_no_label(pairs: Any, found: tuple[float, float]) -> None:
    given = answers([[3, 2]], [[False, False]], [False], pairs)
    assert shares(given, "accuracy") == found
    assert shares(given, "rmse") == (found[0], 0)


def test_no_answers_have_no_shares() -> None:
    given = answers([[3, 2]], [[False, False]], [False], ())
    assert undecided(given, metric("accuracy"), np.ones(1, np.bool_)) is None


def test_some_queries_keep_what_was_left_out() -> None:
    given = answers([[1, 0], [1, 0]], np.zeros((2, 2)), [False, True])
    assert given.of_queries(np.array([False, True])).rankings.tied.tolist() == [[False, True]]
