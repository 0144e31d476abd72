import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import random_array

from benchsuite.api import Context
from benchsuite.data import Dataset, Float32, Queries
from benchsuite.errors import DataError
from benchsuite_classic import support
from benchsuite_classic.ease import EASE, gram, invert, invert_in_blocks


def closed_form(taken: NDArray[np.float64], regularization: float) -> NDArray[np.float64]:
    """Equation 8 of the paper, as it stands there."""
    precision = np.linalg.inv(taken.T @ taken + regularization * np.eye(taken.shape[1]))
    weights = -precision / np.diag(precision)[None, :]
    np.fill_diagonal(weights, 0.0)
    return weights


def test_scores_are_the_closed_form(small: Dataset, ask: Callable[..., Queries]) -> None:
    taken = small.matrix().toarray().astype(np.float64)
    model = EASE(regularization=7.0).fit(small, Context())
    queries = ask([(0, list(np.flatnonzero(taken[row]))) for row in range(len(taken)) if taken[row].any()])
    wanted = taken[taken.any(axis=1)] @ closed_form(taken, 7.0)
    warm = taken.any(axis=0)
    scores = model.score(queries, None)
    np.testing.assert_allclose(scores[:, warm], wanted[:, warm], atol=2e-6)
    assert np.isnan(scores[:, ~warm]).all()
    assert (~warm).any()


def test_each_item_is_the_ridge_regression_on_the_others(small: Dataset) -> None:
    """What the closed form stands for: column j solves a ridge regression of item j on all other items."""
    taken = small.matrix().toarray().astype(np.float64)
    item = int(np.argmax(taken.sum(axis=0)))
    others = np.delete(np.arange(taken.shape[1]), item)
    inputs = taken[:, others]
    solved = np.linalg.solve(inputs.T @ inputs + 3.0 * np.eye(len(others)), inputs.T @ taken[:, item])
    weights = EASE(regularization=3.0).fit(small, Context())._weights
    np.testing.assert_allclose(weights[others, item], solved, atol=1e-5)
    assert weights[item, item] == 0


def test_queries_without_a_known_item_get_no_score(small: Dataset, ask: Callable[..., Queries]) -> None:
    cold = int(np.flatnonzero(small.matrix().sum(axis=0) == 0)[0])
    warm = int(small.interactions.item[0])
    scores = EASE().fit(small, Context()).score(ask([(0, []), (0, [cold]), (0, [cold, warm])]), None)
    assert np.isnan(scores[:2]).all()
    assert not np.isnan(scores[2]).all()


@pytest.mark.parametrize("size", [1, 7, 511, 513, 1100])
def test_inverse_is_symmetric_and_right(size: int) -> None:
    root = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32) / np.sqrt(np.float32(size))
    matrix = root @ root.T + 2 * np.eye(size, dtype=np.float32)
    inverse = matrix.copy()
    invert(inverse)
    np.testing.assert_array_equal(inverse, inverse.T)
    np.testing.assert_allclose(inverse @ matrix, np.eye(size), atol=1e-4)


@pytest.mark.parametrize(("size", "step"), [(1, 4), (7, 3), (64, 64), (300, 128), (1100, 512)])
def test_an_inverse_in_blocks_is_that_of_the_whole(size: int, step: int) -> None:
    root = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32) / np.sqrt(np.float32(size))
    matrix = root @ root.T + np.eye(size, dtype=np.float32) / 50
    exact = np.linalg.inv(matrix.astype(np.float64))
    by_blocks, whole = matrix.copy(), matrix.copy()
    invert_in_blocks(by_blocks, step)
    invert(whole)
    np.testing.assert_array_equal(by_blocks, by_blocks.T)
    errors = [np.abs(one - exact).max() / np.abs(exact).max() for one in (by_blocks, whole)]
    assert errors[0] < 1e-4
    assert errors[0] < 10 * errors[1] + 1e-6


def test_what_is_too_large_for_lapack_goes_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr("benchsuite_classic.ease.LARGEST_FOR_LAPACK", 10)
    monkeypatch.setattr("benchsuite_classic.ease.invert_in_blocks", lambda matrix: seen.append(len(matrix)))
    invert(np.eye(10, dtype=np.float32))
    invert(np.eye(11, dtype=np.float32))
    assert seen == [11]


@pytest.mark.parametrize("way", [invert, invert_in_blocks])
def test_matrix_without_inverse_is_one_line(way: Callable[[Float32], None]) -> None:
    with pytest.raises(DataError, match="raise the regularization"):
        way(-np.eye(4, dtype=np.float32))


def test_memory_is_about_one_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "BLOCK_BYTES", 2**20)
    items = 1500
    matrix = random_array((400, items), density=0.02, rng=np.random.default_rng(0), dtype=np.float32, format="csr")
    one = items * items * 4
    tracemalloc.start()
    weights = gram(matrix)
    np.einsum("ii->i", weights)[:] += np.float32(1000)
    invert(weights)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * one
    dense = matrix.toarray().astype(np.float64)
    wanted = np.linalg.inv(dense.T @ dense + 1000 * np.eye(items))
    np.testing.assert_allclose(weights, wanted, atol=1e-8)
