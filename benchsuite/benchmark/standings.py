"""Who leads a benchmark: from results as data to scores relative to the best reference, with intervals and tests.

The headline of a model is the geometric mean, over the tasks of a benchmark, of its score divided by that of the task's
best reference. Its interval resamples users (all queries of a user together, the same draw in all tasks of a data set)
and tasks (with replacement).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchsuite.analysis.cell_evaluation import REPLICATES, why_undefined
from benchsuite.analysis.contrasts import Measures, MetricColumn, contrast, holm_corrected
from benchsuite.benchmark.asked import Asked
from benchsuite.benchmark.model_result import CellValues, ModelResult, Value
from benchsuite.benchmark.pins import FoldPlace
from benchsuite.data import Contrast, Float64
from benchsuite.data.rows import decides
from benchsuite.evaluate.bootstrap import draws

FLOOR = 0.01
"""A ratio below this counts as this, or one task in which a model finds nothing would decide alone."""

_SEED = 20_231_116


@dataclass(frozen=True)
class Task:
    """One table of a benchmark: a data set, a split, and a group of queries where the split makes several.

    Attributes:
        dataset: label.
        split: label.
        group: "" where the split makes none.
        reference: label of the best reference, "" where none has a score of its own.
        seeds: how many seeds or folds.
    """

    dataset: str
    split: str
    group: str
    reference: str = ""
    seeds: int = 0


@dataclass(frozen=True)
class TaskScore:
    """One model in one task.

    Attributes:
        state: ``ok``, ``failed``, ``not applicable`` or ``missing``.
        reason: why there is no score, or "".
        mean: the score, None where there is none.
        low: lower end of its 95% interval.
        high: upper end.
        ratio: the score by that of the best reference; for a metric that is better when it is lower, the reverse.
        competes: whether the model decided at least half of its answers itself.
        verdict: against the best reference: ``better``, ``worse``, ``not separated``, ``reference`` or ``not tested``.
        p: of the paired test, corrected over the task (Holm), None where none applies.
        difference: to the best reference, None where none applies.
    """

    state: str
    reason: str = ""
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    ratio: float | None = None
    competes: bool = True
    verdict: str = "not tested"
    p: float | None = None
    difference: float | None = None


@dataclass(frozen=True)
class Standing:
    """One model in a benchmark.

    Attributes:
        model: its label.
        scores: in the order of the tasks.
        headline: see the module; None while a task has no score.
        low: lower end of its 95% interval.
        high: upper end.
        behind: whether the interval of the leader's headline by this one's lies above 1; the leader is not behind.
        cpu_seconds: processor time of a fit and its answers, mean over cells; None where it is not known.
    """

    model: str
    scores: tuple[TaskScore, ...]
    headline: float | None = None
    low: float | None = None
    high: float | None = None
    behind: bool = False
    cpu_seconds: float | None = None

    def count(self, verdict: str) -> int:
        """Return in how many tasks the verdict against the best reference is this."""
        return sum(score.verdict == verdict for score in self.scores)


@dataclass(frozen=True, eq=False)
class _Column:
    """One task with all models that have a score in it."""

    task: Task
    column: MetricColumn
    competing: frozenset[str]
    absent: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str, str]:
        """Data set, split and group."""
        return self.task.dataset, self.task.split, self.task.group


def standings(
    results: Sequence[ModelResult],
    asked: Mapping[FoldPlace, Asked],
    metric: str,
    references: Sequence[str],
    *,
    higher_is_better: bool = True,
    doubted: Collection[tuple[str, str, str]] | None = (),
) -> tuple[tuple[Task, ...], tuple[Standing, ...]]:
    """Return the tasks, and the models in order of their headlines; those without one come after, by tasks scored.

    Args:
        results: one for each model.
        asked: who asks, by fold; only these folds count, in this order.
        metric: the headline metric.
        references: labels of the models that scores are divided by.
        higher_is_better: the metric's direction.
        doubted: tasks, as data set, split and group, whose best reference may be one that is not among the results;
            None for all tasks. They have scores, but no ratios: those would be too high.
    """
    columns = [_column(place, results, asked, metric, higher_is_better) for place in _places(asked)]
    judged = [_judged(one, () if doubted is None or one.place in doubted else references) for one in columns]
    tasks = tuple(task for task, _ in judged)
    heads = _headlines(columns, tasks, [result.label for result in results], higher_is_better=higher_is_better)
    rows = []
    for result in results:
        scores = tuple(found[result.label] for _, found in judged)
        seconds = [
            cell.costs["cpu_seconds"] for cell in result.cells if cell.place in asked and "cpu_seconds" in cell.costs
        ]
        cost = float(np.mean(seconds)) if seconds else None
        head = heads.get(result.label)
        row = Standing(result.label, scores, cpu_seconds=cost)
        rows.append(row if head is None else Standing(result.label, scores, *head, cost))
    rows.sort(key=_order)
    return tasks, tuple(rows)


def _order(row: Standing) -> tuple[bool, float, int, str]:
    scored = sum(score.mean is not None for score in row.scores)
    return (row.headline is None, -(row.headline or 0.0), -scored, row.model)


def _places(asked: Mapping[FoldPlace, Asked]) -> Iterator[tuple[str, str, str, list[FoldPlace]]]:
    """Yield each task with its folds."""
    tables: dict[tuple[str, str], list[FoldPlace]] = {}
    for place in asked:
        tables.setdefault((place[0], place[1]), []).append(place)
    for (dataset, split), folds in tables.items():
        groups = asked[folds[0]].groups
        for group in groups if len(groups) > 1 else ("",):
            yield dataset, split, group, folds


def _column(
    place: tuple[str, str, str, list[FoldPlace]],
    results: Sequence[ModelResult],
    asked: Mapping[FoldPlace, Asked],
    metric: str,
    higher: bool,
) -> _Column:
    dataset, split, group, folds = place
    masks = [_mask(asked[fold], group) for fold in folds]
    whole: dict[str, list[CellValues]] = {}
    absent: dict[str, tuple[str, str]] = {}
    for result in results:
        cells = {cell.place: cell for cell in result.cells}
        own = [cells.get(fold) for fold in folds]
        lacking = next((cell for cell in own if cell is None or cell.state != "ok"), None)
        values = [cell.values.get((metric, group)) for cell in own if cell is not None and cell.state == "ok"]
        if len(values) < len(own):
            absent[result.label] = ("missing", "not run yet") if lacking is None else (lacking.state, lacking.reason)
        elif any(value is None or value.mean is None for value in values):
            asked_of = sum(value.n for value in values if value is not None and value.mean is None)
            absent[result.label] = ("not applicable", why_undefined(asked_of))
        else:
            whole[result.label] = [cell for cell in own if cell is not None]
    models, competing = {}, set()
    replicates = _replicates(whole, folds, masks, asked, metric, group)
    for label, cells_of in whole.items():
        values_of = [cell.values[metric, group] for cell in cells_of]
        queries = [cell.queries[metric].astype(np.float64)[mask] for cell, mask in zip(cells_of, masks, strict=True)]
        # of a mean over queries, that of the kept values: the rounded one would pass for a pooled metric, and signs
        # of such are not flipped
        pooled = any((metric, group) in cell.replicates for cell in cells_of)
        means = [value.mean for value in values_of] if pooled else [float(np.nanmean(one)) for one in queries]
        mean = float(np.mean([one for one in means if one is not None]))
        models[label] = Measures(mean, queries, replicates[label])
        if decides(_mean(values_of, "fallback"), _mean(values_of, "ties")):
            competing.add(label)
    users = [asked[fold].user[mask] for fold, mask in zip(folds, masks, strict=True)]
    seeds = [fold[2] for fold in folds]
    column = MetricColumn(dataset, split, metric, higher, users, seeds, models, group)
    return _Column(Task(dataset, split, group, seeds=len(folds)), column, frozenset(competing), absent)


def _mask(asked: Asked, group: str) -> np.ndarray:
    return np.ones(len(asked.user), np.bool_) if not group else asked.group == asked.groups.index(group)


def _mean(values: Sequence[Value], share: str) -> float | None:
    known = [getattr(value, share) for value in values]
    return None if any(one is None for one in known) else float(np.mean(known))


def _replicates(
    whole: Mapping[str, Sequence[CellValues]],
    folds: Sequence[FoldPlace],
    masks: Sequence[np.ndarray],
    asked: Mapping[FoldPlace, Asked],
    metric: str,
    group: str,
) -> dict[str, Float64]:
    """Return float64[b] by model: the mean under resamples of users, averaged over folds draw by draw."""
    total = {label: np.zeros(REPLICATES) for label in whole}
    for number, (fold, mask) in enumerate(zip(folds, masks, strict=True)):
        plain = []
        for label, cells in whole.items():
            if (metric, group) in cells[number].replicates:
                total[label] += cells[number].replicates[metric, group].astype(np.float64)
            else:
                plain.append(label)
        if not plain:
            continue
        values = np.stack([whole[label][number].queries[metric][mask] for label in plain], axis=1).astype(np.float64)
        known = ~np.isnan(values)
        values = np.where(known, values, 0.0)
        alike = bool((known == known[:, :1]).all())
        sums, counts = [], []
        for weights in draws(asked[fold].user, REPLICATES, asked[fold].users):
            chosen = weights[:, mask]
            sums.append(chosen @ values)
            counts.append(chosen @ (known[:, :1] if alike else known))
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.concatenate(sums) / np.concatenate(counts)
        for column, label in enumerate(plain):
            total[label] += means[:, column]
    return {label: one / len(folds) for label, one in total.items()}


def _judged(one: _Column, references: Sequence[str]) -> tuple[Task, dict[str, TaskScore]]:
    """Return a task with its reference, and all models' scores in it."""
    column, task = one.column, one.task
    reference = column.best([label for label in references if label in one.competing])
    tests: dict[str, Contrast] = {}
    if reference is not None:
        compared = {name: own for name, own in column.models.items() if name in one.competing}
        kept = MetricColumn(
            column.dataset,
            column.split,
            column.metric,
            column.higher_is_better,
            column.users,
            column.seeds,
            compared,
            column.group,
        )
        tests = {found.model: found for found in holm_corrected(contrast(kept, reference, "best reference"))}
    scores = {}
    for label, own in column.models.items():
        low, high = np.nanquantile(own.replicates, [0.025, 0.975])
        ratio = None if reference is None else _ratio(own.mean, column.models[reference].mean, column.higher_is_better)
        told = (own.mean, float(low), float(high), ratio, label in one.competing)
        test = tests.get(label)
        if label == reference:
            scores[label] = TaskScore("ok", "", *told, "reference")
        elif test is None:
            scores[label] = TaskScore("ok", "", *told)
        else:
            scores[label] = TaskScore("ok", "", *told, test.verdict, test.p_holm, test.difference)
    scores |= {label: TaskScore(*why) for label, why in one.absent.items()}
    return Task(task.dataset, task.split, task.group, reference or "", task.seeds), scores


def _ratio(value: float, reference: float, higher: bool) -> float | None:
    above, below = (value, reference) if higher else (reference, value)
    return above / below if below > 0 else None


def _headlines(
    columns: Sequence[_Column], tasks: Sequence[Task], labels: Sequence[str], *, higher_is_better: bool
) -> dict[str, tuple[float, float, float, bool]]:
    """Return headline, its interval, and whether the leader is ahead for sure, of models with a score in each task."""
    names = [label for label in labels if all(label in one.column.models for one in columns)]
    if not names or not all(task.reference for task in tasks):
        return {}
    points, drawn = [], []
    for one, task in zip(columns, tasks, strict=True):
        models, reference = one.column.models, one.column.models[task.reference]
        points.append([_log(models[name].mean, reference.mean, higher_is_better) for name in names])
        draws_of = [_log(models[name].replicates, reference.replicates, higher_is_better) for name in names]
        drawn.append(np.stack(draws_of, axis=1))
    chosen = np.random.default_rng(_SEED).multinomial(len(tasks), np.full(len(tasks), 1 / len(tasks)), REPLICATES)
    resampled = np.einsum("bt,tbm->bm", chosen / len(tasks), np.stack(drawn))
    point = np.mean(np.array(points, np.float64), axis=0)
    leader = int(np.argmax(point))
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    ahead = np.quantile(resampled[:, [leader]] - resampled, 0.025, axis=0) > 0
    return {
        name: (float(np.exp(point[j])), float(np.exp(low[j])), float(np.exp(high[j])), bool(ahead[j]))
        for j, name in enumerate(names)
    }


def _log(value: Float64 | float, reference: Float64 | float, higher: bool) -> Float64:
    """Return the logarithm of the ratio, cut at :data:`FLOOR`; equals have 1, though both may be 0."""
    above, below = (value, reference) if higher else (reference, value)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.asarray(above, np.float64) / np.asarray(below, np.float64)
    ratio = np.where(np.equal(above, below), 1.0, ratio)
    cut: Float64 = np.log(np.clip(np.nan_to_num(ratio, nan=FLOOR, posinf=1 / FLOOR), FLOOR, 1 / FLOOR))
    return cut
