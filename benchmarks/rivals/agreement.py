"""How far two sides' lists are the same: as each gave them, and with ties ordered by one rule."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent / "work"))

from common import LONGER, K, matrix, plain_metrics

TIE = 2e-6
"""Scores closer than this part of themselves are taken for equal: sums of float32 in two orders differ by as much as
5e-7, and sums of float64 that are rounded afterwards differ from both."""


def agreement(ours: Path, other: Path, arrays: Path) -> dict[str, Any]:
    """Compare two files of lists, judged by one definition of the metrics.

    Returns:
        ``differ``: lists that are not the same, place by place; ``other_items``: those that hold other items, not only
        another order; ``ours`` and ``theirs``: metrics. Where both sides gave longer lists also ``one_rule``: the same
        after ties are ordered by one rule, and ``open``: lists whose last tie goes on beyond the longer list.
    """
    if not (ours.exists() and other.exists()):
        return {"failed": "one side has no lists"}
    given = {path.stem: np.load(path) for path in arrays.glob("*.npy")}
    truth = matrix(given, "test")
    with np.load(ours) as a, np.load(other) as b:
        users, left, right = np.intersect1d(a["user"], b["user"], return_indices=True)
        found = _compared(a["item"][left], b["item"][right], users, truth)
        if "longer_item" in a and "longer_item" in b:
            mine, theirs = (
                one_rule(side["longer_item"][rows], side["longer_score"][rows], K)
                for side, rows in ((a, left), (b, right))
            )
            rule = _compared(mine[0], theirs[0], users, truth)
            found |= {"one_rule": rule, "open": int((~(mine[1] & theirs[1])).sum()), "longer": LONGER, "tie": TIE}
    return found


def _compared(mine: NDArray[Any], theirs: NDArray[Any], users: NDArray[Any], truth: Any) -> dict[str, Any]:
    return {
        "users": len(users),
        "differ": int((mine != theirs).any(axis=1).sum()),
        "other_items": int((np.sort(mine, axis=1) != np.sort(theirs, axis=1)).any(axis=1).sum()),
        "ours": plain_metrics(mine, users, truth),
        "theirs": plain_metrics(theirs, users, truth),
    }


def one_rule(item: NDArray[Any], score: NDArray[Any], k: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Cut longer lists to ``k`` after ordering ties by the smaller code.

    A tie is a run of scores of which each is closer than :data:`TIE` to the one before, in proportion.

    Args:
        item: int[n, longer], best first, -1 where there are no more.
        score: float[n, longer], NaN where there are no more.
        k: length of the lists returned.

    Returns:
        int[n, k] items, and bool[n]: the tie at the end of the list ends within the longer list.
    """
    # float64, so that differences of float32 are exact; places without an item come last and are a run of their own.
    value = np.where(item < 0, -np.inf, score.astype(np.float64))
    order = np.lexsort((item, -value), axis=1)
    item, value = np.take_along_axis(item, order, axis=1), np.take_along_axis(value, order, axis=1)
    with np.errstate(invalid="ignore"):  # -inf less -inf is no gap
        gap = value[:, :-1] - value[:, 1:] > TIE * np.abs(value[:, :-1])
        gap |= np.isneginf(value[:, 1:]) & ~np.isneginf(value[:, :-1])
    run = np.concatenate([np.zeros((len(item), 1), np.int64), np.cumsum(gap, axis=1)], axis=1)
    order = np.lexsort((item, run), axis=1)
    closed = (run[:, k - 1] < run[:, -1]) | np.isneginf(value[:, -1])
    return np.take_along_axis(item, order, axis=1)[:, :k], closed
