"""Fork servers that outlive a run, for tests of what runs compute: starting one takes longer than a toy's fits.

A run of the product starts servers of its own and ends them. Here a run borrows one, which has the same modules, number
of threads, environment and working folder, and gives it back without a worker left. A fork knows nothing of the forks
before it, so results are the same. Tests of processes, of their deaths and of their surroundings borrow none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from benchsuite.runner.worker_processes import FORKS, ForkServer, Spawner, WorkerFactory, WorkerHandle

_KEPT = 4
_PATIENCE = 10.0
_CHANGES_NOTHING = {"PYTEST_CURRENT_TEST", "BENCHSUITE_CACHE"}
"""Environment variables that no worker reads: the runner tells it where the cache is."""

_Key = tuple[tuple[str, ...], int, str, tuple[tuple[str, str], ...]]


class KeptForkServers:
    """The servers of one test process, the latest used ones.

    Args:
        folder: for their logs; exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[_Key, ForkServer] = {}

    def lend(self, modules: Sequence[str], threads: int, scratch: Path) -> WorkerFactory:
        """Return what :func:`benchsuite.runner.worker_processes.worker_factory` would make anew."""
        if not FORKS:
            return Spawner(threads)
        surroundings = {name: value for name, value in os.environ.items() if name not in _CHANGES_NOTHING}
        key = tuple(modules), threads, str(Path.cwd()), tuple(sorted(surroundings.items()))
        server = self._servers.pop(key, None)
        if server is not None and not server.read_reports():
            server.close()
            server = None
        self._servers[key] = server or ForkServer(modules, threads, self._folder)
        for old in list(self._servers)[:-_KEPT]:
            self._servers.pop(old).close()
        return _Borrowed(self._servers[key])

    def close(self) -> None:
        """End all."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()


class _Borrowed:
    """A server as one run sees it."""

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self._started: list[WorkerHandle] = []

    def start(self, job: Path, log: Path, pipe: int) -> WorkerHandle:
        self._started.append(self._server.start(job, log, pipe))
        return self._started[-1]

    def fileno(self) -> int | None:
        return self._server.fileno()

    def read_reports(self) -> bool:
        return self._server.read_reports()

    def close(self) -> None:
        """Kill the workers of this run, and wait until the server has told of each."""
        deadline = time.monotonic() + _PATIENCE
        for worker in self._started:
            while worker.poll() is None:
                worker.kill()
                assert time.monotonic() < deadline, "a worker does not end"
                time.sleep(0.005)
