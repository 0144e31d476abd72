"""What a leaderboard claims: for other users, other draws of items and other data sets, whoever else stands in it."""

import dataclasses

import numpy as np
import pytest

from benchsuite.benchmark.asked import Asked
from benchsuite.benchmark.board import read_board
from benchsuite.benchmark.board_text import items_text, lacking_references, rivals_text
from benchsuite.benchmark.board_text import verdict as answer
from benchsuite.benchmark.model_result import CellValues, ModelResult, Value
from benchsuite.benchmark.scores import FLOOR, TaskScore, log_ratio
from benchsuite.benchmark.standings import standings
from benchsuite.benchmark.task_scores import corrected
from benchsuite.data import ModelInfo
from benchsuite.data.comparison import verdict

USERS = 200


def folds(*places):
    user = np.arange(USERS, dtype=np.int32)
    return {(*place, "test"): Asked(user, np.zeros(USERS, np.int8), ("all",), USERS) for place in places}


def row(label, means, *, fallback=0.0, ties=0.0, spread=0.1, state="ok"):
    """A model with these means, in the order of the folds; its users differ at random."""
    cells = []
    for number, (place, mean) in enumerate(means.items()):
        if state != "ok":
            cells.append(CellValues((*place, "test"), "key", "", state, "no reason", {}))
            continue
        noise = np.random.default_rng((len(label), number)).normal(0, spread, USERS)
        values = (mean + noise - noise.mean()).astype(np.float32)
        told = {("m", ""): Value(float(values.mean(dtype=np.float64)), USERS, fallback, ties)}
        cells.append(CellValues((*place, "test"), "key", "", "ok", "", {}, told, {"m": values}))
    return ModelResult("x.v1", "", ModelInfo(label, label), {"plugin": f"x/{label}"}, None, {}, cells, {})


DRAWS = [("a", "new", seed) for seed in (1, 2, 3)]


def item_draws(*means, drawn=("new",)):
    results = [row("base", dict.fromkeys(DRAWS, 0.4)), row("other", dict(zip(DRAWS, means, strict=True)))]
    return standings(results, folds(*DRAWS), "m", ["base"], drawn=drawn)


def test_better_for_new_items_must_hold_for_other_draws_of_items():
    steady, loose = item_draws(0.50, 0.51, 0.49), item_draws(0.40, 0.70, 0.42)
    scores = [next(one for one in found.rows if one.model == "other").scores[0] for found in (steady, loose)]
    assert [score.verdict for score in scores] == ["better", "not separated"]
    assert all(score.p < 1e-3 for score in scores), "for other users of the same draws both are sure"
    assert scores[0].p_draws < 0.01
    t = np.mean([0.0, 0.3, 0.02]) / (np.std([0.0, 0.3, 0.02], ddof=1) / np.sqrt(3))
    assert scores[1].p_draws == pytest.approx(1 - t / np.sqrt(t**2 + 2), abs=1e-4)  # two degrees of freedom
    assert scores[1].differences == pytest.approx((0.0, 0.3, 0.02), abs=1e-5)
    same_items = next(one for one in item_draws(0.40, 0.70, 0.42, drawn=()).rows if one.model == "other").scores[0]
    assert (same_items.verdict, same_items.p_draws) == ("better", None)


def test_draws_of_items_widen_the_intervals():
    wide, narrow = item_draws(0.40, 0.70, 0.42), item_draws(0.40, 0.70, 0.42, drawn=())
    ends = [next(one for one in found.rows if one.model == "other") for found in (wide, narrow)]
    assert ends[0].scores[0].high - ends[0].scores[0].low > 2 * (ends[1].scores[0].high - ends[1].scores[0].low)
    assert ends[0].high - ends[0].low > 2 * (ends[1].high - ends[1].low)


def test_without_a_sign_in_either_test_nothing_is_claimed():
    assert verdict(0.1, 0.01, 0.2, higher_is_better=True) == "not separated"
    assert verdict(0.1, 0.2, 0.01, higher_is_better=True) == "not separated"
    assert verdict(0.1, 0.01, 0.01, higher_is_better=True) == "better"
    assert verdict(0.1, 0.01, None, higher_is_better=False) == "worse"
    assert verdict(0.1, None, 0.01, higher_is_better=True) == "not tested"


PLACES = [("a", "warm", 1), ("b", "warm", 1), ("a", "new", 1), ("b", "new", 1)]


def test_a_row_that_is_better_in_one_split_only_can_lead():
    """Splits are what is asked, no sample: where they are drawn, a row could be ahead only by those never drawn."""
    level = dict.fromkeys(PLACES, 0.4)
    results = [row("good", level), row("poor", {**level, ("a", "new", 1): 0.1, ("b", "new", 1): 0.1})]
    found = standings(results, folds(*PLACES), "m", ["good"])
    assert [one.behind for one in found.rows] == [False, True]


def test_a_lead_that_rests_on_one_task_is_not_sure():
    results = [row("base", dict.fromkeys(PLACES, 0.4))]
    results += [row("lucky", {**dict.fromkeys(PLACES, 0.39), ("a", "new", 1): 3.9, ("b", "new", 1): 0.41})]
    found = standings(results, folds(*PLACES), "m", ["base"])
    lucky, base = found.rows
    assert (lucky.model, base.behind) == ("lucky", False)
    assert lucky.headline > 1.5
    assert lucky.least == pytest.approx((0.975 * 0.975 * 1.025) ** (1 / 3), abs=1e-3)
    assert lucky.most > lucky.headline


def test_a_language_model_wins_only_where_no_single_task_decides():
    lucky = {**dict.fromkeys(PLACES, 0.40), PLACES[2]: 3.9, PLACES[3]: 0.398}
    steady = dict.fromkeys(PLACES, 0.44)
    for means, sure in ((lucky, False), (steady, True)):
        found = standings([row("base", dict.fromkeys(PLACES, 0.4)), row("flm4", means)], folds(*PLACES), "m", ["base"])
        told = found.against("flm4", ["base"])
        assert told.ratio > 1.05
        assert told.sure == sure


def test_a_single_task_has_no_range_without_it():
    found = standings([row("good", {PLACES[0]: 0.4})], folds(PLACES[0]), "m", ["good"])
    assert (found.rows[0].least, found.rows[0].most, found.rows[0].always_reference) == (None, None, True)


def test_a_reference_may_answer_by_its_fallback_but_is_not_tested_as_a_model():
    """Else a model is held against less than what a system with that baseline gives."""
    one = PLACES[:1]
    results = [row("own", {one[0]: 0.30}), row("mixed", {one[0]: 0.36}, fallback=0.63), row("flm", {one[0]: 0.33})]
    found = standings(results, folds(*one), "m", ["own", "mixed"])
    assert found.tasks[0].reference == "mixed"
    told = {each.model: (each.scores[0].competes, each.scores[0].verdict) for each in found.rows}
    assert told["mixed"] == (False, "reference")
    assert told["flm"] == (True, "worse")


def test_rows_of_others_do_not_move_a_verdict():
    p = {"one": 0.004, "two": 0.02, "three": 0.3}
    alone = corrected(p, p, waiting=2)
    assert alone == {"one": pytest.approx(0.02), "two": pytest.approx(0.08), "three": pytest.approx(0.9)}
    more = corrected({**p, "stranger": 0.0001, "odd": None}, p, waiting=2)
    assert {name: more[name] for name in p} == alone
    assert more["stranger"] == pytest.approx(0.0006)
    assert more["odd"] is None


def test_rows_that_are_not_run_yet_count_in_the_correction():
    one = PLACES[:1]
    results = [row("base", {one[0]: 0.40}), row("near", {one[0]: 0.415})]
    own = ["base", "near", *(f"later {number}" for number in range(8))]
    p = [
        next(each for each in standings(results, folds(*one), "m", ["base"], own=labels).rows if each.model == "near")
        .scores[0]
        .p
        for labels in (own, ["base", "near"])
    ]
    assert p[0] == pytest.approx(min(1, 9 * p[1]))


def test_a_row_that_leaves_out_queries_has_no_score():
    one = PLACES[:1]
    shy = row("shy", {one[0]: 0.4})
    shy.cells[0].queries["m"][:50] = np.nan
    results = [shy, row("base", {one[0]: 0.4}), row("third", {one[0]: 0.4})]  # wherever it stands among them
    found = standings(results, folds(*one), "m", ["base"])
    assert {each.model for each in found.rows if each.headline is not None} == {"base", "third"}
    score = next(each for each in found.rows if each.model == "shy").scores[0]
    assert (score.state, score.mean) == ("failed", None)
    assert "other queries" in score.reason


def test_a_row_against_the_best_without_a_language_model_in_each_task():
    results = [row("knn", {**dict.fromkeys(PLACES, 0.40), PLACES[2]: 0.1, PLACES[3]: 0.1})]
    results += [row("words", {**dict.fromkeys(PLACES, 0.10), PLACES[2]: 0.3, PLACES[3]: 0.3})]
    results += [row("the model", {PLACES[0]: 0.40, PLACES[1]: 0.36, PLACES[2]: 0.45, PLACES[3]: 0.45})]
    found = standings(results, folds(*PLACES), "m", ["knn"])
    told = found.against("the model", ["knn", "words"])
    assert told.rivals == ("knn", "knn", "words", "words")
    assert told.ratio == pytest.approx((1.0 * 0.9 * 1.5 * 1.5) ** 0.25, abs=1e-3)
    assert (told.better, told.worse, told.tested) == (2, 1, 4)
    assert found.against("the model", []) is None
    gone = dataclasses.replace(results[2], cells=results[2].cells[:3])
    partly = standings([*results[:2], gone], folds(*PLACES), "m", ["knn"]).against("the model", ["knn"])
    assert partly.rivals == ("knn", "knn", "knn", "")


def test_processor_time_is_told_where_all_cells_have_run():
    both = row("both", dict.fromkeys(PLACES[:2], 0.4))
    both = dataclasses.replace(both, cells=[dataclasses.replace(one, costs={"cpu_seconds": 2.0}) for one in both.cells])
    part = dataclasses.replace(both, cells=both.cells[:1])
    for result, seconds in ((both, 2.0), (part, None)):
        assert standings([result], folds(*PLACES[:2]), "m", ["both"]).rows[0].cpu_seconds == seconds


def test_ratios_are_cut_and_equals_are_one():
    values = log_ratio(np.array([0.0, 1.0, 0.0, np.nan, 0.2]), np.array([1.0, 0.0, 0.0, 1.0, 0.1]), higher=True)
    assert np.exp(values[[0, 1, 2, 4]]) == pytest.approx([FLOOR, 1 / FLOOR, 1.0, 2.0])
    assert np.isnan(values[3])
    assert np.exp(log_ratio(0.1, 0.2, higher=False)) == pytest.approx(2.0)


@pytest.mark.parametrize("state", ["missing", "failed"])
def test_a_reference_that_is_run_in_part_is_told(state):
    board = read_board("demo.v1")
    assert lacking_references(board, ["als"]) == []
    rows = [
        dataclasses.replace(one, scores=(TaskScore(state, "why"), *one.scores[1:])) if one.model == "als" else one
        for one in board.rows
    ]
    partly = dataclasses.replace(board, rows=tuple(rows), absent=("ease",))
    assert lacking_references(partly, ["als", "ease", "popular"]) == ["als", "ease"]


def test_what_verdicts_on_new_items_rest_on_is_told():
    assert "must hold for other draws" in items_text(read_board("films.v1"))
    assert "these very items" in items_text(read_board("films.v1", lite=True))
    assert items_text(read_board("fields.v1")) == ""


def test_the_best_rows_without_a_language_model_are_named():
    board = read_board("films.v1")
    told = rivals_text(board)
    for task, rival in zip(board.tasks, board.against.rivals, strict=True):
        assert f"{task.dataset} {task.split}" in told
        assert not board.entrants[rival].reads_with_language_model
    assert rivals_text(dataclasses.replace(board, against=None)) == ""


@pytest.mark.parametrize(
    ("sure", "low", "ratio", "better", "worse", "word"),
    [
        (True, 1.01, 1.1, 1, 0, "wins"),
        (True, 0.8, 0.9, 0, 2, "loses"),
        (False, 0.7, 0.9, 0, 2, "does not win"),
        (False, 0.99, 1.1, 1, 0, "does not lose"),
        (False, 0.9, 1.1, 1, 1, "neither wins nor loses"),
        (False, 0.9, 1.1, 0, 0, "neither wins nor loses"),
        (False, 1.01, 1.1, 0, 1, "neither wins nor loses"),
        (False, 0.7, 0.85, 1, 0, "neither wins nor loses"),
    ],
)
def test_the_first_sentence_says_what_the_tests_say(sure, low, ratio, better, worse, word):
    board = read_board("films.v1")
    found = dataclasses.replace(board.against, sure=sure, low=low, ratio=ratio, better=better, worse=worse)
    assert next(answer(dataclasses.replace(board, against=found))).startswith(f"The fine-tuned language model {word}: ")
