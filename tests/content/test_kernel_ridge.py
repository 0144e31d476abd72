"""Kernel regression on texts, and ALS with factors guessed by it."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Interactions
from benchsuite_classic.als import ALS
from benchsuite_content import als_kernel, kernel_ridge
from benchsuite_content.als_kernel import ALSKernel
from benchsuite_content.kernel_ridge import NewItemFactors, TextKernel
from benchsuite_content.vectors import tfidf_vectors
from benchsuite_protocol.splits.item_cold import ItemCold
from benchsuite_testing import last_events, parametrize, small_dataset


@pytest.fixture
def train() -> Dataset:
    """A training part with new items."""
    return next(ItemCold(items=0.25, validation_items=0.25).split(small_dataset(), 1)).train


@pytest.fixture
def rows(train: Dataset) -> np.ndarray:
    return np.asarray(train.matrix().sum(axis=0)).ravel()


@pytest.fixture
def texts(train: Dataset) -> dict:
    vectors = np.random.default_rng(0).normal(size=(len(train.items), 5)).astype(np.float32)
    return {"vectors": vectors, "words": tfidf_vectors(train, ngrams=1)}


@pytest.fixture
def als(train: Dataset) -> ALS:
    return ALS(factors=6).fit(train, Context())


def gauss(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return np.exp(-((one[:, None, :] - two[None, :, :]) ** 2).sum(axis=2))


def test_new_items_are_like_known_ones_with_texts_alike(als: ALS, rows: np.ndarray, texts: dict) -> None:
    known, new = rows > 0, rows == 0
    assert 0 < new.sum() < len(new)
    moved = texts["vectors"].astype(np.float64) - texts["vectors"][known].mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    words = texts["words"].toarray().astype(np.float64)
    among = gauss(moved[known], moved[known]) + 2 * words[known] @ words[known].T
    towards = gauss(moved[new], moved[known]) + 2 * words[new] @ words[known].T
    learnt = als.item_factors[known].astype(np.float64)
    middle = learnt.mean(axis=0)
    wanted = towards @ np.linalg.solve(among + 0.5 * np.eye(len(among)), learnt - middle) + middle
    news = NewItemFactors(als, rows, texts)
    found = news.factors(TextKernel({"vectors": 1.0, "words": 2.0}, 0.5))
    assert found[new] == pytest.approx(wanted, abs=1e-4)
    assert not found[known].any()
    some = np.flatnonzero(new)[:2].astype(np.int32)
    np.testing.assert_array_equal(news.factors(TextKernel({"vectors": 1.0, "words": 2.0}, 0.5), some), found[some])


def test_an_empty_text_gets_the_mean(als: ALS, rows: np.ndarray, texts: dict) -> None:
    known, new = rows > 0, np.flatnonzero(rows == 0)
    texts["vectors"][new[0]] = 0.0
    texts["vectors"][np.flatnonzero(known)[0]] = 0.0  # and teaches nothing
    found = NewItemFactors(als, rows, texts).factors(TextKernel({"vectors": 1.0}, 1.0))
    assert found[new[0]] == pytest.approx(als.item_factors[known].mean(axis=0), abs=1e-5)
    assert np.isfinite(found).all()


def test_of_many_items_those_with_most_rows_teach(
    als: ALS, rows: np.ndarray, texts: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_ridge, "MAX_TRAINING_ITEMS", 3)
    news = NewItemFactors(als, rows, texts)
    assert news.weights == 3 * 6
    training = np.sort(np.argsort(-rows, kind="stable")[:3])
    others = np.setdiff1d(np.flatnonzero(rows), training)
    before = news.factors(TextKernel({"vectors": 1.0}, 1.0))
    texts["vectors"][others] += 1.0
    np.testing.assert_array_equal(NewItemFactors(als, rows, texts).factors(TextKernel({"vectors": 1.0}, 1.0)), before)


def test_predictions_are_kept(als: ALS, train: Dataset, rows: np.ndarray, texts: dict, tmp_path: Path) -> None:
    blend = TextKernel({"words": 1.0}, 0.1)
    news = NewItemFactors(als, rows, texts)
    news.save(tmp_path, blend)
    loaded = NewItemFactors.load(tmp_path, train.items, blend, ALS(factors=6))
    queries = last_events(small_dataset()).queries
    np.testing.assert_array_equal(loaded.factors(blend), news.factors(blend))
    np.testing.assert_array_equal(loaded.users(queries), news.users(queries))
    assert loaded.weights == news.weights


@pytest.mark.slow
@parametrize("models", partial(ALSKernel, factors=4))
def test_als_kernel(check: Callable[[], None]) -> None:
    check()


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray], None]:
    """Have texts read as these vectors, without a language model."""

    def give(table: np.ndarray) -> None:
        monkeypatch.setattr(als_kernel, "lm_vectors", lambda *_: (table, {"name": "given", "parameters": 0}))

    return give


def test_known_items_keep_their_factors(train: Dataset, vectors: Callable, als: ALS, rows: np.ndarray) -> None:
    vectors(np.random.default_rng(0).normal(size=(len(train.items), 5)).astype(np.float32))
    queries = last_events(small_dataset()).queries
    model = ALSKernel(factors=6, ridge=2.0).fit(train, Context())
    known = rows > 0
    assert model.facts()["kernel"] == {"ridge": 2.0, "frozen": 1.0}
    shows_new = np.asarray(queries.matrix(len(known))[:, ~known].sum(axis=1)).ravel() > 0
    wanted, found = als.score(queries, None), model.score(queries, None)
    plain = ~shows_new & ~np.isnan(wanted).all(axis=1)
    assert found[np.ix_(plain, known)] == pytest.approx(wanted[np.ix_(plain, known)], abs=1e-5)
    assert not np.isnan(found[plain]).any()


def test_what_suits_validation_much_better_is_taken(vectors: Callable) -> None:
    # Vectors that say nothing, and words that say everything: the genre is the first word of each text.
    fold = next(ItemCold(items=0.25, validation_items=0.25).split(genres(), 1))
    vectors(np.random.default_rng(0).normal(size=(len(fold.train.items), 5)).astype(np.float32))
    model = ALSKernel(factors=6).fit(fold.train, Context(validation=fold.validation))
    assert model.facts()["kernel"]["words"] > 0
    given = ALSKernel(factors=6, ridge=1.0, words=0.0).fit(fold.train, Context(validation=fold.validation))
    assert given.facts()["kernel"] == {"ridge": 1.0, "frozen": 1.0}


def test_what_is_hardly_better_is_not_taken(vectors: Callable) -> None:
    world = genres()
    silent = dataclasses.replace(world.items, text=tuple(f"thing{item}" for item in range(len(world.items))))
    fold = next(ItemCold(items=0.25, validation_items=0.25).split(dataclasses.replace(world, items=silent), 1))
    vectors(np.random.default_rng(0).normal(size=(len(fold.train.items), 5)).astype(np.float32))
    model = ALSKernel(factors=6).fit(fold.train, Context(validation=fold.validation))
    assert model.facts()["kernel"] == {"ridge": 3.0, "frozen": 1.0}


def genres() -> Dataset:
    """80 users who each take items of one of four genres, and 60 items that name theirs."""
    draw = np.random.default_rng(3)
    user, item = np.nonzero(draw.random((80, 60)) < 0.6)
    user, item = (part[user % 4 == item % 4].astype(np.int32) for part in (user, item))
    count = len(user)
    rows = Interactions(user, item, np.ones(count, np.float32), None, None, np.zeros(count, np.int8), ("take",))
    texts = tuple(f"genre{number % 4} n{number}" for number in range(60))
    users = Entities(tuple(f"u{number}" for number in range(80)))
    return Dataset("genres", rows, users, Entities(tuple(f"i{number}" for number in range(60)), text=texts))
