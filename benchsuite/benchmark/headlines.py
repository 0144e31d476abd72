"""One number for each model: the geometric mean of its ratios over the tasks, and how much it rests on what was drawn.

What is resampled: users (all queries of a user together, the same draw in all tasks of a data set); the draws of new
items, where seeds make them; and data sets, within each split. Splits are what a benchmark asks, so they are no sample:
each is in every draw. With two or three data sets the draws tell how far these lie apart, not what other data sets
would give; so do the headlines with one task left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from benchsuite.analysis.cell_evaluation import REPLICATES
from benchsuite.analysis.contrasts import contrast
from benchsuite.analysis.paired_statistics import holm
from benchsuite.benchmark.scores import Against, Headline, Task, log_ratio
from benchsuite.benchmark.task_columns import TaskColumn
from benchsuite.data import Float64
from benchsuite.data.comparison import verdict

_SEED = 20_231_117
_TIMES = 10
"""Draws of data sets for each draw of users."""

_SURE = 0.025


@dataclass(frozen=True, eq=False)
class _Logs:
    """Logarithms of ratios.

    Attributes:
        point: float64[t, m].
        drawn: float64[t, b, m], under the draws of users and new items.
    """

    point: Float64
    drawn: Float64

    def draws(self, tasks: Sequence[Task]) -> Float64:
        """Return float64[draws, m], the mean over tasks under draws; NaN where a task that is drawn has none."""
        lost, known = np.isnan(self.drawn), np.nan_to_num(self.drawn)
        parts = []
        for number in range(_TIMES):
            weights = _task_weights(tasks, number)
            with np.errstate(invalid="ignore"):
                mean = np.einsum("bt,tbm->bm", weights / weights.sum(axis=1, keepdims=True), known)
            if lost.any():
                mean[np.einsum("bt,tbm->bm", weights > 0, lost) > 0] = np.nan
            parts.append(mean)
        return np.concatenate(parts)

    def left_out(self) -> Float64 | None:
        """Return float64[t, m], the means without one task each; None for a single task."""
        tasks = len(self.point)
        return None if tasks == 1 else (self.point.sum(axis=0) - self.point) / (tasks - 1)


def headlines(
    columns: Sequence[TaskColumn], tasks: Sequence[Task], labels: Sequence[str]
) -> dict[str, tuple[Headline, bool]]:
    """Return the headline of each model with a score in every task, and whether it is behind the leader."""
    names = [label for label in labels if all(label in one.column.models for one in columns)]
    if not names or not all(task.reference for task in tasks):
        return {}
    logs = _logs(columns, names, [task.reference for task in tasks])
    point, left = logs.point.mean(axis=0), logs.left_out()
    leader = int(np.argmax(point))
    drawn = logs.draws(tasks)
    low, high = np.nanquantile(drawn, [_SURE, 1 - _SURE], axis=0)
    behind = np.nanquantile(drawn[:, [leader]] - drawn, _SURE, axis=0) > 0
    if left is not None:
        behind &= (left[:, [leader]] - left).min(axis=0) > 0
    found = {}
    for place, name in enumerate(names):
        ends = (None, None) if left is None else (_back(left[:, place].min()), _back(left[:, place].max()))
        one = Headline(_back(point[place]), _back(low[place]), _back(high[place]), *ends)
        found[name] = (one, bool(behind[place]))
    return found


def against(
    columns: Sequence[TaskColumn], tasks: Sequence[Task], model: str, others: Collection[str]
) -> Against | None:
    """Return a model against the best of some others in each task, None where no task has both.

    The best of the others is found on the very queries of the test, which is too strict for the model; so is the model,
    where it was chosen among several, which is too kind.

    Args:
        columns: the tasks.
        tasks: the same.
        model: label.
        others: labels of those that it is held against.
    """
    rivals, kept, places = [], [], []
    for place, one in enumerate(columns):
        rival = one.column.best(list(others))
        there = rival is not None and model in one.column.models
        rivals.append(str(rival) if there else "")
        if there:
            kept.append(one)
            places.append(place)
    if not kept:
        return None
    shown = [rivals[place] for place in places]
    logs = _logs(kept, [model], shown)
    some = [tasks[place] for place in places]
    low, high = np.nanquantile(logs.draws(some)[:, 0], [_SURE, 1 - _SURE])
    left = logs.left_out()
    sides = [float(low), float(high), *([] if left is None else left[:, 0].tolist())]
    sure = min(sides) > 0 or max(sides) < 0
    tests = [
        next(iter(contrast(one.only({model, rival}), rival, "best reference")), None)
        if model in one.competing
        else None
        for one, rival in zip(kept, shown, strict=True)
    ]
    p = holm(np.array([np.nan if test is None or test.p is None else test.p for test in tests]))
    told = [
        verdict(test.difference, float(value), test.p_draws, higher_is_better=test.higher_is_better)
        for test, value in zip(tests, p, strict=True)
        if test is not None and np.isfinite(value)
    ]
    ratio = (_back(logs.point.mean()), _back(low), _back(high), sure)
    return Against(model, tuple(rivals), *ratio, told.count("better"), told.count("worse"), len(told))


def _logs(columns: Sequence[TaskColumn], names: Sequence[str], references: Sequence[str]) -> _Logs:
    points, drawn = [], []
    for one, name in zip(columns, references, strict=True):
        models, higher = one.column.models, one.column.higher_is_better
        other = models[name]
        points.append([float(log_ratio(models[own].mean, other.mean, higher)) for own in names])
        drawn.append(np.stack([log_ratio(models[own].replicates, other.replicates, higher) for own in names], axis=1))
    return _Logs(np.array(points), np.stack(drawn))


def _task_weights(tasks: Sequence[Task], number: int) -> Float64:
    """Return float64[b, tasks], how often each is drawn: each split draws as many data sets as it has.

    Groups of queries come with their data set.
    """
    rng = np.random.default_rng((_SEED, number))
    weights = np.zeros((REPLICATES, len(tasks)))
    for split in dict.fromkeys(task.split for task in tasks):
        datasets = list(dict.fromkeys(task.dataset for task in tasks if task.split == split))
        drawn = rng.multinomial(len(datasets), np.full(len(datasets), 1 / len(datasets)), REPLICATES)
        for place, task in enumerate(tasks):
            if task.split == split:
                weights[:, place] = drawn[:, datasets.index(task.dataset)]
    return weights


def _back(value: float) -> float:
    return float(np.exp(value))
