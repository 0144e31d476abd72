"""Single steps against the least that they must take: ranking, metrics, EASE, Surprise. Ours and theirs in turn."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measurement_steps import Step

from benchsuite.runner.worker_processes import ALLOCATOR_ENVIRONMENT, thread_limits

HERE = Path(__file__).parent
QUICK = {"ranking": ("3000", 5), "metrics": ("5000", 15), "ease": ("2000", 10), "surprise": ("1", 15)}
FULL = {"ranking": ("29858", 70), "metrics": ("29858", 60), "ease": ("20000", 400), "surprise": ("3", 80)}
"""By kernel: its size and a guess of seconds. Surprise's is the number of rounds."""

ONCE = ("ease", "surprise")
"""Measured in the first round only: long enough for noise to even out, or with rounds of its own."""


def steps(number: int, *, quick: bool, threads: int) -> list[Step]:
    """Return the measurement of every kernel, each in a process of its own."""
    out = []
    for name, (size, guess) in (QUICK if quick else FULL).items():
        if number and name in ONCE:
            continue
        key = {"what": "kernel", "name": name, "size": size, "round": number}
        make = functools.partial(_run, name, size, threads)
        out.append(Step(f"step {name} at size {size}, round {number + 1}", key, make, guess))
    return out


def _run(name: str, size: str, threads: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "work" / "steps.py"), name, size, str(threads)],
        env=os.environ | thread_limits(threads) | ALLOCATOR_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300]}
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result
