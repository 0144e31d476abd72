"""The actor on a node of a Ray cluster: gets a job with its data as bytes, and gives the answers as bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchsuite.api import SharedCache
from benchsuite.atomic_writes import replaced_file
from benchsuite.runner.answers import ABOUT, LISTS, SCORES, answers_folder
from benchsuite.runner.checkpoints import user_cache
from benchsuite.runner.jobs import Job, WorkerJob
from benchsuite.runner.local_executor import LocalExecutor
from benchsuite.runner.scratch import scratch_folder
from benchsuite_executors.node import NodeWorker, difference, ingredients, made_here, models_of

Packed = Mapping[str, Any]
"""Files by their path in a folder, each a uint8 array: Ray shares arrays between processes without copies."""

_WRITTEN = {"ranked": (LISTS,), "done": (SCORES, ABOUT), "failed": (ABOUT,)}
"""The files that are whole once a worker sends a message of this kind."""

_KEPT = 4
"""So many folders of inputs stay on the disk; jobs of one fold follow one another."""

LOG, _STORE = "log.txt", "store"


@dataclass(frozen=True)
class Begun:
    """What a node says when it was given a job.

    Attributes:
        host: its name.
        unlike: what differs from the machine of the run, so that nothing is fitted; else "".
        made_with: its provenance.
    """

    host: str
    unlike: str
    made_with: Mapping[str, Any]


@dataclass(frozen=True)
class News:
    """What a worker has told since it was asked last.

    Attributes:
        messages: in their order.
        files: contents by their path in the folder of the job.
        code: of its exit, None while it lives.
        lost: why it ended without its own doing, or "".
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    code: int | None = None
    lost: str = ""


class RayNode:
    """Runs one job after another; Ray makes an actor of it."""

    def __init__(self, gpus: float) -> None:
        if not gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # so that "auto" takes no GPU that was not asked for
        self._open = contextlib.ExitStack()
        self._scratch = self._open.enter_context(scratch_folder()).resolve()
        self._local = LocalExecutor()
        self._local.begin(self._scratch, lambda _: None, lambda: None)
        self._open.callback(self._local.end)
        self._inputs: dict[str, Path] = {}
        self._made_with: dict[str, Any] = {}
        self._jobs = self._unpacked = 0

    def begin(self, job: Job, order: WorkerJob, here: Mapping[str, str], names: list[str], *packs: Packed) -> Begun:
        """Start a job.

        Args:
            job: what to do, and what it needs.
            order: the same as its worker is told, with the paths of the run's machine.
            here: the ingredients of the run's machine.
            names: the folders whose contents follow, as ``order`` names them: the data set's, then those of folds.
            packs: their contents.
        """
        host = socket.gethostname()
        if differs := difference(here, ingredients(models_of(job))):
            return Begun(host, differs, {})
        self._jobs += 1
        self._folder = self._scratch / f"job-{self._jobs}"
        self._folder.mkdir()
        kinds = ["data", *("fold" for _ in names[1:])]
        unpacked = (self._unpack(*one) for one in zip(kinds, names, packs, strict=True))
        places = dict(zip(names, map(str, unpacked), strict=True))
        self._keys = [cell["key"] for cell in order.cells]
        cells = []
        for cell in order.cells:
            answers, checkpoint = answers_folder(self._folder, cell["key"]), self._folder / f"kept-{cell['key'][:16]}"
            answers.mkdir()
            checkpoint.mkdir()
            own = {"fold": places.get(cell["fold"], ""), "answers": str(answers), "checkpoint": str(checkpoint)}
            cells.append({**cell, **own})
        order = dataclasses.replace(
            order,
            data=places[order.data],
            cells=tuple(cells),
            shared=str(SharedCache.inside(user_cache()).folder),
            store=str(self._scratch / _STORE),
        )
        order.save(self._folder / "job.json")
        (self._folder / LOG).touch()
        self._worker = NodeWorker(self._local, job, self._folder / "job.json", self._folder / LOG)
        self._made_with = self._made_with or made_here("ray")
        return Begun(host, "", self._made_with)

    def step(self, files: Mapping[str, bytes], seconds: float, stop: bool) -> News:
        """Write what the runner asks, and return what the worker tells, after waiting for it a while.

        Args:
            files: contents by their path in the folder of the job.
            seconds: to wait.
            stop: end the worker first.
        """
        for name, content in files.items():
            path = self._folder / name
            with contextlib.suppress(FileNotFoundError), replaced_file(path) as draft:  # a model may remove the folder
                draft.write_bytes(content)
        if stop:
            self._worker.kill()
        messages = self._worker.read(seconds)
        found: dict[str, bytes] = {}
        for message in messages:
            for kind in message.keys() & _WRITTEN.keys():
                if message[kind] in self._keys:
                    answers = answers_folder(self._folder, message[kind])
                    found |= self._contents(answers / name for name in _WRITTEN[kind])
        code = self._worker.code
        if code is not None or any(kind in message for message in messages for kind in ("done", "failed")):
            found |= self._contents([self._folder / LOG])
        if code is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        return News(messages, found, code, self._worker.lost if code is not None else "")

    def close(self) -> None:
        """End everything, and remove all files."""
        self._open.close()

    def _contents(self, paths: Any) -> dict[str, bytes]:
        return {str(path.relative_to(self._folder)): path.read_bytes() for path in paths if path.is_file()}

    def _unpack(self, kind: str, name: str, pack: Packed) -> Path:
        """Write a folder, once, where a worker is watched as in a store."""
        if name not in self._inputs:
            while len(self._inputs) >= _KEPT:
                shutil.rmtree(self._inputs.pop(next(iter(self._inputs))), ignore_errors=True)
            self._unpacked += 1
            folder = self._inputs[name] = self._scratch / _STORE / kind / str(self._unpacked)
            folder.mkdir(parents=True)
            for path, content in pack.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        self._inputs[name] = self._inputs.pop(name)  # the last one used goes last
        return self._inputs[name]
