"""What is dear to make is made once per test run, not once per worker process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that ``make`` filled, once for all worker processes of a run; nobody may change what is in it.

    Args:
        factory: pytest's, which knows the run's temporary folder.
        name: of the folder.
        make: fills the folder, which exists and is empty. Where it fails, the next worker tries again.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # each worker's own folder lies in that of the run
    shared = root / "made-once"
    shared.mkdir(exist_ok=True)
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for attempt in range(100):
            folder, done = shared / f"{name}-{attempt}", shared / f"{name}-{attempt}.done"
            if done.exists():
                return folder
            if not folder.exists():
                folder.mkdir()
                make(folder)
                done.touch()
                return folder
    raise AssertionError(f"{name} could not be made")
