"""A few worker processes at a time, watched: what they report, how long they take, how they die."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import selectors
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchsuite.runner.children import Child, Parent, parent_for
from benchsuite.runner.ingest import Ingest
from benchsuite.runner.jobs import Job, write_failure
from benchsuite.store import Store


class Watcher(Protocol):
    """Whoever shows the work to the user."""

    def expect(self, cells: int) -> None:
        """From here on so many cells are to be done at most."""

    def job_started(self, label: str) -> None:
        """A worker begins with a job."""

    def job_moved(self, label: str, phase: str, done: int, total: int, note: str) -> None:
        """A worker tells how far it is."""

    def cell_ended(self, label: str, stage: str, state: str, seconds: float, reason: str) -> None:
        """A cell has a result."""

    def job_ended(self, label: str) -> None:
        """A worker is through with a job."""


class Queue(Protocol):
    """Where jobs come from. A job may depend on the results of earlier ones (tuning)."""

    def pop(self) -> Job | None:
        """Return the next job that can begin now, or None."""

    def ended(self, job: Job) -> None:
        """Hear that a job has ended: all its cells have results."""


class Fixed:
    """A queue of jobs that do not depend on each other."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = list(jobs)

    def pop(self) -> Job | None:
        """Return the next job."""
        return self._jobs.pop(0) if self._jobs else None

    def ended(self, job: Job) -> None:
        """Nothing depends on it."""


@dataclass(frozen=True)
class Options:
    """How to run, none of which changes a number.

    Attributes:
        workers: processes at a time.
        threads: threads of each model; 0 shares the processors among the workers.
        device: ``cpu``, ``cuda`` or ``auto``.
        retry_failed: do failed cells again.
    """

    workers: int = 1
    threads: int = 0
    device: str = "auto"
    retry_failed: bool = False


@dataclass
class Outcome:
    """What a run came to.

    Attributes:
        planned: cells in the plan.
        found: cells that were there already.
        done: cells done now.
        failed: cells with a failure, old or new, as (label, reason).
        not_applicable: cells that cannot be.
        trials: tuning trials behind the plan, old and new.
    """

    planned: int = 0
    found: int = 0
    done: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    not_applicable: int = 0
    trials: int = 0


@dataclass
class _Running:
    """A worker at work."""

    job: Job
    child: Child
    pipe: int
    log: Path
    cell: dict[str, Any]
    since: float
    buffer: bytes = b""


class Pool:
    """Works jobs off."""

    def __init__(self, store: Store, workers: int, watcher: Watcher) -> None:
        self._store = store
        self._ingest = Ingest(store)
        self._workers = workers
        self._watcher = watcher
        self._selector = selectors.DefaultSelector()
        self._running: list[_Running] = []
        self._parents: dict[tuple[tuple[str, ...], int], Parent] = {}

    def run(self, queue: Queue) -> None:
        """Work jobs off until there are none; on any error or Ctrl-C, stop the workers and leave the store whole.

        Raises:
            StoreError: when a result cannot be kept.
        """
        with tempfile.TemporaryDirectory(prefix="benchsuite-") as scratch:
            try:
                while True:
                    while len(self._running) < self._workers and (job := queue.pop()) is not None:
                        self._start(job, Path(scratch))
                    if not self._running:
                        return
                    for key, _ in self._selector.select(timeout=0.2):
                        hear: Callable[[], None] = key.data
                        hear()
                    for worker in list(self._running):
                        if self._check(worker):
                            queue.ended(worker.job)
            finally:
                for parent in self._parents.values():
                    parent.close()
                self._selector.close()

    def _start(self, job: Job, scratch: Path) -> None:
        folder = Path(tempfile.mkdtemp(dir=scratch))
        order = self._ingest.give(job, folder)
        log = folder / "log.txt"
        receiving, sending = os.pipe()
        log.touch()
        child = self._parent(job, scratch).start(order, log, sending)
        os.close(sending)
        os.set_blocking(receiving, False)
        worker = _Running(job, child, receiving, log, dict(job.cells[0]), time.monotonic())
        self._selector.register(receiving, selectors.EVENT_READ, functools.partial(self._read, worker))
        self._running.append(worker)
        self._watcher.job_started(job.label)

    def _parent(self, job: Job, scratch: Path) -> Parent:
        key = job.modules, job.threads
        self._listen(key)
        if key not in self._parents:
            parent = self._parents[key] = parent_for(*key, scratch)
            if (news := parent.fileno()) is not None:
                self._selector.register(news, selectors.EVENT_READ, functools.partial(self._listen, key))
        return self._parents[key]

    def _listen(self, key: tuple[tuple[str, ...], int]) -> None:
        """Take a parent's news; drop one that is gone, so that the next job gets a new one."""
        parent = self._parents.get(key)
        if parent is None or parent.hear():
            return
        if (news := parent.fileno()) is not None:
            self._selector.unregister(news)
        parent.close()
        del self._parents[key]

    def _read(self, worker: _Running) -> None:
        try:
            chunk = os.read(worker.pipe, 65536)
        except BlockingIOError:
            return
        if not chunk:
            with contextlib.suppress(KeyError):
                self._selector.unregister(worker.pipe)
            return
        *lines, worker.buffer = (worker.buffer + chunk).split(b"\n")
        for line in lines:
            self._hear(worker, json.loads(line))

    def _hear(self, worker: _Running, message: dict[str, Any]) -> None:
        label = worker.job.label
        if "start" in message:
            worker.cell = dict(next(cell for cell in worker.job.cells if cell["key"] == message["start"]))
            worker.since = time.monotonic()
        elif "phase" in message:
            self._watcher.job_moved(label, message["phase"], message["done"], message["total"], message["note"])
        elif "ranked" in message:
            self._ingest.ranked(worker.job, worker.cell, worker.log.parent)
        elif "done" in message:
            reason = self._ingest.done(worker.job, worker.cell, worker.log.parent, worker.log)
            state = "failed" if reason else "ok"
            self._watcher.cell_ended(label, worker.cell["stage"], state, message["seconds"], reason)
        elif "failed" in message:
            seconds = time.monotonic() - worker.since
            reason = self._ingest.failed(worker.job, worker.cell, worker.log.parent, worker.log, message["reason"])
            self._watcher.cell_ended(label, worker.cell["stage"], "failed", seconds, reason)

    def _check(self, worker: _Running) -> bool:
        """Notice a worker that took too long or is gone; return True when it is."""
        late = time.monotonic() - worker.since > worker.job.timeout
        if late:
            worker.child.kill()
        code = worker.child.poll()
        if code is None:
            return False
        while True:
            before = len(worker.buffer)
            with contextlib.suppress(OSError):
                self._read(worker)
            if len(worker.buffer) == before:
                break
        self._running.remove(worker)
        with contextlib.suppress(KeyError):
            self._selector.unregister(worker.pipe)
        os.close(worker.pipe)
        self._bury(worker, code, late)
        self._watcher.job_ended(worker.job.label)
        return True

    def _bury(self, worker: _Running, code: int, late: bool) -> None:
        """Give every cell that a dead worker left behind its failure."""
        left = [cell for cell in worker.job.cells if not self._store.has("cell", cell["key"])]
        log = worker.log.read_text("utf-8", errors="replace")
        for cell in left:
            if late:
                reason = f"stopped after {worker.job.timeout / 60:g} minutes"
            elif code < 0:
                name = signal.Signals(-code).name
                reason = f"the process was killed by {name}" + (
                    ", probably out of memory" if code == -signal.SIGKILL else ""
                )
            else:
                reason = f"the process ended early with code {code}: {_last_line(log)}"
            seconds = time.monotonic() - worker.since
            write_failure(self._store, cell, reason, log, {})
            self._watcher.cell_ended(worker.job.label, cell["stage"], "failed", seconds, reason)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "it printed nothing"
