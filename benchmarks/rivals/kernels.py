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

from records import Records

HERE = Path(__file__).parent
QUICK = {"ranking": "3000", "metrics": "5000", "ease": "2000", "surprise": "1"}
FULL = {"ranking": "29858", "metrics": "29858", "ease": "20000", "surprise": "3"}


def measure(records: Records, number: int, *, quick: bool, threads: int) -> None:
    """Measure every kernel once, each in a process of its own."""
    for name, size in (QUICK if quick else FULL).items():
        key = {"what": "kernel", "name": name, "size": size, "round": number}
        records.once(key, functools.partial(_run, name, size, threads))


def _run(name: str, size: str, threads: int) -> dict[str, Any]:
    variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    # The allocator of our workers: freed blocks are kept (see benchsuite.runner.pool).
    variables |= {"MALLOC_TRIM_THRESHOLD_": str(2**32), "MALLOC_MMAP_THRESHOLD_": str(2**25)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "work" / "steps.py"), name, size, str(threads)],
        env=os.environ | variables,
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
