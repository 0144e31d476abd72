"""P3alpha, RP3beta, EDLAE and sequential kNN against the same thing as dense formulas and loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchsuite.api import Context, Requirement
from benchsuite.data import Dataset, Float64, Queries
from benchsuite.plan.cells import unmet
from benchsuite_classic.ease import EASE, EDLAE
from benchsuite_classic.graph_walks import P3Alpha, RP3Beta
from benchsuite_classic.item_knn import ItemKNN
from benchsuite_classic.sequential_knn import SequentialKNN
from benchsuite_testing import last_events, small_dataset


def walks(taken: Float64, alpha: float, beta: float) -> Float64:
    """Three steps from each user: every transition matrix by entries to the power, the candidate over its users."""
    to_item = np.divide(taken, taken.sum(axis=1)[:, None], out=np.zeros_like(taken), where=taken > 0) ** alpha * taken
    to_user = np.divide(taken.T, taken.sum(axis=0)[:, None], out=np.zeros_like(taken.T), where=taken.T > 0)
    back_and_forth = (to_user**alpha * taken.T) @ to_item
    np.fill_diagonal(back_and_forth, 0)  # an item is not its own neighbour
    return to_item @ back_and_forth / np.maximum(taken.sum(axis=0), 1) ** beta


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.5, 0.0), (1.7, 0.6), (0.8, 1.0)])
def test_walks_by_transition_matrices(small: Dataset, ask: Callable[..., Queries], alpha: float, beta: float) -> None:
    taken = small.matrix().toarray().astype(np.float64)
    users, warm = np.flatnonzero(taken.any(axis=1)), taken.any(axis=0)
    everything = len(small.items)
    model = RP3Beta(everything, alpha, beta=beta) if beta else P3Alpha(everything, alpha)
    scores = model.fit(small, Context()).score(ask([(u, list(np.flatnonzero(taken[u]))) for u in users]), None)
    wanted = walks(taken, alpha, beta)[users] * taken[users].sum(axis=1)[:, None] ** alpha  # the first step left out
    np.testing.assert_allclose(scores[:, warm], wanted[:, warm], rtol=1e-4)
    assert np.isnan(scores[:, ~warm]).all()


def test_walks_are_cut_to_neighbours_and_normalized(small: Dataset) -> None:
    model = RP3Beta(neighbours=3, normalize=True).fit(small, Context())
    assert (np.count_nonzero(model._similarity.toarray(), axis=0) <= 3).all()
    total = np.asarray(model._similarity.sum(axis=1)).ravel()
    np.testing.assert_allclose(total[total > 0], 1, rtol=1e-5)


def test_edlae_by_its_closed_form(small: Dataset) -> None:
    taken = small.matrix().toarray().astype(np.float64)
    squares = taken.T @ taken
    share = 0.4
    inverse = np.linalg.inv(squares + np.diag(7.0 + share / (1 - share) * np.diag(squares)))
    wanted = np.eye(len(squares)) - inverse / np.diag(inverse)
    np.testing.assert_allclose(EDLAE(7.0, share).fit(small, Context())._weights, wanted, atol=2e-6)
    np.testing.assert_array_equal(
        EDLAE(7.0, 0.0).fit(small, Context())._weights, EASE(7.0).fit(small, Context())._weights
    )


def sequences(train: Dataset) -> list[list[int]]:
    """Each user's items in time; the sample's rows of a user are in time."""
    rows = train.interactions
    assert rows.timestamp is not None
    order = np.argsort(rows.timestamp, kind="stable")
    return [rows.item[order][rows.user[order] == user].tolist() for user in range(len(train.users))]


def by_loops(train: Dataset, model: SequentialKNN) -> Float64:
    """float64[items, items]: how much the row, an item of a history, speaks for the column."""
    count = np.zeros((len(train.items),) * 2)
    for taken in sequences(train):
        weight = len(set(taken)) ** -model.user_exponent if taken else 0
        for first in set(taken):
            for second in set(taken):
                count[first, second] += weight
        for place, first in enumerate(taken):
            for further, second in enumerate(taken[place + 1 : place + 1 + model.window]):
                count[first, second] += weight * model.order_weight * model.distance_decay**further
    np.fill_diagonal(count, 0)
    users = np.maximum(train.matrix().toarray().sum(axis=0), 1)
    return count / (users[:, None] ** model.alpha * users[None, :] ** model.beta + model.shrinkage)


@pytest.mark.parametrize(
    "settings",
    [{}, {"window": 1, "order_weight": 9.0, "user_exponent": 0.0}, {"history_decay": 0.5, "shrinkage": 3.0}],
    ids=str,
)
def test_sequential_knn_by_loops(settings: dict[str, Any]) -> None:
    train = small_dataset()
    fold = last_events(train)
    model = SequentialKNN(neighbours=len(train.items), **settings).fit(fold.train, Context())
    similarity = by_loops(fold.train, model)
    warm = fold.train.matrix().toarray().any(axis=0)
    scores = model.score(fold.queries, None)
    for query in range(len(fold.queries)):
        history = fold.queries.items[query].tolist()
        if not warm[history].any():
            assert np.isnan(scores[query]).all()
            continue
        newest = {item: len(history) - 1 - place for place, item in enumerate(history)}
        wanted = sum(model.history_decay**back * similarity[item] for item, back in newest.items())
        np.testing.assert_allclose(scores[query, warm], wanted[warm], rtol=1e-4)
        assert np.isnan(scores[query, ~warm]).all()


def test_sequential_knn_knows_what_comes_next(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    """Everybody takes 0, 1, 2, 3 in this order: from 1 it goes on to 2, and the newest item speaks loudest."""
    rows = [(user, item, 1.0) for user in range(4) for item in range(4)]
    train = dataset(rows, users=5, items=5, ordered=True)
    model = SequentialKNN().fit(train, Context())
    after_one, backwards, long = model.score(ask([(4, [1]), (4, [2, 1]), (4, [0] * 900 + [1])]), None)
    assert np.nanargmax(after_one) == 2
    assert after_one[2] > after_one[3] > after_one[0]
    assert np.isnan(after_one[4])
    assert backwards[3] > backwards[0]
    assert np.isfinite(long[:4]).all()
    assert ItemKNN().fit(train, Context()).score(ask([(4, [1])]), None)[0, 0] == pytest.approx(
        ItemKNN().fit(train, Context()).score(ask([(4, [1])]), None)[0, 2]
    )


def test_sequential_knn_is_not_applicable_without_order(dataset: Callable[..., Dataset]) -> None:
    data = dataset([(0, 0, 1.0), (0, 1, 1.0)], users=1, items=2)
    assert unmet(SequentialKNN.needs, data) == f"needs {Requirement.ORDER}"
    ordered = dataset([(0, 0, 1.0), (0, 1, 1.0)], users=1, items=2, ordered=True)
    assert not unmet(SequentialKNN.needs, ordered)
