"""Runs an experiment: data and folds once, then each job in a process of its own.

Names are imported when they are first used, because workers need none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchsuite.runner.execute import run, with_finished_studies
    from benchsuite.runner.pool import Options, RunSummary
    from benchsuite.runner.preparation import prepare

__all__ = ["THREADS", "Options", "RunSummary", "prepare", "run", "with_finished_studies"]

THREADS = 2
"""Threads of each model unless another number is set: a part of the protocol, the same on every machine."""

_HOMES = {
    "Options": "pool",
    "RunSummary": "pool",
    "with_finished_studies": "execute",
    "prepare": "preparation",
    "run": "execute",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
