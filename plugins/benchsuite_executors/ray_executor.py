"""The executor for Ray: each job is done by an actor on a node that has the processors, the GPU and the memory it asks.

The nodes need no folder in common with this machine: the training part and the questions of a fold go through Ray's
object store, the answers come back with what a worker tells. What is held out never leaves this machine.
"""

from __future__ import annotations

import importlib
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.errors import ConfigError, PluginError, UsageError
from benchsuite.interface import count
from benchsuite.runner.executor import Executor
from benchsuite.runner.jobs import Job, WorkerJob
from benchsuite.runner.logs import clip
from benchsuite.runner.worker_processes import WorkerHandle
from benchsuite_executors.node import Outlet, ingredients, models_of
from benchsuite_executors.ray_node import RayNode
from benchsuite_executors.ray_worker import Needs, RemoteWorker

_ANSWERS = 10.0
"""Seconds within which a cluster takes a connection."""

_KEPT = 16
_REASON = 300


@dataclass
class RayExecutor(Executor):
    """Runs jobs on a Ray cluster.

    Attributes:
        address: of the cluster; "" means ``$RAY_ADDRESS``, else the one that runs on this machine, else a new one.
        working_dir: a folder that Ray copies to every node, for models in files.
        gpus: GPUs of a fit that can use one; .5 lets two fits share one.
    """

    address: str = ""
    working_dir: str = ""
    gpus: float = 1.0

    def __post_init__(self) -> None:
        """Check what can be checked without a cluster.

        Raises:
            PluginError: when Ray is not installed.
            ConfigError: when a setting makes no sense.
        """
        try:
            self.ray: Any = importlib.import_module("ray")
        except ImportError:
            remedy = 'pip install "benchsuite[ray]"'
            raise PluginError("the package ray is not installed", where="executor ray", remedy=remedy) from None
        if self.gpus < 0:
            raise ConfigError('setting "gpus" must be 0 or more', where="executor ray")
        if self.working_dir and not Path(self.working_dir).is_dir():
            raise ConfigError(f'setting "working_dir": no folder {self.working_dir}', where="executor ray")
        self._ours = False
        self._told = False
        self._idle: dict[Needs, list[Any]] = {}
        self._handles: list[RemoteWorker] = []
        self._inputs: dict[str, Any] = {}
        self._here: dict[tuple[str, ...], dict[str, str]] = {}

    def workers(self, threads: int) -> int:
        """Return how many models find processors in the cluster at a time."""
        return max(1, sum(int(one.get("CPU", 0)) // threads for one in self._nodes()))

    def begin(self, scratch: Path, say: Callable[[str], None], listen: Callable[[], None]) -> None:
        """Say once what the cluster has."""
        self._say = say
        if not self._told:
            self._told = True
            nodes = self._nodes()
            sums = {name: f"{sum(one.get(name, 0) for one in nodes):g}" for name in ("CPU", "GPU")}
            say(f"on Ray: {count(len(nodes), 'node')} with {sums['CPU']} processors and {sums['GPU']} GPUs")

    def start(self, job: Job, order: Path, log: Path, pipe: int) -> WorkerHandle:
        """Give a job to an actor, which may have to wait for a place."""
        gpus = self.gpus if job.may_use_gpu and self._has_gpus(job) else 0.0
        needs = job.modules, job.threads, gpus, job.memory
        idle = self._idle.get(needs, [])
        actor = idle.pop() if idle else self._new_actor(needs, job)
        told, names = WorkerJob.load(order), list[str]()
        packs = []
        for place, skip in _inputs(told):
            names.append(place)
            packs.append(self._packed(Path(place), skip))
        models = tuple(models_of(job))
        if models not in self._here:
            self._here[models] = ingredients(models)
        asked = actor.begin.remote(job, told, self._here[models], names, *packs)
        self._handles = [handle for handle in self._handles if handle.code is None]
        self._handles.append(RemoteWorker(self, needs, actor, asked, order.parent, Outlet(pipe)))
        return self._handles[-1]

    def end(self) -> None:
        """End all actors, with their workers."""
        actors = [handle.actor for handle in self._handles if handle.code is None]
        actors += [actor for some in self._idle.values() for actor in some]
        self._handles, self._idle, self._inputs = [], {}, {}
        if actors:
            self.ray.wait([actor.close.remote() for actor in actors], num_returns=len(actors), timeout=2)
        for actor in actors:
            self.ray.kill(actor)

    def close(self) -> None:
        """Leave the cluster, if it was joined here."""
        if self._ours:
            self.ray.shutdown()

    def make_room(self, most: int | None = None) -> None:
        """End idle actors, all or so many: each keeps its place in the cluster as long as it lives."""
        idle = [(some, actor) for some in self._idle.values() for actor in some]
        for some, actor in idle[:most]:
            some.remove(actor)
            actor.close.remote()
            actor.__ray_terminate__.remote()

    def give_back(self, needs: Needs, actor: Any) -> None:
        """Keep an actor for the next job that needs the same."""
        self._idle.setdefault(needs, []).append(actor)

    def _nodes(self) -> list[Mapping[str, float]]:
        """Return what each node of the cluster has; join it before.

        Raises:
            UsageError: when there is no such cluster.
        """
        if not self.ray.is_initialized():
            where = {"address": self.address} if self.address else {}
            environment = {"runtime_env": {"working_dir": self.working_dir}} if self.working_dir else {}
            try:
                _knock(self.address)
                self.ray.init(**where, **environment, log_to_driver=False, logging_level=logging.ERROR)
            except (ConnectionError, OSError, RuntimeError, ValueError) as error:
                what = f"no Ray cluster answers at {self.address or 'the usual place'}: {clip(str(error), _REASON)}"
                raise UsageError(
                    what, where="executor ray", remedy="name one that runs with --address HOST:6379"
                ) from None
            self._ours = True
        return [node["Resources"] for node in self.ray.nodes() if node["Alive"]]

    def _has_gpus(self, job: Job) -> bool:
        return job.device == "cuda" or any(node.get("GPU", 0) for node in self._nodes())

    def _new_actor(self, needs: Needs, job: Job) -> Any:
        """Return a new actor; one that is idle ends for it, so that it leaves its place."""
        _, threads, gpus, memory = needs
        self.make_room(1)
        asked = {"CPU": float(threads), "GPU": gpus, "memory": float(memory)}
        if not any(all(node.get(name, 0) >= size for name, size in asked.items()) for node in self._nodes()):
            wanted = ", ".join(
                f"{size / 2**30:g} GiB" if name == "memory" else f"{size:g} {name}"
                for name, size in asked.items()
                if size
            )
            self._say(f"{job.label} waits: no node of the cluster has {wanted} now")
        options = {"num_cpus": threads, "num_gpus": gpus, "max_restarts": 0, **({"memory": memory} if memory else {})}
        return self.ray.remote(RayNode).options(**options).remote(gpus)

    def _packed(self, folder: Path, skip: str) -> Any:
        """Put a folder's files into the object store, once."""
        name = str(folder)
        if name not in self._inputs:
            while len(self._inputs) >= _KEPT:
                self._inputs.pop(next(iter(self._inputs)))
            paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(skip)]
            found = {str(path.relative_to(folder)): np.fromfile(path, np.uint8) for path in paths}
            self._inputs[name] = self.ray.put(found)
        self._inputs[name] = self._inputs.pop(name)  # the last one used goes last
        return self._inputs[name]


def _knock(address: str) -> None:
    """Raise an OSError at once where nothing listens at HOST:PORT: Ray would try for minutes, then end the process."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _ANSWERS).close()


def _inputs(order: WorkerJob) -> list[tuple[str, str]]:
    """Return the folders that a worker may read, each with how the names of files begin that it may not."""
    found = [(order.data, "interactions.")]
    for cell in order.cells:
        place = cell["fold"], "truth." if cell["stage"] == "validation" else "\0"
        if cell["fold"] and place not in found:
            found.append(place)
    return found
