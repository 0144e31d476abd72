"""Long measurements step by step: says what is measured now, and how long the rest may take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records import Records

from benchsuite.runner.worker_processes import ALLOCATOR_ENVIRONMENT, thread_limits


@dataclass(frozen=True)
class Step:
    """One measurement.

    Attributes:
        name: what a person reads.
        key: its name in the records.
        make: measures.
        guess: seconds that it may take on a quiet machine of two cores; only their proportions matter after a while.
        group: when a step fails, later ones of its group are left out (they are larger); "" for none.
    """

    name: str
    key: Mapping[str, Any]
    make: Callable[[], Mapping[str, Any]]
    guess: float
    group: str = ""


def carry_out(records: Records, steps: Sequence[Step]) -> None:
    """Make what the records lack, in order, and tell about it."""
    todo = [step for step in steps if not records.has(step.key)]
    if len(todo) < len(steps):
        print(f"{len(steps) - len(todo)} of {len(steps)} measurements are there already", flush=True)
    broken = {step.group for step in steps if step not in todo and "failed" in records.once(step.key, step.make)}
    spent = guessed = 0.0
    for number, step in enumerate(todo):
        # Guesses are corrected by how long the steps so far took; the first few say little.
        pace = (spent + 30) / (guessed + 30)
        left = pace * sum(other.guess for other in todo[number:])
        print(f"[{number + 1}/{len(todo)}] {step.name}; about {_words(left)} left", flush=True)
        if step.group and step.group in broken:
            records.once(step.key, lambda: {"failed": "left out, as a smaller one failed"})
            continue
        began = time.perf_counter()
        found = records.once(step.key, step.make)
        took = time.perf_counter() - began
        spent, guessed = spent + took, guessed + step.guess
        print(f"    {took:.1f} s" + (f", FAILED: {found['failed']}" if "failed" in found else ""), flush=True)
        if "failed" in found:
            broken.add(step.group)


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def worker_environment(threads: int) -> dict[str, str]:
    """Return the environment in which workers are started, for so many threads of libraries."""
    return {**os.environ, **thread_limits(threads), **ALLOCATOR_ENVIRONMENT}


def measured_apart(
    script: str | Path, words: Sequence[str], environment: Mapping[str, str], timeout: float | None = None
) -> dict[str, Any]:
    """Run a script in a process of its own; return the JSON of its last line.

    Args:
        script: its file.
        words: what it is called with.
        environment: of the process.
        timeout: seconds.

    Returns:
        What it told, or ``failed`` with the reason.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(script), *words],
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {timeout} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1][:300]}
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
