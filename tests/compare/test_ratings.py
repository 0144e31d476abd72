"""Rating prediction in a comparison: lower is better, readings are recorded, and nothing is missing without a why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchsuite.analysis import build
from benchsuite.analysis.cell_evaluation import CellEvaluator

Filled = Callable[..., Any]

MODELS = {"popular": 0.1, "als": 2.0, "flm": 0.5}
METRICS = ("ndcg@10", "accuracy", "rmse", "mae")


def test_lower_is_better_and_the_best_reference_is_the_lowest(filled: Filled) -> None:
    plan, store = filled(MODELS, language=["flm"], metrics=METRICS, rated=True)
    comparison = build(plan, store)
    for metric in ("rmse", "mae"):
        rows = {row.model: row for row in comparison.rows if row.metric == metric}
        assert {row.state for row in rows.values()} == {"ok"}
        assert rows["als"].mean < rows["flm"].mean < rows["popular"].mean
        for row in rows.values():
            assert row.ci_low < row.mean < row.ci_high
            assert row.n == 4 * 54
        against = [one for one in comparison.contrasts if one.metric == metric and one.model == "flm"]
        assert [(one.reference, one.higher_is_better) for one in against] == [("als", False)]
        assert against[0].verdict in ("worse", "not separated")
        assert against[0].difference > 0
    assert any("RMSE, MAE" in note for note in comparison.notes)


def test_the_row_is_the_error_of_the_line_fitted_on_validation(filled: Filled) -> None:
    plan, store = filled({"als": 2.0}, metrics=METRICS, rated=True)
    row = next(row for row in build(plan, store).rows if row.metric == "rmse")
    stages = {cell.stage: store.get("cell", cell.key).arrays() for cell in plan.cells}
    tried, tested = stages["validation"], stages["test"]
    slope, intercept = np.polyfit(tried["pair_score"].astype(float), tried["pair_value"].astype(float), 1)
    said = np.clip(slope * tested["pair_score"].astype(float) + intercept, 1, 5)
    assert abs(row.mean - np.sqrt(np.mean((said - tested["pair_value"]) ** 2))) < 1e-5


def test_threshold_and_calibrators_are_recorded(filled: Filled) -> None:
    plan, store = filled(MODELS, metrics=METRICS, rated=True, seeds=(1, 2))
    readings = build(plan, store).provenance["readings"]
    assert list(readings) == [f"one, split, {model}, seed {seed}, fold 0" for model in MODELS for seed in (1, 2)]
    measurer = CellEvaluator(plan, store)
    by_stage = {(cell.seed, cell.stage): cell for cell in plan.cells if cell.model == "als"}
    for seed in (1, 2):
        told = readings[f"one, split, als, seed {seed}, fold 0"]
        _, reading = measurer.evidence(by_stage[seed, "test"], by_stage[seed, "validation"])
        assert reading.rating is not None
        assert told == {
            "threshold": reading.threshold,
            "no_opinion": reading.neutral,
            "logistic": {"slope": reading.slope, "intercept": reading.intercept},
            "rating": {"slope": reading.rating.slope, "intercept": reading.rating.intercept, "fitted": True},
        }


def test_data_without_values_says_so(filled: Filled) -> None:
    plan, store = filled(MODELS, language=["flm"], metrics=METRICS)
    comparison = build(plan, store)
    rows = [row for row in comparison.rows if row.metric in ("rmse", "mae")]
    assert len(rows) == 2 * len(MODELS)
    assert {(row.mean, row.n, row.state, row.reason) for row in rows} == {
        (None, 0, "not applicable", "needs values other than 1")
    }
    assert not any(one.metric in ("rmse", "mae") for one in comparison.contrasts)
    assert {reading["rating"] for reading in comparison.provenance["readings"].values()} == {None}
