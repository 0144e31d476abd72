"""A process that has imported what workers need, and forks one for each job.

It is started as ``python -m benchsuite.runner.fork_server``. Importing takes a worker longer than many a model takes to
fit. The server imports once, computes nothing (so that no library has threads or a GPU open when it forks), and reports
through its socket which workers it started and how they ended. It ends, with its workers, when its socket is closed.
What a worker starts and leaves becomes a child of the server when the worker ends, even in a session of its own: so it
is found, and ended.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.child_processes import adopt_orphans, children, end_children, kill_group
from benchsuite.registry import entries
from benchsuite.runner import worker
from benchsuite.runner.worker_processes import start_with_retries

_LONGEST = 2**16

_COMMON = ("annotated_types", "psutil", "pydantic.fields", "pydantic.type_adapter", "scipy.linalg", "scipy.sparse")
"""What nearly every worker imports sooner or later; in each fork that would take longer than most models take to fit.
What only some models need is left to them, so that the peak memory of the others does not include it."""


@dataclass(frozen=True)
class WorkerArgs:
    """The arguments of :func:`benchsuite.runner.worker.main`."""

    job: str
    log: str
    pipe: int


def main(descriptor: int, modules: list[str]) -> None:
    """Run the server; in each fork, run the worker."""
    for module in (*_COMMON, *modules):
        # The job that needs a missing or broken library reports it.
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    entries("models")  # forks find their model in what was read here
    # Sleeping BLAS threads count as threads; BLAS stops them before each fork and starts them when they are needed.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded, use of fork", DeprecationWarning)
    gc.collect()
    gc.freeze()  # keeps the garbage collector of the forks from writing to shared pages
    own = os.getpid()
    args = _serve(socket.socket(fileno=descriptor), own)
    worker.main(args.job, args.log, args.pipe, own)


def _serve(orders: socket.socket, own: int) -> WorkerArgs:
    """Fork a worker for each request and report; return in a fork only."""
    adopt_orphans()
    known = children()  # what an import started, and workers
    awake, wake = os.pipe()
    os.set_blocking(awake, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        selector.register(awake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not orders:
                    os.read(awake, 4096)
                    _reap(orders, known)
                    continue
                text, pipes, _flags, _address = socket.recv_fds(orders, _LONGEST, 1)
                if not text:
                    end_children()
                    sys.exit(0)
                order = json.loads(text)
                try:
                    pid = start_with_retries(os.fork)
                except OSError as error:
                    os.close(pipes[0])
                    _tell(orders, order=order["number"], refused=error.strerror or "no reason given")
                    continue
                if pid == 0:
                    break
                with contextlib.suppress(OSError):
                    os.setpgid(pid, pid)
                os.close(pipes[0])
                known.add(pid)
                _tell(orders, order=order["number"], pid=pid)
            if os.getpid() != own:
                break
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for open_end in (awake, wake):
        os.close(open_end)
    orders.close()
    return _become_worker(order, pipes[0])


def _become_worker(order: dict[str, Any], pipe: int) -> WorkerArgs:
    """Give a fork its own process group, log and folder for temporary files."""
    with contextlib.suppress(OSError):  # the server may have done it
        os.setpgid(0, 0)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    adopt_orphans()
    os.environ["TMPDIR"] = str(Path(order["log"]).parent)
    tempfile.tempdir = None
    return WorkerArgs(order["job"], order["log"], pipe)


def _reap(orders: socket.socket, known: set[int]) -> None:
    """Report those who ended, and end what they left running: until they are waited for, their group is theirs."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None:
            return
        kill_group(ended.si_pid)
        pid, status = os.waitpid(ended.si_pid, 0)
        if pid not in known:
            continue
        known.discard(pid)
        end_children(keep=known)
        _tell(orders, pid=pid, code=os.waitstatus_to_exitcode(status))


def _tell(orders: socket.socket, **message: int | str) -> None:
    try:
        orders.send(json.dumps(message).encode())
    except OSError:
        end_children()
        sys.exit(0)  # the runner is gone


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
