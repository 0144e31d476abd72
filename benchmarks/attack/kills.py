"""Kill what belongs to a run: the runner, a worker, the process that forks workers, or all of it at once."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import time
from collections.abc import Iterator

import psutil

RUNNER = ("runner SIGKILL", "runner SIGTERM", "runner SIGINT")
EVERYTHING = "executor"
"""Runner, fork servers and workers at once, in a drawn order, as when the system takes a whole group."""

BELOW = ("worker", "fork server")

_INTERRUPTED = (130, 143)
"""Exit codes of a run that was told to end."""

_SOON = 30.0
_GONE = 15.0


def wait_for_work(runner: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until a worker is at work, below the process that forks it, or the runner has ended."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(runner.pid)
        while runner.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(child.children() for child in process.children()):
                    return
            time.sleep(0.02)


def kill_runner(runner: subprocess.Popen[bytes], victim: str) -> Iterator[tuple[str, str]]:
    """End the runner by a signal; yield what is wrong with how it ends, and whether anybody outlives it."""
    try:
        process = psutil.Process(runner.pid)
        at_work = bool(process.children())
        started = process.children(recursive=True)
    except psutil.Error:  # it ended by itself just now
        return
    wanted = signal.Signals[victim.partition(" ")[2]]
    runner.send_signal(wanted)
    try:
        runner.wait(_SOON)
    except subprocess.TimeoutExpired:
        yield f"goes on after {wanted.name}", ""
        runner.kill()
        runner.wait()
    if wanted != signal.SIGKILL and at_work and runner.returncode not in (*_INTERRUPTED, 0, 1):
        yield f"{wanted.name} is not handled", f"exit {runner.returncode}"
    yield from _outlived(started, victim)


def kill_everything(runner: subprocess.Popen[bytes], draw: random.Random) -> Iterator[tuple[str, str]]:
    """Kill the runner with all that it started; yield whether anybody outlives it."""
    try:
        process = psutil.Process(runner.pid)
        started = process.children(recursive=True)
    except psutil.Error:
        return
    for one in draw.sample([process, *started], len(started) + 1):
        with contextlib.suppress(psutil.Error):
            one.kill()
    runner.wait()
    yield from _outlived(started, EVERYTHING)


def kill_below(runner: subprocess.Popen[bytes], victim: str, draw: random.Random) -> bool:
    """Kill a worker (who has nobody below) or a fork server (a child of the runner); False where there is none."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and runner.poll() is None:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(runner.pid)
            direct = [child for child in process.children() if "resource_tracker" not in " ".join(child.cmdline())]
            servers = [child for child in direct if child.children()]
            below = [child for child in process.children(recursive=True) if child not in direct]
            workers = [child for child in below if not child.children()]
            if found := servers or direct if victim == "fork server" else workers:
                draw.choice(found).kill()
                return True
        time.sleep(0.01)
    return False


def _outlived(started: list[psutil.Process], victim: str) -> Iterator[tuple[str, str]]:
    _, left = psutil.wait_procs(started, timeout=_GONE)
    if left:
        yield "processes outlive the runner", f"{len(left)} after {victim}"
        for one in left:
            with contextlib.suppress(psutil.Error):
                one.kill()
