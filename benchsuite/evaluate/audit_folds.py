"""Compare the fold in the store, which models saw, with a fresh cut, which was checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.data import Entities, Fold


def difference(stored: Fold, fresh: Fold) -> tuple[int, str]:
    """Return how many numbers and texts of two folds were compared, and where they first differ, or ""."""
    compared = 0
    pairs = zip(_columns(stored).items(), _columns(fresh).items(), strict=True)
    for (name, first), (_, second) in pairs:
        if (first is None) != (second is None):
            return compared, f"the stored fold and a fresh cut differ in {name}, which one of them lacks"
        if first is None or second is None:
            continue
        compared += len(second)
        if not np.array_equal(first, second):
            return compared, f"the stored fold and a fresh cut differ in {name}"
    for kind, one, other in (
        ("users", stored.train.users, fresh.train.users),
        ("items", stored.train.items, fresh.train.items),
    ):
        compared += len(other)
        if not _alike(one, other):
            return compared, f"the stored fold and a fresh cut differ in the table of {kind}"
    if (stored.validation is None) != (fresh.validation is None):
        return compared, "the stored fold and a fresh cut differ in whether there is a validation fold"
    if stored.validation is not None and fresh.validation is not None:
        more, leak = difference(stored.validation, fresh.validation)
        return compared + more, leak.replace(" differ in ", " differ in the validation fold's ")
    return compared, ""


def _columns(fold: Fold) -> dict[str, NDArray[Any] | None]:
    queries, truth = fold.queries, fold.truth
    return {
        **{f"training rows: {name}": column for name, column in fold.train.interactions.columns.items()},
        **{f"histories: {name}": column for name, column in queries.history.columns.items()},
        "queries: user": queries.user,
        "queries: start": queries.start,
        "queries: when": queries.when,
        "queries: group": queries.group,
        "truth: start": truth.start,
        "truth: item": truth.item,
        "truth: value": truth.value,
        "truth: label": truth.label,
        "truth: timestamp": truth.timestamp,
        "blocked: start": fold.blocked.start,
        "blocked: item": fold.blocked.item,
        "candidates": fold.candidates,
    }


def _alike(one: Entities, other: Entities) -> bool:
    if one is other:
        return True
    same = (one.ids, one.text, dict(one.columns)) == (other.ids, other.text, dict(other.columns))
    if one.features is None or other.features is None:
        return same and one.features is other.features
    return same and np.array_equal(one.features, other.features, equal_nan=True)
