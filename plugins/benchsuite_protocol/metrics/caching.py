"""A cache per evidence, for what several metrics compute from it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from benchsuite.data import EvaluationInput

T = TypeVar("T")


def once_per_evidence(compute: Callable[[EvaluationInput], T]) -> Callable[[EvaluationInput], T]:
    """Cache what ``compute`` returns for an evidence, for as long as the evidence lives.

    Evidence is frozen and compares by identity, so the cache cannot become stale. What ``compute`` returns must not
    refer to the evidence, or neither would ever be freed.
    """
    cache: WeakKeyDictionary[EvaluationInput, T] = WeakKeyDictionary()

    @functools.wraps(compute)
    def cached(evidence: EvaluationInput) -> T:
        known = cache.get(evidence)
        if known is None:
            known = cache[evidence] = compute(evidence)
        return known

    return cached
