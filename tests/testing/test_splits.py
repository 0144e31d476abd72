"""The kit judges splits rightly."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from benchsuite.api import Split
from benchsuite.data import Ragged
from benchsuite_testing import check_names, check_split, last_events, parametrize
from benchsuite_testing.plugin_checks import PLUGIN_CHECKS
from benchsuite_testing.process_checks import process_checks
from benchsuite_testing.surroundings import Traces


@dataclass
class Good(Split):
    """Holds out each user's last event."""

    def split(self, dataset, seed):
        yield last_events(dataset, strangers=False)


def change(fold, **columns):
    """Return the fold with other parts."""
    return dataclasses.replace(fold, **columns)


@dataclass
class NoFolds(Good):
    """Yields nothing."""

    def split(self, dataset, seed):
        return iter(())


@dataclass
class NoValidation(Good):
    """Makes no validation fold."""

    def split(self, dataset, seed):
        yield change(last_events(dataset, strangers=False), validation=None)


@dataclass
class Miscounts(Good):
    """Tells a wrong number of training rows."""

    def split(self, dataset, seed):
        yield change(last_events(dataset, strangers=False), counts={"train rows": 7})


@dataclass
class Leaks(Good):
    """Leaves everything in the training part."""

    def split(self, dataset, seed):
        fold = last_events(dataset, strangers=False)
        yield change(fold, train=dataset, counts={"train rows": len(dataset.interactions)})


@dataclass
class Reopens(Good):
    """Does not block the history."""

    def split(self, dataset, seed):
        fold = last_events(dataset, strangers=False)
        yield change(fold, blocked=Ragged.empty(len(fold.queries)))


@dataclass
class BlocksTruth(Good):
    """Blocks what is held out."""

    def split(self, dataset, seed):
        fold = last_events(dataset, strangers=False)
        yield change(fold, blocked=fold.truth.items)


@dataclass
class FarCandidates(Good):
    """Leaves held-out items out of the candidates."""

    def split(self, dataset, seed):
        yield change(last_events(dataset, strangers=False), candidates=np.arange(3))


@dataclass
class OuterValidation(Good):
    """Cuts the validation fold from the whole data."""

    def split(self, dataset, seed):
        fold = last_events(dataset, strangers=False)
        yield change(fold, validation=change(fold, name="validation", validation=None))


@dataclass
class NotCold(Good):
    """Promises new items."""

    cold_items: ClassVar[bool] = True


@dataclass
class NotNew(Good):
    """Promises new users."""

    cold_users: ClassVar[bool] = True


@dataclass
class NotOrdered(Good):
    """Promises that no training row is younger."""

    ordered: ClassVar[bool] = True


@dataclass
class Drops(Good):
    """Drops half of the rows and tells nobody."""

    def split(self, dataset, seed):
        half = dataset.cut(np.arange(len(dataset.interactions)) % 2 == 0)
        fold = last_events(half, strangers=False)
        yield change(fold, counts={"train rows": len(fold.train.interactions)})


@dataclass
class Invents(Good):
    """Adds a pair that nobody saw."""

    def split(self, dataset, seed):
        fold = last_events(dataset, strangers=False)
        rows = fold.train.interactions
        first = rows.take(slice(0, 1))
        unseen = np.setdiff1d(np.arange(len(dataset.items)), rows.item[rows.user == first.user[0]])[-1:]
        item = np.concatenate([rows.item[1:], unseen])
        train = dataclasses.replace(fold.train, interactions=dataclasses.replace(rows, item=item))
        yield change(fold, train=train)


@dataclass
class Restless(Good):
    """Never gives the same folds twice."""

    _calls = itertools.count()

    def split(self, dataset, seed):
        fold = last_events(dataset, strangers=False)
        yield change(fold, counts={**fold.counts, "call": next(self._calls)})


BAD = {
    NoFolds: "makes_folds",
    NoValidation: "makes_folds",
    Miscounts: "makes_folds",
    Leaks: "held_out_pairs_are_disjoint",
    Reopens: "held_out_pairs_are_disjoint",
    BlocksTruth: "held_out_pairs_are_disjoint",
    FarCandidates: "held_out_pairs_are_disjoint",
    OuterValidation: "validation_stays_inside",
    NotCold: "promises_are_kept",
    NotNew: "promises_are_kept",
    NotOrdered: "promises_are_kept",
    Drops: "nothing_is_lost",
    Invents: "nothing_is_lost",
    Restless: "same_seed_same_folds",
}


@parametrize("splits", Good)
def test_a_good_split_conforms(check):
    check()


@pytest.mark.parametrize("split", BAD, ids=lambda split: split.__name__)
def test_a_bad_split_is_refused(split):
    failed = {result.name for result in check_split(split) if result.state == "failed"}
    assert BAD[split] in failed


def test_every_check_can_fail():
    shared = {check.__name__.removeprefix("check_") for check in (*PLUGIN_CHECKS, *process_checks(Traces))}
    assert set(BAD.values()) == set(check_names("splits")) - shared
