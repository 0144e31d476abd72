"""What each split is about, beyond what every split owes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchsuite.api import Split
from benchsuite.data import Dataset, Entities, Interactions
from benchsuite.errors import DataError
from benchsuite_protocol.splits.item_cold import ItemCold
from benchsuite_protocol.splits.leave_last_out import LeaveLastOut
from benchsuite_protocol.splits.random_holdout import RandomHoldout
from benchsuite_protocol.splits.user_cold import UserCold


def tiny(user: list[int], item: list[int], time: list[int], value: list[float] | None = None) -> Dataset:
    return Dataset(
        name="tiny",
        interactions=Interactions(
            user=np.asarray(user, np.int32),
            item=np.asarray(item, np.int32),
            value=np.asarray(range(len(user)) if value is None else value, np.float32),
            label=None,
            timestamp=np.asarray(time, np.int64),
            behaviour=np.zeros(len(user), np.int8),
            behaviours=("view",),
        ),
        users=Entities(tuple(f"u{code}" for code in range(max(user) + 1))),
        items=Entities(tuple(f"i{code}" for code in range(max(item) + 1))),
    )


@pytest.mark.parametrize(
    ("split", "train", "held", "validation"),
    [
        (RandomHoldout(), 90_000, 10_000, 9_000),
        (LeaveLastOut(), 100_000 - 943, 943, 943),
    ],
    ids=["random", "last"],
)
def test_real_sizes(split: Split, train: int, held: int, validation: int, movies: Dataset) -> None:
    (fold,) = split.split(movies, 3)
    assert fold.validation is not None
    assert (fold.counts["train rows"], fold.counts["held-out rows"]) == (train, held)
    assert fold.validation.counts["held-out rows"] == validation


def test_the_last_event_of_each_user_is_held_out_and_asked_for_at_its_time(movies: Dataset) -> None:
    (fold,) = LeaveLastOut().split(movies, 0)
    rows = movies.interactions
    assert rows.timestamp is not None
    assert fold.queries.when is not None
    newest = np.zeros(943, np.int64)
    np.maximum.at(newest, rows.user, rows.timestamp)
    assert np.array_equal(fold.queries.when, newest)
    assert fold.validation is not None
    assert fold.validation.queries.when is not None
    assert np.all(fold.validation.queries.when <= newest)
    assert not LeaveLastOut.ordered
    # Which is why the split does not promise order: training rows of others are younger than a held-out row.
    assert fold.train.interactions.timestamp is not None
    assert fold.train.interactions.timestamp.max() > newest.min()


def test_events_of_one_second_are_ordered_by_the_seed_and_not_by_the_file(log) -> None:
    whole = log(rows=4000, users=300)
    frozen = dataclasses.replace(whole.interactions, timestamp=np.zeros(4000, np.int64))
    whole = dataclasses.replace(whole, interactions=frozen)
    (one,), (other,) = LeaveLastOut().split(whole, 0), LeaveLastOut().split(whole, 1)
    assert not np.array_equal(one.truth.item, other.truth.item)


def test_a_user_with_one_event_keeps_it() -> None:
    whole = tiny([0, 0, 1], [0, 1, 0], [1, 2, 3])
    with pytest.raises(DataError, match="part of fold validation is empty"):
        list(LeaveLastOut().split(whole, 0))
    whole = tiny([0, 0, 0, 1], [0, 1, 2, 0], [1, 2, 3, 3])
    (fold,) = LeaveLastOut().split(whole, 0)
    assert list(fold.queries.user) == [0]
    assert list(fold.truth.item) == [2]
    assert fold.counts["users with one event, not asked"] == 1
    assert set(fold.train.interactions.user) == {0, 1}


def test_a_repeated_pair_is_one_truth_with_the_latest_value() -> None:
    # Four users do the same. Item 1 comes twice, later in time where it is earlier in the file; item 2 as well.
    one = tiny([0] * 6, [1, 1, 0, 2, 3, 2], [90, 80, 1, 70, 2, 3])
    whole = tiny(
        list(np.repeat(range(4), 6)),
        list(np.tile(one.interactions.item, 4)),
        [90, 80, 1, 70, 2, 3] * 4,
        value=[5, 4, 3, 2, 1, 0] * 4,
    )
    (fold,) = UserCold(users=0.5, history=(2,), validation_users=0.5).split(whole, 0)
    assert fold.counts["new users asked"] == len(fold.queries) == 2
    for query in range(2):
        assert list(fold.queries.items[query]) == list(fold.blocked[query]) == [0, 3]
        assert list(fold.truth.items[query]) == [1, 2]
    assert list(fold.truth.value) == [5, 2] * 2
    assert fold.counts["held-out repeats merged"] == 2 * 2


def test_what_the_history_holds_already_is_no_truth_and_is_counted() -> None:
    whole = tiny([0, 0, 0, 1, 1, 1], [1, 2, 1, 0, 1, 2], [1, 2, 3, 1, 2, 3])
    (fold,) = LeaveLastOut().split(whole, 0)
    assert list(fold.queries.user) == [0, 1]
    assert list(fold.truth.items.counts) == [0, 1]
    assert fold.counts["held-out rows already in the history"] == 1
    assert fold.counts["queries without truth"] == 1


@pytest.mark.parametrize("split", [UserCold(), UserCold(history=(2, 4))], ids=repr)
def test_new_users_show_their_first_events_and_are_asked_the_same_for_all_k(split: UserCold, movies: Dataset) -> None:
    (fold,) = split.split(movies, 1)
    users, longest = fold.counts["new users asked"], split.history[-1]
    rows = movies.interactions
    assert rows.timestamp is not None
    assert fold.queries.groups == tuple(f"k={k}" for k in split.history)
    assert np.array_equal(fold.queries.user, np.tile(fold.queries.user[:users], len(split.history)))
    for query, user in enumerate(fold.queries.user):
        k, base = split.history[int(fold.queries.group[query])], query % users
        assert fold.queries.counts[query] == k
        assert np.array_equal(fold.truth.items[query], fold.truth.items[base])
        assert np.array_equal(fold.blocked[query], fold.blocked[base])
        assert len(fold.blocked[query]) == longest
        times = np.sort(rows.timestamp[rows.user == user])
        part = slice(fold.queries.start[query], fold.queries.start[query + 1])
        assert fold.queries.history.timestamp is not None
        assert np.array_equal(fold.queries.history.timestamp[part], times[:k])
        assert fold.queries.when is not None
        assert fold.queries.when[query] == times[longest]
        assert len(fold.truth.items[query]) == len(times) - longest
        longer = fold.queries.items[query + users] if query + users < len(fold.queries) else None
        assert longer is None or set(fold.queries.items[query]) <= set(longer)


def test_new_users_with_too_few_events_are_counted(log) -> None:
    whole = log(rows=200, users=80)
    (fold,) = UserCold(users=0.5, history=(0, 3)).split(whole, 0)
    events = np.bincount(whole.interactions.user, minlength=80)
    few = fold.counts["new users with too few events, not asked"]
    assert few > 0
    assert few + fold.counts["new users asked"] == fold.counts["new users"] == round(np.count_nonzero(events) / 2)
    assert (events[fold.queries.user] > 3).all()
    gone = np.bincount(whole.interactions.user, minlength=80) - np.bincount(fold.train.interactions.user, minlength=80)
    assert np.array_equal(gone[gone > 0], events[gone > 0])
    assert fold.counts["rows of new users with too few events"] == int(gone[events <= 3].sum())


@pytest.mark.slow
def test_cold_items_are_drawn_blind_to_popularity(movies: Dataset) -> None:
    events = np.bincount(movies.interactions.item, minlength=1682)
    share = []
    for seed in range(40):
        (fold,) = ItemCold().split(movies, seed)
        assert fold.candidates is not None
        assert len(fold.candidates) == 336
        share.append(events[fold.candidates].sum() / events.sum())
    # A blind draw of a fifth of the items holds a fifth of the rows on average, give or take:
    spread = 0.2 * np.sqrt(0.8 / 0.2 / 1682) * np.std(events) / np.mean(events) / np.sqrt(40)
    assert abs(np.mean(share) - 336 / 1682) < 4 * spread


def test_promises() -> None:
    assert [(s.cold_items, s.cold_users, s.ordered) for s in (RandomHoldout, LeaveLastOut, ItemCold, UserCold)] == [
        (False, False, False),
        (False, False, False),
        (True, False, False),
        (False, True, False),
    ]
