"""From results to tasks: the values of all models on the same queries, and their resamples."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchsuite.analysis.cell_evaluation import REPLICATES, why_undefined
from benchsuite.analysis.contrasts import Measures, MetricColumn
from benchsuite.benchmark.asked import Asked
from benchsuite.benchmark.model_result import CellValues, ModelResult, Value
from benchsuite.benchmark.pins import FoldPlace
from benchsuite.benchmark.scores import Task
from benchsuite.data import Bool, Float64
from benchsuite.data.rows import decides

_SEED = 20_231_116


@dataclass(frozen=True, eq=False)
class TaskColumn:
    """One task with all models that have a score in it.

    Attributes:
        task: without its reference.
        column: the models' values.
        competing: models that decided at least half of their answers themselves.
        untied: models of whose answers ties decided at most half; the fallback may have given the others.
        absent: state and reason of the others.
    """

    task: Task
    column: MetricColumn
    competing: frozenset[str]
    untied: frozenset[str]
    absent: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str, str]:
        """Data set, split and group."""
        return self.task.dataset, self.task.split, self.task.group

    def only(self, names: Collection[str]) -> MetricColumn:
        """Return the column with some of its models."""
        models = {name: own for name, own in self.column.models.items() if name in names}
        return dataclasses.replace(self.column, models=models)


def task_columns(
    results: Sequence[ModelResult],
    asked: Mapping[FoldPlace, Asked],
    metric: str,
    *,
    higher_is_better: bool,
    drawn: Collection[str],
) -> list[TaskColumn]:
    """Return the tasks, in the order of the folds.

    Args:
        results: one for each model.
        asked: who asks, by fold; only these folds count.
        metric: the headline metric.
        higher_is_better: its direction.
        drawn: labels of the splits of which each seed draws other items to be new.
    """
    tables: dict[tuple[str, str], list[FoldPlace]] = {}
    for place in asked:
        tables.setdefault((place[0], place[1]), []).append(place)
    found = []
    for number, ((dataset, split), folds) in enumerate(tables.items()):
        chosen = None
        if split in drawn and len(folds) > 1:
            shares = np.full(len(folds), 1 / len(folds))
            rng = np.random.default_rng((_SEED, number))
            chosen = rng.multinomial(len(folds), shares, REPLICATES) / len(folds)
        groups = asked[folds[0]].groups
        for group in groups if len(groups) > 1 else ("",):
            task = Task(dataset, split, group, seeds=len(folds), draws_items=split in drawn)
            cells = _Cells(task, folds, asked, metric, chosen)
            found.append(cells.column(results, higher_is_better))
    return found


@dataclass(frozen=True, eq=False)
class _Cells:
    """The folds of one task.

    Attributes:
        task: the task.
        folds: its folds.
        asked: who asks in each.
        metric: the headline metric.
        chosen: float64[b, folds], the weights of the folds under each resample; None: all weigh the same.
    """

    task: Task
    folds: Sequence[FoldPlace]
    asked: Mapping[FoldPlace, Asked]
    metric: str
    chosen: Float64 | None

    def column(self, results: Sequence[ModelResult], higher: bool) -> TaskColumn:
        """Return the values of all models that have one in each fold."""
        metric, group = self.metric, self.task.group
        masks = [self._mask(self.asked[fold]) for fold in self.folds]
        whole, absent = self._whole(results, masks)
        replicates = self._replicates(whole, masks)
        models, competing, untied = {}, set(), set()
        for label, cells in whole.items():
            values = [cell.values[metric, group] for cell in cells]
            queries = [cell.queries[metric].astype(np.float64)[mask] for cell, mask in zip(cells, masks, strict=True)]
            # of a mean over queries, that of the kept values: the rounded one would pass for a pooled metric, and signs
            # of such are not flipped
            pooled = any((metric, group) in cell.replicates for cell in cells)
            known = [float(value.mean) for value in values if value.mean is not None]
            means = known if pooled else [float(np.nanmean(one)) for one in queries]
            models[label] = Measures(float(np.mean(means)), queries, replicates[label], means)
            fallback, ties = _mean(values, "fallback"), _mean(values, "ties")
            if decides(fallback, ties):
                competing.add(label)
            if decides(0.0, ties):
                untied.add(label)
        users = [self.asked[fold].user[mask] for fold, mask in zip(self.folds, masks, strict=True)]
        told = (self.task.dataset, self.task.split, metric, higher, users, [fold[2] for fold in self.folds])
        column = MetricColumn(*told, models, group, self.task.draws_items)
        return TaskColumn(self.task, column, frozenset(competing), frozenset(untied), absent)

    def _mask(self, asked: Asked) -> Bool:
        group = self.task.group
        return np.ones(len(asked.user), np.bool_) if not group else asked.group == asked.groups.index(group)

    def _whole(
        self, results: Sequence[ModelResult], masks: Sequence[Bool]
    ) -> tuple[dict[str, list[CellValues]], dict[str, tuple[str, str]]]:
        """Return the cells of each model that has a score in all of them, and why others have none."""
        whole: dict[str, list[CellValues]] = {}
        absent: dict[str, tuple[str, str]] = {}
        for result in results:
            cells = {cell.place: cell for cell in result.cells}
            own = [cells.get(fold) for fold in self.folds]
            there = [cell for cell in own if cell is not None and cell.state == "ok"]
            values = [cell.values.get((self.metric, self.task.group)) for cell in there]
            if len(there) < len(own):
                lacking = next(cell for cell in own if cell is None or cell.state != "ok")
                why = ("missing", "not run yet") if lacking is None else (lacking.state, lacking.reason)
                absent[result.label] = why
            elif any(value is None or value.mean is None for value in values):
                asked_of = sum(value.n for value in values if value is not None and value.mean is None)
                absent[result.label] = ("not applicable", why_undefined(asked_of))
            else:
                whole[result.label] = there
        # Which queries count is decided by the held-out rows; a row that leaves some out would choose its own.
        counted = {label: self._counted(cells, masks) for label, cells in whole.items()}
        usual = Counter(counted.values()).most_common(1)[0][0] if counted else b""
        for label in [label for label, own in counted.items() if own != usual]:
            del whole[label]
            absent[label] = ("failed", "it has values for other queries than most rows")
        return whole, absent

    def _counted(self, cells: Sequence[CellValues], masks: Sequence[Bool]) -> bytes:
        """Return which queries have a value, as bytes."""
        known = [~np.isnan(cell.queries[self.metric][mask]) for cell, mask in zip(cells, masks, strict=True)]
        return b"".join(np.packbits(one).tobytes() for one in known)

    def _replicates(self, whole: Mapping[str, Sequence[CellValues]], masks: Sequence[Bool]) -> dict[str, Float64]:
        """Return float64[b] by model: the score under resamples of users, and of folds where each draws other items."""
        name = (self.metric, self.task.group)
        total = {label: np.zeros(REPLICATES) for label in whole}
        even = np.full(REPLICATES, 1 / len(self.folds))
        for number, (fold, mask) in enumerate(zip(self.folds, masks, strict=True)):
            weight = even if self.chosen is None else self.chosen[:, number]
            plain = []
            for label, cells in whole.items():
                if name in cells[number].replicates:
                    own = cells[number].replicates[name].astype(np.float64)
                    total[label] += np.where(weight > 0, weight * own, 0.0)
                else:
                    plain.append(label)
            if plain:
                values = np.stack([whole[label][number].queries[self.metric][mask] for label in plain], axis=1)
                means = _resampled(values.astype(np.float64), self.asked[fold], mask)
                for column, label in enumerate(plain):
                    # a fold that is not drawn adds nothing, even where nobody of it was drawn
                    total[label] += np.where(weight > 0, weight * means[:, column], 0.0)
        return total


def _resampled(values: Float64, asked: Asked, mask: Bool) -> Float64:
    """Return float64[b, m], the means of values float64[q, m] under draws of users; NaN values do not count."""
    from benchsuite.evaluate.bootstrap import draws

    known = ~np.isnan(values)
    alike = bool((known == known[:, :1]).all())
    values = np.where(known, values, 0.0)
    sums, counts = [], []
    for weights in draws(asked.user, REPLICATES, asked.users):
        chosen = weights[:, mask]
        sums.append(chosen @ values)
        counts.append(chosen @ (known[:, :1] if alike else known))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Float64 = np.concatenate(sums) / np.concatenate(counts)
    return found


def _mean(values: Sequence[Value], share: str) -> float | None:
    known = [getattr(value, share) for value in values]
    return None if any(one is None for one in known) else float(np.mean(known))
