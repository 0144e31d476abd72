"""What a run does at this moment, as a small file in its store that ``status`` reads; it ends with the run."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchsuite.atomic_writes import replaced_file
from benchsuite.runner.time_estimate import duration
from benchsuite.store import Store
from benchsuite.store.owners import is_suspended, lives, this_process

if TYPE_CHECKING:  # who asks for the status needs no pool
    from benchsuite.runner.pool import ProgressListener

_FOLDER = "running"
_PAUSE = 1.0
"""Seconds between two writes for the progress of a job; a job that begins or ends is written at once."""

_FORGOTTEN = 24 * 3600
"""A file from another machine, whose processes cannot be seen here, counts for so many seconds after its last write."""


@dataclass(frozen=True)
class Doing:
    """One job in flight.

    Attributes:
        label: of the job.
        phase: what the model does, "" where it has not said.
        since: when the job began, in seconds since 1970.
    """

    label: str
    phase: str
    since: float


@dataclass(frozen=True)
class RunningNow:
    """A run that is alive, or of which this machine cannot know.

    Attributes:
        experiment: its name.
        host: where it runs.
        pid: its process.
        here: whether it runs on this machine and is known to live.
        written: when it last wrote, in seconds since 1970.
        left: fits still to be done, those in flight included.
        jobs: in flight.
    """

    experiment: str
    host: str
    pid: int
    here: bool
    written: float
    left: int
    jobs: tuple[Doing, ...]

    @property
    def who(self) -> str:
        """``process 12``, ``process 12 (suspended)``, or ``process 12 on host`` where it is not known to run here."""
        if not self.here:
            return f"process {self.pid} on {self.host}"
        return f"process {self.pid}" + (" (suspended)" if is_suspended(self.pid) else "")


class Heartbeat:
    """Passes the progress of a run on, and keeps the file; a store that cannot be written changes nothing for the run.

    Args:
        store: of the run.
        experiment: its name.
        watcher: receives the progress.
    """

    def __init__(self, store: Store, experiment: str, watcher: ProgressListener) -> None:
        self._path = store.root / _FOLDER / f"{uuid.uuid4().hex}.json"
        self._experiment = experiment
        self._watcher = watcher
        self._process = this_process()
        self._jobs: dict[str, dict[str, Any]] = {}
        self._left = 0
        self._written = 0.0

    def __enter__(self) -> Self:
        """Remove what killed runs of this machine left, and write the file for the first time."""
        for path in self._path.parent.glob("[!.]*.json"):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                if lives(json.loads(path.read_text("utf-8"))["process"]) is False:
                    path.unlink()
        self._write()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        with contextlib.suppress(OSError):
            self._path.parent.rmdir()

    def say(self, line: str) -> None:
        """Pass a line on."""
        self._watcher.say(line)

    def time_left(self, seconds: float | None) -> None:
        """Pass an estimate on."""
        self._watcher.time_left(seconds)

    def expect(self, cells: int) -> None:
        """Note how many cells are left."""
        self._left = cells
        self._write()
        self._watcher.expect(cells)

    def job_started(self, label: str) -> None:
        """Note a job."""
        self._jobs[label] = {"label": label, "phase": "", "since": time.time()}
        self._write()
        self._watcher.job_started(label)

    def job_moved(self, label: str, phase: str, done: int, total: int, note: str) -> None:
        """Note how far a job is."""
        if label in self._jobs:
            self._jobs[label]["phase"] = f"{phase} {done}/{total}" if total else phase
        if time.time() - self._written > _PAUSE:
            self._write()
        self._watcher.job_moved(label, phase, done, total, note)

    def cell_ended(self, label: str, stage: str, state: str, seconds: float, reason: str) -> None:
        """Note that a cell has its result."""
        self._left = max(self._left - 1, 0)
        self._watcher.cell_ended(label, stage, state, seconds, reason)

    def cell_again(self, label: str, stage: str, reason: str) -> None:
        """Pass it on."""
        self._watcher.cell_again(label, stage, reason)

    def job_ended(self, label: str) -> None:
        """Forget a job."""
        self._jobs.pop(label, None)
        self._write()
        self._watcher.job_ended(label)

    def _write(self) -> None:
        self._written = time.time()
        told = {"experiment": self._experiment, "process": self._process, "written": self._written}
        told |= {"left": self._left, "jobs": list(self._jobs.values())}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            with replaced_file(self._path) as draft:
                draft.write_text(json.dumps(told), "utf-8")


def running_now(store: Store, experiment: str | None = None) -> list[RunningNow]:
    """Return the runs of an experiment, or of all, that are alive; what a killed run left behind does not count."""
    return [one for one in _told(store.root / _FOLDER) if experiment in (None, one.experiment)]


def _told(folder: Path) -> Iterator[RunningNow]:
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            told = json.loads(path.read_text("utf-8"))
            process, written = told["process"], float(told["written"])
            jobs = tuple(Doing(str(one["label"]), str(one["phase"]), float(one["since"])) for one in told["jobs"])
            host, pid, left = str(process["host"]).partition(" ")[0], int(process["pid"]), int(told["left"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue  # ended meanwhile, or somebody else's file
        alive = lives(process)
        if alive or (alive is None and time.time() - written < _FORGOTTEN):
            yield RunningNow(str(told["experiment"]), host, pid, bool(alive), written, left, jobs)


def ago(moment: float) -> str:
    """Return ``20 seconds ago``."""
    return f"{duration(max(time.time() - moment, 1.0))} ago"
