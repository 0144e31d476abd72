"""Work that several metrics share is done once per evidence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from benchsuite.data import Evidence

T = TypeVar("T")


def once_per_evidence(compute: Callable[[Evidence], T]) -> Callable[[Evidence], T]:
    """Remember what ``compute`` returned for an evidence, for as long as the evidence lives.

    Evidence is frozen and compares by identity, so nothing remembered can go stale. What ``compute`` returns must not
    refer to the evidence, or neither would ever be freed.
    """
    kept: WeakKeyDictionary[Evidence, T] = WeakKeyDictionary()

    @functools.wraps(compute)
    def remember(evidence: Evidence) -> T:
        known = kept.get(evidence)
        if known is None:
            known = kept[evidence] = compute(evidence)
        return known

    return remember
