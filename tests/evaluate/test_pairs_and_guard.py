from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from benchsuite.api import Split
from benchsuite.data import Dataset, Entities, Fold, GroundTruth, Interactions, Queries, Ragged
from benchsuite.errors import LeakError
from benchsuite.evaluate import check_fold, labelled_pairs

USERS, ITEMS = 6, 40


@dataclasses.dataclass
class Plain(Split):
    """Promises nothing."""

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        yield from ()


@dataclasses.dataclass
class ColdItems(Plain):
    """Promises cold items."""

    cold_items = True


@dataclasses.dataclass
class ColdUsers(Plain):
    """Promises cold users."""

    cold_users = True


@dataclasses.dataclass
class Ordered(Plain):
    """Promises an order in time."""

    ordered = True


def rows(pairs: list[tuple[int, int]], labels: bool, at: int = 0) -> Interactions:
    user = np.array([u for u, _ in pairs], np.int32)
    item = np.array([i for _, i in pairs], np.int32)
    return Interactions(
        user=user,
        item=item,
        value=np.ones(len(pairs)),
        label=item % 2 if labels else None,
        timestamp=np.full(len(pairs), at),
        behaviour=np.zeros(len(pairs)),
        behaviours=("take",),
    )


def make(
    train: list[tuple[int, int]],
    test: list[tuple[int, int]],
    *,
    labels: bool = False,
    candidates: Any = None,
    validation: Fold | None = None,
    times: tuple[int, int] = (0, 1),
) -> Fold:
    dataset = Dataset(
        "made up",
        rows(train, labels, times[0]),
        Entities(tuple(f"u{j}" for j in range(USERS))),
        Entities(tuple(f"i{j}" for j in range(ITEMS))),
    )
    asking = sorted({u for u, _ in test})
    history = [(u, i) for u, i in train if u in asking]
    owner = [asking.index(u) for u, _ in history]
    queries = Queries.from_rows(asking, owner, rows(history, labels, times[0]))
    truth = GroundTruth.from_rows([asking.index(u) for u, _ in test], rows(test, labels, times[1]), len(asking))
    return Fold("1", dataset, queries, truth, queries.items, candidates, validation)


TRAIN = [(u, i) for u in range(USERS) for i in range(10) if (u + i) % 3]
TEST = [(u, i) for u in range(4) for i in range(10, 15)]


def clean() -> Fold:
    inner = make([p for p in TRAIN if p[1] < 8], [p for p in TRAIN if p[1] >= 8], times=(0, 0))
    return make(TRAIN, TEST, validation=inner)


def test_clean_folds_are_not_accused() -> None:
    evidence = check_fold(clean(), Plain())
    assert evidence["held-out pairs not in training"] == len(TEST)
    assert all(count > 0 for count in evidence.values())
    cold = make(TRAIN, TEST, candidates=np.arange(10, 15))
    assert check_fold(cold, ColdItems())["cold items without training rows"] == 5
    assert check_fold(make([p for p in TRAIN if p[0] >= 4], TEST), ColdUsers())["cold users without training rows"] == 4
    assert check_fold(clean(), Ordered())["training rows not younger than held-out rows"] == len(TRAIN)


def nested(train: list[tuple[int, int]], test: list[tuple[int, int]]) -> Fold:
    return make(TRAIN, TEST, validation=make(train, test))


LEAKS: dict[str, tuple[Callable[[], Fold], Split, str]] = {
    "a test row is in training": (lambda: make([*TRAIN, TEST[0]], TEST), Plain(), "also in the training part"),
    "a held-out pair is blocked": (
        lambda: dataclasses.replace(clean(), blocked=clean().truth.items),
        Plain(),
        "could never be recommended|could be recommended again",
    ),
    "the history may be recommended": (
        lambda: dataclasses.replace(clean(), blocked=Ragged.empty(4)),
        Plain(),
        "could be recommended again",
    ),
    "the truth is outside the candidates": (
        lambda: make(TRAIN, TEST, candidates=np.arange(11)),
        Plain(),
        "are no candidates",
    ),
    "a cold item has training rows": (
        lambda: make(TRAIN, TEST, candidates=np.arange(9, 15)),
        ColdItems(),
        "promised to be cold",
    ),
    "a cold user has training rows": (clean, ColdUsers(), "promised to be cold"),
    "training sees the future": (lambda: make(TRAIN, TEST, times=(2, 1)), Ordered(), "younger"),
    "validation overlaps test": (lambda: nested([p for p in TRAIN if p[1] < 8], TEST), Plain(), "outside the training"),
    "inner training holds test rows": (
        lambda: nested([*[p for p in TRAIN if p[1] < 8], TEST[0]], [p for p in TRAIN if p[1] >= 8]),
        Plain(),
        "reaches outside",
    ),
    "validation leaks into inner training": (
        lambda: nested(TRAIN, [p for p in TRAIN if p[1] >= 8]),
        Plain(),
        "also in",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leaks_are_caught(leak: str) -> None:
    fold, split, message = LEAKS[leak]
    with pytest.raises(LeakError, match=message):
        check_fold(fold(), split)


def test_dislikes_in_the_data_are_the_negatives() -> None:
    fold = make(TRAIN, TEST, labels=True)
    pairs = labelled_pairs(fold, 3)
    assert pairs.sampled == 0
    assert len(pairs) == len(TEST)
    assert pairs.label.tolist() == (pairs.item % 2).tolist()
    assert not np.isnan(pairs.value).any()


@pytest.mark.parametrize("candidates", [None, np.arange(10, 25)])
def test_negatives_are_untaken_distinct_and_one_to_one(candidates: Any) -> None:
    fold = make(TRAIN, TEST, candidates=candidates)
    pairs = labelled_pairs(fold, 3)
    taken = {(int(u), int(i)) for u, i in TRAIN + TEST}
    drawn = [
        (int(fold.queries.user[q]), int(i))
        for q, i, y in zip(pairs.query, pairs.item, pairs.label, strict=True)
        if y == 0
    ]
    assert pairs.sampled == len(drawn) == len(TEST)
    assert len(set(drawn)) == len(drawn)
    assert not set(drawn) & taken
    assert candidates is None or {i for _, i in drawn} <= set(candidates.tolist())
    assert (np.diff(pairs.query) >= 0).all()


def test_negatives_are_drawn_evenly_and_by_the_seed() -> None:
    fold = make([(0, 0)], [(0, 1)], candidates=np.arange(0, 6))
    counts = np.zeros(6)
    for seed in range(600):
        pairs = labelled_pairs(fold, seed)
        counts[pairs.item[pairs.label == 0]] += 1
    assert counts[:2].tolist() == [0, 0]
    assert counts[2:].min() > 100  # 150 expected, standard deviation 11
    first, second = labelled_pairs(fold, 5), labelled_pairs(fold, 5)
    assert first.item.tolist() == second.item.tolist()


def test_too_few_untaken_candidates_give_fewer_negatives() -> None:
    fold = make([(0, 0)], [(0, 1), (0, 2)], candidates=np.arange(0, 4))
    pairs = labelled_pairs(fold, 0)
    assert pairs.sampled == 1
    assert pairs.item[pairs.label == 0].tolist() == [3]
