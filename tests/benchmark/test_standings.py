"""Who leads: ratios to the best reference, their geometric mean, and what is no score."""

import dataclasses

import numpy as np
import pytest

from benchsuite.analysis.contrasts import contrast
from benchsuite.benchmark.asked import Asked
from benchsuite.benchmark.entrants import kind_of
from benchsuite.benchmark.model_result import CellValues, ModelResult, Value
from benchsuite.benchmark.scores import FLOOR
from benchsuite.benchmark.standings import standings
from benchsuite.data import ModelInfo

USERS = 60
FOLDS = [("a", "warm", 1, "test"), ("b", "warm", 1, "test")]


def asked(groups=("all",)):
    group = (np.arange(USERS) % len(groups)).astype(np.int8)
    return {place: Asked(np.arange(USERS, dtype=np.int32), group, groups, USERS) for place in FOLDS}


def result(label, by_fold, *, state="ok", ties=0.0):
    """A model whose values by query are given for each fold."""
    cells = []
    for place, given in zip(FOLDS, by_fold, strict=True):
        values = np.asarray(given, np.float32)
        value = Value(float(values.mean(dtype=np.float64)), len(values), 0.0, ties)
        if state == "ok":
            told = ({("m", ""): value}, {"m": values})
            cells.append(CellValues(place, f"{label}-{place}", "", "ok", "", {}, *told))
        else:
            cells.append(CellValues(place, f"{label}-{place}", "", state, "no reason", {}))
    identity = {"plugin": f"x/{label}", "version": "1", "settings": {}}
    return ModelResult("x.v1", "", ModelInfo(label, label), identity, None, {}, cells, {})


def level(mean, spread=0.1, seed=0):
    noise = np.random.default_rng(seed).normal(0, spread, USERS)
    return mean + noise - noise.mean()


def test_headline_is_the_geometric_mean_of_ratios_to_the_best_reference():
    results = [result("good", [level(0.4), level(0.2)]), result("weak", [level(0.2), level(0.1)])]
    results += [result("new", [level(0.8, seed=1), level(0.1, seed=2)])]
    found = standings(results, asked(), "m", ["good", "weak"])
    tasks, rows = found.tasks, found.rows
    assert [task.reference for task in tasks] == ["good", "good"]
    heads = {row.model: row.headline for row in rows}
    assert heads["good"] == pytest.approx(1)
    assert heads["weak"] == pytest.approx(0.5)
    assert heads["new"] == pytest.approx(np.sqrt(2.0 * 0.5))
    verdicts = {row.model: [score.verdict for score in row.scores] for row in rows}
    assert verdicts == {"good": ["reference"] * 2, "weak": ["worse"] * 2, "new": ["better", "worse"]}


def test_a_reference_differs_by_task_and_need_not_be_a_row_that_leads():
    results = [result("one", [level(0.4), level(0.1)]), result("two", [level(0.2), level(0.2)])]
    found = standings(results, asked(), "m", ["one", "two"])
    tasks, rows = found.tasks, found.rows
    assert [task.reference for task in tasks] == ["one", "two"]
    assert rows[0].headline == pytest.approx(np.sqrt(0.5))


def test_the_interval_resamples_users_and_tasks():
    same = [result("good", [level(0.4), level(0.4, seed=1)]), result("twin", [level(0.4), level(0.4, seed=1)])]
    found = standings(same, asked(), "m", ["good"])
    _, rows = found.tasks, found.rows
    assert [(row.low, row.high) for row in rows] == [(pytest.approx(1), pytest.approx(1))] * 2
    assert not any(row.behind for row in rows)
    apart = [result("good", [level(0.4), level(0.4)]), result("mixed", [level(0.8, seed=1), level(0.2, seed=2)])]
    found = standings(apart, asked(), "m", ["good"])
    _, rows = found.tasks, found.rows
    mixed = next(row for row in rows if row.model == "mixed")
    assert mixed.low == pytest.approx(0.5, rel=0.2)  # both draws of tasks may be the one where it loses
    assert mixed.high == pytest.approx(2.0, rel=0.2)


def test_a_lower_row_is_behind_only_where_that_is_sure():
    results = [result("good", [level(0.4)] * 2), result("near", [level(0.399, seed=1)] * 2)]
    results += [result("far", [level(0.2, seed=2)] * 2)]
    found = standings(results, asked(), "m", ["good"])
    _, rows = found.tasks, found.rows
    assert {row.model: row.behind for row in rows} == {"good": False, "near": False, "far": True}


def test_one_task_without_a_hit_does_not_decide_alone():
    results = [result("good", [level(0.4)] * 2), result("blind", [np.zeros(USERS), level(0.4, seed=1)])]
    found = standings(results, asked(), "m", ["good"])
    _, rows = found.tasks, found.rows
    assert rows[1].headline == pytest.approx(np.sqrt(FLOOR))


@pytest.mark.parametrize("state", ["missing", "failed", "not applicable"])
def test_without_a_score_in_each_task_there_is_no_headline(state):
    results = [result("good", [level(0.4)] * 2), result("gone", [level(0.4)] * 2, state=state)]
    found = standings(results, asked(), "m", ["good"])
    _, rows = found.tasks, found.rows
    assert (rows[1].model, rows[1].headline, rows[1].scores[0].state) == ("gone", None, state)


def test_a_row_of_ties_is_no_reference_and_is_not_tested():
    results = [result("good", [level(0.4)] * 2), result("tied", [level(0.9, seed=1)] * 2, ties=0.9)]
    found = standings(results, asked(), "m", ["good", "tied"])
    tasks, rows = found.tasks, found.rows
    assert tasks[0].reference == "good"
    tied = next(row for row in rows if row.model == "tied")
    assert (tied.scores[0].competes, tied.scores[0].verdict) == (False, "not tested")


def test_signs_of_users_are_flipped_though_values_are_kept_in_single_precision(monkeypatch):
    """A mean that is rounded another way than its values must not pass for a metric that is no mean over queries."""
    seen = []

    def spied(column, *told):
        seen.extend(model.pooled for model in column.models.values())
        return contrast(column, *told)

    monkeypatch.setattr("benchsuite.benchmark.task_scores.contrast", spied)
    results = [result("good", [level(0.4)] * 2), result("near", [level(0.39, seed=1)] * 2)]
    for cell in results[1].cells:
        cell.values["m", ""] = Value(round(cell.values["m", ""].mean, 9) + 1e-8, USERS, 0.0, 0.0)
    standings(results, asked(), "m", ["good"])
    assert seen == [False] * 4


def test_equals_have_the_ratio_one_even_where_nobody_finds_anything():
    results = [result("good", [np.zeros(USERS), level(0.4)]), result("twin", [np.zeros(USERS), level(0.4)])]
    found = standings(results, asked(), "m", ["good"])
    _, rows = found.tasks, found.rows
    assert [(row.headline, row.low, row.high) for row in rows] == [(pytest.approx(1),) * 3] * 2


def test_cells_outside_the_form_cost_nothing_in_it():
    one = result("good", [level(0.4)] * 2)
    cells = [
        dataclasses.replace(cell, costs={"cpu_seconds": cost}) for cell, cost in zip(one.cells, (1, 99), strict=True)
    ]
    first = dict(list(asked().items())[:1])
    found = standings([dataclasses.replace(one, cells=cells)], first, "m", ["good"])
    _, rows = found.tasks, found.rows
    assert rows[0].cpu_seconds == pytest.approx(1.0)


def test_groups_are_tasks_of_their_own():
    groups = ("k=0", "k=1")
    results = []
    for label, base in (("good", 0.4), ("weak", 0.2)):
        cells = []
        for place in FOLDS:
            values = (base + 0.1 * (np.arange(USERS) % 2) + level(0, 0.01)).astype(np.float32)
            parts = {group: values[np.arange(USERS) % 2 == code] for code, group in enumerate(groups)}
            told = {("m", ""): Value(float(values.mean()), USERS)}
            told |= {
                ("m", group): Value(float(part.mean(dtype=np.float64)), len(part)) for group, part in parts.items()
            }
            cells.append(CellValues(place, "key", "", "ok", "", {}, told, {"m": values}))
        results.append(ModelResult("x.v1", "", ModelInfo(label, label), {"plugin": "x"}, None, {}, cells, {}))
    found = standings(results, asked(groups), "m", ["good"])
    tasks, rows = found.tasks, found.rows
    assert [(task.dataset, task.group) for task in tasks] == [("a", "k=0"), ("a", "k=1"), ("b", "k=0"), ("b", "k=1")]
    assert rows[1].scores[1].mean == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("name", "told", "weights", "kind"),
    [
        ("flm", {"uses_language_model": True, "is_candidate": True}, 3_548_928, "language model, fine-tuned"),
        ("flm", {"uses_language_model": True, "is_candidate": True}, 0, "language model, frozen"),
        ("flm-cross", {"uses_language_model": True, "is_candidate": True}, None, "language model, fine-tuned"),
        ("content-lm", {"uses_language_model": True}, None, "language model, frozen"),
        ("content-tfidf", {"needs": ("item text",)}, None, "reads text"),
        ("als", {}, None, "classic"),
        ("sasrec", {}, None, "deep"),
        ("a stranger's", {}, None, "classic"),
        ("a stranger's network", {"is_network": True}, None, "deep"),
        ("random", {}, None, "chance"),
    ],
)
def test_a_kind_says_whether_a_language_model_was_trained(name, told, weights, kind):
    facts = {} if weights is None else {"parameters": {"encoder_trained": weights}}
    identity = {"plugin": f"benchsuite/{name}"}
    assert kind_of(ModelResult("x.v1", "", ModelInfo(name, name, **told), identity, None, facts, {}, {})) == kind
