"""Clean folds are not accused: every installed split, random folds, and texts that only look like leaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.api import DataLocations, Split
from benchsuite.data import Dataset, Entities, Fold, GroundTruth, Interactions, Queries, Ragged
from benchsuite.evaluate import CrossFoldChecks, LeakFinding, iter_findings
from benchsuite.plan.cells import unmet
from benchsuite.registry import entries, load_source, load_split

SPLITS = [entry.name for entry in entries("splits")]


def judge(split: Split, whole: Dataset, seed: int) -> list[LeakFinding]:
    across = CrossFoldChecks(split, whole)
    found: list[LeakFinding] = []
    for fold in split.split(whole, seed):
        found += iter_findings(fold, split, "", whole)
        across.add(fold)
    return [*found, *across.findings()]


def accused(found: list[LeakFinding]) -> dict[str, str]:
    return {finding.check: finding.leak for finding in found if finding.leak}


def published(whole: Dataset) -> Dataset:
    """The same data as if it came in two parts, so that the split that wants them has something to cut."""
    part = np.random.default_rng(3).random(len(whole.interactions)) < 0.2
    rows = dataclasses.replace(whole.interactions, part=part.astype(np.int8), parts=("train", "test"))
    return dataclasses.replace(whole, interactions=rows)


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return published(load_source("demo")().load(DataLocations()))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.parametrize("name", SPLITS)
def test_no_installed_split_is_accused_on_the_demo(name: str, seed: int, demo: Dataset) -> None:
    found = judge(load_split(name)(), demo, seed)
    assert accused(found) == {}
    assert len(found) > 30
    assert min(finding.compared for finding in found) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", SPLITS)
def test_no_installed_split_is_accused_on_movielens(name: str, ml_100k: Dataset) -> None:
    whole = published(ml_100k)
    for seed in (0, 1, 2):
        found = judge(load_split(name)(), whole, seed)
        assert accused(found) == {}
        assert min(finding.compared for finding in found) > 0


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("times", [True, False])
def test_no_installed_split_is_accused_on_a_log_with_repeats(name: str, times: bool) -> None:
    """Pairs repeat, many events share their second, and most items are rare."""
    rng = np.random.default_rng(7)
    rows = 900
    log = Interactions(
        user=(30 * rng.random(rows) ** 2).astype(np.int32),
        item=(40 * rng.random(rows) ** 2).astype(np.int32),
        value=rng.integers(1, 6, rows),
        label=None,
        timestamp=rng.integers(0, 300, rows) if times else None,
        behaviour=np.zeros(rows),
        behaviours=("take",),
    )
    whole = Dataset("log", log, Entities(tuple(map(str, range(30)))), Entities(tuple(map(str, range(100, 140)))))
    whole = published(whole)
    split = load_split(name)()
    if unmet(split.needs, whole):
        pytest.skip("needs timestamps")
    assert accused(judge(split, whole, 1)) == {}


# Random folds, with and without leaks, against the definitions in plain Python sets


@dataclasses.dataclass
class Promise(Split):
    """Promises what it is told to."""

    ordered: ClassVar[bool] = False

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        yield from ()


def interactions(pairs: list[tuple[int, int]], times: dict[tuple[int, int], int]) -> Interactions:
    return Interactions(
        user=[u for u, _ in pairs],
        item=[i for _, i in pairs],
        value=np.ones(len(pairs)),
        label=None,
        timestamp=[times[pair] for pair in pairs],
        behaviour=np.zeros(len(pairs)),
        behaviours=("take",),
    )


USERS, ITEMS = 4, 6
PAIRS = [(u, i) for u in range(USERS) for i in range(ITEMS)]
some_pairs = st.lists(st.sampled_from(PAIRS), max_size=10, unique=True)


@st.composite
def folds(draw: Any, clean: bool) -> tuple[Fold, Split, Dataset, dict[str, bool]]:
    """Draw a fold in which every user asks, with the truth about it by check."""
    times = {pair: draw(st.integers(0, 9)) for pair in PAIRS}
    if clean:
        parts = draw(st.lists(st.integers(0, 2), min_size=len(PAIRS), max_size=len(PAIRS)))
        train, asked = ([p for p, part in zip(PAIRS, parts, strict=True) if part == which] for which in (1, 2))
        shown, candidates = train, None
        blocked = shown
        whole = train + asked
    else:
        train, asked, shown, more = (draw(some_pairs) for _ in range(4))
        blocked = sorted({*draw(st.sampled_from([shown, more])), *draw(some_pairs)})
        candidates = draw(st.none() | st.lists(st.integers(0, ITEMS - 1), unique=True).map(sorted))
        whole = draw(st.sampled_from([PAIRS, sorted({*train, *asked})]))
    promises = {name: not clean and draw(st.booleans()) for name in ("ordered", "cold_items", "cold_users")}
    split = type("Drawn", (Promise,), promises)()
    data = Dataset(
        "drawn",
        interactions(whole, times),
        Entities(tuple(f"u{u}" for u in range(USERS))),
        Entities(tuple(f"i{i}" for i in range(ITEMS))),
    )
    fold = Fold(
        "1",
        dataclasses.replace(data, interactions=interactions(train, times)),
        Queries.from_rows(range(USERS), [u for u, _ in shown], interactions(shown, times)),
        GroundTruth.from_rows([u for u, _ in asked], interactions(asked, times), USERS),
        Ragged.from_pairs([u for u, _ in blocked], [i for _, i in blocked], USERS),
        None if candidates is None else np.array(candidates, np.int32),
    )
    t, a, s, b, w = set(train), set(asked), set(shown), set(blocked), set(whole)
    cold = {i for _, i in a} if candidates is None else set(candidates)
    first = min((times[pair] for pair in a), default=99)
    expected = {
        "held-out pairs not in training": bool(a & t),
        "held-out pairs in no history": bool(a & s),
        "held-out pairs not blocked": bool(a & b),
        "history items blocked": not s <= b,
        "training rows are the data's own": not t <= w,
        "history rows are the data's own": not s <= w,
        "blocked pairs are the data's own": not b <= w,
        "held-out rows are the data's own": not a <= w,
    }
    if candidates is not None:
        expected["held-out items among the candidates"] = not {i for _, i in a} <= set(candidates)
    if split.ordered:
        expected["training rows not younger than held-out rows"] = any(times[pair] > first for pair in t)
        expected["histories not younger than what is asked"] = any(times[pair] > first for pair in s)
    if split.cold_items:
        expected["cold items without training rows"] = bool(cold & {i for _, i in t})
        expected["cold items in no history"] = bool(cold & {i for _, i in s})
    if split.cold_users:
        expected["cold users without training rows"] = bool(t)
    return fold, split, data, expected


@pytest.mark.slow
@settings(max_examples=300)
@given(folds(clean=False))
def test_a_fold_is_accused_exactly_where_the_definition_says_so(drawn: Any) -> None:
    fold, split, whole, expected = drawn
    found = {finding.check: bool(finding.leak) for finding in iter_findings(fold, split, "", whole)}
    assert {check: found[check] for check in expected} == expected
    assert not found["held-out pairs asked once"]


@settings(max_examples=150)
@given(folds(clean=True))
def test_a_random_clean_fold_is_not_accused(drawn: Any) -> None:
    fold, split, whole, _ = drawn
    assert accused(list(iter_findings(fold, split, "", whole))) == {}


def drawn_fold(train: list[tuple[int, int]], shown: list[tuple[int, int]], blocked: list[tuple[int, int]]) -> Fold:
    """A fold in which every user asks and (3, 5) is held out."""
    times = dict.fromkeys(PAIRS, 0)
    tables = [Entities(tuple(f"{kind}{code}" for code in range(size))) for kind, size in (("u", USERS), ("i", ITEMS))]
    return Fold(
        "1",
        Dataset("drawn", interactions(train, times), *tables),
        Queries.from_rows(range(USERS), [u for u, _ in shown], interactions(shown, times)),
        GroundTruth.from_rows([3], interactions([(3, 5)], times), USERS),
        Ragged.from_pairs([u for u, _ in blocked], [i for _, i in blocked], USERS),
    )


def test_what_is_blocked_for_another_query_is_not_blocked() -> None:
    """The lists have the same items, one after the other, and other bounds."""
    fold = drawn_fold([(0, 1), (1, 2)], [(0, 1), (1, 2)], [(0, 1), (2, 2)])
    assert "history items blocked" in accused(list(iter_findings(fold, Promise())))


def test_rows_of_an_inner_fold_are_rows_of_the_training_part() -> None:
    """A pair of the training part with the value of a row outside it has come from outside."""
    fold = drawn_fold([(0, 1), (1, 2), (2, 3)], [], [])
    rows = fold.train.interactions
    strange = dataclasses.replace(rows, value=np.array([1.0, 1.0, 5.0], np.float32))
    inner = dataclasses.replace(fold, train=dataclasses.replace(fold.train, interactions=strange))
    both = {name: np.concatenate([column, column]) for name, column in rows.columns.items() if column is not None}
    both["value"] = np.array([1, 1, 1, 5, 5, 5], np.float32)
    whole = dataclasses.replace(fold.train, interactions=dataclasses.replace(rows, **both))
    told = accused(list(iter_findings(dataclasses.replace(fold, validation=inner), Promise(), "", whole)))
    assert told["validation: training rows are the data's own"].startswith("1 training rows are no rows of the data")


# Texts that look like leaks, and are none


def texted(demo: Dataset, users: tuple[str, ...] | None = None, items: tuple[str, ...] | None = None) -> Dataset:
    people, things = demo.users, demo.items
    if users is not None:
        people = dataclasses.replace(people, columns={"about": users}, text=users)
    if items is not None:
        things = dataclasses.replace(things, columns={"title": items}, text=items)
    return dataclasses.replace(demo, users=people, items=things)


def text_leaks(whole: Dataset, split: str, seed: int = 0) -> list[str]:
    found = judge(load_split(split)(), whole, seed)
    return [finding.leak for finding in found if finding.group == "texts" and finding.leak]


def favourites(demo: Dataset, among: int) -> Dataset:
    """Everybody names four of the so many things they would like best of all, taken or not; titles are bare words."""
    assert demo.preferences is not None
    rng = np.random.default_rng(2)
    titles = tuple(f"thing{code}" for code in range(len(demo.items)))
    best = np.argsort(-demo.preferences, axis=1)[:, :among]
    said = tuple(" and ".join(titles[code] for code in rng.permutation(row)[:4]) for row in best)
    return texted(demo, said, titles)


@pytest.mark.parametrize("split", ["random-holdout", "item-cold", "user-cold", "both-cold", "leave-last-out"])
def test_hobbies_whose_words_are_titles_too_are_no_leak(split: str, demo: Dataset) -> None:
    assert text_leaks(favourites(demo, 60), split) == []


def test_texts_that_name_what_will_be_taken_are_refused_whatever_they_were_built_from(demo: Dataset) -> None:
    assert "held out for that very user" in text_leaks(favourites(demo, 4), "user-cold")[0]


@pytest.mark.parametrize("split", ["random-holdout", "leave-last-out", "item-cold"])
def test_texts_that_name_anything_at_random_are_no_leak(split: str, demo: Dataset) -> None:
    rng = np.random.default_rng(0)
    weight = np.bincount(demo.interactions.item) / len(demo.interactions)
    for seed in range(5):
        named = rng.choice(len(demo.items), (len(demo.users), 8), p=weight)
        said = tuple(", ".join(demo.items.columns["title"][code] for code in row) for row in named)
        numbers = tuple(f"{title} {rng.integers(20, 90)}" for title in demo.items.columns["title"])
        assert text_leaks(texted(demo, said, numbers), split, seed) == []


def test_a_text_about_what_training_holds_is_no_leak(demo: Dataset) -> None:
    """Each profile names the user's first item, which is never a last one."""
    rows = demo.interactions
    assert rows.timestamp is not None
    order = np.argsort(-rows.timestamp, kind="stable")
    first = dict(zip(rows.user[order].tolist(), rows.item[order].tolist(), strict=True))
    said = tuple(f"began with {demo.items.columns['title'][first[user]]}" for user in range(len(demo.users)))
    assert text_leaks(texted(demo, said), "leave-last-out") == []
    assert text_leaks(texted(demo, said), "user-temporal") == []
    # In a split that hides the first items too, the same texts give them away.
    assert text_leaks(texted(demo, said), "k-fold") != []


def test_ages_years_and_counts_of_something_else_are_no_leak(demo: Dataset) -> None:
    """Ids are plain numbers here, as in MovieLens, and texts are full of numbers."""
    rng = np.random.default_rng(1)
    items = dataclasses.replace(demo.items, ids=tuple(map(str, range(len(demo.items)))))
    users = dataclasses.replace(demo.users, ids=tuple(map(str, range(len(demo.users)))))
    said = tuple(f"{age} years old, born in {2020 - age}" for age in rng.integers(10, 90, len(users)).tolist())
    films = tuple(f"Film No. {code} ({1900 + code % 100}), {code % 60} minutes" for code in range(len(items)))
    whole = texted(dataclasses.replace(demo, users=users, items=items), said, films)
    for split in ("random-holdout", "item-cold", "user-cold", "leave-last-out"):
        assert text_leaks(whole, split) == []
