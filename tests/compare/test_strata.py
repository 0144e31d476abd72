"""Parts of tests in a comparison: what is made, what adds up, what nothing else notices."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchsuite.analysis import build
from benchsuite.analysis.strata_evaluation import shown
from benchsuite.data import Comparison, MetricInfo, Stratum

Filled = Callable[..., Any]

MODELS = {"popular": 0.1, "als": 0.3, "flm": 0.34}


def part(comparison: Comparison, name: str) -> Stratum:
    return next(stratum for stratum in comparison.strata if stratum.name == name)


def values(stratum: Stratum, metric: str) -> dict[str, Any]:
    return {row.model: row for row in stratum.rows if row.metric == metric}


def test_parts_are_made_with_every_model_and_few_metrics(filled: Filled) -> None:
    plan, store = filled(MODELS, items=500, users=80)
    comparison = build(plan, store)
    families = {stratum.family for stratum in comparison.strata}
    # Queries of this store show no history, so activity does not part them; users nobody trained on may ask.
    assert {"item novelty", "item popularity"} <= families
    assert "user activity" not in families
    for stratum in comparison.strata:
        assert 0 < stratum.held_out < stratum.of_held_out
        assert [(row.model, row.metric) for row in stratum.rows] == [
            (model, metric) for model in MODELS for metric in ("ndcg@10", "recall@10", "auc")
        ]
        assert {row.split_label for row in stratum.rows} == {f"split/{stratum.name}"}
    both = part(comparison, "warm items"), part(comparison, "cold items")
    assert sum(one.held_out for one in both) == both[0].of_held_out
    by_popularity = [one.held_out for one in comparison.strata if one.family == "item popularity"]
    assert sum(by_popularity) == both[0].held_out


def test_parts_change_nothing_else(filled: Filled) -> None:
    plan, store = filled(MODELS, language=["flm"], items=500, users=80)
    comparison = build(plan, store)
    names = {stratum.name for stratum in comparison.strata}
    assert names
    assert not any(row.split.partition("/")[2] in names for row in comparison.rows)
    assert {one.split for one in comparison.contrasts} == {"split"}
    assert {one.family for one in comparison.contrasts} == {2 * (len(plan.metrics) - 1)}, "coverage has no test"


def test_seeds_are_averaged_and_counted(filled: Filled) -> None:
    one_plan, _ = filled(MODELS, items=500, users=80, seeds=(1,))
    plan, store = filled(MODELS, items=500, users=80, seeds=(1, 2))
    only = {
        seed: build(dataclasses.replace(plan, cells=tuple(cell for cell in plan.cells if cell.seed == seed)), store)
        for seed in (1, 2)
    }
    both = build(plan, store)
    assert one_plan.metrics == plan.metrics
    for name in ("warm items", "cold items", "tail items"):
        assert part(both, name).held_out == sum(part(one, name).held_out for one in only.values())
        for model in MODELS:
            rows = [values(part(one, name), "ndcg@10")[model] for one in only.values()]
            mean = values(part(both, name), "ndcg@10")[model]
            assert mean.mean == pytest.approx(np.mean([row.mean for row in rows]))
            assert mean.n == sum(row.n for row in rows)
            if mean.n >= 40:
                assert mean.ci_low < mean.mean < mean.ci_high


def test_second_time_is_read_and_equal(filled: Filled) -> None:
    plan, store = filled(MODELS, items=500)
    first = build(plan, store)
    kept = store.keys("strata-measure"), store.keys("strata")
    again = build(plan, store)
    assert first.strata == again.strata
    assert (store.keys("strata-measure"), store.keys("strata")) == kept
    assert len(kept[0]) == len(MODELS)


def test_models_without_answers_are_shown_with_their_reason(filled: Filled) -> None:
    plan, store = filled(MODELS, items=500)
    cells = [
        dataclasses.replace(cell, reason="needs item text") if cell.model == "flm" else cell for cell in plan.cells
    ]
    lost = next(cell for cell in cells if cell.model == "als" and cell.stage == "test")
    store.drop("cell", lost.key)
    comparison = build(dataclasses.replace(plan, cells=tuple(cells)), store)
    assert comparison.strata
    for stratum in comparison.strata:
        states = {(row.model, row.state, row.reason) for row in stratum.rows if row.model != "popular"}
        assert states == {("flm", "not applicable", "needs item text"), ("als", "missing", "not run yet")}
        assert set(stratum.fallback) <= {"popular"}


def test_which_metrics_parts_have() -> None:
    def about(label: str, name: str, task: str = "ranking") -> MetricInfo:
        return MetricInfo(label, name, task=task)

    asked = [about("recall@5", "recall@k"), about("mrr", "mrr@k"), about("auc", "auc", "classification")]
    assert shown(asked) == ["recall@5", "auc"]
    assert shown([*asked, about("ndcg@10", "ndcg@k")]) == ["ndcg@10", "recall@5", "auc"]
    assert shown([about("mrr", "mrr@k"), about("recall@20", "recall@k"), about("recall@5", "recall@k")]) == [
        "mrr",
        "recall@20",
    ]
    assert shown([about("rmse", "rmse", "rating")]) == []


def test_a_metric_without_what_it_needs_says_so(filled: Filled) -> None:
    plan, store = filled({"popular": 0.1, "als": 0.3}, metrics=("ndcg@10", "diversity@10"))
    metrics = tuple(
        dataclasses.replace(about, unmet={"one": "needs item text"}) if about.label == "diversity@10" else about
        for about in plan.metrics
    )
    comparison = build(dataclasses.replace(plan, metrics=metrics), store)
    row = comparison.row("one", "split", "als", "diversity@10")
    assert row is not None
    assert (row.state, row.reason, row.mean) == ("not applicable", "needs item text", None)
