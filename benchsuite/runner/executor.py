"""The contract of an executor: where the worker processes of a run are started, and who ends them.

An executor starts the worker of a job, here or on another machine, and passes on what it tells. It sees neither the
truth of a fold nor the store's results: the runner alone gives a worker its input, asks for pairs once it has the
lists, checks the answers and stores them. So who ran a cell changes neither its key nor its arrays.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchsuite.api import Plugin
from benchsuite.errors import ConfigError, PluginError
from benchsuite.registry import load_function
from benchsuite.runner.jobs import Job
from benchsuite.runner.worker_processes import WorkerHandle

LOCAL = "local"
"""The name of the default."""


@dataclass
class Executor(Plugin):
    """Starts worker processes. Its fields are its settings; no setting changes a result.

    A run calls :meth:`begin`, then :meth:`expect` and :meth:`start` for each job, and :meth:`end` whatever happened;
    with tuning it does so twice. Once the first job works it calls :meth:`foresee`, where all jobs are known. It asks
    each worker in turn, many times a second, for its code (:meth:`WorkerHandle.poll`). A worker whose handle says why
    it was ``lost``, or that a signal killed, is tried once more.
    """

    interactive: ClassVar[bool] = False
    """Whether models may use the terminal; then no bars are drawn on it."""

    def workers(self, threads: int) -> int:
        """Return how many jobs to run at a time where the user does not say; each model has so many threads."""
        return 1

    def check_workers(self, workers: int) -> None:
        """Raise a UsageError where it cannot run so many jobs at a time."""
        return

    def folder(self, store: Path) -> Path | None:
        """Return where the files of jobs must lie (default: among the temporary files of this machine).

        Args:
            store: the store's folder.
        """
        return None

    @abc.abstractmethod
    def begin(self, scratch: Path, say: Callable[[str], None], listen: Callable[[], None]) -> None:
        """Get ready.

        Args:
            scratch: a folder of its own, in which each job gets a folder.
            say: shows one line to the user.
            listen: reads what workers have told so far, for an executor that does not return while they work.
        """

    def expect(self, job: Job) -> None:
        """Get ready for a job whose input is being written: :meth:`start` follows, unless that fails.

        Raises:
            OSError: when there is no process to be had.
        """
        return

    def foresee(self, jobs: Sequence[Job]) -> None:
        """Get ready for jobs that come later, while the first works; what cannot be had now is had when it is needed.

        Args:
            jobs: all jobs of the run, in their order.
        """
        return

    @abc.abstractmethod
    def start(self, job: Job, order: Path, log: Path, pipe: int) -> WorkerHandle:
        """Start the worker of a job.

        Args:
            job: what to do, and what the worker may use.
            order: the file with the :class:`WorkerJob`, in the folder of the job; answers go into that folder.
            log: the file that exists and takes what the worker prints, in the same folder.
            pipe: takes the worker's messages, one line of JSON each. It is closed when this method returns: an
                executor that writes to it later duplicates it.

        Raises:
            OSError: when there is no process to be had; the job is tried once more.
            UsageError: when no job can be started.
        """

    @abc.abstractmethod
    def end(self) -> None:
        """End all workers that still run."""

    def close(self) -> None:
        """Let go of what was held for several rounds."""
        return

    def fileno(self) -> int | None:
        """Return a descriptor that becomes readable when there is something to read, or None."""
        return None

    def read_reports(self) -> None:
        """Read what made the descriptor readable."""
        return


def make_executor(name: str, settings: Mapping[str, Any]) -> Executor:
    """Return the executor of this name, with these settings.

    Raises:
        PluginError: when there is none of this name, or what it needs is not installed.
        ConfigError: when a setting is unknown or wrong.
    """
    kind = load_function(name, "executors")
    if not (isinstance(kind, type) and issubclass(kind, Executor)):
        raise PluginError("it is no benchsuite.runner.executor.Executor", where=f"executor {name}")
    if settings and not kind.fields():
        first = next(iter(settings))
        raise ConfigError(f'it has no settings, and so no "{first}"', where=f"executor {name}")
    return kind.from_settings(settings, f"executor {name}")
