"""Hits: which listed items are relevant; computed once per evidence for all ranking metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from benchsuite.data import Bool, EvaluationInput, Float64, Int64
from benchsuite.errors import DataError
from benchsuite_protocol.metrics.caching import once_per_evidence

_CELLS = 1 << 21
"""Size of the scratch table, in cells of one byte: small enough for a processor's cache, large enough to be few."""


@dataclass(frozen=True, eq=False)
class Hits:
    """Which places of the lists hold a relevant item.

    Attributes:
        hit: bool[q, k], True where the listed item is relevant; never where the place is empty.
        shown: bool[q, k], True where the place holds an item.
        relevant: int64[q], how many items are relevant.
        catalogue: how many items could be recommended.
    """

    hit: Bool
    shown: Bool
    relevant: Int64
    catalogue: int
    _tops: dict[int, Hits] = field(default_factory=dict, repr=False)

    def top(self, k: int) -> Hits:
        """Return the same for the first k places.

        Raises:
            DataError: when the stored lists are shorter than k although more items could be listed.
        """
        if k > self.hit.shape[1] and self.hit.shape[1] < self.catalogue:
            raise DataError(
                f"a metric looks at the first {k} places, the stored lists have {self.hit.shape[1]}",
                remedy=f"store lists of {k} items or more, or ask for a smaller k",
            )
        if k not in self._tops:  # shared by all metrics with this cutoff
            self._tops[k] = Hits(self.hit[:, :k], self.shown[:, :k], self.relevant, self.catalogue)
        return self._tops[k]

    @cached_property
    def found(self) -> Float64:
        """float64[q]: how many places hit."""
        found: Float64 = np.count_nonzero(self.hit, axis=1).astype(np.float64)
        return found

    @cached_property
    def listed(self) -> Float64:
        """float64[q]: how many places hold an item."""
        listed: Float64 = np.count_nonzero(self.shown, axis=1).astype(np.float64)
        return listed


@once_per_evidence
def hits(evidence: EvaluationInput) -> Hits:
    """Return where the lists of an evidence hit.

    A table of ``rows x items`` cells is marked and looked up for some rows at a time, which is linear in the number of
    places and of relevant items.
    """
    item, relevant = evidence.rankings.item, evidence.relevant
    shown = item >= 0
    width = 1 + max(int(item.max(initial=0)), int(relevant.item.max(initial=0)))
    step = max(1, _CELLS // width)
    # One flat table: single indices are looked up twice as fast as pairs.
    table = np.zeros(step * width, np.bool_)
    base = width * np.arange(step, dtype=np.int64)[:, None]
    rows = relevant.rows
    hit = np.zeros(item.shape, np.bool_)
    for first in range(0, len(item), step):
        last = min(first + step, len(item))
        begin, end = relevant.start[first], relevant.start[last]
        right = width * (rows[begin:end] - first) + relevant.item[begin:end]
        table[right] = True
        # An empty place (-1) looks at some other cell, which does not count.
        table.take(base[: last - first] + item[first:last], out=hit[first:last], mode="clip")
        table[right] = False
    hit &= shown
    return Hits(hit, shown, relevant.counts, evidence.catalogue)
