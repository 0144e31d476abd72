"""From a plan and a store to the comparison that reports show."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from benchsuite.compare.cases import cases
from benchsuite.compare.cells import REPLICATES, CellResult, Measurer, interval
from benchsuite.compare.judge import judge
from benchsuite.compare.survival import survival
from benchsuite.data import About, Comparison, Row, State
from benchsuite.plan import Cell, Plan
from benchsuite.provenance import provenance
from benchsuite.store import Store

_COSTS = {
    "fit_seconds": "seconds to fit on the whole training part, wall clock, mean over folds and seeds",
    "score_seconds": "seconds to rank all queries and score all pairs, wall clock, mean over folds and seeds",
    "peak_memory_mb": "peak resident memory of the process in MB (10^6 bytes), libraries and data included",
    "fallback_share": "share of list places filled by popularity because the model had no opinion",
}

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def build(
    plan: Plan, store: Store, progress: Progress = _silent, against: Sequence[str] = (), users: int = 0
) -> Comparison:
    """Judge every planned cell; nothing is left out.

    Args:
        plan: what was planned.
        store: where results are.
        progress: is told how many (data set, split, model) rows are measured.
        against: labels of models that all others are held against, besides the best classic of each table.
        users: how many users' cases to show in full in each place; 0 leaves values user by user out.
    """
    measurer = Measurer(plan, store)
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in plan.cells:
        groups.setdefault((cell.dataset, cell.split, cell.model), []).append(cell)
    rows: list[Row] = []
    judged: dict[tuple[str, str], dict[str, list[CellResult]]] = {}
    facts: dict[str, dict[str, Any]] = {}
    for done, ((dataset, split, model), cells) in enumerate(groups.items()):
        progress(done, len(groups))
        state, reason = _state(cells, store)
        if state == "ok":
            results = [measurer.result(test, validation) for test, validation in _pairs_of_stages(cells)]
            facts.setdefault(model, {}).update(results[0].facts)
            rows += _rows(dataset, split, model, results)
            judged.setdefault((dataset, split), {})[model] = results
        else:
            names = [metric.label for metric in plan.metrics] + list(_COSTS)
            rows += [Row(dataset, split, model, name, None, None, None, 0, state, reason) for name in names]
    progress(len(groups), len(groups))
    judgement = judge(plan, measurer, judged, rows, against)
    models = tuple(dataclasses.replace(m, facts={**m.facts, "fitted": facts.get(m.label, {})}) for m in plan.models)
    return Comparison(
        name=plan.name,
        rows=tuple(rows),
        datasets=plan.datasets,
        splits=tuple(_with_groups(plan.splits)),
        models=models,
        metrics=plan.metrics + tuple(_about_cost(name) for name in _COSTS),
        provenance=_provenance(plan, store),
        notes=(
            *_notes(plan, bool(judgement.contrasts)),
            *survival(plan.datasets, plan.models, plan.metrics, judgement.contrasts),
        ),
        tuning=plan.tuning,
        contrasts=judgement.contrasts,
        spreads=judgement.spreads,
        standings=judgement.standings,
        per_user=tuple(cases(plan, measurer, judged, users)) if users else (),
    )


def _pairs_of_stages(cells: Sequence[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """Yield (test cell, validation cell) of each seed and fold."""
    places: dict[tuple[int, str], dict[str, Cell]] = {}
    for cell in cells:
        places.setdefault((cell.seed, cell.fold), {})[cell.stage] = cell
    for stages in places.values():
        yield stages["test"], stages["validation"]


def _state(cells: Sequence[Cell], store: Store) -> tuple[State, str]:
    """Return the state of a (data set, split, model) row: as good as its worst cell."""
    for cell in cells:
        if cell.reason:
            return "not applicable", cell.reason
    failures = []
    for cell in cells:
        if not store.has("cell", cell.key):
            return "missing", "not run yet"
        manifest = store.get("cell", cell.key).manifest
        if manifest["state"] == "failed":
            failures.append((cell, manifest["reason"]))
    if failures:
        cell, reason = failures[0]
        share = f" ({len(failures)} of {len(cells)} cells)" if len(cells) > len(("validation", "test")) else ""
        return "failed", f"{cell.stage}: {reason}{share}"
    return "ok", ""


def _rows(dataset: str, split: str, model: str, results: Sequence[CellResult]) -> Iterator[Row]:
    """Average over seeds and folds; replicates are averaged draw by draw, so users stay whole."""
    for metric, group in results[0].measured:
        parts = [result.measured[metric, group] for result in results]
        name = f"{split}/{group}" if group else split
        value = float(np.mean([part.value for part in parts]))
        n = sum(part.n for part in parts)
        if np.isnan(value):
            yield Row(dataset, name, model, metric, None, None, None, n, "not applicable", "no query counts")
            continue
        low, high = interval(np.mean([part.replicates for part in parts], axis=0))
        yield Row(dataset, name, model, metric, value, low, high, n, "ok")
    for cost in _COSTS:
        value = float(np.mean([result.costs[cost] for result in results]))
        yield Row(dataset, split, model, cost, value, None, None, len(results), "ok")


def _with_groups(splits: Sequence[About]) -> Iterator[About]:
    """Yield each split, followed by its groups of queries as splits of their own."""
    for split in splits:
        yield split
        for group in split.facts.get("groups", []):
            yield dataclasses.replace(
                split, label=f"{split.label}/{group}", facts={**split.facts, "group_of": split.label}
            )


def _about_cost(name: str) -> About:
    facts = {"task": "cost", "higher_is_better": False, "convention": _COSTS[name]}
    return About(name, name, _COSTS[name], facts=facts)


def _provenance(plan: Plan, store: Store) -> dict[str, Any]:
    """Say what the comparison rests on: settings, keys, and where the cells were made."""
    cells = {cell.key: "" if cell.reason else "missing" for cell in plan.cells}
    machines: dict[str, Any] = {}
    for cell in plan.cells:
        if not cell.reason and store.has("cell", cell.key):
            manifest = store.get("cell", cell.key).manifest
            cells[cell.key] = manifest["state"]
            machines.setdefault(str(manifest["provenance"]["hardware"]), manifest["provenance"])
    return {
        "settings": dict(plan.settings) | {"bootstrap_replicates": REPLICATES},
        "cells": {key: state for key, state in cells.items() if state},
        "made_with": list(machines.values()) or [provenance()],
    }


def _notes(plan: Plan, tested: bool) -> Iterator[str]:
    for data in plan.datasets:
        if data.facts["simulated"]:
            yield f"{data.label} is simulated: it shows that the machinery works, not which model is better."
    yield f"Intervals: 95%, bootstrap over users ({REPLICATES:,} draws)."
    which = "every held-out interaction" if plan.settings["relevant"] == "taken" else "held-out items with label 1"
    yield f"Rankings: {which} counts as right; all candidates are ranked, seen items left out, ties in a fixed order."
    aim = plan.settings["threshold"]
    yield f"Accuracy, precision, recall, F1, AUC: labelled held-out pairs; the threshold maximizes {aim} on validation."
    if tested:
        yield (
            "Classics: all models that are not proposed (put to the test). Differences to the best classic of each "
            "table: 95% interval from the spread of paired bootstrap draws over users and Student's quantile; p by "
            "randomization of users' signs, corrected over the table (Holm)."
        )
