"""Leaks to plant: each function spoils a fold, a data set or a cut, and goes by its name with blanks."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from benchsuite.api import DataLocations, Split
from benchsuite.data import Dataset, Entities, Fold, GroundTruth, Interactions, Ragged
from benchsuite.registry import load_source

SEED = 3
_GARDEN: dict[str, Callable[..., Any]] = {}


def plant(function: Callable[..., Any]) -> Callable[..., Any]:
    _GARDEN[function.__name__.replace("_", " ")] = function
    return function


@pytest.fixture(scope="session")
def shop() -> Dataset:
    """A small simulated shop."""
    return load_source("demo").from_settings({"users": 120, "items": 90, "events_per_user": 20}).load(DataLocations())


@pytest.fixture(scope="session")
def spoil() -> Callable[[str, Split, Dataset], tuple[list[Fold], Dataset]]:
    """Return folds of a data set with a leak in the first one, in the data or in the cut, and the data that was cut."""

    def spoiled(leak: str, split: Split, whole: Dataset) -> tuple[list[Fold], Dataset]:
        name, _, part = leak.partition(", ")
        change = _GARDEN[name]
        wants = tuple(inspect.signature(change).parameters)
        if wants == ("folds", "other"):
            return list(change(list(split.split(whole, SEED)), next(split.split(whole, SEED + 1)))), whole
        if wants == ("whole",):
            whole = change(whole)
        folds = list(split.split(whole, SEED))
        if wants[0] == "fold":
            more = (whole,) if len(wants) > 1 else ()
            if part == "inside":
                folds[0] = inside(folds[0], lambda inner: change(inner, *more))
            else:
                folds[0] = change(folds[0], *more)
        return folds, whole

    return spoiled


@pytest.fixture(scope="session")
def profiled() -> Callable[[Fold, Dataset], Fold]:
    """Texts as they should be, see :func:`profiles`."""
    return profiles


# Pieces of plants


def train(fold: Fold, rows: Interactions) -> Fold:
    return dataclasses.replace(fold, train=dataclasses.replace(fold.train, interactions=rows))


def truth(fold: Fold, given: GroundTruth) -> Fold:
    return dataclasses.replace(fold, truth=given)


def tables(fold: Fold, **named: Entities) -> Fold:
    return dataclasses.replace(fold, train=dataclasses.replace(fold.train, **named))


def inside(fold: Fold, change: Callable[[Fold], Fold]) -> Fold:
    assert fold.validation is not None
    return dataclasses.replace(fold, validation=change(fold.validation))


def join(first: Interactions, second: Interactions) -> Interactions:
    pairs = zip(first.columns.items(), second.columns.values(), strict=True)
    columns: dict[str, Any] = {n: None if a is None or b is None else np.concatenate([a, b]) for (n, a), b in pairs}
    return Interactions(behaviours=first.behaviours, **columns)


def held(fold: Fold, whole: Dataset, query: int | None = None) -> Interactions:
    """The rows of the data that are held out in a fold, or that one query is asked about, as they are there."""
    rows, items = whole.interactions, len(whole.items)
    asked = slice(None) if query is None else fold.truth.rows == query
    pairs = fold.queries.user[fold.truth.rows[asked]] * np.int64(items) + fold.truth.item[asked]
    return rows.take(np.isin(rows.user * np.int64(items) + rows.item, pairs))


def asking(given: GroundTruth, order: Any) -> GroundTruth:
    """The truth's rows in this order, which keeps each query's rows together."""
    counts = np.bincount(given.rows[order], minlength=len(given))
    columns = {name: getattr(given, name)[order] for name in ("item", "value", "label", "timestamp")}
    return GroundTruth(np.concatenate([[0], np.cumsum(counts)]), **columns)


def free(fold: Fold, query: int) -> np.ndarray:
    return np.setdiff1d(np.arange(len(fold.train.items)), [*fold.truth.items[query], *fold.blocked[query]])


def show(fold: Fold, query: int, rows: Interactions) -> Fold:
    """Put rows at the end of one query's history, and block them."""
    queries = fold.queries
    at, total = int(queries.start[query + 1]), len(queries.history)
    order = np.concatenate([np.arange(at), total + np.arange(len(rows)), np.arange(at, total)])
    start = queries.start + np.where(np.arange(len(queries.start)) > query, len(rows), 0)
    history = join(queries.history, rows).take(order)
    shown = dataclasses.replace(fold, queries=dataclasses.replace(queries, start=start, history=history))
    return block(shown, query, rows.item)


def block(fold: Fold, query: int, items: np.ndarray) -> Fold:
    row = np.concatenate([fold.blocked.rows, np.full(len(items), query)])
    item = np.concatenate([fold.blocked.item, items])
    return dataclasses.replace(fold, blocked=Ragged.from_pairs(row, item, len(fold.blocked)))


def names(codes: np.ndarray, other: np.ndarray, said: tuple[str, ...], size: int) -> tuple[str, ...]:
    """Return one text per entity that names what stands beside it."""
    lists: list[list[str]] = [[] for _ in range(size)]
    for code, one in zip(codes.tolist(), other.tolist(), strict=True):
        lists[code].append(said[one])
    return tuple(", ".join(parts) for parts in lists)


def likes(whole: Dataset, rows: Interactions) -> tuple[str, ...]:
    return names(rows.user, rows.item, whole.items.columns["title"], len(whole.users))


def column(table: Entities, values: tuple[str, ...], **more: Any) -> Entities:
    return dataclasses.replace(table, columns={**table.columns, "new": values}, **more)


# Plants in a fold

_GARDEN |= {
    "row in training": lambda fold, whole: train(fold, join(fold.train.interactions, held(fold, whole).take([5]))),
    "training rows repeated": lambda fold: train(
        fold, join(fold.train.interactions, fold.train.interactions.take([0, 0, 7]))
    ),
    # One event of a new user's short history is a training row too.
    "cold user in training": lambda fold: train(fold, join(fold.train.interactions, fold.queries.history.take([0]))),
    "open history": lambda fold: dataclasses.replace(fold, blocked=Ragged.empty(len(fold.queries))),
    "blocked answer": lambda fold: block(fold, 2, fold.truth.items[2][:1]),
    "asked twice": lambda fold: truth(fold, asking(fold.truth, np.r_[0, np.arange(len(fold.truth.item))])),
    "answers changed": lambda fold: truth(fold, dataclasses.replace(fold.truth, value=fold.truth.value + 1)),
    "history made up": lambda fold: show(
        fold, 0, dataclasses.replace(fold.queries.history.take([-1]), item=free(fold, 0)[:1])
    ),
    "all but the answer blocked": lambda fold: block(fold, 2, free(fold, 2)),
    "validation asks the test": lambda fold: inside(fold, lambda _: dataclasses.replace(fold, validation=None)),
    "validation row in inner training": lambda fold: inside(fold, lambda inner: train(inner, fold.train.interactions)),
}


@plant
def pair_in_training_at_another_time(fold: Fold, whole: Dataset) -> Fold:
    row = held(fold, whole).take([5])
    changed = dataclasses.replace(row, timestamp=row.timestamp - 1000, value=[4.0])
    return train(fold, join(fold.train.interactions, changed))


@plant
def answer_in_history(fold: Fold, whole: Dataset) -> Fold:
    return show(fold, 0, held(fold, whole, 0).take([0]))


@plant
def answer_in_the_history_of_another_query(fold: Fold, whole: Dataset) -> Fold:
    """The user asks four times; one of the four shows what only it no longer asks."""
    twin = int(np.flatnonzero(fold.queries.user == fold.queries.user[0])[-1])
    row = held(fold, whole, 0).take([0])
    keep = (fold.truth.rows != twin) | (fold.truth.item != row.item[0])
    assert twin > 0
    assert (~keep).sum() == 1
    return show(truth(fold, asking(fold.truth, np.flatnonzero(keep))), twin, row)


@plant
def answer_no_candidate(fold: Fold) -> Fold:
    assert fold.candidates is not None
    return dataclasses.replace(fold, candidates=fold.candidates[fold.candidates != fold.truth.item[0]])


@plant
def future_in_training(fold: Fold, whole: Dataset) -> Fold:
    """A row of the test window, of a user who is not asked about it."""
    other = np.setdiff1d(np.arange(len(whole.users)), fold.queries.user)[:1]
    row = dataclasses.replace(held(fold, whole).take([-1]), user=other)
    return train(fold, join(fold.train.interactions, row))


@plant
def history_after_the_answer(fold: Fold) -> Fold:
    """One event that a query shows moves to after what it is asked."""
    queries = fold.queries
    times = np.array(queries.history.timestamp)
    times[0] = times.max() + 10**7
    history = dataclasses.replace(queries.history, timestamp=times)
    return dataclasses.replace(fold, queries=dataclasses.replace(queries, history=history))


@plant
def cold_item_in_training(fold: Fold) -> Fold:
    """Somebody who is not asked about the new item has taken it."""
    assert fold.candidates is not None
    item = fold.candidates[0]
    buyers = fold.queries.user[fold.truth.rows[fold.truth.item == item]]
    user = np.setdiff1d(np.arange(len(fold.train.users)), buyers)[:1]
    row = dataclasses.replace(fold.train.interactions.take([0]), user=user, item=[item])
    return train(fold, join(fold.train.interactions, row))


@plant
def cold_item_in_a_history(fold: Fold) -> Fold:
    assert fold.candidates is not None
    item = np.setdiff1d(fold.candidates, fold.truth.items[0])[:1]
    return show(fold, 0, dataclasses.replace(fold.queries.history.take([0]), user=fold.queries.user[:1], item=item))


@plant
def row_of_the_test_in_the_inner_training_part(fold: Fold, whole: Dataset) -> Fold:
    row = held(fold, whole).take([0])
    return inside(fold, lambda inner: train(inner, join(inner.train.interactions, row)))


@plant
def row_of_the_test_in_a_validation_history(fold: Fold, whole: Dataset) -> Fold:
    assert fold.validation is not None
    rows, users = held(fold, whole), fold.validation.queries.user
    query = next(q for q, user in enumerate(users) if (rows.user == user).any())
    row = rows.take(np.flatnonzero(rows.user == users[query])[:1])
    return inside(fold, lambda inner: show(inner, query, row))


@plant
def values_centred_with_the_test(fold: Fold, whole: Dataset) -> Fold:
    rows, own = whole.interactions, fold.train.interactions
    mean = np.bincount(rows.user, rows.value, len(whole.users)) / np.bincount(rows.user, minlength=len(whole.users))
    return train(fold, dataclasses.replace(own, value=own.value - mean[own.user]))


@plant
def texts_changed_by_the_split(fold: Fold, whole: Dataset) -> Fold:
    titles = tuple(f"{title}!" for title in whole.items.columns["title"])
    table = dataclasses.replace(whole.items, columns={**whole.items.columns, "title": titles})
    return tables(fold, items=table)


def profiles(fold: Fold, whole: Dataset) -> Fold:
    """Texts as they should be: built in the split from the training rows of the fold, and declared."""
    rows = fold.train.interactions
    right = tables(fold, users=column(whole.users, likes(whole, rows), derived={"new": rows.digest}))
    return right if fold.validation is None else inside(right, lambda inner: profiles(inner, whole))


@plant
def inner_profiles_of_the_outer_rows(fold: Fold, whole: Dataset) -> Fold:
    right = profiles(fold, whole)
    return inside(right, lambda inner: tables(inner, users=right.train.users))


# Plants in the data

_GARDEN["undeclared profiles"] = lambda whole: dataclasses.replace(
    whole, users=column(whole.users, likes(whole, whole.interactions))
)


@plant
def declared_profiles(whole: Dataset) -> Dataset:
    rows = whole.interactions
    return dataclasses.replace(whole, users=column(whole.users, likes(whole, rows), derived={"new": rows.digest}))


@plant
def last_item_by_id(whole: Dataset) -> Dataset:
    order = np.argsort(whole.interactions.timestamp, kind="stable")  # type: ignore[arg-type]  # the shop has times
    last = dict(zip(whole.interactions.user[order].tolist(), whole.interactions.item[order].tolist(), strict=True))
    said = tuple(f"Came for {whole.items.ids[last[user]].upper()}." for user in range(len(whole.users)))
    return dataclasses.replace(whole, users=dataclasses.replace(whole.users, text=said))


@plant
def items_name_their_buyers(whole: Dataset) -> Dataset:
    rows = whole.interactions
    said = names(rows.item, rows.user, whole.users.ids, len(whole.items))
    return dataclasses.replace(whole, items=column(whole.items, tuple(f"bought by {who}" for who in said)))


@plant
def items_tell_their_buyers(whole: Dataset) -> Dataset:
    count = np.bincount(whole.interactions.item)
    said = tuple(f"{text} {many} people have it." for text, many in zip(whole.items.text or (), count, strict=True))
    return dataclasses.replace(whole, items=dataclasses.replace(whole.items, text=said))


@plant
def items_tell_their_mean(whole: Dataset) -> Dataset:
    mean = np.bincount(whole.interactions.item, whole.interactions.value) / np.bincount(whole.interactions.item)
    return dataclasses.replace(whole, items=column(whole.items, tuple(f"{value:.2f} stars" for value in mean)))


@plant
def popularity_as_a_feature(whole: Dataset) -> Dataset:
    count = np.log1p(np.bincount(whole.interactions.item))
    features = np.column_stack([np.ones(len(count)), 3 * count - 1])
    table = dataclasses.replace(whole.items, features=features, feature_names=("one", "fame"))
    return dataclasses.replace(whole, items=table)


# Plants in the cut; ``other`` is the first fold by another seed


@plant
def overlapping_folds(folds: list[Fold], other: Fold) -> Iterator[Fold]:
    yield from folds[:-1]
    yield dataclasses.replace(other, name=folds[-1].name)


@plant
def lost_fold(folds: list[Fold], other: Fold) -> list[Fold]:
    assert other.name == folds[0].name
    return folds[:-1]


@plant
def rows_never_asked(folds: list[Fold], other: Fold) -> Iterator[Fold]:
    """Truths lose a row that no training part has either."""
    assert other.name == folds[0].name
    for fold in folds:
        yield truth(fold, asking(fold.truth, np.arange(len(fold.truth.item) - 1)))


@plant
def folds_of_one_name(folds: list[Fold], other: Fold) -> Iterator[Fold]:
    for fold in folds:
        yield dataclasses.replace(fold, name=other.name)


@plant
def no_fold(folds: list[Fold], other: Fold) -> list[Fold]:
    return [fold for fold in folds if fold is other]
