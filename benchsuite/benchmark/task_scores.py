"""All models of a task against its best reference."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from benchsuite.analysis import paired_statistics
from benchsuite.analysis.contrasts import contrast, p_over_draws
from benchsuite.benchmark.scores import Task, TaskScore, log_ratio
from benchsuite.benchmark.task_columns import TaskColumn
from benchsuite.data.comparison import verdict


def judged(one: TaskColumn, references: Sequence[str], own: Collection[str]) -> tuple[Task, dict[str, TaskScore]]:
    """Return a task with its reference, and all models' scores in it.

    The best reference is the best of those named, whatever part of its answers the fallback gave: what a system
    answers where its model knows nothing belongs to it, and a reference must be as strong as it can be. Only a row
    whose answers are mostly its own is tested, and none that ties decide is a reference.

    Args:
        one: the task.
        references: labels of the benchmark's baselines.
        own: labels of the benchmark's own rows.
    """
    column = one.column
    reference = column.best([label for label in references if label in one.untied])
    scores = {label: TaskScore(*why) for label, why in one.absent.items()}
    p, differences = _tested(one, reference, own)
    for label, model in column.models.items():
        low, high = (float(end) for end in np.nanquantile(model.replicates, [0.025, 0.975]))
        score = TaskScore("ok", "", model.mean, low, high, competes=label in one.competing)
        scores[label] = score
        if reference is None:
            continue
        other = column.models[reference].mean
        score = dataclasses.replace(score, ratio=float(np.exp(log_ratio(model.mean, other, column.higher_is_better))))
        if label == reference:
            score = dataclasses.replace(score, verdict="reference")
        elif label in p:
            draws = p_over_draws(column, label, reference)
            told = verdict(differences[label], p[label], draws, higher_is_better=column.higher_is_better)
            by_seed = tuple(_differences(one, label, reference))
            score = dataclasses.replace(score, verdict=told, p=p[label], p_draws=draws)
            score = dataclasses.replace(score, difference=differences[label], differences=by_seed)
        scores[label] = score
    return dataclasses.replace(one.task, reference=reference or ""), scores


def _differences(one: TaskColumn, label: str, reference: str) -> list[float]:
    models = one.column.models
    return [own - other for own, other in zip(models[label].cells, models[reference].cells, strict=True)]


def _tested(
    one: TaskColumn, reference: str | None, own: Collection[str]
) -> tuple[dict[str, float | None], dict[str, float]]:
    """Return corrected p-values of the tests against the reference, and the differences."""
    if reference is None:
        return {}, {}
    found = {test.model: test for test in contrast(one.only({*one.competing, reference}), reference, "best reference")}
    waiting = sum(
        label not in found and label != reference and one.absent.get(label, ("missing",))[0] == "missing"
        for label in own
        if label not in one.column.models
    )
    p = {label: test.p for label, test in found.items()}
    return corrected(p, own, waiting), {label: test.difference for label, test in found.items()}


def corrected(p: Mapping[str, float | None], own: Collection[str], waiting: int) -> dict[str, float | None]:
    """Return Holm-corrected p-values over the benchmark's own rows.

    Rows that are not run yet count as rows that differ in nothing, and a row that somebody adds is corrected together
    with the own ones but does not move them: else a verdict would change with who else stands in the table.

    Args:
        p: of each row that was tested.
        own: labels of the benchmark's rows.
        waiting: how many of them are not run yet.
    """
    family = {label: np.nan if value is None else value for label, value in p.items() if label in own}
    rest = np.ones(waiting)
    known = dict(zip(family, paired_statistics.holm(np.array([*family.values(), *rest])), strict=False))
    for label, value in p.items():
        if label not in own:
            more = np.array([np.nan if value is None else value, *family.values(), *rest])
            known[label] = paired_statistics.holm(more)[0]
    return {label: float(known[label]) if np.isfinite(known[label]) else None for label in p}
