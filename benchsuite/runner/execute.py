"""Runs a plan: skips what the store has, does the rest, counts everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from benchsuite.interface import count
from benchsuite.plan import Cell, Plan
from benchsuite.runner import THREADS
from benchsuite.runner.jobs import Job, lacks_package, make_jobs
from benchsuite.runner.pool import Options, Pool, ProgressListener, RunSummary
from benchsuite.runner.shared_jobs import SharedJobs
from benchsuite.runner.time_estimate import TimeEstimate
from benchsuite.runner.tuning import TuneQueue
from benchsuite.store import Holder, Leases, Store

_MOST_TOLD = 5
"""So many failures that are tried again are named; the others are counted."""

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
    with Leases(store.root) as leases:
        leases.sweep()
        return _run(plan, store, options, watcher, leases, planned)


def _run(
    plan: Plan,
    store: Store,
    options: Options,
    watcher: ProgressListener,
    leases: Leases,
    planned: Callable[[Plan], None] | None,
) -> tuple[Plan, RunSummary]:
    tried: set[str] = set()
    if plan.settings["tune"] is not None:
        queue = TuneQueue(
            plan,
            store,
            options.threads,
            options.device,
            retry=options.retry_failed,
            leases=leases,
            limits=options.limits,
            say=watcher.say,
        )
        if queue.most:
            watcher.say(queue.about())
        watcher.expect(queue.most + sum(cell.stage == "test" for cell in plan.cells if not cell.reason))
        Pool(store, options.workers, watcher, options.executor).run(queue)
        plan, tried = queue.tuned_plan(), queue.tried
    possible = [cell for cell in plan.cells if not cell.reason]
    untried = [cell for cell in possible if cell.key not in tried]
    _drop_failed(untried, store, leases, watcher, which=None if options.retry_failed else lacks_package)
    missing = [cell for cell in possible if not store.has("cell", cell.key)]
    queued = list({cell.key: cell for cell in missing}.values())
    # A trial of this run can be a cell of the plan: it was not there before.
    new = len(missing) + sum(cell.key in tried for cell in possible)
    if queued and planned is not None:
        planned(plan)
    others = _do(plan, queued, store, options, watcher, leases, found=len(possible) - new)
    elsewhere = sum(cell.key in others for cell in missing)
    outcome = RunSummary(len(plan.cells), len(possible) - new, new - elsewhere, elsewhere)
    outcome.not_applicable = len(plan.cells) - len(possible)
    _count_failures(plan, possible, store, outcome)
    return plan, outcome


def _drop_failed(
    cells: Sequence[Cell],
    store: Store,
    leases: Leases,
    watcher: ProgressListener,
    which: Callable[[str], bool] | None,
) -> None:
    """Forget failures, so that they are done again, and say which; what another run does now is left to it.

    Args:
        cells: whose failures.
        store: where they are.
        leases: what other runs do.
        watcher: is told.
        which: of a reason, whether to forget it; None: all.
    """
    reasons: dict[str, set[str]] = {}
    for cell in {cell.key: cell for cell in cells}.values():
        reason = _failure(store, cell)
        if reason and (which is None or which(reason)) and leases.take("cell", cell.key, "a failed fit") is None:
            store.drop("cell", cell.key)
            leases.give_back("cell", cell.key)
            place = f"{cell.model} on {cell.dataset}, {cell.split}, {cell.stage}"
            reasons.setdefault(place, set()).add(reason)
    for place, why in list(reasons.items())[:_MOST_TOLD]:
        watcher.say(f"trying again: {place}, which failed: {'; '.join(sorted(why))}")
    if len(reasons) > _MOST_TOLD:
        watcher.say(f"trying again: {count(len(reasons) - _MOST_TOLD, 'more')} that failed")


def _do(
    plan: Plan,
    cells: list[Cell],
    store: Store,
    options: Options,
    watcher: ProgressListener,
    leases: Leases,
    *,
    found: int,
) -> set[str]:
    """Fit and score cells, cheap ones first, and tell beforehand about how long it takes.

    Returns:
        The keys of cells that other runs have done meanwhile.
    """
    watcher.expect(len(cells))
    if not cells:
        return set()
    if found:
        possible = sum(not cell.reason for cell in plan.cells)
        watcher.say(f"resumed: {found:,} of {count(possible, 'fit')} {'was' if found == 1 else 'were'} there")
    estimate = TimeEstimate(plan, store)
    if about := estimate.sentence(cells, options.workers):
        watcher.say(about)
    jobs = make_jobs(plan, estimate.cheap_first(cells), options.threads, options.device, options.limits)
    queue = _TimedJobs(SharedJobs(jobs, store, leases), estimate, cells, options.workers, watcher)
    Pool(store, options.workers, watcher, options.executor).run(queue, jobs)
    return queue.shared.elsewhere


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


class _TimedJobs:
    """A queue that tells how much time is left, by the estimates of the cells that have no result yet.

    What other runs have done meanwhile is told to the watcher as soon as this run comes upon it.
    """

    def __init__(
        self,
        shared: SharedJobs,
        estimate: TimeEstimate,
        cells: Sequence[Cell],
        workers: int,
        watcher: ProgressListener,
    ) -> None:
        self.shared = shared
        self._elsewhere = 0
        known = {cell.key: estimate.total([cell]) for cell in cells}
        self._seconds = {key: seconds for key, seconds in known.items() if seconds is not None}
        self._total = sum(self._seconds.values())
        self._workers = workers
        self._watcher = watcher
        self._began = time.monotonic()
        self._tell()

    def pop(self) -> Job | None:
        """Return the next job that no other run has."""
        job = self.shared.pop()
        if len(self.shared.elsewhere) > self._elsewhere:
            self._elsewhere = len(self.shared.elsewhere)
            self._watcher.expect(self.shared.left)
            self._forget(self.shared.elsewhere)
        return job

    def waits_for(self) -> Sequence[Holder]:
        """Return who computes what is left."""
        return self.shared.waits_for()

    def ended(self, job: Job) -> None:
        """Tell what is left without this job."""
        self.shared.ended(job)
        self._forget({cell["key"] for cell in job.cells})

    def _forget(self, keys: Collection[str]) -> None:
        for key in keys:
            self._seconds.pop(key, None)
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
