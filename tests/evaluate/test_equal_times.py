"""Ties in time: an order of the file that users share is found, a random one is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchsuite.data import Dataset, Entities, Interactions
from benchsuite.evaluate.equal_times import EqualTimes, equal_times

USERS, ITEMS, BASKET = 40, 40, 16


def baskets(arrange: Any, *, times: bool = True, **more: Any) -> Dataset:
    """Everybody takes two baskets, each at one time, in the order that ``arrange`` gives the items."""
    rng = np.random.default_rng(0)
    taken = [arrange(rng.choice(ITEMS, BASKET, replace=False), rng) for _ in range(2 * USERS)]
    user = np.repeat(np.arange(USERS), 2 * BASKET)
    time = np.tile(np.repeat([0, 1], BASKET), USERS) if times else None
    rows = Interactions(user, np.concatenate(taken), np.ones(len(user)), None, time, np.zeros(len(user)), ("take",))
    tables = (Entities(tuple(f"{kind}{code}" for code in range(count))) for kind, count in (("u", USERS), ("i", ITEMS)))
    return Dataset("baskets", rows, *tables, **more)


def by_loops(dataset: Dataset) -> tuple[int, int]:
    """Compared and agreeing pairs of users, as the definition says."""
    rows, found = dataset.interactions, {}
    assert rows.timestamp is not None
    for first in range(len(rows)):
        for second in range(first + 1, min(first + 6, len(rows))):
            if (rows.user[first], rows.timestamp[first]) == (rows.user[second], rows.timestamp[second]):
                pair = (int(rows.item[first]), int(rows.item[second]))
                found.setdefault(frozenset(pair), []).append(pair)
    cases = [(a, b) for pairs in found.values() for number, a in enumerate(pairs) for b in pairs[:number]]
    return len(cases), sum(a == b for a, b in cases)


@pytest.mark.parametrize(
    ("arrange", "shared"),
    [
        (lambda items, _: np.sort(items), True),
        (lambda items, rng: np.sort(items)[:: rng.choice([-1, 1])], True),  # either way, but neighbours are the same
        (lambda items, rng: rng.permutation(items), False),
    ],
    ids=["sorted", "either way", "random"],
)
def test_an_order_that_users_share_is_found(arrange: Any, shared: bool) -> None:
    data = baskets(arrange)
    found = equal_times(data, "mine")
    assert (found.compared, found.agreeing) == by_loops(data)
    assert (found.dataset, found.tied, found.shared) == ("mine", len(data.interactions), shared)
    assert ("can learn the file's order" in found.sentence()) is shared


def test_without_times_or_ties_there_is_nothing_to_say() -> None:
    assert equal_times(baskets(lambda items, _: items, times=False)).sentence() == ""
    ordered = equal_times(baskets(lambda items, _: items, times=False, ordered=True))
    assert "ties among them cannot be seen" in ordered.sentence()
    assert EqualTimes("none", 5, told="times").sentence() == ""
    assert not EqualTimes("few", 5, 2, 1, 1, 1, "times").shared
