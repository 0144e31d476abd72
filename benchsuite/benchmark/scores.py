"""What a leaderboard holds of its tasks and rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchsuite.data import Float64

FLOOR = 0.01
"""A ratio below this counts as this, one above its inverse as that: else one task in which a model finds nothing, or a
reference nothing, would decide alone."""


@dataclass(frozen=True)
class Task:
    """One table of a benchmark: a data set, a split, and a group of queries where the split makes several.

    Attributes:
        dataset: label.
        split: label.
        group: "" where the split makes none.
        reference: label of the best reference, "" where none has a score.
        seeds: how many seeds or folds.
        draws_items: whether each seed draws other items to be new.
    """

    dataset: str
    split: str
    group: str
    reference: str = ""
    seeds: int = 0
    draws_items: bool = False


@dataclass(frozen=True)
class TaskScore:
    """One model in one task.

    Attributes:
        state: ``ok``, ``failed``, ``not applicable`` or ``missing``.
        reason: why there is no score, or "".
        mean: the score, None where there is none.
        low: lower end of its 95% interval.
        high: upper end.
        ratio: the score by that of the best reference, see :func:`log_ratio`.
        competes: whether the model decided at least half of its answers itself.
        verdict: against the best reference: ``better``, ``worse``, ``not separated``, ``reference`` or ``not tested``.
        p: of the paired test over users, corrected over the benchmark's rows (Holm), None where none applies.
        difference: to the best reference, None where none applies.
        differences: the same in each seed.
        p_draws: of a t test over the seeds, where each draws other items.
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
    differences: tuple[float, ...] = ()
    p_draws: float | None = None


@dataclass(frozen=True)
class Headline:
    """The geometric mean of a row's ratios.

    Attributes:
        value: over all tasks.
        low: lower end of what 95% of draws of users and data sets give.
        high: upper end.
        least: the smallest value with one task left out; None for a single task.
        most: the largest.
    """

    value: float
    low: float
    high: float
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Standing:
    """One model in a benchmark.

    Attributes:
        model: its label.
        scores: in the order of the tasks.
        headline: None while a task has no score.
        low: lower end of its interval, see :class:`Headline`.
        high: upper end.
        least: the smallest headline with one task left out.
        most: the largest.
        behind: whether the leader is ahead in at least 97.5% of the draws, and its headline stays above whichever task
            is left out; the leader is not behind.
        cpu_seconds: processor time of a fit and its answers, mean over cells; None where not all have run.
    """

    model: str
    scores: tuple[TaskScore, ...]
    headline: float | None = None
    low: float | None = None
    high: float | None = None
    least: float | None = None
    most: float | None = None
    behind: bool = False
    cpu_seconds: float | None = None

    def count(self, verdict: str) -> int:
        """Return in how many tasks the verdict against the best reference is this."""
        return sum(score.verdict == verdict for score in self.scores)

    @property
    def always_reference(self) -> bool:
        """Whether it is the best reference of every task, so that its ratios are 1 and no draw moves them."""
        return bool(self.scores) and all(score.verdict == "reference" for score in self.scores)


@dataclass(frozen=True)
class Against:
    """A row with a language model against the best row without one, which differs from task to task.

    Attributes:
        model: label of the former.
        rivals: the best row without a language model, by task; "" where the model or all rivals have no score.
        ratio: geometric mean of the ratios to it.
        low: lower end of what 95% of draws of users and data sets give.
        high: upper end.
        sure: whether the interval lies on one side of 1, and the ratio stays there whichever task is left out.
        better: tasks in which a paired test (Holm over tasks) finds the model above.
        worse: tasks in which it finds it below.
        tested: tasks with a test.
    """

    model: str
    rivals: tuple[str, ...]
    ratio: float
    low: float
    high: float
    sure: bool
    better: int
    worse: int
    tested: int


def log_ratio(value: Float64 | float, reference: Float64 | float, higher: bool) -> Float64:
    """Return the logarithm of ``value / reference``, of the inverse for a metric that is better when it is lower.

    It is cut at :data:`FLOOR`. Equals have 0, though both may be 0; NaN stays NaN.
    """
    above, below = (value, reference) if higher else (reference, value)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.asarray(above, np.float64) / np.asarray(below, np.float64)
        ratio = np.where(np.equal(above, below), 1.0, ratio)
        cut: Float64 = np.log(np.clip(ratio, FLOOR, 1 / FLOOR))
    return cut
