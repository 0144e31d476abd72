"""The headline table of a run that is still going on: the main metric of what is done, and what the rest waits for.

Its values are those that the tables show in the end, without intervals and tests. It only reads results that are in the
store, so it changes none, and it takes a small share of the run's time: what there is no time for is shown as done.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchsuite.data import MetricInfo, main_metric
from benchsuite.interface import count

if TYPE_CHECKING:
    from benchsuite.analysis.cell_evaluation import CellEvaluator
    from benchsuite.plan import Plan, PlanRow
    from benchsuite.store import Store

_SHARE = 0.05
"""So much of the run's time the table may take."""

_ALLOWANCE = 0.5
"""Seconds that it may take in any case, so that it does not come too late."""

_GAP = "  "
_LEAST = 3
"""So many models are shown, however low the screen is."""

_LARGE = 100.0


@dataclass
class _Row:
    """A row of the plan on its way.

    Attributes:
        row: the row.
        label: what the labels of its jobs begin with.
        missing: keys of its cells that have no result yet.
        value: of the main metric, once measured; None where there is none.
        measured: whether it was measured.
        failed: whether one of its cells failed.
    """

    row: PlanRow
    label: str
    missing: set[str]
    value: float | None = None
    measured: bool = False
    failed: bool = False

    @property
    def possible(self) -> bool:
        return not any(cell.reason for cell in self.row.cells)

    def is_of(self, job: str) -> bool:
        """Return whether a job does cells of this row: seed, fold or trial may follow the row's name."""
        return job == self.label or job.startswith(f"{self.label}, ")


class Headline:
    """The table.

    Args:
        plan: what is being run, with settings as they are run.
        store: where results appear.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan, self._store = plan, store
        self._metric = main_metric(plan.metrics)
        self._began, self._spent = time.monotonic(), 0.0
        self._evaluator: CellEvaluator | None = None
        self._rows = [
            _Row(row, f"{row.model} on {row.dataset}, {row.split}", {cell.key for cell in row.cells if not cell.reason})
            for row in plan.rows()
        ]
        for row in self._rows:
            self._look(row)

    def changed(self, job: str) -> None:
        """Note that a job has results."""
        for row in self._rows:
            if row.missing and row.is_of(job):
                self._look(row)

    def lines(self, running: Collection[str], width: int, height: int) -> list[str]:
        """Return the table, best first; nothing before a first model is done, and where no metric is asked for.

        Args:
            running: labels of the jobs in flight.
            width: of the screen, in columns.
            height: the most lines that fit.
        """
        if self._metric is None or not any(row.possible and not row.missing for row in self._rows):
            return []
        self._measure(self._metric)
        places = list(dict.fromkeys((row.row.dataset, row.row.split) for row in self._rows))
        models = self._ordered(places[0], self._metric)
        found = {(row.row.dataset, row.row.split, row.row.model): row for row in self._rows}
        cells = [[self._told(found.get((*place, model)), running) for place in places] for model in models]
        done = sum("running" not in row and "waiting" not in row for row in cells)
        aim = "higher" if self._metric.higher_is_better else "lower"
        title = f"{self._metric.heading} so far ({aim} is better): {done} of {len(models)} models done"
        heads = [self._head(place) for place in places]
        shown = max(height - 3, _LEAST)
        table = [["model", *heads], *([model, *row] for model, row in zip(models, cells, strict=True))]
        lines, columns = _table(table[: shown + 1], width)
        left = [count(len(models) - shown, "more model")] if len(models) > shown else []
        left += [count(columns, "more column")] if columns else []
        return [title, *lines, *([f"and {', '.join(left)}"] if left else [])]

    def _look(self, row: _Row) -> None:
        """See which cells of a row have results now."""
        row.missing = {key for key in row.missing if not self._store.exists("cell", key)}

    def _measure(self, metric: MetricInfo) -> None:
        """Measure rows that are done, as far as there is time; nothing at the end, which measures everything."""
        if not any(row.missing for row in self._rows):
            return
        for row in self._rows:
            if row.missing or row.measured or not row.possible:
                continue
            began = time.monotonic()
            if self._spent > _ALLOWANCE + _SHARE * (began - self._began):
                return
            row.measured = True
            try:
                row.value = self._value(row, metric)
            finally:
                self._spent += time.monotonic() - began

    def _value(self, row: _Row, metric: MetricInfo) -> float | None:
        """Return the mean over seeds and folds, as the row of the final table has it."""
        from benchsuite.analysis.cell_evaluation import CellEvaluator

        if self._evaluator is None:
            self._evaluator = CellEvaluator(self._plan, self._store)
        measurer = self._evaluator
        if not all(measurer.cells.is_ok(cell) for cell in row.row.cells):
            row.failed = True
            return None
        judge = measurer.metrics[metric.label]
        values = []
        for test, validation in row.row.pairs:
            evidence, _ = measurer.evidence(test, None if metric.task == "ranking" else validation)
            own = np.asarray(judge.measure(evidence), np.float64)
            values.append(float(judge.estimate(evidence, own, np.ones((1, len(evidence))))[0]))
        mean = float(np.mean(values))
        return None if math.isnan(mean) else mean

    def _ordered(self, place: tuple[str, str], metric: MetricInfo) -> list[str]:
        """Return models: with a value in the first place, best first, then the others as planned; oracles last."""
        values = {
            row.row.model: row.value
            for row in self._rows
            if (row.row.dataset, row.row.split) == place and row.value is not None
        }
        oracles = {model.label for model in self._plan.models if model.is_oracle}
        models = list(dict.fromkeys(row.row.model for row in self._rows))
        sign = -1.0 if metric.higher_is_better else 1.0
        known = sorted((model for model in models if model in values), key=lambda model: sign * values[model])
        rest = [model for model in models if model not in values]
        return sorted([*known, *rest], key=lambda model: model in oracles)

    @staticmethod
    def _told(row: _Row | None, running: Collection[str]) -> str:
        if row is None or not row.possible:
            return "-"
        if row.missing:
            return "running" if any(row.is_of(job) for job in running) else "waiting"
        if row.failed:
            return "failed"
        if row.value is None:
            return "no value" if row.measured else "done"
        return f"{row.value:.4g}" if abs(row.value) >= _LARGE else f"{row.value:.3f}"

    def _head(self, place: tuple[str, str]) -> str:
        """Return what tells a column from the others."""
        dataset, split = place
        if len(self._plan.datasets) == 1:
            return split
        return dataset if len(self._plan.splits) == 1 else f"{dataset} {split}"


def _table(rows: Sequence[Sequence[str]], width: int) -> tuple[list[str], int]:
    """Lay out rows, the first of which is the head; return also how many columns are left out, as they do not fit."""
    from rich.cells import cell_len, set_cell_size

    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    widths[0] = min(widths[0], max(width // 2, 8))
    ends = np.cumsum(widths) + len(_GAP) * np.arange(len(widths))
    fit = max(2, int(np.count_nonzero(ends <= width)))
    lines = []
    for row in rows:
        name = set_cell_size(row[0], widths[0])
        numbers = [" " * (size - cell_len(cell)) + cell for cell, size in zip(row[1:fit], widths[1:fit], strict=True)]
        lines.append(_GAP.join([name, *numbers]).rstrip())
    return lines, len(widths) - fit
