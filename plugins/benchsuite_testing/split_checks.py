"""Checks of a split: nothing leaks, nothing is lost, promises are kept, and the seed decides."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold, Int64
from benchsuite_testing.outcome import Make, require
from benchsuite_testing.process_checks import process_checks
from benchsuite_testing.samples import small_dataset
from benchsuite_testing.surroundings import Traces, observed_twice

SEED = 5


@dataclass(frozen=True, eq=False)
class _Cut:
    split: Split
    dataset: Dataset
    folds: tuple[Fold, ...]

    @property
    def nested(self) -> list[tuple[Fold, Dataset]]:
        """Every fold with what it was cut from, validation folds included."""
        outer = [(fold, self.dataset) for fold in self.folds]
        return outer + [(fold.validation, fold.train) for fold in self.folds if fold.validation is not None]


@functools.lru_cache(maxsize=4)
def _cut(make: Make[Split]) -> _Cut:
    split = make()
    dataset = small_dataset()
    return _Cut(split, dataset, tuple(split.split(dataset, SEED)))


def _pairs(user: Any, item: Any, items: int) -> Int64:
    return np.unique(np.asarray(user, np.int64) * items + item)


def _truth(fold: Fold) -> Int64:
    return _pairs(fold.queries.user[fold.truth.rows], fold.truth.item, len(fold.train.items))


def _train(data: Dataset) -> Int64:
    return _pairs(data.interactions.user, data.interactions.item, len(data.items))


def check_makes_folds(make: Make[Split]) -> None:
    """There is a fold; each has training rows, queries, truths, counts, and a validation fold."""
    folds = _cut(make).folds
    require(len(folds) > 0, "split yields no fold")
    require(len({fold.name for fold in folds}) == len(folds), "two folds have the same name")
    for fold in folds:
        require(fold.validation is not None, f"fold {fold.name} has no validation fold")
    for fold, _ in _cut(make).nested:
        require(len(fold.train.interactions) > 0, f"fold {fold.name} has no training rows")
        require(len(fold.queries) > 0 and len(fold.truth.item) > 0, f"fold {fold.name} asks nothing")
        told = fold.counts.get("train rows")
        rows = len(fold.train.interactions)
        require(told == rows, f'fold {fold.name}: counts["train rows"] is {told}, there are {rows}')


def check_held_out_pairs_are_disjoint(make: Make[Split]) -> None:
    """No held-out (user, item) pair is in the training part, shown in its query's history, or blocked."""
    for fold, _ in _cut(make).nested:
        both = np.intersect1d(_truth(fold), _train(fold.train))
        require(not len(both), f"fold {fold.name}: {len(both)} held-out pairs are in the training part too")
        truth = _pairs(fold.truth.rows, fold.truth.item, len(fold.train.items))
        shown = _pairs(fold.queries.rows, fold.queries.history.item, len(fold.train.items))
        blocked = _pairs(fold.blocked.rows, fold.blocked.item, len(fold.train.items))
        require(not len(np.intersect1d(truth, shown)), f"fold {fold.name}: a history shows a held-out item")
        require(not len(np.intersect1d(truth, blocked)), f"fold {fold.name}: a held-out item is blocked")
        require(not len(np.setdiff1d(shown, blocked)), f"fold {fold.name}: an item of a history is not blocked")
        if fold.candidates is not None:
            outside = np.setdiff1d(fold.truth.item, fold.candidates)
            require(not len(outside), f"fold {fold.name}: {len(outside)} held-out items are no candidates")


def check_validation_stays_inside(make: Make[Split]) -> None:
    """The validation fold is cut from the training part alone."""
    for fold in _cut(make).folds:
        inner = fold.validation
        if inner is None:
            continue
        outer = _train(fold.train)
        for what, pairs in (("held-out", _truth(inner)), ("training", _train(inner.train))):
            outside = np.setdiff1d(pairs, outer)
            require(not len(outside), f"{len(outside)} {what} pairs of the validation fold are not training pairs")


def check_promises_are_kept(make: Make[Split]) -> None:
    """Cold items and users have no training row; in an ordered split no training row is younger than a held-out one.

    Seeds ask about other items where, and only where, the split says so.
    """
    split = _cut(make).split
    for fold, _ in _cut(make).nested:
        rows = fold.train.interactions
        if split.cold_items:
            candidates = fold.truth.item if fold.candidates is None else fold.candidates
            warm = np.intersect1d(candidates, rows.item)
            require(not len(warm), f"fold {fold.name}: {len(warm)} items promised to be cold have training rows")
        if split.cold_users:
            warm = np.intersect1d(fold.queries.user, rows.user)
            require(not len(warm), f"fold {fold.name}: {len(warm)} users promised to be cold have training rows")
        if split.ordered:
            held = fold.truth.timestamp
            require(held is not None and rows.timestamp is not None, f"fold {fold.name}: an order without times")
            if held is not None and rows.timestamp is not None:
                late = int((rows.timestamp > held.min()).sum())
                require(not late, f"fold {fold.name}: {late} training rows are younger than a held-out row")
    if split.cold_items or split.draws_items:
        asked = (fold.candidates for seed in (SEED, SEED + 1) for fold in make().split(small_dataset(), seed))
        drawn = len({b"" if one is None else np.sort(one).tobytes() for one in asked}) > 1
        said = f"draws_items is {split.draws_items}, but seeds ask about {'other' if drawn else 'the same'} items"
        require(drawn == split.draws_items, said)


def check_nothing_is_lost(make: Make[Split]) -> None:
    """Every row is in the training part, held out, in a history, or counted as left out; none is invented."""
    for fold, source in _cut(make).nested:
        items = len(source.items)
        kept, everything = _train(fold.train), _train(source)
        asked = _truth(fold)
        owners = fold.queries.user
        shown = _pairs(owners[fold.queries.rows], fold.queries.history.item, items)
        blocked = _pairs(owners[fold.blocked.rows], fold.blocked.item, items)
        used = np.concatenate([kept, asked, shown])
        invented = np.setdiff1d(np.concatenate([used, blocked]), everything)
        require(not len(invented), f"fold {fold.name}: {len(invented)} pairs are not in the data")
        rows = source.interactions
        lost = int((~np.isin(rows.user.astype(np.int64) * items + rows.item, used)).sum())
        told = sum(count for name, count in fold.counts.items() if name not in ("rows", "train rows"))
        require(lost <= told, f"fold {fold.name}: {lost} rows are neither used nor counted")
        columns = zip(fold.train.interactions.columns.values(), rows.columns.values(), strict=True)
        require(all((a is None) == (b is None) for a, b in columns), f"fold {fold.name}: a column is lost")


def check_same_seed_same_folds(make: Make[Split]) -> None:
    """The same seed gives the same folds, whatever the global seeds are."""
    first = _cut(make)
    state = np.random.get_state()  # noqa: NPY002 - the global state is the point
    try:
        np.random.seed(4321)  # noqa: NPY002 - same
        again = tuple(make().split(small_dataset(), SEED))
    finally:
        np.random.set_state(state)  # noqa: NPY002 - same
    require(_digest(again) == _digest(first.folds), "the same seed gave other folds")


def _digest(folds: tuple[Fold, ...]) -> str:
    digest = hashlib.sha256()
    for fold in folds:
        columns = [
            *fold.train.interactions.columns.values(),
            *fold.queries.history.columns.values(),
            fold.queries.user,
            fold.queries.start,
            fold.queries.when,
            fold.queries.group,
            fold.truth.start,
            fold.truth.item,
            fold.blocked.start,
            fold.blocked.item,
            fold.candidates,
        ]
        for column in columns:
            digest.update(b"-" if column is None else np.ascontiguousarray(column).tobytes())
        digest.update(repr((fold.name, sorted(fold.counts.items()))).encode())
        if fold.validation is not None:
            digest.update(_digest((fold.validation,)).encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=4)
def _traces(make: Make[Split]) -> Traces:
    return observed_twice(lambda: tuple(make().split(small_dataset(), SEED)))


SPLIT_CHECKS = (
    check_makes_folds,
    check_held_out_pairs_are_disjoint,
    check_validation_stays_inside,
    check_promises_are_kept,
    check_nothing_is_lost,
    check_same_seed_same_folds,
    *process_checks(_traces),
)
