"""The leak guard: a fold that shows a model what it must not see never reaches a model."""

from __future__ import annotations

import numpy as np

from benchsuite.api import Split
from benchsuite.data import Fold, Int32, Int64
from benchsuite.errors import LeakError


def guard(fold: Fold, split: Split, where: str = "") -> dict[str, int]:
    """Check a fold, its validation fold included, against every promise of its split.

    Returns:
        How many things were compared, by check: the evidence that the checks looked at something.

    Raises:
        LeakError: naming the first leak found.
    """
    place = where or f"fold {fold.name}"
    evidence = {
        "held-out pairs not in training": _held_out(fold, place),
        "history items blocked": _history(fold, place),
        "held-out pairs not blocked": _blocked(fold, place),
    }
    if fold.candidates is not None:
        evidence["held-out items among the candidates"] = _inside(fold, place)
    if split.ordered:
        evidence["training rows not younger than held-out rows"] = _ordered(fold, place)
    if split.cold_items:
        evidence["cold items without training rows"] = _cold_items(fold, place)
    if split.cold_users:
        evidence["cold users without training rows"] = _cold_users(fold, place)
    if fold.validation is not None:
        evidence["validation pairs in training"] = _nested(fold, fold.validation, place)
        inner = guard(fold.validation, split, f"{place}, validation")
        evidence |= {f"validation: {name}": count for name, count in inner.items()}
    return evidence


def _keys(row: Int32 | Int64, item: Int32, items: int) -> Int64:
    return np.unique(row.astype(np.int64) * items + item)


def _truth_keys(fold: Fold) -> Int64:
    users = fold.queries.user[fold.truth.rows]
    return _keys(users, fold.truth.item, len(fold.train.items))


def _train_keys(fold: Fold) -> Int64:
    rows = fold.train.interactions
    return _keys(rows.user, rows.item, len(fold.train.items))


def _held_out(fold: Fold, place: str) -> int:
    held = _truth_keys(fold)
    both = np.intersect1d(held, _train_keys(fold), assume_unique=True)
    if len(both):
        user, item = divmod(int(both[0]), len(fold.train.items))
        pair = f"user {fold.train.users.ids[user]}, item {fold.train.items.ids[item]}"
        raise LeakError(f"{len(both)} held-out pairs are also in the training part, the first is {pair}", where=place)
    return len(held)


def _blocked(fold: Fold, place: str) -> int:
    items = len(fold.train.items)
    held = _keys(fold.truth.rows, fold.truth.item, items)
    blocked = _keys(fold.blocked.rows, fold.blocked.item, items)
    both = np.intersect1d(held, blocked, assume_unique=True)
    if len(both):
        raise LeakError(f"{len(both)} held-out pairs are blocked and could never be recommended", where=place)
    return len(held)


def _history(fold: Fold, place: str) -> int:
    items = len(fold.train.items)
    history = _keys(fold.queries.rows, fold.queries.history.item, items)
    open_ = np.setdiff1d(history, _keys(fold.blocked.rows, fold.blocked.item, items), assume_unique=True)
    if len(open_):
        raise LeakError(f"{len(open_)} items of a history could be recommended again", where=place)
    return len(history)


def _ordered(fold: Fold, place: str) -> int:
    rows, held = fold.train.interactions.timestamp, fold.truth.timestamp
    if rows is None or held is None:
        raise LeakError("promises an order in time on data without time", where=place)
    if len(rows) and len(held) and rows.max() > held.min():
        late = int((rows > held.min()).sum())
        raise LeakError(f"{late} training rows are younger than the first held-out row", where=place)
    return len(rows)


def _inside(fold: Fold, place: str) -> int:
    if fold.candidates is None:
        return 0
    outside = ~np.isin(fold.truth.item, fold.candidates)
    if outside.any():
        raise LeakError(f"{int(outside.sum())} held-out items are no candidates", where=place)
    return len(fold.truth.item)


def _cold_items(fold: Fold, place: str) -> int:
    candidates = np.unique(fold.truth.item) if fold.candidates is None else fold.candidates
    seen = np.intersect1d(candidates, fold.train.interactions.item)
    if len(seen):
        raise LeakError(f"{len(seen)} items promised to be cold have training rows", where=place)
    return len(candidates)


def _cold_users(fold: Fold, place: str) -> int:
    users = np.unique(fold.queries.user)
    seen = np.intersect1d(users, fold.train.interactions.user)
    if len(seen):
        raise LeakError(f"{len(seen)} users promised to be cold have training rows", where=place)
    return len(users)


def _nested(fold: Fold, validation: Fold, place: str) -> int:
    """Validation truth must come from the training part, and the inner training part must lie inside the outer."""
    outer = _train_keys(fold)
    held = _truth_keys(validation)
    if len(np.setdiff1d(held, outer, assume_unique=True)):
        raise LeakError("validation pairs come from outside the training part", where=place)
    if len(np.setdiff1d(_train_keys(validation), outer, assume_unique=True)):
        raise LeakError("the inner training part reaches outside the training part", where=place)
    return len(held)
