"""Resident memory of this process: what is held now, and the most that was held since the last time we forgot."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_KIBI = 1024


def resident() -> float:
    """Return the bytes held now; where the system does not tell (no Linux), the most ever held."""
    return _told("VmRSS")


def peak() -> float:
    """Return the most bytes held since :func:`forget_peak`, or ever where the system cannot forget."""
    return _told("VmHWM")


def forget_peak() -> bool:
    """Let the peak begin anew from what is held now; return whether the system did so."""
    try:
        _CLEAR.write_text("5", "ascii")
    except OSError:
        return False
    return True


def _told(name: str) -> float:
    if not _STATUS.exists():
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else _KIBI))
    lines = _STATUS.read_text("ascii").splitlines()
    return float(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) * _KIBI
