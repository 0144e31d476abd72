"""Environments of the rivals: one folder each, with pinned versions, made when first asked for.

``python benchmarks/rivals/environments.py`` makes all; what is there already is left alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CACHE = Path.home() / ".cache" / "benchsuite-rivals"

PINS = {
    "rectools": ("RecTools==0.19.0", "pm-implicit==0.7.3"),
    "lenskit": ("lenskit==2025.8.1", "torch==2.13.0"),
    "cornac": ("cornac==3.0.1",),
}
"""What each environment holds. implicit, ranx and Surprise run in our own environment: we depend on them."""


def python_of(name: str, cache: Path = CACHE) -> Path:
    """Return the interpreter of a rival's environment, made if need be; ours for those that live with us."""
    if name not in PINS:
        return Path(sys.executable)
    folder = cache / name
    python = folder / "bin" / "python"
    done = folder / "installed.txt"
    wanted = "\n".join(PINS[name])
    if not done.exists() or done.read_text("utf-8") != wanted:
        print(f"making the environment of {name} in {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PINS[name]], check=True)
        done.write_text(wanted, "utf-8")
    return python


if __name__ == "__main__":
    for rival in PINS:
        print(rival, python_of(rival))
