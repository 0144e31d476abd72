"""Builds the comparison that reports show, from a plan and a store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchsuite.analysis.cell_evaluation import (
    REPLICATES,
    CellEvaluator,
    CellResult,
    mean_undecided,
    percentile_interval,
    why_undefined,
)
from benchsuite.analysis.contamination import contamination_notes, title_completion_notes
from benchsuite.analysis.costs import COSTS, Costs
from benchsuite.analysis.energy import EnergyTables
from benchsuite.analysis.machines import machine_notes
from benchsuite.analysis.model_code import code_notes
from benchsuite.analysis.relevance_notes import relevance_told
from benchsuite.analysis.stored_cells import StoredCells
from benchsuite.analysis.stored_statistics import ResultsByModel, significance_tests
from benchsuite.analysis.strata_evaluation import Strata
from benchsuite.analysis.titles import heading_before_titles
from benchsuite.analysis.trials import trial_notes
from benchsuite.analysis.user_cases import cases
from benchsuite.data import Comparison, MetricInfo, Row, RowOrigin, SplitInfo, State
from benchsuite.plan import Cell, Plan, PlanRow
from benchsuite.provenance import provenance
from benchsuite.store import Store

_BLAS = {"blas": 1}
"""Matrix products of judging are small: with two threads 768 cells took 174 processor seconds in place of 90, and as
long by the clock."""

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def build(
    plan: Plan,
    store: Store,
    progress: Progress = _silent,
    against: Sequence[str] = (),
    users: int = 0,
    country: str = "",
) -> Comparison:
    """Build the comparison of every planned cell; none is left out.

    Args:
        plan: what was planned.
        store: where results are.
        progress: is told how many parts are done: (data set, split, model) rows, and places whose rows are tested.
        against: labels of models that all others are compared with, besides the best reference of each table.
        users: how many users' cases to show in full in each place; 0 leaves values user by user out.
        country: whose electricity was used, three letters; "" takes the world's average for the estimate of CO2e.
    """
    with threadpool_limits(_BLAS):
        return _built(plan, store, progress, against, users, country)


def _built(
    plan: Plan, store: Store, progress: Progress, against: Sequence[str], users: int, country: str
) -> Comparison:
    measurer = CellEvaluator(plan, store)
    strata = Strata(plan, measurer)
    stored = measurer.cells
    planned = plan.rows()
    rows: list[Row] = []
    costs = Costs(country, EnergyTables(store))
    told: dict[tuple[str, str], Mapping[str, Any]] = {}
    judged: dict[tuple[str, str], dict[str, list[CellResult]]] = {}
    fitted: dict[str, dict[str, Any]] = {}
    total = len(planned) + len({(row.dataset, row.split) for row in planned})
    for done, row in enumerate(planned):
        progress(done, total)
        dataset, split, model = row.dataset, row.split, row.model
        state, reason = _state(row.cells, stored)
        if state == "ok":
            measured = (measurer.result(test, validation) for test, validation in row.pairs)
            results = strata.add(dataset, split, model, row.pairs, measured)
            fitted.setdefault(model, {}).update(results[0].facts)
            told.setdefault((dataset, model), results[0].facts)
            lacking = {metric.label: (metric.unmet or {}).get(dataset, "") for metric in plan.metrics}
            rows += _rows(dataset, split, model, results, lacking)
            rows += costs.rows(dataset, split, model, results)
            judged.setdefault((dataset, split), {})[model] = results
        else:
            strata.absent(dataset, split, model, state, reason)
            names = [metric.label for metric in plan.metrics] + list(COSTS)
            rows += [Row(dataset, split, model, name, None, None, None, 0, state, reason) for name in names]
    judgement = significance_tests(
        plan, measurer, judged, rows, against, progress=lambda done: progress(len(planned) + done, total)
    )
    progress(total, total)
    relevance = relevance_told(plan, measurer.relevance, measurer.folds)
    models = tuple(dataclasses.replace(model, fitted=fitted.get(model.label, {})) for model in plan.models)
    return Comparison(
        name=plan.name,
        rows=tuple(rows),
        datasets=plan.datasets,
        splits=tuple(_with_groups(plan.splits)),
        models=models,
        metrics=(*map(_titled, plan.metrics), *costs.infos()),
        provenance=_provenance(plan, stored)
        | {"readings": _readings(judged)}
        | ({"relevance": relevance} if relevance else {}),
        notes=(
            *_notes(plan, bool(judgement.contrasts), relevance),
            *_ties_unknown(rows, plan.metrics),
            *machine_notes(plan, stored),
            *code_notes(plan, stored),
            *trial_notes(plan.tuning),
            *contamination_notes(plan.datasets, plan.models, plan.metrics, judgement.contrasts),
            *title_completion_notes(told),
        ),
        tuning=plan.tuning,
        contrasts=judgement.contrasts,
        spreads=judgement.spreads,
        standings=judgement.standings,
        per_user=tuple(cases(plan, measurer, judged, users)) if users else (),
        strata=tuple(strata.all()),
        origins=tuple(_origin(row, stored) for row in planned),
        leads=judgement.leads,
    )


def _state(cells: Sequence[Cell], stored: StoredCells) -> tuple[State, str]:
    """Return the state of a (data set, split, model) row: as good as its worst cell."""
    for cell in cells:
        if cell.reason:
            return "not applicable", cell.reason
    failures = []
    for cell in cells:
        manifest = stored.manifest(cell)
        if manifest is None:
            return "missing", "not run yet"
        if manifest["state"] == "failed":
            failures.append((cell, manifest["reason"]))
    if failures:
        cell, reason = failures[0]
        share = f" ({len(failures)} of {len(cells)} cells)" if len(cells) > len({cell.stage for cell in cells}) else ""
        return "failed", f"{cell.stage}: {reason}{share}"
    return "ok", ""


def _rows(
    dataset: str, split: str, model: str, results: Sequence[CellResult], lacking: Mapping[str, str]
) -> Iterator[Row]:
    """Average over seeds and folds; replicates are averaged draw by draw, so that a user's draws stay together.

    ``lacking`` holds by metric what the data lacks.
    """
    for metric, group in results[0].measured:
        parts = [result.measured[metric, group] for result in results]
        value = float(np.mean([part.value for part in parts]))
        n = sum(part.n for part in parts)
        if np.isnan(value):
            reason = lacking.get(metric) or why_undefined(n)
            yield Row(dataset, split, model, metric, None, None, None, n, "not applicable", reason, group)
            continue
        low, high = percentile_interval(np.mean([part.replicates for part in parts], axis=0))
        yield Row(dataset, split, model, metric, value, low, high, n, "ok", "", group, *mean_undecided(parts))


def _ties_unknown(rows: Sequence[Row], metrics: Sequence[MetricInfo]) -> Iterator[str]:
    """Say where results were measured by a version that did not count ties."""
    labels = {metric.label for metric in metrics}
    if any(row.metric in labels and row.state == "ok" and row.n and row.tie_share is None for row in rows):
        yield "How many answers ties decided is not known of all rows: some were measured before ties were counted."


def _with_groups(splits: Sequence[SplitInfo]) -> Iterator[SplitInfo]:
    """Yield each split, followed by its groups of queries."""
    for split in splits:
        yield split
        yield from map(split.of_group, split.groups)


def _titled(metric: MetricInfo) -> MetricInfo:
    """Return a metric with a heading; a plan older than titles keeps the headings of its time."""
    return metric if metric.title else dataclasses.replace(metric, title=heading_before_titles(metric.label))


def _provenance(plan: Plan, stored: StoredCells) -> dict[str, Any]:
    """Say what the comparison rests on: settings, keys, and where the cells were made."""
    cells = {cell.key: "" if cell.reason else "missing" for cell in plan.cells}
    machines: dict[str, Any] = {}
    for cell in plan.cells:
        manifest = stored.manifest(cell)
        if manifest is not None:
            cells[cell.key] = manifest["state"]
            machines.setdefault(str(manifest["provenance"]["hardware"]), manifest["provenance"])
    return {
        "settings": dict(plan.settings) | {"bootstrap_replicates": REPLICATES},
        "cells": {key: state for key, state in cells.items() if state},
        "made_with": list(machines.values()) or [provenance()],
    }


def _origin(row: PlanRow, stored: StoredCells) -> RowOrigin:
    """Return what a row's numbers rest on."""
    kept = [manifest for cell in row.cells if (manifest := stored.manifest(cell)) is not None]
    used = [test.identity["model"] for test, _ in row.pairs]
    return RowOrigin(
        dataset=row.dataset,
        split=row.split,
        model=row.model,
        cells=tuple(cell.key for cell in row.cells),
        plugin=used[0]["plugin"],
        version=used[0]["version"],
        settings=tuple(dict(model["settings"]) for model in used),
        started=tuple(manifest["started"] for manifest in kept if "started" in manifest),
        finished=tuple(manifest["finished"] for manifest in kept if "finished" in manifest),
        provenance=kept[0]["provenance"] if kept else {},
    )


def _readings(judged: ResultsByModel) -> dict[str, Any]:
    """Return how the harness read each model's scores in each cell: threshold, calibrator, line to ratings."""
    return {
        f"{dataset}, {split}, {model}, seed {result.test.seed}, fold {result.test.fold}": dict(result.reading)
        for (dataset, split), models in judged.items()
        for model, results in models.items()
        for result in results
        if result.reading
    }


def _notes(plan: Plan, tested: bool, relevance: Mapping[str, Any]) -> Iterator[str]:
    for data in plan.datasets:
        if data.simulated:
            yield f"{data.label} is simulated: it shows that the machinery works, not which model is better."
    yield f"Intervals: 95%, bootstrap over users ({REPLICATES:,} draws)."
    if relevance:
        yield relevance["told"]
    which = "only relevant items count" if relevance else "every held-out interaction counts"
    yield f"Rankings: {which} as right; all candidates are ranked, seen items left out, ties in a fixed order."
    aim = plan.settings["threshold"]
    if any(metric.task == "classification" for metric in plan.metrics):
        told = "Accuracy, precision, recall, F1, AUC: labelled held-out pairs"
        drawn = "where the data has no labels, held-out items and as many others, drawn at random"
        yield f"{told}; {drawn}; the threshold maximizes {aim} on validation."
    if any(metric.task == "rating" for metric in plan.metrics):
        own = ", ".join(m.label for m in plan.models if m.predicts_values) or "none of these models"
        yield (
            "RMSE, MAE: held-out pairs with a value. Scores become ratings by a straight line, fitted on validation "
            f"for each model alike; scores of models that predict values ({own}) are ratings already. All are cut to "
            "the range of the training values; without an opinion, the item's damped mean is the answer."
        )
    if tested:
        yield (
            "References: all models that are not proposed (put to the test). Differences to the best reference of each "
            "table: 95% interval from the spread of paired bootstrap draws over users and Student's quantile; p by "
            "randomization of users' signs, corrected over the table (Holm)."
        )
