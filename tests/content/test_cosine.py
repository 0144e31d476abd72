from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from benchsuite.data import Dataset, Entities, Interactions, Queries
from benchsuite_classic.support import warm_items
from benchsuite_content.cosine import Cosine

ITEMS, WIDTH = 9, 5
COLD, EMPTY = 7, 3  # an item without rows, an item without text


def rows(user: list[int], item: list[int]) -> Interactions:
    ones = np.ones(len(user), np.float32)
    return Interactions(np.array(user), np.array(item), ones, None, None, np.zeros(len(user)), ("take",))


@pytest.fixture
def train() -> Dataset:
    taken = [code for code in range(ITEMS) if code != COLD]
    users, items = (Entities(ids=tuple(map(str, range(count)))) for count in (4, ITEMS))
    return Dataset("tiny", rows([0] * len(taken), taken), users, items)


@pytest.fixture
def vectors() -> np.ndarray:
    drawn = np.abs(np.random.default_rng(5).normal(size=(ITEMS, WIDTH))).astype(np.float32)
    drawn[drawn < 0.3] = 0
    drawn[EMPTY] = 0
    length = np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn / np.where(length > 0, length, 1)


@pytest.fixture
def queries() -> Queries:
    history = [[0], [1, 2, COLD], [4, EMPTY, 5, 6], [EMPTY], []]
    owner = np.repeat(np.arange(len(history)), [len(shown) for shown in history])
    return Queries.from_rows(
        np.arange(len(history)) % 4, owner, rows([0] * 9, [code for shown in history for code in shown])
    )


def by_definition(vectors: np.ndarray, queries: Queries, *, center: bool) -> np.ndarray:
    written = vectors.any(axis=1)
    moved = vectors.astype(np.float64)
    if center:
        moved = moved - moved[written & (np.arange(ITEMS) != COLD)].mean(axis=0)
    moved = moved / np.linalg.norm(np.where(written[:, None], moved, 1), axis=1, keepdims=True)
    scores = np.full((len(queries), ITEMS), np.nan)
    for row in range(len(queries)):
        shown = [code for code in queries.items[row] if written[code]]
        if shown:
            mean = moved[shown].mean(axis=0)
            scores[row] = moved @ mean / np.linalg.norm(mean)
    scores[:, ~written] = np.nan
    return scores


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
@pytest.mark.parametrize("center", [True, False])
def test_is_the_cosine_with_the_mean(
    vectors: np.ndarray, train: Dataset, queries: Queries, center: bool, kind: Callable[[np.ndarray], np.ndarray]
) -> None:
    cosine = Cosine(kind(vectors), warm_items(train), center=center, threads=1)
    wanted = by_definition(vectors, queries, center=center)
    scores = cosine.score(queries, None)
    assert scores.dtype == np.float32
    assert np.isnan(wanted[3:]).all()
    assert np.isnan(wanted[:, EMPTY]).all()
    np.testing.assert_allclose(scores, wanted, atol=1e-5)
    some = np.array([1, EMPTY, COLD], np.int32)
    np.testing.assert_allclose(cosine.score(queries, some), wanted[:, some], atol=1e-5)


def test_mean_that_points_nowhere_has_no_cosine(train: Dataset, queries: Queries) -> None:
    vectors = np.zeros((ITEMS, WIDTH), np.float32)
    vectors[[0, 1, 2, COLD], [0, 0, 0, 1]] = [1, 1, -1, 1]
    scores = Cosine(vectors, warm_items(train), center=False, threads=1).score(queries.slice(0, 2), None)
    np.testing.assert_allclose(scores[0, [0, 1, 2, COLD]], [1, 1, -1, 0], atol=1e-6)
    np.testing.assert_allclose(scores[1, [0, COLD]], [0, 1], atol=1e-6)
    vectors[COLD] = 0
    assert np.isnan(Cosine(vectors, warm_items(train), center=False, threads=1).score(queries.slice(1, 2), None)).all()


def test_texts_that_are_all_alike_say_nothing(train: Dataset, queries: Queries) -> None:
    """Less their center nothing is left of them but rounding."""
    vectors = np.tile(np.float32([0.6, 0.8, 0, 0, 0]), (ITEMS, 1))
    assert np.isnan(Cosine(vectors, warm_items(train), center=True, threads=1).score(queries, None)).all()
    scores = Cosine(vectors, warm_items(train), center=False, threads=1).score(queries, None)
    np.testing.assert_allclose(scores[:4], 1, atol=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_vectors_near_one_point_keep_their_precision(
    train: Dataset, kind: Callable[[np.ndarray], np.ndarray], queries: Queries
) -> None:
    """Less their center little is left of each."""
    near = np.random.default_rng(0).normal(0, 0.02, (ITEMS, WIDTH)) + np.array([1, 0, 0, 0, 0])
    near = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    wanted = by_definition(near, queries, center=True)
    scores = Cosine(kind(near), warm_items(train), center=True, threads=1).score(queries, None)
    np.testing.assert_allclose(scores, wanted, atol=1e-4)
