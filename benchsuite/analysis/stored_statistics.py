"""From measured cells to statistics; computed once for each set of results and kept in the store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from benchsuite.analysis import paired_statistics
from benchsuite.analysis.cell_evaluation import REPLICATES, CellEvaluator, CellResult
from benchsuite.analysis.contrasts import (
    SEVERAL_DRAWS,
    Asked,
    Measures,
    MetricColumn,
    Test,
    contrast_all,
    holm_corrected,
    variance_components,
)
from benchsuite.analysis.ranks import rank_models
from benchsuite.data import Contenders, Contrast, Float64, Int32, MeanRanks, Row, VarianceComponents, main_metric
from benchsuite.data.comparison import Role
from benchsuite.keys import content_key
from benchsuite.plan import Plan
from benchsuite.store import MANIFEST, Store, unreadable

_VERSION = 1
"""Raised when the statistics change, so that older statistics are not shown as new ones."""

_SEVERAL = 2

_STORED_ROLE = "best classic"
"""How a store names the role of the best reference, so that older statistics stay what their cells give."""

T = TypeVar("T")

ResultsByModel = Mapping[tuple[str, str], Mapping[str, Sequence[CellResult]]]
"""Measured cells (seeds and folds, in the same order for all models) by (data set, split) and model."""


@dataclass(frozen=True)
class Judgement:
    """The statistics of a comparison; see :class:`benchsuite.data.Comparison`."""

    contrasts: tuple[Contrast, ...]
    spreads: tuple[VarianceComponents, ...]
    standings: tuple[MeanRanks, ...]
    leads: tuple[Contrast, ...]


def significance_tests(
    plan: Plan,
    measurer: CellEvaluator,
    judged: ResultsByModel,
    rows: Sequence[Row],
    against: Sequence[str] = (),
    test: Test = "randomization",
    progress: Callable[[int], None] = lambda done: None,  # noqa: ARG005 - nobody is told
) -> Judgement:
    """Compute all statistics, or read them where they were computed before.

    Args:
        plan: what was planned.
        measurer: returns folds and values per query.
        judged: the measured cells.
        rows: the means, for ranks and for who competes.
        against: labels of chosen models that all others are compared with, besides the best reference.
        test: which test of differences.
        progress: is told how many places are tested.
    """
    ceilings = {model.label for model in plan.models if model.is_oracle}
    references = [m.label for m in plan.models if not m.is_candidate and m.label not in ceilings]
    contenders = Contenders(rows, plan.models, plan.metrics)
    contrasts: list[Contrast] = []
    spreads: list[VarianceComponents] = []
    leads: list[Contrast] = []
    for done, ((dataset, split), models) in enumerate(judged.items()):
        progress(done)
        compete = {name: results for name, results in models.items() if name not in ceilings}
        table = ComparisonTable(plan, measurer, dataset, split, compete)
        chosen = [label for label in against if label in compete]
        cells: dict[str, Any] = {
            "dataset": dataset,
            "split": split,
            "models": [[name, [result.key for result in results]] for name, results in compete.items()],
            "seeds": table.seeds,
        }
        if table.draws_items and len(set(table.seeds)) >= SEVERAL_DRAWS:  # else older statistics are still found
            cells["draws_items"] = True
        tested = {"test": [test, paired_statistics.DRAWS, REPLICATES]}
        identity = cells | {
            "metrics": [[m.label, m.higher_is_better] for m in plan.metrics],
            "classics": [label for label in references if label in compete],  # so named that older ones are found
            "against": chosen,
            **tested,
        }
        # Only where the rule of who competes changes the reference, so that older statistics are still found.
        changed = _changed_references(plan, contenders, table, references)
        if changed:
            identity["references"] = [[*key, reference] for key, reference in changed.items()]
        work = lambda: _work(table, references, changed, chosen, test)  # noqa: B023, E731 - called at once
        read = lambda content: _tests(content, split)  # noqa: B023, E731 - same
        found = _remembered(measurer.store, identity, work, read)
        contrasts += found[0]
        spreads += found[1]
        asked = _asked(plan, contenders, dataset, split)
        if asked:
            work = lambda: _lead_work(table, asked, test)  # noqa: B023, E731 - called at once
            leads += _remembered(measurer.store, cells | {"asked": asked} | tested, work, read)[0]
    standings = tuple(_standings(plan, measurer.store, rows, ceilings))
    return Judgement(tuple(contrasts), tuple(spreads), standings, tuple(leads))


def _changed_references(
    plan: Plan, contenders: Contenders, table: ComparisonTable, references: Sequence[str]
) -> dict[tuple[str, str], str | None]:
    """Return by metric and group the reference, where it is not simply the best of all that are not put to the test."""
    changed = {}
    for about in plan.metrics:
        for group in table.groups:
            means = {name: mean for name in references if (mean := table.mean(name, about.label, group)) is not None}
            reference = contenders.reference((*table.place, group, about.label))
            best = max if about.higher_is_better else min
            if means and best(means, key=lambda name: means[name]) != reference:
                changed[about.label, group] = reference
    return changed


def _work(
    table: ComparisonTable,
    references: Sequence[str],
    changed: Mapping[tuple[str, str], str | None],
    chosen: Sequence[str],
    test: Test,
) -> dict[str, Any]:
    spreads: list[VarianceComponents] = []

    def asked() -> Iterator[Asked]:
        for column in table.columns():
            best = changed.get((column.metric, column.group), column.best(references))
            spreads.extend(variance_components(column, best))
            if best is not None:
                yield column, best, "best reference"
            for label in chosen:
                if label in column.models:
                    yield column, label, "chosen"

    contrasts = contrast_all(asked(), test)
    return {
        "contrasts": [_stored(one) for one in holm_corrected(contrasts)],
        "spreads": [dataclasses.asdict(one) for one in spreads],
    }


def _asked(plan: Plan, contenders: Contenders, dataset: str, split: str) -> list[tuple[str, str, str, Role]]:
    """Return what a verdict asks beyond the best reference: (metric, model or "" for all, reference, role)."""
    main = main_metric(plan.metrics)
    if main is None:
        return []
    key = (dataset, split, "", main.label)
    leader = contenders.leader(key)
    asked: list[tuple[str, str, str, Role]] = []
    if leader is not None and leader != contenders.reference(key):
        asked.append((main.label, "", leader, "leader"))
    return asked + [(main.label, *pair) for pair in contenders.frozen(key)]


def _lead_work(table: ComparisonTable, asked: Sequence[tuple[str, str, str, Role]], test: Test) -> dict[str, Any]:
    pairs: list[Asked] = []
    for column in table.columns([metric for metric, *_ in asked], [""]):
        for _, model, reference, role in asked:
            kept = {name: own for name, own in column.models.items() if not model or name in (model, reference)}
            pairs.append((dataclasses.replace(column, models=kept), reference, role))
    contrasts = contrast_all(pairs, test)
    return {"contrasts": [dataclasses.asdict(one) for one in holm_corrected(contrasts)], "spreads": []}


def _tests(content: Mapping[str, Any], split: str) -> tuple[list[Contrast], list[VarianceComponents]]:
    contrasts = [Contrast(**_of_group(one, split)) for one in content["contrasts"]]
    return contrasts, [VarianceComponents(**_of_group(one, split)) for one in content["spreads"]]


def _stored(one: Contrast) -> dict[str, Any]:
    return dataclasses.asdict(one) | ({"role": _STORED_ROLE} if one.role == "best reference" else {})


def _of_group(one: Mapping[str, Any], split: str) -> dict[str, Any]:
    """Return a stored result as it is told; older ones have their group in the split's label."""
    told = dict(one)
    if told.get("role") == _STORED_ROLE:
        told["role"] = "best reference"
    if "group" in told:
        return told
    return {**told, "split": split, "group": told["split"].removeprefix(split).removeprefix("/")}


def _remembered(
    store: Store, identity: Mapping[str, Any], work: Callable[[], dict[str, Any]], read: Callable[[dict[str, Any]], T]
) -> T:
    """Return the result of ``work`` for this identity, read by ``read`` from the store if it is there.

    Raises:
        StoreError: when the stored result is of another identity.
    """
    full = {"version": _VERSION, **identity}
    key = content_key("statistics", full)
    entry = store.find("statistics", key)
    if entry is None:
        with store.write("statistics", key) as draft:
            draft.manifest = {"identity": full, "content": work()}
        entry = store.get("statistics", key)
    try:
        return read(entry.manifest["content"])
    except (TypeError, KeyError) as error:
        raise unreadable(entry.folder / MANIFEST, error) from None


class ComparisonTable:
    """All measured models of one data set and split, read from the store when asked for columns."""

    def __init__(
        self, plan: Plan, measurer: CellEvaluator, dataset: str, split: str, models: Mapping[str, Sequence[CellResult]]
    ) -> None:
        self._plan = plan
        self._measurer = measurer
        self.place = (dataset, split)
        self._models = models
        self._cells = [result.test for result in next(iter(models.values()), ())]
        self.seeds = [cell.seed for cell in self._cells]
        self._values: dict[str, list[dict[str, Float64]]] = {}
        self.draws_items = any(about.label == split and about.draws_items for about in plan.splits)

    @property
    def groups(self) -> list[str]:
        """The groups of queries, "" (everybody) first."""
        return list(dict.fromkeys(group for results in self._models.values() for _, group in results[0].measured))

    def mean(self, model: str, metric: str, group: str) -> float | None:
        """Return the value that a model's row shows, None where it has none."""
        measured = [result.measured.get((metric, group)) for result in self._models.get(model, ())]
        values = [part.value for part in measured if part is not None]
        mean = float(np.mean(values)) if values else np.nan
        return None if np.isnan(mean) else mean

    def columns(
        self, metrics: Collection[str] | None = None, groups: Collection[str] | None = None
    ) -> Iterator[MetricColumn]:
        """Yield every metric over all queries, then of each group of queries, or only those named."""
        if not self._models:
            return
        folds = [self._measurer.fold(cell.fold_key) for cell in self._cells]
        for name, of in self._models.items():
            if name not in self._values:
                self._values[name] = [self._measurer.values(result.key) for result in of]
        for group in self.groups if groups is None else groups:
            counted = [
                np.ones(len(fold.queries), np.bool_)
                if not group
                else np.asarray(fold.queries.group) == fold.queries.groups.index(group)
                for fold in folds
            ]
            users = [fold.queries.user[mask] for fold, mask in zip(folds, counted, strict=True)]
            for about in self._plan.metrics:
                if metrics is None or about.label in metrics:
                    yield self._column(about.label, about.higher_is_better, group, users, counted)

    def _column(
        self,
        metric: str,
        higher: bool,
        group: str,
        users: Sequence[Int32],
        counted: Sequence[Any],
    ) -> MetricColumn:
        dataset, split = self.place
        models = {}
        for name, results in self._models.items():
            parts = [result.measured[metric, group] for result in results]
            mean = float(np.mean([part.value for part in parts]))
            if np.isnan(mean):
                continue
            queries = [cell[metric][mask] for cell, mask in zip(self._values[name], counted, strict=True)]
            replicates = np.stack([part.replicates for part in parts]).astype(np.float64).mean(axis=0)
            models[name] = Measures(mean, queries, replicates, [part.value for part in parts])
        return MetricColumn(dataset, split, metric, higher, users, self.seeds, models, group, self.draws_items)


def _standings(plan: Plan, store: Store, rows: Sequence[Row], ceilings: set[str]) -> Iterator[MeanRanks]:
    """Yield ranks over data sets for each split and metric; groups of queries are not ranked apart."""
    datasets = [about.label for about in plan.datasets]
    models = [about.label for about in plan.models if about.label not in ceilings]
    whole = [row for row in rows if not row.group]
    mean = {(row.split, row.metric, row.dataset, row.model): row.mean for row in whole if row.mean is not None}
    for split in [about.label for about in plan.splits]:
        for about in plan.metrics:
            sign = 1.0 if about.higher_is_better else -1.0
            table = np.array(
                [[sign * mean.get((split, about.label, data, model), np.nan) for model in models] for data in datasets],
                np.float64,
            ).reshape(len(datasets), len(models))
            known = np.flatnonzero(~np.isnan(table).all(axis=1))
            places = [datasets[row] for row in known]
            complete = np.count_nonzero(~np.isnan(table[known]).any(axis=0))
            if len(places) < _SEVERAL or complete < _SEVERAL:
                continue
            yield _standing(store, split, about.label, table[known], places, models)


def _standing(
    store: Store, split: str, metric: str, table: Float64, datasets: Sequence[str], models: Sequence[str]
) -> MeanRanks:
    cells = [[None if np.isnan(value) else float(value) for value in row] for row in table]
    identity: dict[str, Any] = {"split": split, "metric": metric, "datasets": datasets, "models": models}
    identity |= {"table": cells, "draws": paired_statistics.DRAWS}
    work = lambda: dataclasses.asdict(rank_models(split, metric, table, datasets, models))  # noqa: E731 - called only if nothing is stored
    return _remembered(store, identity, work, _stood)


def _stood(content: Mapping[str, Any]) -> MeanRanks:
    lists = {name: tuple(content[name]) for name in ("datasets", "models", "ranks", "left_out")}
    return MeanRanks(**{**content, **lists})
