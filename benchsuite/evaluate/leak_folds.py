"""Checks across all folds that a split makes of one data set with one seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold
from benchsuite.evaluate.leak_rows import FoldIndex, missing
from benchsuite.evaluate.leaks import LeakFinding, Result, raise_finding


class CrossFoldChecks:
    """Collects counts over all folds of a split; it keeps no fold."""

    def __init__(self, split: Split, whole: Dataset, where: str = "") -> None:
        """Begin with no fold.

        Args:
            split: whose promises count.
            whole: what is cut.
            where: names data set, split and seed in an error.
        """
        self._split = split
        self._where = where
        self._names: list[str] = []
        self._items = len(whole.items)
        rows = whole.interactions
        self._pairs, self._rows = np.unique(rows.user.astype(np.int64) * self._items + rows.item, return_counts=True)
        self._held = np.zeros_like(self._rows)
        self._truths = np.zeros_like(self._rows)
        self._unasked = 0

    def add(self, fold: Fold) -> None:
        """Count one fold."""
        self._names.append(fold.name)
        if not self._split.partition:
            return
        trained = np.zeros_like(self._rows)
        rows = fold.train.interactions
        at = np.searchsorted(self._pairs, rows.user.astype(np.int64) * self._items + rows.item)
        np.add.at(trained, np.minimum(at, len(self._pairs) - 1), 1)
        self._held += np.maximum(self._rows - trained, 0)
        asked = FoldIndex(fold, self._split, None).truth
        self._truths[np.isin(self._pairs, asked)] += 1
        self._unasked += len(missing(self._pairs[trained == 0], asked))

    def findings(self) -> Iterator[LeakFinding]:
        """Yield what the checks found, after the last fold."""
        yield self._finding("each fold has its own name", self._named())
        if self._split.partition:
            yield self._finding("every row is held out exactly once", self._once())
            yield self._finding("no pair is asked in two folds", self._apart())

    def guard(self) -> dict[str, int]:
        """Return how many things were compared, by check.

        Raises:
            LeakError: naming the first leak found.
        """
        evidence = {}
        for finding in self.findings():
            raise_finding(finding)
            evidence[finding.check] = finding.compared
        return evidence

    def _finding(self, check: str, result: Result) -> LeakFinding:
        return LeakFinding("folds", check, *result, self._where)

    def _named(self) -> Result:
        twice = sorted({name for name in self._names if self._names.count(name) > 1})
        if not self._names:
            return 0, "the split makes no fold"
        leak = f'several folds are called "{twice[0]}", so one would stand for the others' if twice else ""
        return len(self._names), leak

    def _once(self) -> Result:
        often, never = self._held - self._rows, self._rows - self._held
        more, less = int(np.maximum(often, 0).sum()), int(np.maximum(never, 0).sum())
        rows = int(self._rows.sum())
        if more:
            return rows, f"{more} rows are held out in more than one fold"
        if less:
            return rows, f"{less} rows are held out in no fold"
        return rows, f"{self._unasked} held-out pairs are asked by no query" if self._unasked else ""

    def _apart(self) -> Result:
        """Check that no pair is asked in two folds."""
        again = int((self._truths > 1).sum())
        return int(self._truths.sum()), f"{again} pairs are asked in more than one fold" if again else ""
