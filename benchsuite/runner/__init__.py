"""Does the work of an experiment: data and folds once, then each job in a process of its own.

Names are imported when they are first used: each worker is a process that needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchsuite.runner.folds import prepare
    from benchsuite.runner.pool import Options, Outcome
    from benchsuite.runner.work import known, run

__all__ = ["THREADS", "Options", "Outcome", "known", "prepare", "run"]

THREADS = 2
"""Threads of each model unless another number is set: a part of the protocol, the same on every machine."""

_HOMES = {"Options": "pool", "Outcome": "pool", "known": "work", "prepare": "folds", "run": "work"}


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
