"""The default executor: worker processes of this machine, forked from servers that have imported what models need."""

from __future__ import annotations

import contextlib
import functools
import selectors
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchsuite.runner.executor import Executor
from benchsuite.runner.jobs import Job
from benchsuite.runner.worker_processes import WorkerFactory, WorkerHandle, worker_factory

_Needs = tuple[tuple[str, ...], int]
"""Modules and threads: jobs that need the same share a server."""


@dataclass
class LocalExecutor(Executor):
    """Runs each job in a process of its own on this machine."""

    def __post_init__(self) -> None:
        """Begin without servers."""
        self._factories: dict[_Needs, WorkerFactory] = {}

    def begin(self, scratch: Path, say: Callable[[str], None], listen: Callable[[], None]) -> None:
        """Note where servers keep their logs; each is started when a first job that needs it is expected."""
        self._scratch = scratch
        self._news = selectors.DefaultSelector()

    def expect(self, job: Job) -> None:
        """Start the server of the job, where it has none: it imports while the input is written."""
        self._server(job)

    def foresee(self, jobs: Sequence[Job]) -> None:
        """Start the servers that import a language model, which takes them seconds: cheap models are done meanwhile."""
        for job in jobs:
            if job.modules:
                with contextlib.suppress(OSError):  # the job itself tries again, and tells
                    self._server(job)

    def start(self, job: Job, order: Path, log: Path, pipe: int) -> WorkerHandle:
        """Start a process."""
        return self._server(job).start(order, log, pipe)

    def _server(self, job: Job) -> WorkerFactory:
        """Return what starts the workers of such jobs: a new one where the last has ended."""
        needs = job.modules, job.threads
        self._read(needs)
        if needs not in self._factories:
            factory = self._factories[needs] = worker_factory(*needs, self._scratch)
            if (news := factory.fileno()) is not None:
                self._news.register(news, selectors.EVENT_READ, functools.partial(self._read, needs))
        return self._factories[needs]

    def fileno(self) -> int | None:
        """Return what becomes readable when a server reports, where the system has such a thing."""
        found: int | None = self._news.fileno() if hasattr(self._news, "fileno") else None
        return found

    def read_reports(self) -> None:
        """Read what servers report."""
        for key, _ in self._news.select(timeout=0):
            read: Callable[[], None] = key.data
            read()

    def end(self) -> None:
        """End all processes, with their servers."""
        for factory in self._factories.values():
            factory.close()
        self._factories.clear()
        self._news.close()

    def _read(self, needs: _Needs) -> None:
        """Read a server's reports; drop a server that has ended, so that the next job starts a new one."""
        factory = self._factories.get(needs)
        if factory is None or factory.read_reports():
            return
        if (news := factory.fileno()) is not None:
            self._news.unregister(news)
        factory.close()
        del self._factories[needs]
