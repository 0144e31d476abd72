"""Measures a stored cell once: the result is kept in the store, under the key of everything that it rests on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchsuite.analysis.stored_cells import StoredCells
from benchsuite.api import Metric
from benchsuite.data import EvaluationInput, Float32, Float64, Fold, Relevance
from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate import (
    CALIBRATION,
    Calibrator,
    Measurement,
    Undecided,
    evaluation_input,
    fallback_share,
    measure,
)
from benchsuite.keys import content_key
from benchsuite.plan import Cell, Plan
from benchsuite.registry import load_metric
from benchsuite.store import Entry, Store
from benchsuite.stored_folds import StoredFolds

REPLICATES = 1000
"""Bootstrap draws behind every interval."""


@dataclass(frozen=True)
class CellResult:
    """One measured cell.

    Attributes:
        test: the cell.
        key: where the measurement lies in the store.
        measured: by (metric label, group); the group "" is everybody.
        costs: by cost name; ``fallback_share`` included.
        facts: of the fitted model.
        reading: what was fitted on the model's validation scores: ``threshold``, ``no_opinion`` (the score given to
            pairs of which the model abstains), ``logistic`` (slope and intercept of the calibrator of probabilities)
            and ``rating`` (slope and intercept of the line to ratings, and whether it was fitted; None where the data
            has no values). Empty where no validation cell is planned.
        spent: ``parameters`` and ``power`` of the cell's manifest, where it has them.
    """

    test: Cell
    key: str
    measured: Mapping[tuple[str, str], Measurement]
    costs: Mapping[str, float]
    facts: Mapping[str, Any]
    reading: Mapping[str, Any]
    spent: Mapping[str, Any]


class CellEvaluator:
    """Measures cells of a plan; loads each fold at most once, and only when something is missing.

    Attributes:
        store: where results are.
        cells: the plan's cells as they lie there.
        relevance: the plan's rule of what counts as right.
        folds: its folds.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan = plan
        self.store = store
        self.cells = StoredCells(store)
        self._measurements: dict[str, Entry] = {}
        self.folds = StoredFolds(store)
        self.relevance = Relevance.of(plan.settings)
        self._metrics: dict[str, Metric] | None = None
        self._last: tuple[tuple[str, str], tuple[EvaluationInput, Calibrator]] | None = None

    def result(self, test: Cell, validation: Cell | None) -> CellResult:
        """Return the measured test cell; thresholds come from the validation cell, where one is planned."""
        key = content_key("measure", self._identity(test, validation))
        entry = self.store.find("measure", key)
        if entry is None:
            self._measure(key, test, validation)
            entry = self.store.get("measure", key)
        self._measurements[key] = entry
        return self._read(test, entry)

    def values(self, key: str) -> dict[str, Float64]:
        """Return the values per query float64[q] by metric label, of a result with this key."""
        entry = self._measurements[key]
        return dict(zip(entry.manifest["values"], entry.arrays("values")["values"], strict=True))

    def _identity(self, test: Cell, validation: Cell | None) -> dict[str, Any]:
        metrics = [
            {"label": m.label, "plugin": m.plugin, "version": m.version, "settings": dict(m.settings)}
            | ({"code": m.code} if m.code else {})
            for m in self._plan.metrics
        ]
        stages = ["test"] if validation is None else ["test", "validation"]
        rules = self.folds.relevance_identity(self.relevance, test.fold_key, *stages)
        rules |= {"threshold": self._plan.settings["threshold"]}
        cells = {"cell": test.key, "validation": None if validation is None else validation.key}
        own = {"predicts_values": self._plan.predicts_values(test.model)}
        return cells | rules | own | {"metrics": metrics, "replicates": REPLICATES, "seed": test.seed}

    def _measure(self, key: str, test: Cell, validation: Cell | None) -> None:
        fold = self.fold(test.fold_key)
        evidence, reading = self.evidence(test, validation)
        values, results = measure(evidence, fold.queries, self.metrics, REPLICATES, len(fold.train.users))
        names = sorted(results)
        with self.store.write("measure", key) as draft:
            draft.arrays(
                values=np.stack([values[label] for label in sorted(values)]),
                **{f"replicates_{j}": results[name].replicates for j, name in enumerate(names)},
            )
            draft.manifest = {
                "identity": self._identity(test, validation),
                "values": sorted(values),
                "results": [
                    {"metric": metric, "group": group, **result_record(results[metric, group])}
                    for metric, group in names
                ],
                "reading": {} if validation is None else _told(reading),
                "fallback_share": fallback_share(evidence),
                "sampled_negatives": int(np.isnan(evidence.pairs.value).sum()),
            }

    def _read(self, test: Cell, entry: Entry) -> CellResult:
        cell = self.cells.manifest(test)
        if cell is None:
            raise BenchsuiteError(f"cell {test.key[:12]} is measured and is not there")
        results = entry.manifest["results"]
        arrays = entry.arrays(*(f"replicates_{j}" for j in range(len(results))))
        measured = {}
        for j, result in enumerate(results):
            measured[result["metric"], result["group"]] = measurement(result, arrays[f"replicates_{j}"])
        costs = cell["costs"] | {"fallback_share": entry.manifest["fallback_share"]}
        facts = cell.get("facts", {})
        spent: dict[str, Any] = {name: cell[name] for name in ("parameters", "power") if name in cell}
        return CellResult(test, entry.folder.name, measured, costs, facts, entry.manifest["reading"], spent)

    def fold(self, key: str) -> Fold:
        """Return a fold, loaded once."""
        return self.folds.fold(key)

    def evidence(self, test: Cell, validation: Cell | None) -> tuple[EvaluationInput, Calibrator]:
        """Return what metrics may look at, and how the scores were read; the last one is kept."""
        asked = test.key, "" if validation is None else validation.key
        if self._last is None or self._last[0] != asked:
            self._last = asked, self._evidence(test, validation)
        return self._last[1]

    def _evidence(self, test: Cell, validation: Cell | None) -> tuple[EvaluationInput, Calibrator]:
        stored = self.cells.arrays(test)
        tried = None if validation is None else self.cells.arrays(validation, *CALIBRATION)
        own, aim = self._plan.predicts_values(test.model), self._plan.settings["threshold"]
        return evaluation_input(self.fold(test.fold_key), stored, tried, self.relevance, aim, predicts_values=own)

    @property
    def metrics(self) -> dict[str, Metric]:
        """The experiment's metrics by label, loaded once."""
        if self._metrics is None:
            self._metrics = {
                about.label: load_metric(
                    about.plugin, trusted=self._plan.trusted, code=about.code or None
                ).from_settings(about.settings, about.label)
                for about in self._plan.metrics
            }
        return self._metrics


def result_record(one: Measurement) -> dict[str, Any]:
    """Return a measurement as it is stored, replicates apart."""
    own = {} if one.undecided is None else {"fallback": one.undecided.fallback, "ties": one.undecided.ties}
    return {"value": None if np.isnan(one.value) else one.value, "n": one.n, **own}


def measurement(stored: Mapping[str, Any], replicates: Float32) -> Measurement:
    """Read what :func:`result_record` returned; older stores do not tell what the model did not decide."""
    value = np.nan if stored["value"] is None else stored["value"]
    own = Undecided(stored["fallback"], stored["ties"]) if "ties" in stored else None
    return Measurement(value, stored["n"], replicates, own)


def why_undefined(n: int) -> str:
    """Return why a metric has no value over ``n`` queries: none counts, or precision and the like divide 0 by 0."""
    return "0 divided by 0" if n else "no query counts"


def mean_undecided(parts: Sequence[Measurement]) -> tuple[float | None, float | None]:
    """Return the mean shares of fallback and ties over seeds and folds, None where one is not known."""
    known = [part.undecided for part in parts if part.undecided is not None]
    if not known or len(known) < len(parts):
        return None, None
    return float(np.mean([one.fallback for one in known])), float(np.mean([one.ties for one in known]))


def percentile_interval(replicates: Float32) -> tuple[float | None, float | None]:
    """Return the 95% percentile interval, or (None, None) without replicates."""
    known = replicates[~np.isnan(replicates)]
    if not len(known):
        return None, None
    low, high = np.quantile(known.astype(np.float64), [0.025, 0.975])
    return float(low), float(high)


def _told(reading: Calibrator) -> dict[str, Any]:
    return {
        "threshold": reading.threshold,
        "no_opinion": reading.neutral,
        "logistic": {"slope": reading.slope, "intercept": reading.intercept},
        "rating": None if reading.rating is None else dataclasses.asdict(reading.rating),
    }
