"""The executor for Slurm, by submitit: each job of a run is a job of Slurm. The store lies in a folder of all nodes."""

from __future__ import annotations

import contextlib
import importlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchsuite.errors import ConfigError, PluginError, UsageError
from benchsuite.runner.executor import Executor
from benchsuite.runner.jobs import Job
from benchsuite.runner.logs import clip, last_line
from benchsuite.runner.worker_processes import WorkerHandle
from benchsuite_executors.node import Outlet, ingredients, models_of, unlike
from benchsuite_executors.slurm_node import BEAT, BEGUN, ENDED, MESSAGES, STOP, serve

_AT_A_TIME = 20
_SPARE_MINUTES, _SPARE_GIB = 10, 2
"""What a job asks beyond its limits, for Python and our own work."""

_BEAT = 15.0
_GRACE = 20.0
"""Seconds that a job may take to end its worker, or to tell how it ended, before it is given up."""

_LAST = 20.0
"""Seconds that processes of this machine may take to end at the end of a run."""

_REASON = 300
_PASSED_ON = ("partition", "account", "qos", "constraint", "nodelist", "exclude", "gres")


@dataclass
class SlurmExecutor(Executor):
    """Submits each job to Slurm.

    Attributes:
        partition, account, qos, constraint, nodelist, exclude, gres: as ``sbatch`` takes them; "" leaves them out.
        gpus: GPUs of each fit that can use one.
        memory_gib: of each fit; 0 means what the run allows each fit and something more, and where that is not set,
            what Slurm gives.
        setup: shell commands before each job, such as ``module load python``.
        more: further options of ``sbatch`` by their long names.
        at_a_time: jobs in the queue at a time, where the run does not say.
        cluster: ``local`` runs the jobs on this machine, without Slurm.
    """

    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    nodelist: str = ""
    exclude: str = ""
    gres: str = ""
    gpus: int = 0
    memory_gib: float = 0.0
    setup: list[str] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)
    at_a_time: int = _AT_A_TIME
    cluster: Literal["slurm", "local"] = "slurm"

    def __post_init__(self) -> None:
        """Check what can be checked without Slurm.

        Raises:
            PluginError: when submitit is not installed.
            ConfigError: when a setting makes no sense.
            UsageError: where there is no Slurm.
        """
        try:
            self._submitit: Any = importlib.import_module("submitit")
        except ImportError:
            remedy = 'pip install "benchsuite[slurm]"'
            raise PluginError("the package submitit is not installed", where="executor slurm", remedy=remedy) from None
        for name, number, least in (
            ("gpus", self.gpus, 0),
            ("memory_gib", self.memory_gib, 0),
            ("at_a_time", self.at_a_time, 1),
        ):
            if number < least:
                raise ConfigError(f'setting "{name}" must be {least} or more', where="executor slurm")
        if self.cluster == "slurm" and shutil.which("sbatch") is None:
            remedy = "start the run where sbatch is, or try it here with --on-with 'cluster=\"local\"'"
            raise UsageError("there is no Slurm on this machine", where="executor slurm", remedy=remedy)
        self._jobs: list[_Submitted] = []
        self._here: dict[tuple[str, ...], dict[str, str]] = {}
        self._beat: Path | None = None
        self._touched = 0.0

    def workers(self, threads: int) -> int:
        """Return how many jobs wait or run in Slurm at a time."""
        return self.at_a_time

    def folder(self, store: Path) -> Path:
        """Return a folder in the store: all nodes see it."""
        return store.resolve() / "jobs"

    def begin(self, scratch: Path, say: Callable[[str], None], listen: Callable[[], None]) -> None:
        """Open the way to Slurm."""
        self._scratch, self._beat = scratch, scratch / BEAT
        self.give_sign()
        self._slurm = self._submitit.AutoExecutor(scratch / "submitit", cluster=self.cluster)

    def start(self, job: Job, order: Path, log: Path, pipe: int) -> WorkerHandle:
        """Submit a job.

        Raises:
            UsageError: when Slurm refuses it.
        """
        models = tuple(models_of(job))
        if models not in self._here:
            self._here[models] = ingredients(models)
        try:
            self._slurm.update_parameters(**self._asked(job))
            submitted = self._slurm.submit(serve, str(order.parent), job, self._here[models])
        except (RuntimeError, NameError) as error:
            what = f"Slurm refuses the job: {clip(str(error), _REASON)}"
            raise UsageError(what, where="executor slurm", remedy="correct --on-with") from None
        self._jobs = [one for one in self._jobs if one.code is None or self._lingers(one)]
        self._jobs.append(_Submitted(self, submitted, order.parent, Outlet(pipe)))
        return self._jobs[-1]

    def end(self) -> None:
        """Cancel what still runs or waits."""
        for one in self._jobs:
            if one.code is None:
                with contextlib.suppress(Exception):  # whatever Slurm says: the run ends
                    one.submitted.cancel(check=False)
        late = time.monotonic() + _LAST
        while any(self._lingers(one) for one in self._jobs) and time.monotonic() < late:
            time.sleep(0.05)
        self._jobs, self._beat = [], None

    def _lingers(self, one: _Submitted) -> bool:
        """Return whether submitit still has a process of this machine for a job."""
        return self.cluster == "local" and not one.submitted.done()

    def give_sign(self) -> None:
        """Touch the file that tells jobs that the run lives."""
        if self._beat is not None and time.monotonic() - self._touched > _BEAT:
            self._touched = time.monotonic()
            with contextlib.suppress(OSError):
                self._beat.touch()

    def _asked(self, job: Job) -> dict[str, Any]:
        """Return what submitit shall ask for."""
        minutes = int(job.timeout * len(job.cells) / 60) + _SPARE_MINUTES
        gpus = max(self.gpus, int(job.device == "cuda")) if job.may_use_gpu else 0
        gib = self.memory_gib or (job.memory / 2**30 + _SPARE_GIB if job.memory else 0)
        asked: dict[str, Any] = {"name": "benchsuite", "timeout_min": minutes, "cpus_per_task": job.threads}
        asked |= {"mem_gb": gib} if gib else {}
        asked |= {"gpus_per_node": gpus} if gpus else {}
        asked |= {f"slurm_{name}": value for name in _PASSED_ON if (value := getattr(self, name))}
        asked |= {"slurm_setup": self.setup} if self.setup else {}
        return asked | ({"slurm_additional_parameters": dict(self.more)} if self.more else {})


@dataclass(eq=False)
class _Submitted:
    """A job of Slurm."""

    executor: SlurmExecutor
    submitted: Any
    folder: Path
    outlet: Outlet
    code: int | None = None
    lost: str = ""
    waiting: bool = True
    made_with: Mapping[str, Any] | None = None
    read: int = 0
    given_up: float = 0.0
    stopped: bool = False

    def poll(self) -> int | None:
        self.executor.give_sign()
        if self.code is None:
            self._look()
        if not self.outlet.send() or self.code is None:
            return None
        self.outlet.close()
        return self.code

    def kill(self) -> None:
        if not self.stopped:
            self.stopped = True
            with contextlib.suppress(OSError):
                (self.folder / STOP).touch()

    def _look(self) -> None:
        if self.made_with is None and (begun := _read(self.folder / BEGUN)) is not None:
            if begun["unlike"]:
                raise unlike(begun["host"], begun["unlike"])
            self.made_with = begun["made_with"]
        ended = _read(self.folder / ENDED)  # before the messages: what was told last must not be missed
        with contextlib.suppress(FileNotFoundError), (self.folder / MESSAGES).open("rb") as file:
            file.seek(self.read)
            lines = file.read()
            self.read += len(lines)
            self.waiting = not self.read
            self.outlet.send(lines=lines)
        if ended is not None:
            self.code, self.lost = int(ended["code"]), str(ended["lost"])
        elif self.stopped or self.submitted.done():
            self.given_up = self.given_up or time.monotonic()
            if time.monotonic() - self.given_up > _GRACE:
                self._give_up()

    def _give_up(self) -> None:
        """Count a job as lost that has ended, or does not end, without a word."""
        state, said = str(self.submitted.state), last_line(self.submitted.stderr() or "")
        self.code, self.lost = 1, f"its job {self.submitted.job_id} of Slurm was lost (state {state}; {said})"
        with contextlib.suppress(Exception):  # whatever Slurm says
            self.submitted.cancel(check=False)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found
