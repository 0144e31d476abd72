"""Who leads a benchmark: from results as data to scores relative to the best reference, with intervals and tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchsuite.benchmark.asked import Asked
from benchsuite.benchmark.headlines import against, headlines
from benchsuite.benchmark.model_result import ModelResult
from benchsuite.benchmark.pins import FoldPlace
from benchsuite.benchmark.scores import Against, Standing, Task
from benchsuite.benchmark.task_columns import TaskColumn, task_columns
from benchsuite.benchmark.task_scores import judged


@dataclass(frozen=True, eq=False)
class Standings:
    """The tasks of a benchmark and the rows, best first; those without a headline come after, by tasks scored."""

    tasks: tuple[Task, ...]
    rows: tuple[Standing, ...]
    columns: Sequence[TaskColumn]

    def against(self, model: str, others: Collection[str]) -> Against | None:
        """Return a model against the best of some others in each task, see :func:`headlines.against`."""
        return against(self.columns, self.tasks, model, others)


def standings(
    results: Sequence[ModelResult],
    asked: Mapping[FoldPlace, Asked],
    metric: str,
    references: Sequence[str],
    *,
    higher_is_better: bool = True,
    drawn: Collection[str] = (),
    own: Collection[str] | None = None,
    doubted: Collection[tuple[str, str, str]] | None = (),
) -> Standings:
    """Judge results together.

    Args:
        results: one for each model.
        asked: who asks, by fold; only these folds count, in this order.
        metric: the headline metric.
        references: labels of the models that scores are divided by.
        higher_is_better: the metric's direction.
        drawn: labels of the splits of which each seed draws other items to be new.
        own: labels of the benchmark's own rows, over which tests are corrected; None: those of the results.
        doubted: tasks, as data set, split and group, whose best reference may be one that is not among the results;
            None for all tasks. They have scores, but no ratios: those would be too high.
    """
    columns = task_columns(results, asked, metric, higher_is_better=higher_is_better, drawn=drawn)
    family = {result.label for result in results} if own is None else set(own)
    found = [judged(one, () if doubted is None or one.place in doubted else references, family) for one in columns]
    tasks = tuple(task for task, _ in found)
    heads = headlines(columns, tasks, [result.label for result in results])
    rows = []
    for result in results:
        row = Standing(result.label, tuple(scores[result.label] for _, scores in found))
        row = dataclasses.replace(row, cpu_seconds=_cpu_seconds(result, asked))
        if result.label in heads:
            head, behind = heads[result.label]
            row = dataclasses.replace(row, headline=head.value, low=head.low, high=head.high, behind=behind)
            row = dataclasses.replace(row, least=head.least, most=head.most)
        rows.append(row)
    return Standings(tasks, tuple(sorted(rows, key=_order)), columns)


def _cpu_seconds(result: ModelResult, asked: Mapping[FoldPlace, Asked]) -> float | None:
    """Return the mean over all cells; that of some data sets alone would stand beside that of all."""
    seconds = {cell.place: cell.costs.get("cpu_seconds") for cell in result.cells if cell.place in asked}
    known = [value for value in seconds.values() if value is not None]
    return float(np.mean(known)) if known and len(known) == len(asked) else None


def _order(row: Standing) -> tuple[bool, float, int, str]:
    scored = sum(score.mean is not None for score in row.scores)
    return (row.headline is None, -(row.headline or 0.0), -scored, row.model)
