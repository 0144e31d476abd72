"""What the temporal, cross-validating, doubly cold and few-shot splits are about."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest

from benchsuite.data import Dataset, Fold
from benchsuite.errors import DataError
from benchsuite_protocol.splits.both_cold import BothCold
from benchsuite_protocol.splits.few_shot_item_cold import FewShotItemCold
from benchsuite_protocol.splits.fold_builder import chronological
from benchsuite_protocol.splits.global_temporal import GlobalTemporal
from benchsuite_protocol.splits.k_fold import KFold
from benchsuite_protocol.splits.strong_generalization import StrongGeneralization
from benchsuite_protocol.splits.user_temporal import UserTemporal


def only(fold: Fold | None) -> Fold:
    assert fold is not None
    return fold


def test_every_row_is_tested_exactly_once(movies: Dataset) -> None:
    folds = list(KFold().split(movies, 0))
    assert [fold.name for fold in folds] == ["1", "2", "3", "4", "5"]
    tested = Counter(np.concatenate([fold.truth.value for fold in folds]).tolist())
    assert len(tested) == 100_000
    assert set(tested.values()) == {1}
    assert [fold.counts["held-out rows"] for fold in folds] == [20_000] * 5
    assert [only(fold.validation).counts["held-out rows"] for fold in folds] == [8_000] * 5


def test_parts_differ_by_one_row_at_most(log) -> None:
    sizes = [fold.counts["held-out rows"] for fold in KFold(folds=7).split(log(rows=600), 0)]
    assert sorted(sizes) == [85, 85, 86, 86, 86, 86, 86]
    with pytest.raises(DataError, match="4 rows cannot be dealt into 5 parts"):
        list(KFold().split(log(rows=4), 0))


@pytest.mark.parametrize("split", [UserTemporal(), UserTemporal(test=0.5)], ids=repr)
def test_each_user_is_asked_about_their_newest_events(split: UserTemporal, movies: Dataset) -> None:
    (fold,) = split.split(movies, 0)
    rows = movies.interactions
    assert rows.timestamp is not None
    assert fold.queries.history.timestamp is not None
    assert fold.queries.when is not None
    events = np.bincount(rows.user, minlength=943)
    held = np.minimum(np.maximum(np.rint(split.test * events), 1), events - 1)
    assert np.array_equal(fold.truth.items.counts, held)
    last_seen = fold.queries.history.timestamp[fold.queries.start[1:] - 1]
    assert (last_seen <= fold.queries.when).all()
    for user in range(0, 943, 50):
        times = np.sort(rows.timestamp[rows.user == user])
        assert fold.queries.when[user] == times[int(-held[user])]
    assert not UserTemporal.ordered
    assert fold.train.interactions.timestamp is not None
    assert fold.train.interactions.timestamp.max() > fold.queries.when.min()


def test_one_point_in_time_for_all(movies: Dataset) -> None:
    (fold,) = GlobalTemporal(test=0.1, validation=0.2).split(movies, 0)
    assert fold.queries.when is not None
    point = fold.queries.when[0]
    assert abs(fold.counts["held-out rows"] - 10_000) < 50
    validation = only(fold.validation)
    assert abs(validation.counts["held-out rows"] - 18_000) < 50
    assert validation.queries.when is not None
    assert fold.train.interactions.timestamp is not None
    # The validation window ends where the test window begins: nothing lies between.
    assert validation.queries.when[0] < fold.train.interactions.timestamp.max() < point
    assert fold.counts["queries of users without training rows"] > 0
    assert fold.counts["queries of users without training rows"] == np.count_nonzero(fold.queries.counts == 0)
    (other,) = GlobalTemporal(test=0.1, validation=0.2).split(movies, 99)
    assert other.train.fingerprint == fold.train.fingerprint


def test_the_point_in_time_is_the_closest_that_leaves_rows_on_both_sides(log) -> None:
    whole = log(rows=10, users=20)

    def at(times: list[int]) -> Dataset:
        return dataclasses.replace(
            whole, interactions=dataclasses.replace(whole.interactions, timestamp=np.asarray(times, np.int64))
        )

    def held(times: list[int]) -> int:
        (fold,) = GlobalTemporal(test=0.3, validation=0.3).split(at(times), 0)
        return fold.counts["held-out rows"]

    assert held([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) == 3
    assert held([1, 2, 3, 4, 5, 5, 5, 5, 6, 6]) == 2
    assert held([1, 2, 3, 9, 9, 9, 9, 9, 9, 9]) == 7
    with pytest.raises(DataError, match="all 10 rows have the same time; use a larger data set or another split"):
        held([7] * 10)
    with pytest.raises(DataError, match="all 3 rows have the same time"):
        held([1, 1, 1, 9, 9, 9, 9, 9, 9, 9])


@pytest.mark.parametrize("split", [BothCold(), BothCold(history=(1, 3, 10))], ids=repr)
def test_new_users_show_known_items_and_are_asked_about_new_ones(split: BothCold, movies: Dataset) -> None:
    (fold,) = split.split(movies, 2)
    rows = movies.interactions
    assert fold.candidates is not None
    assert fold.counts["cold items"] == len(fold.candidates) == 336
    asked = fold.counts["new users asked"]
    assert fold.counts["new users"] == 189
    assert 0 < asked <= 189
    assert rows.timestamp is not None
    assert fold.queries.history.timestamp is not None
    for query in range(0, len(fold.queries), 17):
        user, k = int(fold.queries.user[query]), split.history[int(fold.queries.group[query])]
        mine = rows.user == user
        cold = np.isin(rows.item, fold.candidates)
        assert set(fold.truth.items[query]) == set(rows.item[mine & cold])
        part = slice(fold.queries.start[query], fold.queries.start[query + 1])
        assert np.array_equal(fold.queries.history.timestamp[part], np.sort(rows.timestamp[mine & ~cold])[:k])
        assert not set(fold.queries.items[query]) & set(fold.candidates)
    # Known users keep all of their rows with known items.
    train = fold.train.interactions
    warm = np.setdiff1d(np.arange(943), fold.queries.user)
    expected = np.count_nonzero(np.isin(rows.user, warm) & ~np.isin(rows.item, fold.candidates))
    assert len(train) + fold.counts["rows of new users not asked"] >= expected >= len(train)


def test_more_shots_change_what_is_known_and_not_what_is_asked(movies: Dataset) -> None:
    folds = [next(FewShotItemCold(shots=shots).split(movies, 1)) for shots in (0, 1, 5, 10)]
    first = folds[0]
    assert first.candidates is not None
    for fold, shots in zip(folds, (0, 1, 5, 10), strict=True):
        assert fold.candidates is not None
        assert np.array_equal(fold.candidates, first.candidates)
        assert np.array_equal(fold.queries.user, first.queries.user)
        assert np.array_equal(fold.truth.value, first.truth.value)
        kept = np.bincount(fold.train.interactions.item, minlength=1682)[fold.candidates]
        assert (kept == shots).all()
        assert np.array_equal(only(fold.validation).candidates, only(first.validation).candidates)
    events = np.bincount(movies.interactions.item, minlength=1682)
    assert (events[first.candidates] > 10).all()
    assert first.counts["items with too few rows to be chosen"] == np.count_nonzero(events <= 10)
    assert first.counts["chosen items"] == round(0.2 * np.count_nonzero(events > 10))


@pytest.mark.parametrize("shown", [0.8, 0.3])
def test_held_out_users_show_a_random_part_and_are_asked_the_rest(shown: float, movies: Dataset) -> None:
    (fold,) = StrongGeneralization(shown=shown).split(movies, 0)
    rows = movies.interactions
    events = np.bincount(rows.user, minlength=943)[fold.queries.user]
    assert len(fold.queries) == 189
    assert np.array_equal(fold.queries.counts, np.rint(shown * events))
    assert np.array_equal(fold.queries.counts + fold.truth.items.counts, events)
    # What is shown is not the older part: the mean place in time is in the middle.
    assert rows.timestamp is not None
    older = []
    for query, user in enumerate(fold.queries.user):
        mine = np.flatnonzero(rows.user == user)
        rank = dict(zip(rows.value[mine], np.argsort(np.argsort(rows.timestamp[mine])) / len(mine), strict=True))
        part = fold.queries.history.value[fold.queries.start[query] : fold.queries.start[query + 1]]
        older.append(np.mean([rank[value] for value in part]))
    assert 0.45 < np.mean(older) < 0.55


@pytest.mark.parametrize("first", [0, -(2**62), 2**62])
def test_rows_are_put_in_order_of_time_however_far_apart_they_are(first: int) -> None:
    rng = np.random.default_rng(0)
    owner = rng.integers(0, 5, 200).astype(np.int32)
    times = np.sort(rng.integers(0, 20, 200))[rng.permutation(200)]
    times[:3] = [first, -first // 2, first // 3]
    assert np.array_equal(chronological(owner, times), np.lexsort((times, owner)))
    assert np.array_equal(chronological(owner, None), np.argsort(owner, kind="stable"))
    assert len(chronological(owner[:0], times[:0])) == 0
