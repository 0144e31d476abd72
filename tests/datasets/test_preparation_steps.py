from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.data import Step
from benchsuite.errors import ConfigError
from benchsuite_datasets.outliers import (
    BoundValues,
    DropBusyUsers,
    KeepBehaviours,
    NetCancellations,
    Sessions,
    TimeWindow,
    moment,
)
from benchsuite_datasets.preparation_steps import (
    Binary,
    Core,
    DropMissing,
    Duplicates,
    Label,
    ShuffleTies,
    Weigh,
    prepare,
    sentence,
)


def rows(frame: pd.DataFrame) -> list[tuple[str, str, float]]:
    return list(zip(frame["user"], frame["item"], frame["value"], strict=True))


def test_missing_users_and_items_are_dropped_and_counted(events):
    frame = events(("a", "x"), (None, "x"), ("a", None), (None, None), ("b", "y"))
    kept, step = DropMissing().apply(frame)
    assert rows(kept) == [("a", "x", 1.0), ("b", "y", 1.0)]
    assert step == Step("drop rows without a user or an item", 5, 2, "2 rows without a user, 1 without an item")


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("first", [("a", "x", 1.0), ("b", "x", 2.0)]),
        ("last", [("b", "x", 2.0), ("a", "x", 3.0)]),
        ("strongest", [("a", "x", 9.0), ("b", "x", 2.0)]),
        ("sum", [("b", "x", 2.0), ("a", "x", 13.0)]),
        ("all", [("a", "x", 9.0), ("a", "x", 1.0), ("b", "x", 2.0), ("a", "x", 3.0)]),
    ],
)
def test_one_of_several_rows_of_a_pair_stays(events, keep, expected):
    # time, not the order of the file, says what came first
    frame = events(("a", "x", 9.0, 20, 1), ("a", "x", 1.0, 10, 0), ("b", "x", 2.0, 15, 0), ("a", "x", 3.0, 30, 0))
    kept, step = Duplicates(keep).apply(frame)
    assert rows(kept) == expected
    assert (step.before, step.after) == (4, len(expected))
    assert step.note == ("2 rows repeat a pair" if keep == "all" else "2 rows repeated a pair")


def test_without_time_the_order_of_the_file_counts(events):
    frame = events(("a", "x", 1.0), ("a", "x", 2.0), ("a", "x", 3.0), timed=False)
    assert rows(Duplicates("first").apply(frame)[0]) == [("a", "x", 1.0)]
    assert rows(Duplicates("last").apply(frame)[0]) == [("a", "x", 3.0)]


def test_strength_is_behaviour_then_value_then_time(events):
    frame = events(("a", "x", 9.0, 50, 0), ("a", "x", 1.0, 10, 1), ("a", "x", 5.0, 20, 1), ("a", "x", 5.0, 30, 1))
    kept, _ = Duplicates("strongest").apply(frame)
    assert kept["timestamp"].tolist() == [30]


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(1, 3), st.integers(0, 3), st.integers(0, 1))
    ),
    st.sampled_from(["first", "last", "strongest", "sum"]),
)
def test_duplicates_agree_with_the_slow_way(cells, keep):
    frame = pd.DataFrame(cells, columns=["user", "item", "value", "timestamp", "behaviour"])
    frame = frame.astype({"user": "category", "item": "category", "value": "float64", "behaviour": "int8"})
    expected = []
    for pair in dict.fromkeys((user, item) for user, item, *_ in cells):
        own = [(at, row) for at, row in enumerate(cells) if row[:2] == pair]
        by_time = sorted(own, key=lambda one: (one[1][3], one[0]))
        best = max(own, key=lambda one: (one[1][4], one[1][2], one[1][3], one[0]))
        at, row = {"first": by_time[0], "strongest": best}.get(keep, by_time[-1])
        expected.append((at, float(sum(one[1][2] for one in own) if keep == "sum" else row[2])))
    kept, step = Duplicates(keep).apply(frame)
    assert list(zip(kept.index, kept["value"], strict=True)) == sorted(expected)
    assert step.after == len(expected)


def test_an_empty_frame_passes_every_step(events):
    frame = events(("a", "x")).iloc[:0]
    actions = [
        DropMissing(), Duplicates("sum"), Core(2, 2), Label(1), BoundValues(0, 1), DropBusyUsers(1), Sessions(30),
        TimeWindow("2000-01-01"),
        NetCancellations(), Weigh(("view",), (1.0,)), KeepBehaviours(("view",), ("view",)), Duplicates("first"),
        Binary(),
    ]  # fmt: skip
    kept, steps = prepare(frame, actions)
    assert len(kept) == 0
    assert [(step.before, step.after) for step in steps] == [(0, 0)] * len(actions)


def test_outlying_values_are_dropped_or_clipped(events):
    frame = events(("a", "x", -1.0), ("a", "y", 0.5), ("b", "x", 9.0))
    kept, step = BoundValues(0, 5).apply(frame)
    assert rows(kept) == [("a", "y", 0.5)]
    assert step == Step("drop values below 0 or above 5", 3, 1)
    clipped, step = BoundValues(0, 5, clip=True).apply(frame)
    assert clipped["value"].tolist() == [0.0, 0.5, 5.0]
    assert step == Step("clip values below 0 or above 5", 3, 3, "2 values clipped")
    assert frame["value"].tolist() == [-1.0, 0.5, 9.0], "the given frame was changed"


def test_robots_are_dropped(events):
    frame = events(*[("robot", f"i{j}") for j in range(4)], ("a", "x"))
    kept, step = DropBusyUsers(3).apply(frame)
    assert rows(kept) == [("a", "x", 1.0)]
    assert step == Step("drop users with more than 3 events", 5, 1, "1 user dropped")


def test_core_is_repeated_until_nothing_changes(events):
    # dropping z leaves b with one item, dropping b leaves y with one user, dropping y ends it
    frame = events(
        ("a", "x"), ("a", "y"), ("b", "y"), ("b", "z"), ("c", "x"), ("c", "x"), ("c", "w"), ("d", "w"), ("a", "w")
    )
    kept, step = Core(2, 2).apply(frame)
    assert sorted(set(rows(kept))) == [("a", "w", 1.0), ("a", "x", 1.0), ("c", "w", 1.0), ("c", "x", 1.0)]
    assert len(kept) == 5, "a repeated pair counts once as a partner, but all its rows stay"
    assert step.note == "after 3 rounds"


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=40), st.integers(1, 3), st.integers(1, 3))
def test_core_is_the_largest_set_with_enough_partners(pairs, user, item):
    frame = pd.DataFrame(pairs, columns=["user", "item"]).astype(str).astype("category")
    kept, _ = Core(user, item).apply(frame)
    expected = set(map(tuple, frame.astype(object).to_numpy().tolist()))
    while True:
        poor = {
            (u, i)
            for u, i in expected
            if sum(v == u for v, _ in expected) < user or sum(j == i for _, j in expected) < item
        }
        if not poor:
            break
        expected -= poor
    assert set(map(tuple, kept.astype(object).to_numpy().tolist())) == expected


def test_the_window_includes_its_begin_and_not_its_end(events):
    frame = events(*[("a", f"i{day}", 1.0, moment(f"1998-01-0{day}")) for day in range(1, 6)])
    kept, step = TimeWindow("1998-01-02", "1998-01-04").apply(frame)
    assert kept["item"].tolist() == ["i2", "i3"]
    assert step.name == "keep only rows from 1998-01-02 and before 1998-01-04 (UTC)"


def test_a_window_needs_times_and_dates(events):
    with pytest.raises(ConfigError, match="need timestamps"):
        TimeWindow("1998-01-02").apply(events(("a", "x"), timed=False))
    with pytest.raises(ConfigError, match='"tomorrow" is not a date'):
        TimeWindow("tomorrow").apply(events(("a", "x")))
    assert moment("1970-01-01T01:00:00+01:00") == 0


def test_labels_begin_at_the_bound(events):
    frame = events(("a", "x", 3.5), ("a", "y", 4.0), ("a", "z", 5.0))
    labelled, step = Label(4).apply(frame)
    assert labelled["label"].tolist() == [0, 1, 1]
    assert labelled["label"].dtype == np.int8
    assert step == Step("label 1 where the value is at least 4, else 0", 3, 3, "2 liked, 1 not")


def test_behaviours_are_kept_and_weighed(events):
    frame = events(("a", "x", 1.0, 1, 0), ("a", "y", 1.0, 2, 1), ("b", "x", 1.0, 3, 2))
    names = ("view", "cart", "purchase")
    kept, step = KeepBehaviours(names, ("cart", "purchase")).apply(frame)
    assert kept["behaviour"].tolist() == [1, 2]
    assert step == Step("keep only cart, purchase", 3, 2, "dropped 1 row of view")
    weighed, step = Weigh(names, (1.0, 3.0, 5.0)).apply(kept)
    assert weighed["value"].tolist() == [3.0, 5.0]
    assert step.name == "behaviours to weights: view 1, cart 3, purchase 5"


def test_values_become_binary(events):
    frame = events(("a", "x", 5.0), ("a", "y", 1.0), ("b", "x", -2.0))
    made, step = Binary().apply(frame)
    assert made["value"].tolist() == [1.0, 1.0, 1.0]
    assert step == Step("values to 1: taken or not", 3, 3, "2 values other than 1")
    assert frame["value"].tolist() == [5.0, 1.0, -2.0]


def test_cancellations_are_netted_against_the_youngest_rows(events):
    frame = events(
        ("a", "x", 5.0, 10),
        ("a", "x", 4.0, 20),
        ("a", "x", -6.0, 30),  # takes all 4 of the second and 2 of the first
        ("a", "x", 7.0, 40),  # bought later: not touched
        ("a", "y", -1.0, 5),  # nothing before it
        ("a", "y", 2.0, 6),
        ("b", "x", 3.0, 10),
        ("b", "x", -3.0, 10),  # at the same minute, and after it
        ("b", "z", 0.0, 1),
    )
    kept, step = NetCancellations().apply(frame)
    assert rows(kept) == [("a", "x", 3.0), ("a", "x", 7.0), ("a", "y", 2.0)]
    assert step == Step(
        "net cancellations against what was taken before",
        9,
        3,
        "3 cancellations, 1 of them with nothing left to cancel; 2 rows cancelled in full",
    )


def test_a_chain_of_steps_is_counted_without_a_gap(events):
    frame = events(("a", "x"), ("a", "x"), (None, "x"), ("b", "x"), ("b", "y"), ("a", "y"), ("c", "y"))
    kept, steps = prepare(frame, [DropMissing(), Duplicates("last"), Core(2, 1)])
    assert [(step.before, step.after) for step in steps] == [(7, 6), (6, 5), (5, 4)]
    assert len(kept) == 4
    assert sentence(steps[1]) == "5 of 6 rows kept: drop repeated pairs, keep the last (1 row repeated a pair)"


def test_rows_of_one_user_and_time_are_shuffled_in_their_places(events):
    given = [(user, f"i{number}", 1.0, number // 6, 0) for user in "ab" for number in range(12)]
    given[3], given[20] = given[20], given[3]  # rows of users need not stand together
    frame = events(*given)
    kept, step = ShuffleTies(1).apply(frame)
    for column in ("user", "timestamp"):
        assert kept[column].tolist() == frame[column].tolist()
    assert sorted(zip(kept["user"], kept["timestamp"], kept["item"], strict=True)) == sorted(
        zip(frame["user"], frame["timestamp"], frame["item"], strict=True)
    )
    assert kept["item"].tolist() != frame["item"].tolist()
    assert kept["item"].tolist() == ShuffleTies(1).change(frame)[0]["item"].tolist()
    assert kept["item"].tolist() != ShuffleTies(2).change(frame)[0]["item"].tolist()
    assert (step.after, step.note) == (24, "24 rows share user and time")
    alone = events(("a", "x", 1.0, 2, 0), ("a", "y", 1.0, 1, 0), ("b", "y", 1.0, 1, 0))
    assert rows(ShuffleTies(1).change(alone)[0]) == rows(alone)
    with pytest.raises(ConfigError, match="shuffle_ties needs timestamps"):
        ShuffleTies(1).change(events(("a", "x"), timed=False))
