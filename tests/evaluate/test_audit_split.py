"""Anybody's split: every planted fault is named, and clean cuts are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from benchsuite.api import DataLocations
from benchsuite.data import Dataset
from benchsuite.errors import DataError
from benchsuite.registry import load_source, load_split
from benchsuite_interchange.drift import divergence, popularity_drift
from benchsuite_interchange.foreign_rows import ForeignRows, read_foreign
from benchsuite_interchange.split_findings import PROMISES, AuditLine, diagnose
from benchsuite_interchange.table_options import Written


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return load_source("demo")().load(DataLocations())


def read(path: Path) -> ForeignRows:
    return read_foreign(path, {}, ("user", "item", "timestamp", "value"), Written())


def part(rows: Any, users: Any, name: str = "file.csv") -> ForeignRows:
    """Rows of a data set, and who has them, as if read from a file."""
    numbers = {"value": rows.value.astype(np.float64)}
    if rows.timestamp is not None:
        numbers["timestamp"] = rows.timestamp.astype(np.float64)
    user, item = ([f"{kind}{code}" for code in codes] for kind, codes in (("u", users), ("i", rows.item)))
    return ForeignRows(Path(name), pd.Categorical(user), pd.Categorical(item), numbers)


def cut(dataset: Dataset, split: str, seed: int = 0) -> tuple[ForeignRows, ForeignRows]:
    fold = next(load_split(split)().split(dataset, seed))
    rows = fold.train.interactions
    truth = fold.truth
    keep = fold.queries.group[truth.rows] == 0  # type: ignore[index]  # always there after birth
    asked = type("Rows", (), {name: getattr(truth, name)[keep] for name in ("item", "value", "timestamp")})
    asked.__len__ = lambda self: len(self.item)  # type: ignore[attr-defined]  # a stand-in with a length
    return part(rows, rows.user, "train.csv"), part(asked(), fold.queries.user[truth.rows[keep]], "test.csv")


def by_check(lines: list[AuditLine]) -> dict[str, AuditLine]:
    assert len({line.check for line in lines}) == len(lines)
    return {line.check: line for line in lines}


PROMISED = {
    "random-holdout": (),
    "k-fold": (),
    "leave-last-out": ("ordered-users",),
    "user-temporal": ("ordered-users",),
    "global-temporal": ("ordered", "ordered-users"),
    "item-cold": ("cold-items",),
    "user-cold": ("cold-users",),
    "both-cold": ("cold-users", "cold-items"),
}


@pytest.mark.slow
@pytest.mark.parametrize("split", PROMISED)
@pytest.mark.parametrize("seed", [0, 1])
def test_our_own_splits_keep_their_promises_and_leak_nothing(split: str, seed: int, demo: Dataset) -> None:
    lines = by_check(diagnose(*cut(demo, split, seed), PROMISED[split]))
    assert [line for line in lines.values() if line.verdict == "leak"] == []
    assert lines["test pairs in training"].of > 100
    for promise in set(PROMISES) - set(PROMISED[split]) - {"ordered-users", "ordered"}:
        # A promise that was never given is broken.
        assert any(line.verdict == "leak" for line in diagnose(*cut(demo, split, seed), [promise]))


def test_a_random_cut_is_called_one(demo: Dataset) -> None:
    lines = by_check(diagnose(*cut(demo, "random-holdout")))
    assert lines["training rows after the first test row"].verdict == "warning"
    assert lines["test rows before a user's training"].verdict == "warning"
    assert lines["test rows before a user's training"].found > 0.5 * lines["test rows before a user's training"].of
    assert lines["random cuts whose popularity drifts as far"].verdict == "fine"
    broken = by_check(diagnose(*cut(demo, "random-holdout"), ["ordered", "cold-users"]))
    for check in (
        "training rows after the first test row",
        "test rows before a user's training",
        "known users in the test",
    ):
        assert broken[check].verdict == "leak"


def rows(lines: str) -> str:
    return "user,item,time,value\n" + lines.replace(" ", "\n") + "\n"


TRAIN = "a,x,10,1 a,y,11,1 b,x,12,1 b,z,13,1"

# What is wrong: training rows, test rows, promises, the check that must tell, its verdict, found, of, and its words.
FAULTS: dict[str, tuple[str, str, tuple[str, ...], str, str, int, int, str]] = {
    "the same row in both": (TRAIN, "a,x,10,1 b,y,20,1", (), "test pairs in training", "leak", 1, 2, "user a, item x"),
    "a pair at an older time": (TRAIN, "b,x,9,1", (), "test pairs in training", "leak", 1, 1, "file.csv, line 2"),
    "a pair taken again": (
        TRAIN,
        "b,x,19,1 b,y,19,1",
        (),
        "test pairs repeated later",
        "warning",
        1,
        2,
        "never be given",
    ),
    "training repeats": (
        TRAIN + " a,x,10,1",
        "a,z,20,1",
        (),
        "training rows that repeat a pair",
        "warning",
        1,
        5,
        "1 of",
    ),
    "training events": (TRAIN + " a,x,14,1", "a,z,20,1", (), "training rows that repeat a pair", "note", 1, 5, "0 of"),
    "test repeats": (
        TRAIN,
        "a,z,20,1 a,z,20,1",
        (),
        "test rows that repeat a pair",
        "warning",
        1,
        2,
        "count them twice",
    ),
    "the future": (TRAIN, "a,z,12,1", ("ordered",), "training rows after the first test row", "leak", 1, 4, "at 12"),
    "a user's future": (
        TRAIN,
        "b,y,12,1",
        (),
        "test rows before a user's training",
        "warning",
        1,
        1,
        "go on after them",
    ),
    "a broken order": (
        TRAIN,
        "b,y,12,1",
        ("ordered-users",),
        "test rows before a user's training",
        "leak",
        1,
        1,
        "go on",
    ),
    "time runs backwards": (TRAIN, "a,z,1,1 b,y,2,1", (), "users whose time runs backwards", "leak", 2, 2, "exchanged"),
    "one user's time runs backwards": (
        TRAIN + " c,x,15,1",
        "a,z,1,1 b,y,20,1 c,y,20,1",
        (),
        "users whose time runs backwards",
        "warning",
        1,
        3,
        "older than all",
    ),
    "no times at all": (TRAIN, "a,z,0,1", (), "impossible times", "warning", 1, 5, "zero or below"),
    "two units": (TRAIN, "a,z,20000,1", (), "impossible times", "warning", 5, 5, "cannot be in one unit"),
    "two units and a promise": (TRAIN, "a,z,20000,1", ("ordered",), "impossible times", "leak", 5, 5, "one unit"),
    "a new user": (TRAIN, "a,z,20,1 c,x,20,1", (), "new users in the test", "note", 1, 2, "50.0% of the test rows"),
    "a new item": (TRAIN, "a,q,20,1 a,z,20,1", (), "new items in the test", "note", 1, 2, "50.0% of the test rows"),
    "a known user": (
        TRAIN,
        "a,z,20,1 c,x,20,1",
        ("cold-users",),
        "known users in the test",
        "leak",
        1,
        2,
        "have training",
    ),
    "a known item": (
        TRAIN,
        "a,q,20,1 a,z,20,1",
        ("cold-items",),
        "known items in the test",
        "leak",
        1,
        2,
        "have training",
    ),
    "sampled negatives": (
        TRAIN,
        "a,z,20,1 a,p,20,0 a,q,20,0 b,y,20,1 b,p,20,0 b,q,20,0",
        (),
        "negatives in the test",
        "warning",
        4,
        6,
        "exactly 2 for each positive",
    ),
    "labelled negatives": (
        TRAIN,
        "a,z,20,1 a,p,20,0 b,y,20,1 b,p,20,1",
        (),
        "negatives in the test",
        "note",
        1,
        4,
        "1 of 2 users have only one kind",
    ),
    "no negatives": (TRAIN, "a,z,20,5 b,y,20,1", (), "negatives in the test", "note", 0, 2, "all values are above 0"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_and_counted(fault: str, tmp_path: Path) -> None:
    train, test, promises, check, verdict, found, of, words = FAULTS[fault]
    parts = []
    for name, text in (("train", train), ("test", test)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "file.csv").write_text(rows(text))
        parts.append(read(folder / "file.csv"))
    line = by_check(diagnose(parts[0], parts[1], promises))[check]
    assert (line.verdict, line.found, line.of) == (verdict, found, of)
    assert words in line.meaning


def test_candidates_that_nobody_labelled_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("user,item\na,x\nb,x\n")
    lines = [f"{user},i{item}" for user in "ab" for item in range(100)]
    (tmp_path / "test.csv").write_text("user,item\n" + "\n".join(lines))
    found = by_check(diagnose(*(read(tmp_path / f"{name}.csv") for name in ("train", "test"))))
    assert found["negatives in the test"].verdict == "warning"
    assert "exactly 100 test rows" in found["negatives in the test"].meaning
    assert found["order in time"].verdict == "note"
    assert "test pairs repeated later" not in found


def test_a_promise_about_time_needs_times(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("user,item\na,x\n")
    one = read(tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"t.csv: has no column of times, which ordered needs; name it: --timestamp"):
        diagnose(one, one, ["ordered"])


# Drift


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=30))
def test_the_divergence_is_scipys(counts: list[tuple[int, int]]) -> None:
    first, second = np.array(counts, np.float64).T
    first[0] += 1
    second[-1] += 1
    expected = jensenshannon(first / first.sum(), second / second.sum(), base=2) ** 2
    assert divergence(first, second) == pytest.approx(expected, abs=1e-7)


def test_drift_is_found_where_it_is_and_seldom_where_it_is_not() -> None:
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(60), 20)
    weight = 1 / np.arange(1, 41)
    false = 0
    for trial in range(60):
        item = rng.choice(40, len(user), p=weight / weight.sum())
        test = rng.random(len(user)) < 0.2
        drift = popularity_drift(user, item, test, trial)
        assert drift.within_users
        assert drift.expected <= drift.highest
        false += drift.reached == 0
    assert false <= 4  # 1 in 100 expected: more than 4 of 60 happens less than once in 2,000 such tests
    item = np.where(test, rng.choice(40, len(user)), item)
    assert popularity_drift(user, item, test).reached == 0


def test_new_users_are_compared_by_dealing_among_all_rows() -> None:
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(60), 20)
    item = rng.choice(40, len(user))
    drift = popularity_drift(user, item, user >= 45)
    assert not drift.within_users
    assert drift.reached > 0
    assert drift.deals == 99
    assert popularity_drift(user, np.where(user >= 45, item // 4, item), user >= 45).reached == 0
