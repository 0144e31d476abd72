from collections.abc import Callable

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Dataset, Queries, Ragged
from benchsuite_classic.als import ALS
from benchsuite_testing import last_events

PLAIN = {"factors": 6, "regularization": 2.0, "alpha": 3.0, "iterations": 20}


def test_fold_in_is_the_weighted_ridge_regression(small: Dataset, ask: Callable[..., Queries]) -> None:
    """Equation 4 of Hu, Koren and Volinsky: x = (Y'CY + reg I)^-1 Y'Cp."""
    model = ALS(**PLAIN).fit(small, Context(seed=1))
    items = model.item_factors.astype(np.float64)
    shown = [int(code) for code in small.interactions.item[:6]]
    taken = np.zeros(len(items))
    taken[shown] = 1
    confidence = np.where(taken > 0, 3.0, 1.0)
    normal = items.T @ (confidence[:, None] * items) + 2.0 * np.eye(6)
    wanted = np.linalg.solve(normal, items.T @ (confidence * taken))
    np.testing.assert_allclose(model.fold_in(ask([(0, shown)]))[0], wanted, atol=1e-4)
    warm = model._warm
    scores = model.score(ask([(0, shown)]), None)[0]
    np.testing.assert_allclose(scores[warm], items[warm] @ wanted, atol=1e-4)
    assert np.isnan(scores[~warm]).all()


def test_factors_are_near_the_minimum(small: Dataset, ask: Callable[..., Queries]) -> None:
    """After enough rounds, solving once more for the users changes little."""
    model = ALS(**{**PLAIN, "iterations": 200}).fit(small, Context(seed=1))
    taken = small.matrix()
    users = np.flatnonzero(np.diff(taken.indptr))
    asked = ask([(int(user), taken[user].indices.tolist()) for user in users])
    again = model.fold_in(asked) @ model.item_factors.T
    np.testing.assert_allclose(again, model.user_factors[users] @ model.item_factors.T, atol=0.02)


def test_histories_without_a_known_item_get_no_score(small: Dataset, ask: Callable[..., Queries]) -> None:
    model = ALS(**PLAIN).fit(small, Context())
    cold = int(np.flatnonzero(~model._warm)[0])
    queries = ask([(0, []), (0, [cold]), (0, [int(small.interactions.item[0])])])
    scores = model.score(queries, None)
    assert np.isnan(scores[:2]).all()
    assert np.isfinite(scores[2, model._warm]).all()
    top = model.recommend(queries, None, 3, Ragged.empty(3))
    assert (top.item[:2] == -1).all()
    assert (top.item[2] >= 0).all()


def test_other_factors_for_the_history_only(small: Dataset, ask: Callable[..., Queries]) -> None:
    model = ALS(**PLAIN).fit(small, Context())
    known, cold = int(small.interactions.item[0]), int(np.flatnonzero(~model._warm)[0])
    factors = model.item_factors.copy()
    factors[cold] = factors[known]
    before = model.fold_in(ask([(0, [known])]))
    np.testing.assert_allclose(model.fold_in(ask([(0, [cold])]), factors), before, atol=1e-6)
    np.testing.assert_array_equal(model.fold_in(ask([(0, [known])])), before)


@pytest.mark.parametrize("k", [1, 3, 10, 100])
def test_ties_go_to_the_smaller_code(small: Dataset, k: int) -> None:
    """At the edge of the list as well as inside. One factor: a product of two numbers is the same in every column."""
    fold = last_events(small)
    model = ALS(factors=1).fit(fold.train, Context())
    warm = np.flatnonzero(model._warm)
    model.item_factors[warm] = np.resize([0.5, 0.25, 0.25], len(warm))[:, None]
    top = model.recommend(fold.queries, None, k, fold.blocked)
    scores = model.score(fold.queries, None).copy()
    assert top.item.shape == (len(fold.queries), k)
    for row in range(len(fold.queries)):
        scores[row, fold.blocked[row]] = np.nan
        order = np.lexsort((np.arange(scores.shape[1]), -scores[row]))
        wanted = order[: np.count_nonzero(~np.isnan(scores[row]))][:k]
        np.testing.assert_array_equal(top.item[row, : len(wanted)], wanted)
        np.testing.assert_array_equal(top.score[row, : len(wanted)], scores[row, wanted])
        assert (top.item[row, len(wanted) :] == -1).all()


def test_threads_change_nothing(small: Dataset) -> None:
    fold = last_events(small)
    one = ALS(**PLAIN).fit(fold.train, Context(seed=5, threads=1)).score(fold.queries, None)
    two = ALS(**PLAIN).fit(fold.train, Context(seed=5, threads=2)).score(fold.queries, None)
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_progress_is_told(small: Dataset) -> None:
    told: list[tuple[int, int, str]] = []
    ALS(**PLAIN).fit(small, Context(report=lambda *step: told.append(step)))
    assert [done for done, _, _ in told] == list(range(1, 21))
    assert {total for _, total, _ in told} == {20}
