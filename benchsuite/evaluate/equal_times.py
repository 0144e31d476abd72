"""Rows of one user at one time have no order of their own: whether the file gives them one that users share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchsuite.data import Dataset, Int64, Interactions

WINDOW = 5
"""How far apart two tied rows may stand and still be compared, so that huge ties cost no more than their rows."""

_SHARE, _TIMES, _SIGMAS = 0.55, 1.25, 4.0
"""From this share of agreement, or so many times the nearness of chance, an order is called shared, if it is also so
many deviations away from chance."""


@dataclass(frozen=True)
class EqualTimes:
    """What the rows of one user and time tell about the order of rows in the file.

    Where two users each have items a and b at one time, at most :data:`WINDOW` rows apart, they agree if a stands
    before b in both their rows, or behind it in both. Without an order that users share, half of them do, and there are
    as many such cases as after shuffling the rows of each time.

    Attributes:
        dataset: its label.
        rows: of the data set.
        tied: rows that share user and time with a row of another item.
        compared: pairs of users with the same two tied items near each other.
        agreeing: of these, pairs of users with the items in the same order.
        shuffled: pairs of users with the same two tied items near each other after a shuffle.
        told: what the order of rows rests on: ``"times"``, ``"rows"`` (no times, known to be in order) or ``""``.
    """

    dataset: str
    rows: int
    tied: int = 0
    compared: int = 0
    agreeing: int = 0
    shuffled: int = 0
    told: str = ""

    @property
    def share(self) -> float:
        """The share of agreement, or 0.5 where nothing could be compared."""
        return self.agreeing / self.compared if self.compared else 0.5

    @property
    def times(self) -> float:
        """How many times as often as by chance users have the same two items near each other."""
        return self.compared / max(self.shuffled, 1)

    @property
    def shared(self) -> bool:
        """True when the file's order of tied rows is shared between users, so that a sequence model can learn it."""
        ordered = self.agreeing - self.compared / 2 > _SIGMAS * math.sqrt(self.compared) / 2
        near = self.compared - self.shuffled > _SIGMAS * math.sqrt(self.compared + self.shuffled)
        return (self.share >= _SHARE and ordered) or (self.times >= _TIMES and near)

    def sentence(self) -> str:
        """Return what was found, or "" where there is no order or there are no ties."""
        if self.told == "rows":
            return "rows stand in the order of time, but without times: ties among them cannot be seen"
        if not self.tied:
            return ""
        said = f"{self.tied:,} of {self.rows:,} rows share user and time with another row"
        if not self.compared:
            return f"{said}; no two users have the same two items so"
        said += (
            f"; two users have the same two of these items in the same order in {self.agreeing:,} of {self.compared:,} "
            f"cases ({self.share:.0%}; by chance 50%), and near each other {self.times:.1f} times as often as by chance"
        )
        return f"{said}: models that read sequences can learn the file's order" if self.shared else said


def equal_times(dataset: Dataset, label: str = "") -> EqualTimes:
    """Look at the rows that share user and time, as they stand and after a shuffle."""
    name, rows = label or dataset.name, dataset.interactions
    if rows.timestamp is None:
        return EqualTimes(name, len(rows), told="rows" if dataset.ordered else "")
    given = np.lexsort((rows.timestamp, rows.user))
    drawn = np.lexsort((np.random.default_rng(0).random(len(rows)), rows.timestamp, rows.user))
    tied, compared, agreeing = _compare(rows.take(given), len(dataset.items))
    _, shuffled, _ = _compare(rows.take(drawn), len(dataset.items))
    return EqualTimes(name, len(rows), tied, compared, agreeing, shuffled, "times")


def _compare(rows: Interactions, items: int) -> tuple[int, int, int]:
    """Return tied rows, and the compared and the agreeing pairs of users, of rows sorted by user and time."""
    user, time, item = rows.user, rows.timestamp, rows.item.astype(np.int64)
    assert time is not None  # noqa: S101 - the caller has looked
    tied = np.zeros(len(rows), np.bool_)
    pairs, forward = [np.zeros(0, np.int64)], [np.zeros(0, np.bool_)]
    for step in range(1, WINDOW + 1):
        same = (user[step:] == user[:-step]) & (time[step:] == time[:-step]) & (item[step:] != item[:-step])
        first = np.flatnonzero(same)
        tied[first] = tied[first + step] = True
        before, behind = item[first], item[first + step]
        pairs.append(np.minimum(before, behind) * items + np.maximum(before, behind))
        forward.append(before < behind)
    key, inverse = np.unique(np.concatenate(pairs), return_inverse=True)
    total = np.bincount(inverse, minlength=len(key))
    ahead = np.bincount(inverse[np.concatenate(forward)], minlength=len(key))
    return int(tied.sum()), _pairs(total), _pairs(ahead) + _pairs(total - ahead)


def _pairs(counts: Int64) -> int:
    """Return how many pairs there are in groups of these sizes."""
    return int((counts * (counts - 1) // 2).sum())
