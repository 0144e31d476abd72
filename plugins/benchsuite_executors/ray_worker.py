"""A worker on a node of a Ray cluster, as the run sees it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchsuite.errors import UsageError
from benchsuite.runner.answers import PAIRS
from benchsuite.runner.logs import clip
from benchsuite_executors.node import Outlet, unlike
from benchsuite_executors.ray_node import Begun, News

_WAIT = 1.0
"""Seconds for which a node waits for news before it answers that there are none."""

_GRACE = 20.0
"""Seconds that a node may take to end a worker before its actor is killed."""

_CROWDED = 5.0
"""Seconds that a job waits for a place before idle actors leave theirs."""

_REASON = 300

Needs = tuple[tuple[str, ...], int, float, int]
"""Modules, threads, GPUs and bytes of memory: jobs that need the same may follow one another in one actor."""


class Actors(Protocol):
    """Who keeps actors between jobs."""

    ray: Any

    def make_room(self, most: int | None = None) -> None:
        """End idle actors."""

    def give_back(self, needs: Needs, actor: Any) -> None:
        """Keep an actor for the next job that needs the same."""


@dataclass(eq=False)
class RemoteWorker:
    """A worker on a node, as the pool uses it: each question to its actor is answered before the next is put."""

    executor: Actors
    needs: Needs
    actor: Any
    asked: Any
    folder: Path
    outlet: Outlet
    code: int | None = None
    lost: str = ""
    waiting: bool = True
    placed: bool = False
    made_with: Mapping[str, Any] | None = None
    stopped: float = 0.0
    since: float = field(default_factory=time.monotonic)

    def poll(self) -> int | None:
        """Ask for news, or look whether there are some; return the exit code once all is told."""
        if self.code is not None:
            return self._ended()
        ray = self.executor.ray
        if not self.placed and time.monotonic() - self.since > _CROWDED:
            self.executor.make_room()
        if self.asked is None:
            self.asked = self.actor.step.remote(self._pairs(), _WAIT, bool(self.stopped))
        elif ray.wait([self.asked], timeout=0)[0]:
            self._read(ray)
        elif self.stopped and time.monotonic() - self.stopped > _GRACE:
            ray.kill(self.actor)
            self.code = 1
        return self._ended()

    def kill(self) -> None:
        """Have it ended with the next question."""
        self.stopped = self.stopped or time.monotonic()

    def _read(self, ray: Any) -> None:
        """Take what the node answers, and act on it."""
        asked, self.asked = self.asked, None
        try:
            answer: Begun | News = ray.get(asked)
        except ray.exceptions.RayTaskError as error:
            raise _unusable(error) from None
        except ray.exceptions.RayError as error:
            if "creation task" in str(error):
                raise _unusable(error) from None
            ray.kill(self.actor)  # it may only be out of reach
            self.code, self.lost = 1, f"its node, or its process there, was lost ({type(error).__name__})"
            return
        if isinstance(answer, Begun):
            if answer.unlike:
                raise unlike(answer.host, answer.unlike)
            self.placed, self.made_with = True, answer.made_with
            return
        if answer.messages:
            self.waiting = False
        for name, content in answer.files.items():
            path = self.folder / name
            if path.parent.is_dir():
                path.write_bytes(content)
        self.outlet.send(answer.messages)
        if answer.code is not None:
            self.code, self.lost = answer.code, answer.lost
            self.executor.give_back(self.needs, self.actor)

    def _pairs(self) -> dict[str, bytes]:
        """Return what the runner asks, and take it away, as a worker of this machine does."""
        found = {}
        for path in self.folder.glob(f"answers-*/{PAIRS}"):
            found[str(path.relative_to(self.folder))] = path.read_bytes()
            path.unlink()
        return found

    def _ended(self) -> int | None:
        """Return the code once all messages are on their way."""
        if not self.outlet.send() or self.code is None:
            return None
        self.outlet.close()
        return self.code


def _unusable(error: Exception) -> UsageError:
    """Return the error to raise when a node cannot run our code: no fit is to blame."""
    last = [line for line in str(error).splitlines() if line.strip()][-1:]
    what = f"a node of the cluster cannot run benchsuite: {clip(' '.join(last), _REASON)}"
    return UsageError(what, where="executor ray", remedy="install the same packages on every node")
