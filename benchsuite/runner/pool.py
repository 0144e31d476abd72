"""Runs jobs in a limited number of worker processes: reads their messages, enforces time limits, records crashes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import selectors
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchsuite.child_processes import end_processes_of
from benchsuite.runner import THREADS
from benchsuite.runner.channel import Channel
from benchsuite.runner.executor import Executor
from benchsuite.runner.ingest import Ingest
from benchsuite.runner.jobs import NO_LIMITS, Job, Limits
from benchsuite.runner.local_executor import LocalExecutor
from benchsuite.runner.logs import trim_log
from benchsuite.runner.scratch import scratch_folder, unwritable
from benchsuite.runner.worker_deaths import WorkerDeath, WorkerDeaths
from benchsuite.runner.worker_processes import NotStarted, WorkerHandle
from benchsuite.store import Holder, Store

_LOOK = 0.2
"""Seconds between two looks at running workers: at their logs and their time. What they tell is read at once."""

_WAIT = 0.5
"""Seconds between two looks at what other runs compute, when nothing else is left."""


class ProgressListener(Protocol):
    """Receives the progress of a run, to show it to the user."""

    def say(self, line: str) -> None:
        """Something that the user should read once."""

    def expect(self, cells: int) -> None:
        """At most so many cells are still to be done."""

    def time_left(self, seconds: float | None) -> None:
        """About so many seconds are left from now on; None where nothing is known."""

    def job_started(self, label: str) -> None:
        """A worker has started a job."""

    def job_moved(self, label: str, phase: str, done: int, total: int, note: str) -> None:
        """A worker reports how far it is."""

    def cell_ended(self, label: str, stage: str, state: str, seconds: float, reason: str) -> None:
        """A cell has a result."""

    def cell_again(self, label: str, stage: str, reason: str) -> None:
        """A cell is tried once more, because its process died."""

    def job_ended(self, label: str) -> None:
        """A worker has ended its job."""


class JobSource(Protocol):
    """Where jobs come from. A job may depend on the results of earlier ones (tuning)."""

    def pop(self) -> Job | None:
        """Return the next job that can begin now, or None."""

    def ended(self, job: Job) -> None:
        """Note that a job has ended: all its cells have results."""

    def waits_for(self) -> Sequence[Holder]:
        """Return who computes what this source still needs, when :meth:`pop` has returned None; () when it is done."""


class StaticJobSource:
    """A queue of jobs that do not depend on each other."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = list(jobs)

    def pop(self) -> Job | None:
        """Return the next job."""
        return self._jobs.pop(0) if self._jobs else None

    def ended(self, job: Job) -> None:
        """Do nothing: no job depends on another."""

    def waits_for(self) -> Sequence[Holder]:
        """Return nobody."""
        return ()


@dataclass(frozen=True)
class Options:
    """How to run.

    Attributes:
        workers: processes at a time; their number changes no result.
        threads: threads of each model. A sum is split into as many parts, so another number may change the last digits
            of some models. The number is the same on every machine unless it is set.
        device: ``cpu``, ``cuda`` or ``auto``; another device may change the last digits of models that use it.
        retry_failed: do failed cells and failed trials again.
        limits: what each cell may use, where it is not as the experiment says.
        executor: where worker processes run; None means on this machine. It changes no result.
    """

    workers: int = 1
    threads: int = THREADS
    device: str = "auto"
    retry_failed: bool = False
    limits: Limits = NO_LIMITS
    executor: Executor | None = None


@dataclass
class RunSummary:
    """The counts of a run, and its failures.

    Attributes:
        planned: cells in the plan.
        found: cells that were there already.
        done: cells done now.
        elsewhere: cells that other runs have done meanwhile.
        failed: cells with a failure, old or new, as (label, reason).
        not_applicable: cells that cannot be computed.
        trials: tuning trials behind the plan, old and new.
        failed_trials: those without a value, as (label, reason).
        logs: where the log of a failure lies, by label.
    """

    planned: int = 0
    found: int = 0
    done: int = 0
    elsewhere: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    not_applicable: int = 0
    trials: int = 0
    failed_trials: list[tuple[str, str]] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)


@dataclass
class _Running:
    """A running worker."""

    job: Job
    child: WorkerHandle
    channel: Channel
    folder: Path
    cell: dict[str, Any]
    since: float

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"


class Pool:
    """Runs jobs in worker processes.

    Args:
        store: where results are kept.
        workers: so many jobs at a time.
        watcher: receives the progress.
        executor: where the processes run (default: on this machine).
    """

    def __init__(self, store: Store, workers: int, watcher: ProgressListener, executor: Executor | None = None) -> None:
        self._store = store
        self._ingest = Ingest(store)
        self._workers = workers
        self._watcher = watcher
        self._selector = selectors.DefaultSelector()
        self._running: list[_Running] = []
        self._executor = LocalExecutor() if executor is None else executor
        self._again: list[Job] = []
        self._deaths = WorkerDeaths(store)
        self._told = ""

    def run(self, queue: JobSource, ahead: Sequence[Job] = ()) -> None:
        """Run jobs until there are none left; on any error or Ctrl-C, stop the workers and leave the store whole.

        Args:
            queue: where jobs come from.
            ahead: jobs that it will give, as far as they are known; the executor gets ready for them.

        Raises:
            StoreError: when results cannot be written.
            UsageError: when temporary files cannot be written.
        """
        with scratch_folder(self._executor.folder(self._store.root)) as scratch:
            try:
                self._executor.begin(scratch, self._watcher.say, self._listen)
                if (news := self._executor.fileno()) is not None:
                    self._selector.register(news, selectors.EVENT_READ, self._executor.read_reports)
                while True:
                    while len(self._running) < self._workers and (job := self._next(queue)) is not None:
                        self._start(job, scratch)
                        if ahead:
                            self._executor.foresee(ahead)
                            ahead = ()
                    if not self._running and not self._waits(queue):
                        return
                    for key, _ in self._selector.select(timeout=_LOOK if self._running else _WAIT):
                        read: Callable[[], None] = key.data
                        read()
                    for worker in list(self._running):
                        trim_log(worker.log)
                        if self._check(worker):
                            queue.ended(worker.job)
            finally:
                self._executor.end()
                self._selector.close()

    def _waits(self, queue: JobSource) -> bool:
        """Return whether all that is left is computed by other runs, and say once whose it is."""
        holders = queue.waits_for()
        names = ", ".join(sorted({holder.who for holder in holders}))
        if names and names != self._told:
            self._watcher.say(f"waiting for {names}: all that is left is computed there; what it gives up is done here")
        self._told = names
        return bool(holders)

    def _next(self, queue: JobSource) -> Job | None:
        return self._again.pop(0) if self._again else queue.pop()

    def _start(self, job: Job, scratch: Path) -> None:
        try:
            scratch.mkdir(parents=True, exist_ok=True)  # another program may have removed the folder
            lost = self._expected(job)
            folder = Path(tempfile.mkdtemp(dir=scratch))
            order = self._ingest.give(job, folder)
            (folder / "log.txt").touch()
        except OSError as error:
            raise unwritable(error) from None
        receiving, sending = os.pipe()
        channel = Channel(receiving)
        try:
            child = lost or self._executor.start(job, order, folder / "log.txt", sending)
        except OSError as error:
            child = _not_started(error)
        finally:
            os.close(sending)
        worker = _Running(job, child, channel, folder, dict(job.cells[0]), time.monotonic())
        self._selector.register(receiving, selectors.EVENT_READ, functools.partial(self._read, worker))
        self._running.append(worker)
        self._watcher.job_started(job.label)
        if child.waiting:
            self._watcher.job_moved(job.label, "waiting for a place", 0, 0, "")

    def _expected(self, job: Job) -> NotStarted | None:
        """Let the executor get ready for a job; return what stands for it where no process is to be had."""
        try:
            self._executor.expect(job)
        except OSError as error:
            return _not_started(error)
        return None

    def _listen(self) -> None:
        """Read what running workers have told."""
        for worker in list(self._running):
            self._read(worker)

    def _read(self, worker: _Running) -> None:
        for message in worker.channel.read():
            self._handle_message(worker, message)
        if not worker.channel.open:
            with contextlib.suppress(KeyError):
                self._selector.unregister(worker.channel.pipe)

    def _handle_message(self, worker: _Running, message: dict[str, Any]) -> None:
        label = worker.job.label
        if "start" in message:
            found = next((cell for cell in worker.job.cells if cell["key"] == message["start"]), None)
            if found is not None:
                worker.cell = dict(found)
                worker.since = time.monotonic()
        elif "phase" in message:
            self._watcher.job_moved(label, message["phase"], message["done"], message["total"], message["note"])
        elif "ranked" in message:
            self._ingest.ranked(worker.job, worker.cell, worker.log.parent)
        elif "done" in message:
            made_with = worker.child.made_with
            reason = self._ingest.done(worker.job, worker.cell, worker.log.parent, worker.log, made_with)
            state = "failed" if reason else "ok"
            self._watcher.cell_ended(label, worker.cell["stage"], state, message["seconds"], reason)
        elif "failed" in message:
            seconds = time.monotonic() - worker.since
            told = message["reason"], worker.child.made_with
            reason = self._ingest.failed(worker.cell, worker.log.parent, worker.log, *told)
            self._watcher.cell_ended(label, worker.cell["stage"], "failed", seconds, reason)

    def _check(self, worker: _Running) -> bool:
        """Detect a worker that took too long or has ended; return True when all its cells have results."""
        if worker.child.waiting:
            worker.since = time.monotonic()
        late = time.monotonic() - worker.since > worker.job.timeout
        if late:
            worker.child.kill()
        code = worker.child.poll()
        if code is None:
            return False
        for message in worker.channel.read_all():
            self._handle_message(worker, message)
        self._running.remove(worker)
        with contextlib.suppress(KeyError):
            self._selector.unregister(worker.channel.pipe)
        worker.channel.close()
        if worker.child.lost:  # nobody else knows what it left
            end_processes_of(worker.folder)
        left = [cell for cell in worker.job.cells if not self._store.has("cell", cell["key"])]
        if left:
            limit = worker.job.timeout if late else None
            death = WorkerDeath.of(code, worker.log, lost=worker.child.lost, stopped_after=limit)
            left = self._record_death(worker, left, death)
        shutil.rmtree(worker.folder, ignore_errors=True)
        self._watcher.job_ended(worker.job.label)
        if left:
            self._again.append(dataclasses.replace(worker.job, cells=tuple(left)))
        return not left

    def _record_death(
        self, worker: _Running, left: list[Mapping[str, Any]], death: WorkerDeath
    ) -> list[Mapping[str, Any]]:
        """Have a worker's death recorded and tell of it; return the cells that are still to be done."""
        label = worker.job.label
        cell = next((cell for cell in left if cell["key"] == worker.cell["key"]), left[0])
        made_with = worker.child.made_with or self._ingest.made_with()
        if not self._deaths.record(cell, death, worker.log, made_with):
            self._watcher.cell_again(label, cell["stage"], death.reason)
            return left
        seconds = time.monotonic() - worker.since
        self._watcher.cell_ended(label, cell["stage"], "failed", seconds, death.reason)
        return [one for one in left if one is not cell]


def _not_started(error: OSError) -> NotStarted:
    return NotStarted(f"no process could be started for it: {error.strerror or error}")
