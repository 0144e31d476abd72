"""User kNN and item kNN against the same thing written as loops."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, Queries, Ragged
from benchsuite_classic import support
from benchsuite_classic.ease import EASE
from benchsuite_classic.item_knn import ItemKNN
from benchsuite_classic.user_knn import UserKNN
from benchsuite_testing import last_events


def by_loops(train: Dataset, user: int, shown: list[int], model: UserKNN) -> np.ndarray:
    """Scores of one query by the definition of cosine user kNN."""
    sets = [set(np.flatnonzero(row)) for row in train.matrix().toarray()]
    near = {}
    for other, taken in enumerate(sets):
        common = len(taken & set(shown))
        if other != user and common:
            near[other] = common / (np.sqrt(len(taken) * len(set(shown))) + model.shrinkage)
    last = sorted(near.values(), reverse=True)[: model.neighbours]
    weights = {other: value**model.amplification for other, value in near.items() if value >= last[-1] - 1e-7}
    total = sum(weights.values())
    takers = [[weight for other, weight in weights.items() if item in sets[other]] for item in range(len(train.items))]
    return np.array([sum(found) / total for found in takers])


@pytest.mark.parametrize("neighbours", [1, 5, 500])
@pytest.mark.parametrize(("shrinkage", "amplification"), [(0.0, 1.0), (5.0, 2.5)])
def test_user_knn_by_definition(
    small: Dataset, ask: Callable[..., Queries], neighbours: int, shrinkage: float, amplification: float
) -> None:
    model = UserKNN(neighbours=neighbours, shrinkage=shrinkage, amplification=amplification).fit(small, Context())
    taken = small.matrix().toarray()
    warm = taken.any(axis=0)
    cold_user = int(np.flatnonzero(~taken.any(axis=1))[0])
    asked = [(user, list(np.flatnonzero(taken[user]))) for user in np.flatnonzero(taken.any(axis=1))[:8]]
    asked += [
        (cold_user, [int(small.interactions.item[0])]),
        (cold_user, [int(code) for code in small.interactions.item[:3]]),
    ]
    scores = model.score(ask(asked), None)
    for row, (user, shown) in enumerate(asked):
        wanted = by_loops(small, user, shown, model)
        np.testing.assert_allclose(scores[row, warm], wanted[warm], atol=1e-5)
        assert np.isnan(scores[row, ~warm]).all()


def test_user_knn_never_asks_the_user_themselves(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    train = dataset([(0, 0, 1), (0, 1, 1), (0, 3, 1), (1, 0, 1), (1, 2, 1), (2, 3, 1)], users=4, items=4)
    model = UserKNN(shrinkage=0.0).fit(train, Context())
    np.testing.assert_allclose(model.score(ask([(0, [0, 1])]), None), [[1, 0, 1, 0]], atol=1e-6)
    stranger = model.score(ask([(3, [0, 1])]), None)[0]
    assert stranger[1] > stranger[2] > 0
    shared_by_nobody = model.score(ask([(0, [1]), (3, [])]), None)
    assert np.isnan(shared_by_nobody).all()


def test_user_knn_in_small_blocks(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    fold = last_events(small)
    model = UserKNN().fit(fold.train, Context())
    whole = model.score(fold.queries, None)
    monkeypatch.setattr(support, "BLOCK_BYTES", 1)
    np.testing.assert_array_equal(model.score(fold.queries, None), whole)


def similarities(train: Dataset, kind: Literal["cosine", "tfidf"]) -> np.ndarray:
    """Cosines between items; tf-idf weighs a user by log(items) - log(1 + items taken)."""
    taken = train.matrix().toarray().astype(np.float64)
    if kind == "tfidf":
        taken = taken * (np.log(taken.shape[1]) - np.log1p(taken.sum(axis=1)))[:, None]
    length = np.linalg.norm(taken, axis=0)
    unit = taken / np.where(length > 0, length, 1)
    return unit.T @ unit


@pytest.mark.parametrize("kind", ["cosine", "tfidf"])
def test_item_knn_by_definition(small: Dataset, ask: Callable[..., Queries], kind: Literal["cosine", "tfidf"]) -> None:
    near = similarities(small, kind)
    np.fill_diagonal(near, 0)
    model = ItemKNN(similarity=kind, neighbours=len(small.items)).fit(small, Context())
    shown = [int(code) for code in np.unique(small.interactions.item)[:5]]
    warm = small.matrix().toarray().any(axis=0)
    scores = model.score(ask([(0, shown)]), None)[0]
    np.testing.assert_allclose(scores[warm], near[shown].sum(axis=0)[warm], atol=1e-5)
    assert np.isnan(scores[~warm]).all()


def test_item_knn_keeps_each_candidates_own_neighbours(small: Dataset) -> None:
    near = similarities(small, "cosine")
    np.fill_diagonal(near, 0)
    kept = ItemKNN(similarity="cosine", neighbours=4).fit(small, Context())._similarity.toarray()
    for item in np.unique(small.interactions.item):
        column = kept[:, item]
        assert 0 < np.count_nonzero(column) <= 5  # five where an item of equal users pushed the item itself out
        np.testing.assert_allclose(column[column > 0], near[column > 0, item], atol=1e-6)
        left_out = np.setdiff1d(np.flatnonzero(near[:, item]), np.flatnonzero(column))
        assert near[left_out, item].max(initial=0) <= column[column > 0].min() + 1e-6


def test_item_knn_fills_up_with_known_items(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    """Items without a neighbour in the history score 0, and follow by code; items nobody took are no answer."""
    train = dataset([(0, 0, 1), (0, 4, 1), (1, 4, 1), (1, 2, 1), (2, 1, 1), (2, 5, 1)], users=4, items=7)
    model = ItemKNN(similarity="cosine").fit(train, Context())
    top = model.recommend(ask([(3, [0]), (3, [])]), None, 6, Ragged.from_pairs([0, 0], [0, 1], 2))
    assert top is not None
    np.testing.assert_array_equal(top.item, [[4, 2, 5, -1, -1, -1], [-1] * 6])
    assert top.score[0, 0] > 0
    np.testing.assert_array_equal(top.score[0, 1:], [0, 0, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("model", [ItemKNN(similarity="bm25"), ItemKNN(similarity="tfidf")])
def test_item_of_users_who_took_everything_resembles_nothing(
    dataset: Callable[..., Dataset], ask: Callable[..., Queries], model: Model
) -> None:
    """A user who took all items but one has tf-idf weight log(n) - log(n) = 0, and the library divides 0 by 0."""
    train = dataset([(0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 2, 1)], users=2, items=3)
    scores = model.fit(train, Context()).score(ask([(0, [0])]), None)
    assert np.isfinite(scores).all()


@pytest.mark.filterwarnings("ignore::implicit.utils.ParameterWarning")
@pytest.mark.parametrize("threads", [1, 2])
def test_item_knn_from_the_historys_side_scores_as_implicit_does(small: Dataset, threads: int) -> None:
    from implicit.nearest_neighbours import CosineRecommender

    fold = last_events(small, strangers=False)
    finder = CosineRecommender(K=6)
    finder.fit(fold.train.matrix(), show_progress=False)
    wanted = (fold.queries.matrix(len(small.items)) @ finder.similarity).toarray()

    model = ItemKNN("cosine", 5, side="history").fit(fold.train, Context(threads=threads))

    scores = model.score(fold.queries, None)
    lists = model.recommend(fold.queries, None, 8, fold.blocked)
    assert lists is not None
    for row in range(len(fold.queries)):
        free = np.setdiff1d(np.flatnonzero(~np.isnan(scores[row])), fold.blocked[row])
        assert len(free) > 8
        np.testing.assert_allclose(scores[row, free], wanted[row, free], rtol=1e-5, atol=1e-6)
        assert lists.item[row].tolist() == free[np.lexsort((free, -scores[row, free]))][:8].tolist()


@pytest.mark.parametrize("kind", [EASE, ItemKNN, UserKNN])
def test_threads_change_no_bit_of_a_score(
    kind: type[EASE | ItemKNN | UserKNN], small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support, "BLOCK_BYTES", 4000)
    fold = last_events(small)
    model = kind().fit(fold.train, Context())
    scores = []
    for threads in (1, 2):
        model._threads = threads
        scores.append(model.score(fold.queries, None))
    np.testing.assert_array_equal(*scores)
