"""What an experiment means, and how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.arguments import DataFolders, Quiet, RunName, StoreFolder, data_locations
from benchsuite.functions.run_arguments import ExperimentLike, open_store, read_experiment, read_store
from benchsuite.interface import Frames, FunctionResult, Style, count, frame, plain, plain_values, table

if TYPE_CHECKING:
    from benchsuite.plan import Cell, Plan
    from benchsuite.runner.running_now import RunningNow
    from benchsuite.store import Store


_LAST_LINES, _LONGEST = 3, 100
"""So much of a failed cell's log is shown."""


@dataclass(frozen=True)
class CellState:
    """How far one cell is.

    Attributes:
        cell: as planned.
        state: ``done``, ``running`` (a run that lives has it), ``to do``, ``failed`` or ``not applicable``.
        reason: why it failed or is not applicable, or "".
        log: where the log of a failed cell lies, or "".
    """

    cell: Cell
    state: str
    reason: str
    log: str = ""


class Status(FunctionResult):
    """Every cell of a plan and how far it is.

    Attributes:
        plan: the plan.
        cells: its cells with their states, in the plan's order.
        running: runs of it that are alive now, as their own files in the store say.
        judging: who makes its tables now, after all fits, while others wait; None when nobody does.
    """

    def __init__(self, plan: Plan, store: Store, *, planned: bool) -> None:
        from benchsuite.runner.running_now import running_now
        from benchsuite.runner.time_estimate import about_missing
        from benchsuite.store import held, tables_key

        self.plan = plan
        self._store = store
        self._planned = planned
        leased = held(store.root)
        taken = {holder.key for holder in leased if holder.kind == "cell"}
        self.cells = {cell.key: _state(cell, store, taken) for cell in plan.cells}
        self.running: list[RunningNow] = [] if planned else running_now(store, plan.name)
        theirs = ("tables", tables_key(plan.name))
        self.judging = None if planned else next((one for one in leased if (one.kind, one.key) == theirs), None)
        self._about = about_missing(plan, store) if planned else ""

    @property
    def totals(self) -> dict[str, int]:
        """How many cells are in each state."""
        return dict(Counter(self.cells[cell.key].state for cell in self.plan.cells))

    @property
    def ok(self) -> bool:
        """False when cells of a run failed."""
        return self._planned or "failed" not in self.totals

    def text(self, style: Style = plain) -> str:
        """Return a line for each plan row, and the totals."""
        rows = []
        for row in self._rows():
            counts = ", ".join(f"{number} {state}" for state, number in row["states"].items())
            rows.append([row["dataset"], row["split"], row["model"], counts, "; ".join(row["reasons"])])
        totals = ", ".join(f"{number:,} {state}" for state, number in self.totals.items())
        body = table(["data set", "split", "model", "fits", "why"], rows)
        lines = [body, "", f"{self.plan.name}: {count(len(self.plan.cells), 'fit')}: {totals}"]
        lines += [self._about] if self._about else []
        lines += [
            f"{label}: {', '.join(names)} {'is' if len(names) == 1 else 'are'} held as given, not searched"
            for label, names in self.held().items()
        ]
        return "\n".join([*lines, *self._failed(), *self._alive()])

    def held(self) -> dict[str, list[str]]:
        """Return, of each tuned model, the settings with a range that are not searched, where there are any."""
        if self.plan.settings["tune"] is None:
            return {}
        return {about.label: list(about.held) for about in self.plan.models if about.held}

    def advice(self) -> Sequence[str]:
        """Say which results came from other code of a model that kept its version."""
        from benchsuite.analysis.model_code import changed_models

        return list(changed_models(self.plan, self._store))

    def _failed(self) -> Iterator[str]:
        """Yield one log for each reason of a failure, with its last lines."""
        logs = {found.reason: found.log for found in self.cells.values() if found.state == "failed"}
        for reason, log in logs.items():
            yield f"failed: {reason}\n  log: {log}"
            for line in _last_lines(Path(log)):
                yield f"    {line}"

    def _alive(self) -> Iterator[str]:
        """Yield what runs now; nothing for a plan that was never run."""
        if self._planned:
            return
        if not self.running and self.judging is None:
            yield "running now: nothing"
        from benchsuite.runner.running_now import ago

        if self.judging is not None:
            yield f"running now: {self.judging.who}, makes the tables, begun {ago(self.judging.since)}"
        for one in self.running:
            heard = "" if one.here else f", last heard {ago(one.written)}"
            yield f"running now: {one.who}{heard}, {count(one.left, 'fit')} left"
            for job in one.jobs:
                yield f"  {job.label}" + (f": {job.phase}" if job.phase else "") + f", begun {ago(job.since)}"

    def to_dict(self) -> dict[str, Any]:
        """Return totals and rows as plain values."""
        told = {"experiment": self.plan.name, "totals": self.totals, "rows": self._rows(), "held": self.held()}
        if self._planned:
            return told
        one = self.judging
        judging = None if one is None else {"host": one.host, "pid": one.pid, "since": one.since}
        return told | {"running": plain_values(self.running), "judging": judging}

    def frames(self) -> Frames:
        """Return ``cells``, one a row."""
        names = ("dataset", "split", "model", "seed", "fold", "stage", "key")
        rows = []
        for cell in self.plan.cells:
            found = self.cells[cell.key]
            place = {name: getattr(cell, name) for name in names}
            rows.append(place | {"state": found.state, "reason": found.reason or cell.reason})
        return {"cells": frame(rows, (*names, "state", "reason"))}

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for row in self.plan.rows():
            found = [self.cells[cell.key] for cell in row.cells]
            reasons = sorted({one.reason for one in found if one.reason})
            place = {"dataset": row.dataset, "split": row.split, "model": row.model}
            states = dict(Counter(one.state for one in found))
            rows.append({**place, "states": states, "reasons": reasons, "keys": [cell.key for cell in row.cells]})
        return rows


def _last_lines(log: Path) -> list[str]:
    """Return the last lines of a log that are not blank, each cut to the width of a screen."""
    from benchsuite.runner.logs import clip, read_log

    return [clip(line, _LONGEST) for line in read_log(log).splitlines() if line.strip()][-_LAST_LINES:]


def _state(cell: Cell, store: Store, taken: Collection[str]) -> CellState:
    if cell.reason:
        return CellState(cell, "not applicable", cell.reason)
    if not store.has("cell", cell.key):
        return CellState(cell, "running" if cell.key in taken else "to do", "")
    manifest = store.get("cell", cell.key).manifest
    if manifest["state"] == "ok":
        return CellState(cell, "done", manifest.get("reason", ""))
    return CellState(cell, "failed", manifest.get("reason", ""), str(store.folder("cell", cell.key) / "log.txt"))


def plan_experiment(
    experiment: ExperimentLike = "quick",
    *,
    store: StoreFolder = None,
    data: DataFolders = (),
    offline: bool = False,
    quiet: Quiet = False,
) -> Status:
    """Load the data, make the folds, and show every fit that an experiment means and about how long they take.

    A fit is one model with its settings, fitted on one fold and asked. Nothing is fitted here.

    Args:
        experiment: a bundled experiment or a TOML file.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        quiet: show no progress.

    Raises:
        BenchsuiteError: when data cannot be had, or a plugin or setting is wrong.
    """
    from benchsuite.runner import prepare, with_finished_studies

    asked = read_experiment(experiment)
    kept = open_store(store, quiet=quiet)
    place = data_locations(data, offline=offline, quiet=quiet)
    plan = prepare(asked, kept, place, place.say)
    return Status(with_finished_studies(plan, kept), kept, planned=True)  # whose winners may be fitted already


def status(experiment: RunName = "quick", *, store: StoreFolder = None) -> Status:
    """Show how far an experiment is: what is done, failed and missing, and what runs now.

    Args:
        experiment: the name of an experiment that was run.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).

    Raises:
        StoreError: when it was not run.
    """
    from benchsuite.analysis import latest_plan

    kept = read_store(store)
    return Status(latest_plan(kept, experiment), kept, planned=False)
