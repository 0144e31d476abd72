"""Runs a plan: skips what the store has, does the rest, counts everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchsuite.interface import count
from benchsuite.plan import Cell, Plan
from benchsuite.runner import THREADS
from benchsuite.runner.jobs import Job, make_jobs
from benchsuite.runner.pool import Options, Pool, ProgressListener, RunSummary, StaticJobSource
from benchsuite.runner.time_estimate import TimeEstimate
from benchsuite.runner.tuning import TuneQueue
from benchsuite.store import Store

_ENOUGH = 2.0
"""Estimated seconds that must be done before the pace counts."""


def run(
    plan: Plan,
    store: Store,
    options: Options,
    watcher: ProgressListener,
    planned: Callable[[Plan], None] | None = None,
) -> tuple[Plan, RunSummary]:
    """Tune if the plan says so, then do every cell that has no result yet.

    Args:
        plan: what to do.
        store: where results are found and kept.
        options: how to run.
        watcher: receives the progress.
        planned: is told the plan, with tuned settings in place, before its cells are done.

    Returns:
        The plan, with tuned settings in place, and the summary of the run.

    Raises:
        StoreError: when a result cannot be kept; finished cells are safe.
    """
    tried: set[str] = set()
    if plan.settings["tune"] is not None:
        queue = TuneQueue(plan, store, options.threads, options.device, retry=options.retry_failed)
        if queue.most:
            watcher.say(queue.about())
        watcher.expect(queue.most + sum(cell.stage == "test" for cell in plan.cells if not cell.reason))
        Pool(store, options.workers, watcher).run(queue)
        plan, tried = queue.tuned_plan(), queue.tried
    possible = [cell for cell in plan.cells if not cell.reason]
    if options.retry_failed:
        for cell in possible:
            if cell.key not in tried and _failure(store, cell):
                store.drop("cell", cell.key)
    missing = [cell for cell in possible if not store.has("cell", cell.key)]
    queued = list({cell.key: cell for cell in missing}.values())
    # A trial of this run can be a cell of the plan: it was not there before.
    new = len(missing) + sum(cell.key in tried for cell in possible)
    if queued and planned is not None:
        planned(plan)
    _do(plan, queued, store, options, watcher, found=len(possible) - new)
    outcome = RunSummary(len(plan.cells), len(possible) - new, new)
    outcome.not_applicable = len(plan.cells) - len(possible)
    _count_failures(plan, possible, store, outcome)
    return plan, outcome


def _do(
    plan: Plan, cells: list[Cell], store: Store, options: Options, watcher: ProgressListener, *, found: int
) -> None:
    """Fit and score cells, cheap ones first, and tell beforehand about how long it takes."""
    watcher.expect(len(cells))
    if not cells:
        return
    if found:
        possible = sum(not cell.reason for cell in plan.cells)
        watcher.say(f"resumed: {found:,} of {count(possible, 'fit')} were there")
    estimate = TimeEstimate(plan, store)
    if about := estimate.sentence(cells, options.workers):
        watcher.say(about)
    jobs = make_jobs(plan, estimate.cheap_first(cells), options.threads, options.device)
    Pool(store, options.workers, watcher).run(_TimedJobs(jobs, estimate, cells, options.workers, watcher))


def _count_failures(plan: Plan, cells: Sequence[Cell], store: Store, outcome: RunSummary) -> None:
    """Note what failed, why, and where the log lies."""
    for cell in cells:
        if reason := _failure(store, cell):
            place = f"{cell.model} on {cell.dataset}, {cell.split}, {cell.stage}"
            outcome.failed.append((place, reason))
            outcome.logs[place] = log_of(store, cell.key)
    for trials in plan.tuning:
        outcome.trials += len(trials.values)
        place = f"trial of {trials.model} on {trials.dataset}, {trials.split}"
        outcome.failed_trials += [(place, reason) for reason in trials.failures]
        lost = [key for key, value in zip(trials.keys, trials.values, strict=True) if value is None]
        if lost:
            outcome.logs[place] = log_of(store, lost[-1])


class _TimedJobs(StaticJobSource):
    """A queue that tells how much time is left, by the estimates of the cells that have no result yet."""

    def __init__(
        self,
        jobs: Sequence[Job],
        estimate: TimeEstimate,
        cells: Sequence[Cell],
        workers: int,
        watcher: ProgressListener,
    ) -> None:
        super().__init__(jobs)
        known = {cell.key: estimate.total([cell]) for cell in cells}
        self._seconds = {key: seconds for key, seconds in known.items() if seconds is not None}
        self._total = sum(self._seconds.values())
        self._workers = workers
        self._watcher = watcher
        self._began = time.monotonic()
        self._tell()

    def ended(self, job: Job) -> None:
        """Tell what is left without this job."""
        for cell in job.cells:
            self._seconds.pop(cell["key"], None)
        self._tell()

    def _tell(self) -> None:
        """Tell what is left at the pace so far: this machine may be slower than the one that was measured."""
        left = sum(self._seconds.values())
        done = self._total - left
        pace = (time.monotonic() - self._began) * self._workers / done if done > _ENOUGH else 1.0
        self._watcher.time_left(left * pace / self._workers if self._seconds else None)


def with_finished_studies(plan: Plan, store: Store) -> Plan:
    """Return the plan with the settings of all studies that are finished in the store; nothing is fitted."""
    if plan.settings["tune"] is None:
        return plan
    queue = TuneQueue(plan, store, THREADS, "cpu")
    queue.read_finished()
    return queue.tuned_plan()


def log_of(store: Store, key: str) -> str:
    """Return where the log of a cell lies."""
    return str(store.folder("cell", key) / "log.txt")


def _failure(store: Store, cell: Cell) -> str:
    """Return why a cell failed; "" where it did not fail or has no result yet."""
    manifest = store.get("cell", cell.key).manifest if store.has("cell", cell.key) else {"state": "missing"}
    return manifest["reason"] if manifest["state"] == "failed" else ""
