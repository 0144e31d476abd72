"""A cache per evidence, for what several metrics compute from it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from benchsuite.data import EvaluationInput

T = TypeVar("T")
Settings = TypeVarTuple("Settings")


def once_per_evidence(
    compute: Callable[[EvaluationInput, *Settings], T],
) -> Callable[[EvaluationInput, *Settings], T]:
    """Cache what ``compute`` returns for an evidence and hashable settings, for as long as the evidence lives.

    Evidence is frozen and compares by identity, so the cache cannot become stale. What ``compute`` returns must not
    refer to the evidence, or neither would ever be freed.
    """
    cache: WeakKeyDictionary[EvaluationInput, dict[tuple[*Settings], T]] = WeakKeyDictionary()

    @functools.wraps(compute)
    def cached(evidence: EvaluationInput, *settings: *Settings) -> T:
        known = cache.setdefault(evidence, {})
        if settings not in known:
            known[settings] = compute(evidence, *settings)
        return known[settings]

    return cached
