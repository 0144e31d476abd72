"""Every model's numbers on the strata of each test, measured once for each cell and kept in the store.

The parts of one family together cost as much as the whole, so they have few metrics: the main one for ranking, the
first recall@k and the AUC, as far as the experiment measures them. They are not tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchsuite.analysis.cell_evaluation import (
    REPLICATES,
    CellEvaluator,
    CellResult,
    mean_undecided,
    measurement,
    percentile_interval,
    result_record,
    why_undefined,
)
from benchsuite.data import MetricInfo, Row, State, Stratum, main_metric
from benchsuite.evaluate import Measurement, measure_parts, parts, unanswered
from benchsuite.keys import content_key
from benchsuite.plan import Cell, Plan

_VERSION = 1
"""Raised when parts are cut or measured otherwise, so that older numbers are not shown as new ones."""

Stages = Sequence[tuple[Cell, Cell | None]]
"""(test cell, validation cell) of each seed and fold."""


@dataclass(frozen=True)
class _Answers:
    """One model's results in one place: the reason why there are none, or measured parts, one mapping for each cell."""

    model: str
    state: State
    reason: str
    measured: tuple[Mapping[tuple[str, str], Measurement], ...] = ()
    unanswered: tuple[Mapping[str, tuple[int, int]], ...] = ()


class Strata:
    """Collects the parts of every place, model by model."""

    def __init__(self, plan: Plan, measurer: CellEvaluator) -> None:
        self._measurer = measurer
        self._metrics = shown(plan.metrics)
        self._answers: dict[tuple[str, str], list[_Answers]] = {}
        self._cuts: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def absent(self, dataset: str, split: str, model: str, state: State, reason: str) -> None:
        """Note why a model has no numbers in a place."""
        self._answers.setdefault((dataset, split), []).append(_Answers(model, state, reason))

    def add(
        self, dataset: str, split: str, model: str, stages: Stages, results: Iterable[CellResult]
    ) -> list[CellResult]:
        """Measure a model in a place, or read what was measured, and return the results.

        Each result is asked for just before its parts, so that both look at the same answers, read once.
        """
        if not self._metrics:
            return list(results)
        place = dataset, split
        if place not in self._cuts:
            self._cuts[place] = _made([self._cut(test.fold_key) for test, _ in stages])
        names = [cut["name"] for cut in self._cuts[place]]
        whole, found = [], []
        for (test, validation), result in zip(stages, results, strict=True):
            whole.append(result)
            found.append(self._read(test, validation, result.key, names))
        answers = _Answers(model, "ok", "", tuple(one for one, _ in found), tuple(one for _, one in found))
        self._answers.setdefault(place, []).append(answers)
        return whole

    def all(self) -> Iterator[Stratum]:
        """Yield the parts of each place that has any, with every model of the place in each."""
        for (dataset, split), cuts in self._cuts.items():
            for cut in cuts:
                answers = self._answers[dataset, split]
                rows = [_row(dataset, split, one, metric, cut["name"]) for one in answers for metric in self._metrics]
                fallback = {
                    one.model: _share([cell[cut["name"]] for cell in one.unanswered if cut["name"] in cell])
                    for one in answers
                    if one.state == "ok"
                }
                known = {model: share for model, share in fallback.items() if share is not None}
                yield Stratum(dataset, split, **cut, rows=tuple(rows), fallback=known)

    def _cut(self, fold_key: str) -> list[dict[str, Any]]:
        """Return the counts of each part of a fold; cached, as folds are large and do not change."""
        identity = {"version": _VERSION, "fold": fold_key}
        key = content_key("strata", identity)
        store = self._measurer.store
        entry = store.find("strata", key)
        if entry is None:
            fold = self._measurer.fold(fold_key)
            asked = int(np.count_nonzero(np.diff(fold.truth.start)))
            content = [
                {"family": part.family, "name": part.name, "meaning": part.meaning}
                | {"held_out": part.rows(fold), "of_held_out": len(fold.truth.item)}
                | {"queries": part.asked(fold), "of_queries": asked}
                for part in parts(fold)
            ]
            with store.write("strata", key) as draft:
                draft.manifest = {"identity": identity, "content": content}
            entry = store.get("strata", key)
        found: list[dict[str, Any]] = entry.manifest["content"]
        return found

    def _read(
        self, test: Cell, validation: Cell | None, measure_key: str, names: Sequence[str]
    ) -> tuple[dict[tuple[str, str], Measurement], dict[str, tuple[int, int]]]:
        """Return results by (part, metric), and unanswered and all labelled pairs by part; measure them if need be."""
        identity = {"version": _VERSION, "measure": measure_key, "parts": list(names), "metrics": self._metrics}
        key = content_key("strata-measure", identity)
        store = self._measurer.store
        entry = store.find("strata-measure", key)
        if entry is None:
            fold = self._measurer.fold(test.fold_key)
            evidence = self._measurer.evidence(test, validation)[0]
            chosen = [part for part in parts(fold) if part.name in names and part.rows(fold)]
            metrics = {label: self._measurer.metrics[label] for label in self._metrics}
            results = measure_parts(evidence, chosen, metrics, REPLICATES, len(fold.train.users))
            with store.write("strata-measure", key) as draft:
                draft.arrays(**{f"replicates_{j}": results[name].replicates for j, name in enumerate(results)})
                draft.manifest = {
                    "identity": identity,
                    "results": [
                        {"part": part, "metric": metric, **result_record(one)}
                        for (part, metric), one in results.items()
                    ],
                    "unanswered": {part.name: list(unanswered(evidence, part)) for part in chosen},
                }
            entry = store.get("strata-measure", key)
        arrays = entry.arrays()
        measured = {
            (one["part"], one["metric"]): measurement(one, arrays[f"replicates_{j}"])
            for j, one in enumerate(entry.manifest["results"])
        }
        return measured, {name: (pair[0], pair[1]) for name, pair in entry.manifest["unanswered"].items()}


def shown(metrics: Sequence[MetricInfo]) -> list[str]:
    """Return the labels of the metrics that parts have: the main ranking metric, the first recall@k, the AUC."""
    ranking = [metric for metric in metrics if metric.task == "ranking"]
    main = main_metric(ranking)
    recall = [metric.label for metric in ranking if metric.name == "recall@k"][:1]
    auc = [metric.label for metric in metrics if metric.name == "auc"][:1]
    return list(dict.fromkeys([*([main.label] if main else []), *recall, *auc]))


def _made(folds: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Sum each part over seeds and folds, and leave out those that are empty or everything."""
    found = []
    for same in zip(*folds, strict=True):
        sums = {name: sum(cut[name] for cut in same) for name in ("held_out", "of_held_out", "queries", "of_queries")}
        if 0 < sums["held_out"] < sums["of_held_out"]:
            found.append({**same[0], **sums})
    return found


def _row(dataset: str, split: str, answers: _Answers, metric: str, part: str) -> Row:
    """Average over the seeds and folds in which the part has a value; replicates are averaged draw by draw."""
    if answers.state != "ok":
        return Row(dataset, split, answers.model, metric, None, None, None, 0, answers.state, answers.reason, part)
    there = [cell[part, metric] for cell in answers.measured if (part, metric) in cell]
    n = sum(one.n for one in there)
    known = [one for one in there if not np.isnan(one.value)]
    if not known:
        why = why_undefined(n)
        return Row(dataset, split, answers.model, metric, None, None, None, n, "not applicable", why, part)
    low = high = None
    if all(len(one.replicates) for one in known):
        low, high = percentile_interval(np.mean([one.replicates for one in known], axis=0))
    mean = float(np.mean([one.value for one in known]))
    return Row(dataset, split, answers.model, metric, mean, low, high, n, "ok", "", part, *mean_undecided(known))


def _share(pairs: Sequence[tuple[int, int]]) -> float | None:
    total = sum(size for _, size in pairs)
    return sum(without for without, _ in pairs) / total if total else None
