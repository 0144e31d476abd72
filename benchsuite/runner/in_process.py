"""The executor for debuggers and profilers: the fit runs in the process of the run itself."""

from __future__ import annotations

import bdb
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TextIO

from benchsuite.errors import UsageError
from benchsuite.provenance import provenance
from benchsuite.runner.executor import Executor
from benchsuite.runner.jobs import Job, WorkerJob
from benchsuite.runner.progress_pipe import ProgressPipe
from benchsuite.runner.withheld import Watch
from benchsuite.runner.worker import work
from benchsuite.runner.worker_processes import WorkerHandle, thread_limits


@dataclass
class InProcess(Executor):
    """Runs each job in the process of the run, one at a time, with the terminal: for debuggers and profilers.

    ``breakpoint()`` in a model works, and what it prints is seen, not logged. Nothing is isolated: there is no limit of
    time or memory, a crash ends the run, and what a fit leaves behind in the process is there for the next one.
    """

    interactive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Begin without a watch: it cannot be taken away again."""
        self._watches: dict[str, Watch] = {}

    def check_workers(self, workers: int) -> None:
        """Raise a UsageError for more than one job at a time."""
        if workers > 1:
            raise UsageError("in-process runs one fit at a time", where="workers", remedy="leave --workers out")

    def begin(self, scratch: Path, say: Callable[[str], None], listen: Callable[[], None]) -> None:
        """Keep what reads messages while a fit goes on."""
        self._listen = listen
        say("fits run in this process: without isolation, and without limits of time and memory")

    def start(self, job: Job, order: Path, log: Path, pipe: int) -> WorkerHandle:
        """Return a worker that does all its work when it is first asked for its code."""
        told = WorkerJob.load(order)
        if told.store not in self._watches:
            self._watches[told.store] = Watch(told.store)
        watch = self._watches[told.store]
        watch.paused = True
        return _Here(told, log, os.dup(pipe), watch, self._listen)

    def end(self) -> None:
        """Stop watching: from here on the runner alone opens files."""
        for watch in self._watches.values():
            watch.paused = True


@dataclass
class _Here:
    """A job of this process."""

    order: WorkerJob
    log: Path
    pipe: int
    watch: Watch
    listen: Callable[[], None]
    code: int | None = None
    lost: str = ""
    waiting: bool = False
    made_with: Mapping[str, Any] | None = None

    def poll(self) -> int | None:
        if self.code is None:
            self.code = 0
            self.made_with = provenance() | {"executor": "in-process"}
            with os.fdopen(self.pipe, "w", encoding="utf-8") as stream, _threads(self.order.threads):
                channel = _Aloud(stream, self.watch, self.listen)
                self.watch.paused = False
                try:
                    work(
                        self.order,
                        self.log,
                        channel,
                        self.watch,
                        limited=False,
                        passing=(KeyboardInterrupt, bdb.BdbQuit),
                    )
                except bdb.BdbQuit:  # whoever leaves the debugger stops the run
                    raise KeyboardInterrupt from None
                finally:
                    self.watch.paused = True
        return self.code

    def kill(self) -> None:
        """Do nothing: it has ended."""


class _Aloud(ProgressPipe):
    """A pipe whose other end is read after each message, as both ends are in one process."""

    def __init__(self, stream: TextIO, watch: Watch, listen: Callable[[], None]) -> None:
        super().__init__(stream)
        self._watch, self._listen = watch, listen

    def _send(self, message: Mapping[str, Any]) -> None:
        """Send one line and let the runner act on it; it may open what the model may not."""
        super()._send(message)
        before, self._watch.paused = self._watch.paused, True
        try:
            self._listen()
        finally:
            self._watch.paused = before


@contextlib.contextmanager
def _threads(number: int) -> Iterator[None]:
    """Give numerical libraries so many threads: those that are imported, and those that will be."""
    from threadpoolctl import threadpool_limits

    before = dict(os.environ)
    os.environ.update(thread_limits(number))
    torch = sys.modules.get("torch")
    had = torch.get_num_threads() if torch is not None else 0
    try:
        if torch is not None:
            torch.set_num_threads(number)
        with threadpool_limits(number):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(had)
        for name in thread_limits(number):
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]
