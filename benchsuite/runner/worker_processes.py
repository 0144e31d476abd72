"""Worker processes as their pool uses them: started, polled, killed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from benchsuite.child_processes import kill, kill_group
from benchsuite.loading import interpreter

ALLOCATOR_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),  # the most that glibc accepts; larger values are ignored
    "OPENBLAS_THREAD_TIMEOUT": "14",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""In the environment of every worker: an allocator that keeps freed memory, and idle threads that sleep. By
default BLAS lets them spin for 2^26 cycles, some 20 ms, and OpenMP for as long, and they take the cores from those that
have work. On two cores with many processes, four steps of a small text encoder took 19 to 26 s with spinning threads
and 1.1 to 2.0 s with sleeping ones."""

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
_FIXED = {"OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE"}
"""Libraries may use fewer threads than they were told when the machine is busy; sums would then depend on the load."""

FORKS = sys.platform == "linux"
"""Whether workers are forked. On other systems, system libraries do not support it, and each worker imports anew."""

_LONGEST = 2**16

_SECONDS_TO_END = 5.0
"""How long a server may take to end its workers before it is killed."""

_PAUSES = (0.1, 0.3, 1.0, 2.0)
"""Seconds to wait between attempts to start a process, when the system has no resources for it."""

T = TypeVar("T")


def start_with_retries(start: Callable[[], T]) -> T:
    """Start a process; try a few times while the system has no resources for one more.

    Raises:
        OSError: when the last attempt fails.
    """
    for pause in _PAUSES:
        try:
            return start()
        except OSError:
            time.sleep(pause)
    return start()


class WorkerHandle(Protocol):
    """One worker."""

    @property
    def lost(self) -> str:
        """Return why it ended without its own doing, or ""."""

    @property
    def waiting(self) -> bool:
        """Whether it has told nothing yet and may wait for a place, as in the queue of a cluster.

        Its time does not count yet.
        """

    @property
    def made_with(self) -> Mapping[str, Any] | None:
        """The provenance of where it runs; None where it is that of the run."""

    def poll(self) -> int | None:
        """Return its exit code, negative the signal that killed it; None while it lives."""

    def kill(self) -> None:
        """Kill it and every process that it started."""


class WorkerFactory(Protocol):
    """Starts workers."""

    def start(self, job: Path, log: Path, pipe: int) -> WorkerHandle:
        """Start one on a job, with the log that exists and the end of the pipe it writes to."""

    def fileno(self) -> int | None:
        """Return a descriptor that becomes readable with a report, or None; :meth:`read_reports` reads it."""

    def read_reports(self) -> bool:
        """Read all reports; return whether it can still start workers."""

    def close(self) -> None:
        """Kill all workers and end."""


def worker_factory(modules: Sequence[str], threads: int, scratch: Path) -> WorkerFactory:
    """Return what starts workers that need certain modules and may use so many threads."""
    return ForkServer(modules, threads, scratch) if FORKS else Spawner(threads)


class ForkServer:
    """Starts workers as forks of a process that has imported everything, see :mod:`benchsuite.runner.fork_server`."""

    def __init__(self, modules: Sequence[str], threads: int, scratch: Path) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._log = scratch / f"fork-server-{self._socket.fileno()}.txt"
        self._orders = 0
        self._forks: dict[int, _Fork] = {}
        with self._log.open("wb") as output, theirs:
            words = [*interpreter(), "-m", "benchsuite.runner.fork_server", str(theirs.fileno()), *modules]
            self._process = start_with_retries(
                lambda: _popen(words, output, theirs.fileno(), _environment(threads, scratch))
            )

    def start(self, job: Path, log: Path, pipe: int) -> WorkerHandle:
        """Request a fork."""
        self._orders += 1
        fork = self._forks[self._orders] = _Fork(self)
        order = {"number": self._orders, "job": str(job), "log": str(log)}
        with contextlib.suppress(OSError):  # the server has ended; the fork's exit code will show it
            socket.send_fds(self._socket, [json.dumps(order).encode()], [pipe])
        return fork

    def fileno(self) -> int | None:
        """Return the socket."""
        return self._socket.fileno()

    def read_reports(self) -> bool:
        """Read which forks started and ended; return whether the server still runs."""
        while True:
            try:
                text = self._socket.recv(_LONGEST)
            except BlockingIOError:
                return True
            except OSError:
                text = b""
            if not text:
                self._lost()
                return False
            message = json.loads(text)
            if "refused" in message:
                fork = self._forks.pop(message["order"])
                fork.lost, fork.code = f"no process could be started for it: {message['refused']}", 1
            elif "order" in message:
                self._forks[message["order"]].pid = message["pid"]
            else:
                number = next(n for n, fork in self._forks.items() if fork.pid == message["pid"])
                self._forks.pop(number).code = message["code"]

    def _lost(self) -> None:
        """Give the remaining forks the server's own exit code: theirs is not reported any more."""
        code = self._process.wait()
        for fork in self._forks.values():
            fork.end()
            fork.lost, fork.code = f"the process that starts workers ended with code {code}", code or 1
        self._forks.clear()

    def close(self) -> None:
        """End the server, so that it starts no further worker, then all workers that it reported."""
        if self._process.poll() is None:
            if self._forks:
                self._let_it_end_all()
            kill(self._process.pid)
            self._process.wait()
        self.read_reports()
        self._socket.close()

    def _let_it_end_all(self) -> None:
        """Ask the server to end its workers, with what fled from them; it alone knows all of it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)


@dataclass(eq=False)
class _Fork:
    """One fork."""

    server: ForkServer
    pid: int | None = None
    code: int | None = None
    lost: str = ""
    waiting: bool = False
    made_with: Mapping[str, Any] | None = None

    def poll(self) -> int | None:
        self.server.read_reports()
        return self.code

    def kill(self) -> None:
        if self.poll() is None:
            self.end()

    def end(self) -> None:
        if self.pid is not None:
            kill(self.pid)


class Spawner:
    """Starts each worker as a new interpreter."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._started: list[_Started] = []

    def start(self, job: Path, log: Path, pipe: int) -> WorkerHandle:
        """Start a new interpreter."""
        words = [*interpreter(), "-m", "benchsuite.runner.worker", str(job), str(log), str(pipe), str(os.getpid())]
        with log.open("ab") as output:
            process = start_with_retries(lambda: _popen(words, output, pipe, _environment(self._threads, log.parent)))
        self._started.append(_Started(process))
        return self._started[-1]

    def fileno(self) -> int | None:
        """Return None: a worker's pipe shows when it ends."""
        return None

    def read_reports(self) -> bool:
        """Return True: there are no reports, and a new process can always be started."""
        return True

    def close(self) -> None:
        """End all."""
        for child in self._started:
            child.kill()


@dataclass(frozen=True, eq=False)
class _Started:
    """One process."""

    process: subprocess.Popen[bytes]
    lost: str = ""
    waiting: bool = False
    made_with: Mapping[str, Any] | None = None

    def poll(self) -> int | None:
        running = self.process.returncode is None
        code = self.process.poll()
        if running and code is not None:
            kill_group(self.process.pid)  # what it left running
        return code

    def kill(self) -> None:
        if self.process.poll() is None:
            kill(self.process.pid)
            self.process.wait()


@dataclass(frozen=True)
class NotStarted:
    """A worker that could not be started, and why."""

    lost: str
    waiting: bool = False
    made_with: Mapping[str, Any] | None = None

    def poll(self) -> int:
        """Return that it has ended."""
        return 1

    def kill(self) -> None:
        """Do nothing: there is no process."""


def thread_limits(threads: int) -> dict[str, str]:
    """Return the variables that make numerical libraries use exactly so many threads."""
    return dict.fromkeys(_THREADS, str(threads)) | _FIXED


def _popen(
    words: Sequence[str], output: BinaryIO, keep: int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=(keep,),
        env=environment,
        start_new_session=True,
    )


def _environment(threads: int, scratch: Path) -> dict[str, str]:
    """Return the environment of workers: their number of threads, allocator settings, a fixed hash seed."""
    return os.environ | {
        **thread_limits(threads),
        **ALLOCATOR_ENVIRONMENT,
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TMPDIR": str(scratch),
        "JOBLIB_TEMP_FOLDER": str(scratch),  # else in shared memory, where what is left by a process stays
    }
