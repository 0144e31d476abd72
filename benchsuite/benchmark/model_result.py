"""The result of one model in a benchmark: what a result folder holds, collected from a plan and a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchsuite.analysis.cell_evaluation import CellEvaluator, CellResult
from benchsuite.analysis.stored_cells import StoredCells
from benchsuite.benchmark.packed_values import rounded
from benchsuite.benchmark.places import benchmark_of, read_benchmark
from benchsuite.data import Float32, ModelInfo
from benchsuite.errors import UsageError, did_you_mean
from benchsuite.plan import Cell, Plan, PlanRow, without_folder
from benchsuite.store import Store

Place = tuple[str, str, int, str]
"""Labels of data set and split, seed, the fold's name."""

_TOLERANCE = 1e-6
"""Values by query are kept in single precision."""


@dataclass(frozen=True)
class Value:
    """One metric of one cell and group of queries.

    Attributes:
        mean: the value, None where no query counts.
        n: how many queries or pairs it rests on.
        fallback: share of the answers behind it that the fallback gave, None where it is not known.
        ties: share that ties decided, None where it is not known.
    """

    mean: float | None
    n: int
    fallback: float | None = None
    ties: float | None = None


@dataclass(frozen=True, eq=False)
class CellValues:
    """One model on one fold of a benchmark.

    Attributes:
        place: of the fold.
        key: of the test cell.
        validation: key of the validation cell, "" where none was planned.
        state: ``ok``, ``failed``, ``not applicable`` or ``missing``.
        reason: why there are no values, or "".
        settings: with which the model was fitted for the test.
        values: by (metric, group); the group "" is everybody.
        queries: float32[q] by kept metric, values by query; NaN does not count.
        replicates: float32[b] by (kept metric, group), of metrics that are no mean over queries; rounded to a
            126th of their range.
        costs: seconds and megabytes by name.
    """

    place: Place
    key: str
    validation: str
    state: str
    reason: str
    settings: Mapping[str, Any]
    values: Mapping[tuple[str, str], Value] = field(default_factory=dict)
    queries: Mapping[str, Float32] = field(default_factory=dict)
    replicates: Mapping[tuple[str, str], Float32] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ModelResult:
    """One model in a benchmark.

    Attributes:
        benchmark: its name.
        pins: digest of the pins that its folds were checked against.
        model: what is known of the model; its label names the row.
        identity: the plugin's name, version and settings, and the sha256 of its file where it has one.
        tuned: the budget of its search, ``{"on": ..., "trials": ...}``; None where its settings are as given.
        facts: of the fitted model, such as the pretrained weights and their sha256.
        cells: in the order of the benchmark.
        provenance: versions and machine of the first cell; what does not change the numbers.
        finished: when the last cell ended, ISO 8601, "" where that is not known.
        verified: who fitted some of it again: date, machine and how many cells; empty where nobody did.
        whole: whether it has values by query of all kept metrics, not only of the headline.
    """

    benchmark: str
    pins: str
    model: ModelInfo
    identity: Mapping[str, Any]
    tuned: Mapping[str, Any] | None
    facts: Mapping[str, Any]
    cells: Sequence[CellValues]
    provenance: Mapping[str, Any]
    finished: str = ""
    verified: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = True

    @property
    def label(self) -> str:
        """The row's name."""
        return self.model.label

    @property
    def gaps(self) -> list[str]:
        """What has no value, a line each."""
        return [
            f"{', '.join(map(str, cell.place))}: {cell.state}: {cell.reason}"
            for cell in self.cells
            if cell.state not in ("ok", "not applicable")
        ]


def collect(plan: Plan, store: Store, label: str, pins: str) -> ModelResult:
    """Return what a store holds of one model of a benchmark's plan; cells are measured where they are not yet.

    Args:
        plan: of the benchmark, its short form, or one with a single model.
        store: where its results are.
        label: of the model.
        pins: digest of the pins that the plan was checked against.

    Raises:
        UsageError: when the plan has no such model.
    """
    about = next((model for model in plan.models if model.label == label), None)
    if about is None:
        remedy = did_you_mean(label, [model.label for model in plan.models])
        raise UsageError(f'no model "{label}" in {plan.name}', remedy=remedy)
    _, rules = read_benchmark(benchmark_of(plan.name))
    measurer = CellEvaluator(plan, store)
    rows = [row for row in plan.rows() if row.model == label]
    cells = [cell for row in rows for cell in _cells(row, measurer, rules.metrics)]
    manifests = [found for row in rows for cell in row.cells if (found := measurer.cells.manifest(cell)) is not None]
    first = without_folder(rows[0].cells[0].identity["model"])
    budget = plan.settings.get("tune")
    return ModelResult(
        benchmark=benchmark_of(plan.name),
        pins=pins,
        model=replace(about, origin=first["plugin"]) if "code" in first else about,  # not where it lies
        identity={name: first[name] for name in ("plugin", "version", "code") if name in first}
        | {"settings": dict(about.settings)},
        tuned=None if budget is None else {name: value for name, value in budget.items() if value is not None},
        facts=next((dict(found.get("facts", {})) for found in manifests if found["state"] == "ok"), {}),
        cells=cells,
        provenance=dict(manifests[0]["provenance"]) if manifests else {},
        finished=max((found.get("finished", "") for found in manifests), default=""),
    )


def _cells(row: PlanRow, measurer: CellEvaluator, kept: Sequence[str]) -> list[CellValues]:
    return [_cell(test, validation, measurer, kept) for test, validation in row.pairs]


def _cell(test: Cell, validation: Cell | None, measurer: CellEvaluator, kept: Sequence[str]) -> CellValues:
    place = (test.dataset, test.split, test.seed, test.fold)
    state, reason = _state([test, *([validation] if validation is not None else [])], measurer.cells)
    told = (place, test.key, validation.key if validation is not None else "", state, reason)
    settings = dict(test.identity["model"]["settings"])
    if state != "ok":
        return CellValues(*told, settings)
    result = measurer.result(test, validation)
    found = measurer.values(result.key)
    queries = {metric: found[metric].astype(np.float32) for metric in kept}
    return CellValues(*told, settings, _values(result), queries, _pooled(result, queries), dict(_seconds(result.costs)))


def _state(cells: Sequence[Cell], stored: StoredCells) -> tuple[str, str]:
    for cell in cells:
        if cell.reason:
            return "not applicable", cell.reason
        manifest = stored.manifest(cell)
        if manifest is None:
            return "missing", "not run yet"
        if manifest["state"] == "failed":
            return "failed", manifest["reason"]
    return "ok", ""


def _values(result: CellResult) -> dict[tuple[str, str], Value]:
    values = {}
    for place, one in result.measured.items():
        own = (None, None) if one.undecided is None else (one.undecided.fallback, one.undecided.ties)
        values[place] = Value(None if np.isnan(one.value) else one.value, one.n, *own)
    return values


def _pooled(result: CellResult, queries: Mapping[str, Float32]) -> dict[tuple[str, str], Float32]:
    """Return the replicates of kept metrics that cannot be computed again from values by query, rounded."""
    pooled = {metric for metric, values in queries.items() if not is_mean(result.measured[metric, ""].value, values)}
    return {
        place: rounded(one.replicates)
        for place, one in result.measured.items()
        if place[0] in pooled and len(one.replicates) and not np.isnan(one.value)
    }


def is_mean(value: float, queries: Float32) -> bool:
    """Return whether a value is the mean of its values by query, as far as single precision tells."""
    known = queries[~np.isnan(queries)].astype(np.float64)
    return bool(len(known)) and bool(np.isclose(known.mean(), value, rtol=_TOLERANCE, atol=_TOLERANCE))


def _seconds(costs: Mapping[str, float]) -> Mapping[str, float]:
    names = ("fit_seconds", "score_seconds", "peak_memory_mb", "cpu_seconds")
    return {name: float(costs[name]) for name in names if name in costs}
