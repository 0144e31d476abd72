"""User kNN and item kNN against the same thing written as dense formulas and loops, and against a library."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, Float64, Queries, Ragged
from benchsuite_classic import support
from benchsuite_classic.ease import EASE
from benchsuite_classic.item_knn import ItemKNN
from benchsuite_classic.sequential_knn import SequentialKNN
from benchsuite_classic.user_knn import UserKNN
from benchsuite_testing import last_events

PLAIN = {"alpha": 0.5, "beta": 0.5, "shrinkage": 0.0, "weighting": "none"}
"""The plain cosine, whatever the defaults are."""

COSINE: dict[str, Any] = PLAIN | {"user_exponent": 0.0}
SETTINGS = [
    {},
    {"alpha": 0.6, "beta": 0.15, "user_exponent": 0.6},
    {"alpha": 1.0, "beta": 0.2, "shrinkage": 3.0, "weighting": "tf-idf"},
    {"alpha": 0.2, "beta": 0.9, "shrinkage": 3.0, "weighting": "bm25", "weighted_history": True},
    {"similarity": "tversky", "alpha": 1.0, "beta": 1.0},
    {"similarity": "tversky", "alpha": 0.3, "beta": 0.9, "shrinkage": 2.0, "normalize": "history"},
    {"normalize": "candidate", "mean_centering": True},
]


def weights(documents: Float64, weighting: str) -> Float64:
    """What the entries of 0/1 documents (rows) weigh."""
    count = len(documents)
    rarity = np.log(count) - np.log1p(documents.sum(axis=0))
    if weighting == "none":
        return documents
    if weighting == "tf-idf":
        return documents * rarity
    length = documents.sum(axis=1) / documents.sum(axis=1).mean()
    return documents * rarity * (2.2 / (1.2 * (0.25 + 0.75 * length) + 1))[:, None]


def similarities(common: Float64, first: Float64, second: Float64, settings: dict[str, Any]) -> Float64:
    """What two rows share, by their sizes."""
    alpha, beta, shrinkage = settings["alpha"], settings["beta"], settings["shrinkage"]
    if settings.get("similarity") == "tversky":
        below = common + alpha * (first[:, None] - common) + beta * (second[None, :] - common) + shrinkage
    else:
        below = first[:, None] ** alpha * second[None, :] ** beta + shrinkage
    return np.divide(common, below, out=np.zeros_like(common), where=below != 0)


def of_items(train: Dataset, settings: dict[str, Any]) -> Float64:
    """float64[items, items]: how much the row, an item of a history, speaks for the column."""
    taken = train.matrix().toarray().astype(np.float64)
    weighed = weights(taken.T, settings["weighting"])
    activity = np.maximum(taken.sum(axis=1), 1)
    common = (weighed * activity ** -settings["user_exponent"]) @ weighed.T
    found = similarities(common, (weighed**2).sum(axis=1), (weighed**2).sum(axis=1), settings)
    np.fill_diagonal(found, 0)
    return found


@pytest.mark.parametrize("side", ["candidate", "history"])
@pytest.mark.parametrize("more", SETTINGS, ids=str)
def test_item_knn_by_definition(small: Dataset, ask: Callable[..., Queries], more: dict[str, Any], side: Any) -> None:
    settings = COSINE | more
    wanted = of_items(small, settings)
    axis = {"history": 1, "candidate": 0}.get(settings.get("normalize", ""))
    if axis is not None:
        wanted = wanted / np.maximum(wanted.sum(axis=axis, keepdims=True), 1e-12)
    shown = [int(code) for code in np.unique(small.interactions.item)[:5]]
    history = np.zeros(len(small.items))
    history[shown] = 1
    if settings.get("weighted_history"):
        length = small.matrix().toarray().sum(axis=0)
        history *= 2.2 / (1.2 * (0.25 + 0.75 * length / length.mean()) + 1)
    mean = small.matrix().toarray().mean(axis=0) * settings.get("mean_centering", False)
    model = ItemKNN(neighbours=len(small.items), side=side, **settings).fit(small, Context())
    warm = small.matrix().toarray().any(axis=0)
    scores = model.score(ask([(0, shown)]), None)[0]
    np.testing.assert_allclose(scores[warm], ((history - mean) @ wanted + mean)[warm], rtol=1e-4, atol=1e-6)
    assert np.isnan(scores[~warm]).all()


@pytest.mark.parametrize(("side", "axis"), [("candidate", 0), ("history", 1)])
@pytest.mark.parametrize("more", [{}, {"alpha": 0.6, "beta": 0.15, "user_exponent": 0.6}], ids=str)
def test_item_knn_keeps_the_nearest_of_the_side_that_counts(
    small: Dataset, more: dict[str, Any], side: Any, axis: int
) -> None:
    settings = COSINE | more
    near = np.moveaxis(of_items(small, settings), axis, 1)
    kept = ItemKNN(neighbours=4, side=side, **settings).fit(small, Context())._similarity.toarray()
    for item, row in enumerate(np.moveaxis(kept, axis, 1)):
        assert np.count_nonzero(row) == min(4, np.count_nonzero(near[item]))
        np.testing.assert_allclose(row[row > 0], near[item, row > 0], rtol=1e-5)
        left_out = np.setdiff1d(np.flatnonzero(near[item]), np.flatnonzero(row))
        assert near[item, left_out].max(initial=0) <= row[row > 0].min(initial=1) + 1e-6


def test_of_equally_similar_items_those_with_smaller_codes_are_neighbours(dataset: Callable[..., Dataset]) -> None:
    train = dataset([(0, item, 1) for item in (4, 1, 3, 0, 2)], users=1, items=5)
    kept = ItemKNN(neighbours=2, **COSINE).fit(train, Context())._similarity.toarray()
    assert [np.flatnonzero(column).tolist() for column in kept.T] == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]


@pytest.mark.parametrize("scale", [np.float32(1e-4), np.float32(1), np.float32(3e5)])
def test_similarities_that_differ_by_rounding_are_equal(scale: np.float32) -> None:
    near = np.array([0.3, 0.5, 0.7, 0.5, 0.5], np.float32) * scale
    near[3] = np.nextafter(near[3], np.float32(np.inf))
    near[4] = np.nextafter(near[4], np.float32(0))
    codes = np.array([0, 2, 3, 4, 1], np.int32)
    assert support.largest(near, codes, 2).tolist() == [False, False, True, False, True]
    assert support.largest(near, codes, 3).tolist() == [False, True, True, False, True]
    assert support.largest(near, codes, 5).all()


@pytest.mark.filterwarnings("ignore::implicit.utils.ParameterWarning")
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("CosineRecommender", {}),
        ("TFIDFRecommender", {"weighting": "tf-idf"}),
        ("BM25Recommender", {"weighting": "bm25", "alpha": 0.0, "beta": 0.0}),
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_item_knn_from_the_historys_side_scores_as_implicit_does(
    small: Dataset, threads: int, name: str, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from implicit import nearest_neighbours

    monkeypatch.setattr(support, "BLOCK_BYTES", 4000)
    fold = last_events(small, strangers=False)
    everything = len(small.items)  # implicit breaks ties between neighbours by chance, so none is left out
    finder = getattr(nearest_neighbours, name)(K=everything)
    finder.fit(fold.train.matrix(), show_progress=False)
    found = finder.similarity.toarray()
    np.fill_diagonal(found, 0)  # implicit counts an item among its own neighbours
    wanted = fold.queries.matrix(len(small.items)) @ np.nan_to_num(found)

    settings = COSINE | more
    model = ItemKNN(neighbours=everything, side="history", **settings).fit(fold.train, Context(threads=threads))

    scores = model.score(fold.queries, None)
    lists = model.recommend(fold.queries, None, 8, fold.blocked)
    assert lists is not None
    for row in range(len(fold.queries)):
        free = np.setdiff1d(np.flatnonzero(~np.isnan(scores[row])), fold.blocked[row])
        assert len(free) > 8
        np.testing.assert_allclose(scores[row, free], wanted[row, free], rtol=1e-4, atol=1e-6)
        assert lists.item[row].tolist() == free[np.lexsort((free, -scores[row, free]))][:8].tolist()


def test_item_knn_fills_up_with_known_items(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    """Items without a neighbour in the history score 0, and follow by code; items nobody took are no answer."""
    train = dataset([(0, 0, 1), (0, 4, 1), (1, 4, 1), (1, 2, 1), (2, 1, 1), (2, 5, 1)], users=4, items=7)
    model = ItemKNN(**COSINE).fit(train, Context())
    top = model.recommend(ask([(3, [0]), (3, [])]), None, 6, Ragged.from_pairs([0, 0], [0, 1], 2))
    assert top is not None
    np.testing.assert_array_equal(top.item, [[4, 2, 5, -1, -1, -1], [-1] * 6])
    assert top.score[0, 0] > 0
    np.testing.assert_array_equal(top.score[0, 1:], [0, 0, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("weighting", ["bm25", "tf-idf"])
def test_item_of_users_who_took_everything_resembles_nothing(
    dataset: Callable[..., Dataset], ask: Callable[..., Queries], weighting: Any
) -> None:
    """A user who took all items but one has weight log(n) - log(n) = 0, and sizes of 0 divide."""
    train = dataset([(0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 2, 1)], users=2, items=3)
    scores = ItemKNN(weighting=weighting).fit(train, Context()).score(ask([(0, [0])]), None)
    assert np.isfinite(scores).all()


def of_users(train: Dataset, user: int, shown: list[int], model: UserKNN) -> Float64:
    """Scores of one query by the definition of user kNN."""
    taken = train.matrix().toarray().astype(np.float64)
    asking = np.zeros(taken.shape[1])
    asking[shown] = 1
    if model.weighting == "bm25":  # lengths and rarities are those of the training part
        rarity = np.log(len(taken)) - np.log1p(taken.sum(axis=0))
        asking *= rarity * 2.2 / (1.2 * (0.25 + 0.75 * len(set(shown)) / taken.sum(axis=1).mean()) + 1)
    weighed = weights(taken, model.weighting)
    common = (asking * np.maximum(taken.sum(axis=0), 1) ** -model.item_exponent) @ weighed.T
    size = np.array([(asking**2).sum()])
    near = similarities(common[None, :], size, (weighed**2).sum(axis=1), model.settings())[0]
    near[user] = 0
    last = np.sort(near[near > 0])[::-1][: model.neighbours][-1]
    counted = np.where(near >= last - 1e-7, near, 0) ** model.amplification
    return counted @ taken / counted.sum()


@pytest.mark.parametrize("neighbours", [1, 5, 500])
@pytest.mark.parametrize(
    "more",
    [
        {"amplification": 1.0},
        {"shrinkage": 5.0, "amplification": 2.5},
        {"alpha": 0.9, "beta": 0.2, "shrinkage": 2.0, "item_exponent": 0.5},
        {"weighting": "bm25", "shrinkage": 1.0},
        {"similarity": "tversky", "alpha": 1.0, "beta": 0.4},
    ],
    ids=str,
)
def test_user_knn_by_definition(
    small: Dataset, ask: Callable[..., Queries], neighbours: int, more: dict[str, Any]
) -> None:
    model = UserKNN(neighbours=neighbours, **(PLAIN | {"item_exponent": 0.0} | more)).fit(small, Context())
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
        wanted = of_users(small, user, shown, model)
        np.testing.assert_allclose(scores[row, warm], wanted[warm], atol=1e-5)
        assert np.isnan(scores[row, ~warm]).all()


def test_user_knn_never_asks_the_user_themselves(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    train = dataset([(0, 0, 1), (0, 1, 1), (0, 3, 1), (1, 0, 1), (1, 2, 1), (2, 3, 1)], users=4, items=4)
    model = UserKNN(**PLAIN).fit(train, Context())
    np.testing.assert_allclose(model.score(ask([(0, [0, 1])]), None), [[1, 0, 1, 0]], atol=1e-6)
    stranger = model.score(ask([(3, [0, 1])]), None)[0]
    assert stranger[1] > stranger[2] > 0
    shared_by_nobody = model.score(ask([(0, [1]), (3, [])]), None)
    assert np.isnan(shared_by_nobody).all()


@pytest.mark.parametrize("kind", [ItemKNN, UserKNN, SequentialKNN])
@pytest.mark.parametrize("block", [1, 4000])
def test_blocks_and_threads_change_no_bit_of_a_score(
    kind: type[Model], block: int, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = last_events(small)
    whole = kind().fit(fold.train, Context()).score(fold.queries, None)
    monkeypatch.setattr(support, "BLOCK_BYTES", block)
    scores = kind().fit(fold.train, Context(threads=2)).score(fold.queries, None)
    np.testing.assert_array_equal(scores, whole)


def test_threads_change_no_bit_of_a_score_of_ease(small: Dataset) -> None:
    fold = last_events(small)
    model = EASE().fit(fold.train, Context())
    scores = []
    for threads in (1, 2):
        model._threads = threads
        scores.append(model.score(fold.queries, None))
    np.testing.assert_array_equal(*scores)
