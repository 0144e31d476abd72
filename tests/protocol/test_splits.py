"""What every split owes, checked row by row on awkward logs and on real data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.api import Requirement, Split
from benchsuite.data import Dataset, Fold
from benchsuite.errors import ConfigError, DataError, NotApplicable
from benchsuite_protocol.splits.both_cold import BothCold
from benchsuite_protocol.splits.few_shot_item_cold import FewShotItemCold
from benchsuite_protocol.splits.global_temporal import GlobalTemporal
from benchsuite_protocol.splits.item_cold import ItemCold
from benchsuite_protocol.splits.k_fold import KFold
from benchsuite_protocol.splits.leave_last_out import LeaveLastOut
from benchsuite_protocol.splits.random_holdout import RandomHoldout
from benchsuite_protocol.splits.strong_generalization import StrongGeneralization
from benchsuite_protocol.splits.user_cold import UserCold
from benchsuite_protocol.splits.user_temporal import UserTemporal

SPLITS: list[Split] = [
    RandomHoldout(),
    RandomHoldout(test=0.5, validation=0.3),
    LeaveLastOut(),
    ItemCold(),
    ItemCold(items=0.6, validation_items=0.5),
    UserCold(),
    UserCold(users=0.5, history=(2, 4), validation_users=0.5),
    KFold(),
    KFold(folds=2, validation=0.5),
    UserTemporal(),
    UserTemporal(test=0.6, validation=0.01),
    GlobalTemporal(),
    GlobalTemporal(test=0.4, validation=0.4),
    BothCold(),
    BothCold(users=0.5, items=0.5, history=(0, 1, 2)),
    FewShotItemCold(),
    FewShotItemCold(items=0.5, shots=0, reserved=3),
    StrongGeneralization(),
    StrongGeneralization(users=0.4, shown=0.3),
]
SEEDED = [split for split in SPLITS if not isinstance(split, LeaveLastOut | GlobalTemporal)]
NEW_USERS = (UserCold, BothCold, StrongGeneralization)


def name(split: Split) -> str:
    return repr(split)


def ids(values: np.ndarray) -> list[int]:
    """The row numbers that the logs carry as values, sorted, repeats kept."""
    return sorted(int(value) for value in values)


def cuts(split: Split, dataset: Dataset, seed: int = 0) -> Iterator[tuple[Dataset, Fold]]:
    """Each fold with what it was cut from: the data set, or the training part that validation was cut from."""
    for fold in split.split(dataset, seed):
        assert fold.validation is not None
        assert fold.validation.validation is None
        yield dataset, fold
        yield fold.train, fold.validation


def check(split: Split, whole: Dataset, fold: Fold) -> None:
    """Compare a fold with the definition, in plain Python sets."""
    rows = whole.interactions
    every = {int(value): position for position, value in enumerate(rows.value)}
    train = ids(fold.train.interactions.value)
    assert len(set(train)) == len(train)
    assert set(train) < set(every)
    # The tables stay whole, and rows arrive unchanged in every column.
    assert fold.train.items is whole.items
    assert fold.train.users is whole.users
    back = rows.take([every[int(value)] for value in fold.train.interactions.value])
    for column, values in fold.train.interactions.columns.items():
        wanted = back.columns[column]
        assert (values is None) == (wanted is None)
        if values is not None and wanted is not None:
            assert np.array_equal(values, wanted)
    check_counts(split, whole, fold)
    check_queries(whole, fold, every, set(every) - set(train))
    check_promises(split, whole, fold, set(every) - set(train))


def check_counts(split: Split, whole: Dataset, fold: Fold) -> None:
    """The counts add up, so no row is lost."""
    counts = fold.counts
    left = sum(counts.get(reason, 0) for reason in LEFT)
    assert counts["rows"] == len(whole.interactions)
    assert counts["train rows"] == len(fold.train.interactions)
    assert counts["train rows"] + counts["held-out rows"] + left == counts["rows"]
    lost = counts["held-out repeats merged"] + counts["held-out rows already in the history"]
    copies = len(fold.queries.groups)
    assert counts["truth entries"] + lost == counts["held-out rows"] * copies
    assert counts["truth entries"] == len(fold.truth.item)
    if isinstance(split, KFold | LeaveLastOut | UserTemporal | GlobalTemporal | RandomHoldout | ItemCold):
        assert left == 0
    assert counts["queries"] == len(fold.queries)
    assert counts["queries without truth"] == int(np.count_nonzero(fold.truth.items.counts == 0))
    cold = ~np.isin(fold.truth.item, fold.train.interactions.item)
    assert counts["truth entries of items without training rows"] == int(np.count_nonzero(cold))
    strangers = ~np.isin(fold.queries.user, fold.train.interactions.user)
    assert counts["queries of users without training rows"] == int(np.count_nonzero(strangers))


def check_queries(whole: Dataset, fold: Fold, every: dict[int, int], gone: set[int]) -> None:
    """Truths are held-out rows of the asking user, without repeats, and nothing that the user has shown or taken."""
    rows = whole.interactions
    assert set(ids(fold.truth.value)) <= gone
    history = fold.queries.history
    for query, user in enumerate(fold.queries.user):
        truth, blocked = fold.truth.items[query], fold.blocked[query]
        assert list(truth) == sorted(set(truth))
        assert list(blocked) == sorted(set(blocked))
        assert not set(truth) & set(blocked)
        part = slice(fold.queries.start[query], fold.queries.start[query + 1])
        assert set(history.item[part]) <= set(blocked)
        assert set(history.user[part]) <= {user}
        if history.timestamp is not None:
            assert np.all(np.diff(history.timestamp[part]) >= 0)
        begin, end = fold.truth.start[query], fold.truth.start[query + 1]
        origin = [every[int(value)] for value in fold.truth.value[begin:end]]
        assert set(rows.user[origin]) <= {user}
        assert np.array_equal(rows.item[origin], truth)
        for column in ("label", "timestamp"):
            held, given = getattr(fold.truth, column), getattr(rows, column)
            assert (held is None) == (given is None)
            assert held is None or np.array_equal(held[begin:end], given[origin])


def check_promises(split: Split, whole: Dataset, fold: Fold, gone: set[int]) -> None:
    """A split keeps what it promises."""
    rows = whole.interactions
    if split.cold_items:
        assert fold.candidates is not None
        assert not set(fold.candidates) & set(fold.train.interactions.item)
        assert set(fold.truth.item) <= set(fold.candidates)
    if split.cold_users:
        assert not set(fold.queries.user) & set(fold.train.interactions.user)
    if split.ordered:
        assert fold.train.interactions.timestamp is not None
        assert rows.timestamp is not None
        held = [row for row in range(len(rows)) if int(rows.value[row]) in gone]
        assert fold.train.interactions.timestamp.max() < rows.timestamp[held].min()
        assert fold.queries.when is not None
        assert set(fold.queries.when) == {rows.timestamp[held].min()}


LEFT = (
    "rows reserved for the history of new users",
    "rows of new users with too few events",
    "rows of known users with new items",
    "later rows of new users with known items",
    "rows of new users not asked",
    "rows of chosen items set aside",
)


def check_few_shot(split: FewShotItemCold, whole: Dataset, fold: Fold) -> None:
    """Chosen items have exactly their shots in training, others all of their rows; what was set aside is unasked."""
    rows = whole.interactions
    assert fold.candidates is not None
    train = set(ids(fold.train.interactions.value))
    for item in range(len(whole.items)):
        mine = [row for row in range(len(rows)) if rows.item[row] == item]
        kept = [row for row in mine if int(rows.value[row]) in train]
        chosen = item in fold.candidates
        assert len(kept) == (split.shots if chosen else len(mine))
        if chosen and rows.timestamp is not None and kept:
            gone = [row for row in mine if row not in kept]
            assert rows.timestamp[kept].max() <= rows.timestamp[gone].min()
    assert set(fold.truth.item) <= set(fold.candidates)
    aside = fold.counts["rows of chosen items set aside"]
    assert aside == (split.reserved - split.shots) * fold.counts["chosen items"]


def check_warm(whole: Dataset, fold: Fold) -> None:
    """In a split that asks each user once, truth and history are all of the user's rows."""
    rows = whole.interactions
    train = set(ids(fold.train.interactions.value))
    held = [row for row in range(len(rows)) if int(rows.value[row]) not in train]
    assert list(fold.queries.user) == sorted({int(rows.user[row]) for row in held})
    for query, user in enumerate(fold.queries.user):
        mine = [row for row in range(len(rows)) if rows.user[row] == user]
        seen = {int(rows.value[row]) for row in mine} & train
        part = slice(fold.queries.start[query], fold.queries.start[query + 1])
        assert set(ids(fold.queries.history.value[part])) == seen
        known = {int(rows.item[row]) for row in mine if int(rows.value[row]) in train}
        assert set(fold.blocked[query]) == known
        wanted = {int(rows.item[row]) for row in mine if int(rows.value[row]) not in train} - known
        assert set(fold.truth.items[query]) == wanted


@pytest.mark.parametrize("times", [True, False], ids=["times", "no times"])
@pytest.mark.parametrize("split", SPLITS, ids=name)
def test_every_row_is_somewhere_and_nowhere_twice(split: Split, times: bool, log) -> None:
    if split.needs & {Requirement.TIMESTAMPS, Requirement.ORDER} and not times:
        with pytest.raises(NotApplicable, match="needs timestamps"):
            list(split.split(log(times=False), 0))
        return
    for seed in range(3):
        for whole, fold in cuts(split, log(seed, times=times), seed):
            check(split, whole, fold)
            if isinstance(split, FewShotItemCold):
                check_few_shot(split, whole, fold)
            elif not isinstance(split, NEW_USERS):
                check_warm(whole, fold)


@settings(max_examples=40)
@given(
    data=st.integers(0, 10**6),
    users=st.integers(2, 30),
    items=st.integers(2, 30),
    rows=st.integers(1, 80),
    seed=st.integers(0, 2**31 - 1),
    split=st.sampled_from(SPLITS),
)
def test_small_logs_are_cut_rightly_or_refused(log, data, users, items, rows, seed, split: Split) -> None:
    whole = log(data, users, items, max(rows, 4))
    try:
        folds = list(cuts(split, whole, seed))
    except DataError as error:
        assert "use a larger data set" in str(error)  # noqa: PT017 - only some of the drawn logs are refused
        return
    for cut, fold in folds:
        check(split, cut, fold)


def same(one: Fold, other: Fold) -> bool:
    return (
        one.train.fingerprint == other.train.fingerprint
        and np.array_equal(one.queries.user, other.queries.user)
        and np.array_equal(one.queries.history.value, other.queries.history.value)
        and np.array_equal(one.truth.value, other.truth.value)
    )


@pytest.mark.parametrize("split", SPLITS, ids=name)
def test_the_same_seed_gives_the_same_folds(split: Split, log) -> None:
    for (_, one), (_, other) in zip(cuts(split, log(), 7), cuts(split, log(), 7), strict=True):
        assert same(one, other)


@pytest.mark.parametrize("split", SEEDED, ids=name)
def test_another_seed_gives_other_folds(split: Split, log) -> None:
    for (_, one), (_, other) in zip(cuts(split, log(), 7), cuts(split, log(), 8), strict=True):
        assert not same(one, other)


@pytest.mark.parametrize("split", SPLITS, ids=name)
def test_the_validation_fold_is_a_cut_of_the_training_part(split: Split, log) -> None:
    whole = log(4)
    for fold in split.split(whole, 0):
        assert fold.validation is not None
        known = set(ids(fold.train.interactions.value))
        assert set(ids(fold.validation.train.interactions.value)) < known
        assert set(ids(fold.validation.truth.value)) < known
        assert set(ids(fold.validation.queries.history.value)) <= known
        if fold.candidates is not None:
            assert fold.validation.candidates is not None
            assert not set(fold.candidates) & set(fold.validation.candidates)


@pytest.mark.slow
@pytest.mark.parametrize("split", SPLITS, ids=name)
def test_real_data(split: Split, movies: Dataset) -> None:
    for whole, fold in cuts(split, movies):
        check(split, whole, fold)
        assert fold.counts["held-out repeats merged"] == 0
        assert fold.counts["held-out rows already in the history"] == 0
        assert fold.counts["queries without truth"] == 0


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (RandomHoldout, {"test": 0.0}),
        (RandomHoldout, {"test": 1.0}),
        (RandomHoldout, {"validation": -0.1}),
        (ItemCold, {"items": 1.5}),
        (ItemCold, {"item": 0.5}),
        (UserCold, {"history": []}),
        (UserCold, {"history": [3, 1]}),
        (UserCold, {"history": [1, 1]}),
        (UserCold, {"history": [-1]}),
        (UserCold, {"users": "some"}),
        (KFold, {"folds": 1}),
        (KFold, {"folds": 2.5}),
        (GlobalTemporal, {"test": 1}),
        (BothCold, {"history": [5, 0]}),
        (FewShotItemCold, {"shots": 11}),
        (FewShotItemCold, {"reserved": 0}),
        (StrongGeneralization, {"shown": 1.0}),
    ],
)
def test_settings_out_of_bounds_are_refused_in_one_line(cls: type[Split], wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        cls.from_settings(wrong, "my.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("split", SPLITS, ids=name)
def test_settings_survive_a_round_trip(split: Split) -> None:
    assert type(split).from_settings(split.settings()) == split


@pytest.mark.parametrize("split", [LeaveLastOut(), UserTemporal()], ids=name)
def test_rows_in_the_order_of_time_are_cut_like_rows_with_times(split: Split, log) -> None:
    timed = log(3)
    rows = timed.interactions
    steps = dataclasses.replace(rows, timestamp=np.arange(len(rows), dtype=np.int64))
    ordered = dataclasses.replace(timed, interactions=dataclasses.replace(rows, timestamp=None), ordered=True)
    one, other = (next(split.split(data, 0)) for data in (dataclasses.replace(timed, interactions=steps), ordered))
    assert one.truth.item.tolist() == other.truth.item.tolist()
    assert one.train.interactions.item.tolist() == other.train.interactions.item.tolist()
    assert other.train.interactions.timestamp is None
    assert other.train.ordered


def test_an_order_within_users_is_no_time_for_all(log) -> None:
    with pytest.raises(NotApplicable, match="needs timestamps"):
        list(GlobalTemporal().split(dataclasses.replace(log(times=False), ordered=True), 0))
