"""SVD and kNN with baselines: the same numbers as Surprise, for everybody at once."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import surprise

from benchsuite.api import Context, Requirement
from benchsuite.data import Dataset, Queries
from benchsuite_classic.co_clustering import CoClustering
from benchsuite_classic.knn_baseline import KNNBaseline, _keep_largest
from benchsuite_classic.ratings import Ratings
from benchsuite_classic.slope_one import SlopeOne
from benchsuite_classic.svd import SVD
from benchsuite_classic.svdpp import SVDpp


def whole_history(train: Dataset) -> Queries:
    rows = train.interactions
    users = np.unique(rows.user)
    position = np.full(len(train.users), -1, np.int64)
    position[users] = np.arange(len(users))
    return Queries.from_rows(users, position[rows.user], rows)


def valued(train: Dataset, values: np.ndarray) -> Dataset:
    rows = dataclasses.replace(train.interactions, value=values.astype(np.float32))
    return dataclasses.replace(train, interactions=rows)


def estimates(learner: surprise.AlgoBase, ratings: Ratings, queries: Queries) -> np.ndarray:
    """Surprise's own answers, pair by pair."""
    out = np.full((len(queries), len(ratings.item_position)), np.nan)
    for row, user in enumerate(queries.user):
        for position, item in enumerate(ratings.items):
            told = learner.estimate(int(ratings.user_position[user]), position)
            out[row, item] = told[0] if isinstance(told, tuple) else told
    return out


def test_repeated_pairs_hold_the_mean(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    train = dataset([(2, 1, 5.0), (2, 1, 2.0), (2, 3, 0.0), (0, 3, 4.0)], users=4, items=5)
    ratings = Ratings.of(train)
    np.testing.assert_array_equal(ratings.users, [0, 2])
    np.testing.assert_array_equal(ratings.items, [1, 3])
    assert ratings.values.nnz == 3  # a rating of 0 is a rating
    np.testing.assert_array_equal(ratings.values.toarray(), [[0, 4], [3.5, 0]])
    history = ratings.history(ask([(1, [3, 0, 3]), (1, [])], values=[1, 9, 2]))
    np.testing.assert_array_equal(history.toarray(), [[0, 1.5], [0, 0]])
    trainset = ratings.trainset(ratings.values.data)
    assert (trainset.n_users, trainset.n_items, trainset.n_ratings) == (2, 2, 3)
    assert trainset.global_mean == pytest.approx(2.5)
    assert list(trainset.all_ratings()) == [(0, 1, 4.0), (1, 0, 3.5), (1, 1, 0.0)]


def test_svd_equals_surprise(small: Dataset) -> None:
    """With values from 1 to 5, values and stars are the same thing."""
    small = valued(small, np.where(small.interactions.value == 2, 1, small.interactions.value))
    ratings, queries = Ratings.of(small), whole_history(small)
    assert (ratings.values.data.min(), ratings.values.data.max()) == (1, 5)
    model = SVD(factors=8, epochs=7).fit(small, Context(seed=4))
    learner = surprise.SVD(
        n_factors=8,
        n_epochs=7,
        lr_all=model.learning_rate,
        reg_all=model.regularization,
        random_state=np.random.RandomState(np.random.MT19937(np.random.SeedSequence(4))),
    )
    learner.fit(ratings.trainset(ratings.values.data))
    np.testing.assert_allclose(model.score(queries, None), estimates(learner, ratings, queries), atol=1e-5)


@pytest.mark.parametrize("neighbours", [2, 5, 40])
def test_knn_baseline_equals_surprise(small: Dataset, neighbours: int) -> None:
    ratings, queries = Ratings.of(small), whole_history(small)
    model = KNNBaseline(neighbours=neighbours, shrinkage=10.0).fit(small, Context())
    learner = surprise.KNNBaseline(
        k=neighbours,
        sim_options={"name": "pearson_baseline", "user_based": False, "shrinkage": 10.0},
        verbose=False,
    )
    learner.fit(ratings.trainset(ratings.values.data))
    wanted = estimates(learner, ratings, queries)
    residual = (wanted - learner.trainset.global_mean)[:, ratings.items] - learner.bi
    assert (residual.std(axis=1) > 0.01).all()  # neighbours do say something
    np.testing.assert_allclose(model.score(queries, None), wanted, atol=1e-5)


@pytest.mark.parametrize("similarity", ["pearson", "msd"])
@pytest.mark.parametrize("between", ["items", "users"])
@pytest.mark.parametrize("neighbours", [3, 40])
def test_knn_baseline_equals_surprise_between_users_and_by_msd(
    small: Dataset, neighbours: int, between: str, similarity: str
) -> None:
    ratings, queries = Ratings.of(small), whole_history(small)
    model = KNNBaseline(neighbours=neighbours, shrinkage=10.0, between=between, similarity=similarity)  # type: ignore[arg-type]  # parametrized
    model.fit(small, Context())
    learner = surprise.KNNBaseline(
        k=neighbours,
        sim_options={
            "name": {"pearson": "pearson_baseline", "msd": "msd"}[similarity],
            "user_based": between == "users",
            "shrinkage": 10.0,
        },
        verbose=False,
    )
    learner.fit(ratings.trainset(ratings.values.data))
    wanted = estimates(learner, ratings, queries)
    np.testing.assert_allclose(model.score(queries, None), wanted, atol=1e-5)


@pytest.mark.parametrize("similarity", ["pearson", "msd"])
def test_a_new_user_is_compared_as_surprise_compares(small: Dataset, similarity: str) -> None:
    """The similarities that a known user's history gives are those that were learnt, but for the user's own place."""
    model = KNNBaseline(shrinkage=10.0, between="users", similarity=similarity)  # type: ignore[arg-type]  # parametrized
    index = model.fit(small, Context())._user_index
    assert index is not None
    for position in range(len(model._ratings.users)):
        told = index.similarities(index.values[position], index.residuals[position])
        others = np.arange(len(told)) != position
        np.testing.assert_allclose(told[others], model._similarity[position][others], atol=1e-9)
    known = whole_history(small)
    strangers = np.setdiff1d(np.arange(len(small.users)), known.user)
    unknown = Queries.from_rows(np.full(len(known), strangers[0]), known.rows, known.history)
    fresh = known.matrix(len(small.items)).toarray() == 0
    np.testing.assert_allclose(model.score(unknown, None)[fresh], model.score(known, None)[fresh], atol=0.02)


def test_knn_baseline_learns_a_new_users_bias_as_surprise_does(small: Dataset) -> None:
    """A stranger who shows a known user's ratings gets that user's answers, but for the bias' last rounds."""
    known = whole_history(small)
    strangers = np.setdiff1d(np.arange(len(small.users)), known.user)
    unknown = Queries.from_rows(np.full(len(known), strangers[0]), known.rows, known.history)
    model = KNNBaseline().fit(small, Context())
    np.testing.assert_allclose(model.score(unknown, None), model.score(known, None), atol=0.01)


def test_svd_solves_for_new_users(small: Dataset, ask: Callable[..., Queries]) -> None:
    small = valued(small, np.where(small.interactions.value == 2, 1, small.interactions.value))
    model = SVD(factors=8, epochs=30).fit(small, Context())
    stranger = int(np.setdiff1d(np.arange(len(small.users)), small.interactions.user)[0])
    position = model._ratings.item_position
    shown = [int(code) for code in np.unique(small.interactions.item)[:6]]
    values = np.array([5.0, 5, 1, 4, 2, 5])
    inputs = np.column_stack([np.ones(6), model._item_factors[position[shown]]])
    residual = values - model._mean - model._item_bias[position[shown]]
    grown = np.vstack([inputs, np.sqrt(model.regularization * 6) * np.eye(9)])  # ridge as rows of its own
    solved = np.linalg.lstsq(grown, np.concatenate([residual, np.zeros(9)]))[0]
    codes = model._ratings.items
    wanted = model._mean + solved[0] + model._item_bias + model._item_factors @ solved[1:]
    scores = model.score(ask([(stranger, shown)], values.tolist()), None)[0]
    np.testing.assert_allclose(scores[codes], wanted, atol=1e-5)
    empty = model.score(ask([(stranger, [])]), None)[0]
    np.testing.assert_allclose(empty[codes], model._mean + model._item_bias, atol=1e-5)


def test_svd_keeps_the_scale_of_the_values(small: Dataset) -> None:
    """Values in cents, say, are learnt as well as stars are."""
    grown = valued(small, small.interactions.value * 1000 - 700)
    queries = whole_history(small)
    stars = SVD(factors=4).fit(small, Context()).score(queries, None)
    cents = SVD(factors=4).fit(grown, Context()).score(whole_history(grown), None)
    np.testing.assert_allclose(cents, stars * 1000 - 700, rtol=1e-3)


def test_single_value_is_no_reason_to_fail(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    train = dataset([(0, 0, 3.0), (0, 1, 3.0), (1, 1, 3.0)], users=3, items=3)
    for model in (SVD(), KNNBaseline()):
        scores = model.fit(train, Context()).score(ask([(0, [0]), (2, [])], [3.0]), None)
        np.testing.assert_allclose(scores[:, :2], 3.0, atol=0.2)
        assert np.isnan(scores[:, 2]).all()


def test_values_are_needed() -> None:
    assert SVD.needs == KNNBaseline.needs == {Requirement.VALUES}


def test_of_equal_neighbours_the_first_are_kept() -> None:
    near = np.array([[0.2, 0.5, 0.5, 0.5, 0.1], [0.0, 0.0, 0.3, 0.0, 0.0], [0.9, 0.8, 0.8, 0.1, 0.8]])
    _keep_largest(near, 2)
    np.testing.assert_array_equal(near, [[0, 0.5, 0.5, 0, 0], [0, 0, 0.3, 0, 0], [0.9, 0.8, 0, 0, 0]])


@pytest.mark.parametrize("between", ["items", "users"])
@pytest.mark.parametrize("similarity", ["pearson", "msd"])
@pytest.mark.parametrize("value", [1.0, 4.0, 3.3])
def test_ratings_that_are_all_equal_predict_themselves(
    small: Dataset, between: str, similarity: str, value: float
) -> None:
    """Nothing is rated off the baseline, where Surprise itself divides by 0."""
    train = valued(small, np.full(len(small.interactions), value))
    queries = whole_history(train)
    for model in (KNNBaseline(between=between, similarity=similarity), SVD(factors=4, epochs=2)):
        scores = model.fit(train, Context(seed=1)).score(queries, None)
        np.testing.assert_allclose(scores[~np.isnan(scores)], value, atol=0.2 if isinstance(model, SVD) else 1e-5)
        assert (~np.isnan(scores)).any()


@pytest.mark.parametrize("between", ["items", "users"])
def test_own_correlations_are_those_of_surprise(small: Dataset, between: str) -> None:
    model = KNNBaseline(between=between).fit(small, Context())
    np.testing.assert_allclose(np.maximum(model._correlations(), 0.0), model._similarity, atol=1e-9)


def test_svdpp_equals_surprise(small: Dataset) -> None:
    small = valued(small, np.where(small.interactions.value == 2, 1, small.interactions.value))
    ratings, queries = Ratings.of(small), whole_history(small)
    model = SVDpp(factors=6, epochs=5).fit(small, Context(seed=4))
    learner = surprise.SVDpp(
        n_factors=6,
        n_epochs=5,
        lr_all=model.learning_rate,
        reg_all=model.regularization,
        random_state=np.random.RandomState(np.random.MT19937(np.random.SeedSequence(4))),
    )
    learner.fit(ratings.trainset(ratings.values.data))
    np.testing.assert_allclose(model.score(queries, None), estimates(learner, ratings, queries), atol=1e-5)


def test_svdpp_reads_a_new_users_history(small: Dataset, ask: Callable[..., Queries]) -> None:
    """What the rated items say is known; bias and factors are the ridge regression of the rest."""
    small = valued(small, np.where(small.interactions.value == 2, 1, small.interactions.value))
    model = SVDpp(factors=4, epochs=30).fit(small, Context())
    stranger = int(np.setdiff1d(np.arange(len(small.users)), small.interactions.user)[0])
    shown, values = np.unique(small.interactions.item)[:5], np.array([5.0, 1, 4, 2, 5])
    place = model._ratings.item_position[shown]
    rated = model._rated_factors[place].sum(axis=0) / np.sqrt(5)
    items = model._item_factors[place]
    inputs = np.column_stack([np.ones(5), items])
    residual = values - model._mean - model._item_bias[place] - items @ rated
    grown = np.vstack([inputs, np.sqrt(model.regularization * 5) * np.eye(5)])  # ridge as rows of its own
    solved = np.linalg.lstsq(grown, np.concatenate([residual, np.zeros(5)]), rcond=None)[0]
    scores = model.score(ask([(stranger, shown.tolist())], values.tolist()), None)[0]
    wanted = model._mean + solved[0] + model._item_bias + model._item_factors @ (solved[1:] + rated)
    np.testing.assert_allclose(scores[model._ratings.items], wanted, atol=1e-5)


def test_slope_one_equals_surprise(small: Dataset) -> None:
    ratings, queries = Ratings.of(small), whole_history(small)
    assert np.array_equal(ratings.values.data, ratings.values.data.round()), "Surprise cuts ratings to whole numbers"
    learner = surprise.SlopeOne().fit(ratings.trainset(ratings.values.data))
    model = SlopeOne().fit(small, Context())
    np.testing.assert_allclose(model.score(queries, None), estimates(learner, ratings, queries), atol=1e-5)


def test_slope_one_keeps_halves_of_stars(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    train = dataset([(0, 0, 1.5), (0, 1, 3.0), (1, 0, 2.0), (1, 1, 2.5), (2, 2, 4.5)], users=5, items=4)
    model = SlopeOne().fit(train, Context())
    scores = model.score(ask([(3, [0]), (3, [0, 2]), (4, []), (4, [3])], values=[2.5, 3.5, 1.0, 2.0]), None)
    np.testing.assert_allclose(scores[0, :3], [2.5, 3.5, 2.5])  # item 1 is 1.0 above item 0 on average
    np.testing.assert_allclose(scores[1, :3], [2.25, 3.25, 2.25])
    assert np.isnan(scores[2:]).all()
    assert np.isnan(scores[:, 3]).all()


def test_co_clustering_equals_surprise(small: Dataset) -> None:
    ratings, queries = Ratings.of(small), whole_history(small)
    model = CoClustering(user_clusters=2, item_clusters=4, epochs=6).fit(small, Context(seed=4))
    learner = surprise.CoClustering(
        2, 4, 6, random_state=np.random.RandomState(np.random.MT19937(np.random.SeedSequence(4)))
    )
    learner.fit(ratings.trainset(ratings.values.data))
    np.testing.assert_array_equal(model._user_cluster, learner.cltr_u)
    np.testing.assert_array_equal(model._item_cluster, learner.cltr_i)
    assert len(np.unique(model._item_cluster)) > 1
    np.testing.assert_allclose(model.score(queries, None), estimates(learner, ratings, queries), atol=1e-5)


def test_co_clustering_finds_a_new_users_cluster(small: Dataset, ask: Callable[..., Queries]) -> None:
    """A stranger who shows a known user's ratings joins the cluster that fits them best; without any, item means."""
    model = CoClustering().fit(small, Context())
    known = whole_history(small)
    stranger = np.setdiff1d(np.arange(len(small.users)), known.user)[0]
    unknown = Queries.from_rows(np.full(len(known), stranger), known.rows, known.history)
    scores = model.score(unknown, None)[:, model._ratings.items]
    values = model._ratings.values
    for row in range(len(known)):
        mean, seen = values[row].data.mean(), values[row].indices
        fits = mean + model._gain[:, model._item_cluster] + model._item_mean
        best = np.argmin(((fits[:, seen] - values[row].data) ** 2).sum(axis=1))
        np.testing.assert_allclose(scores[row], fits[best], atol=1e-5)
    silent = model.score(ask([(int(stranger), [])]), None)[0, model._ratings.items]
    np.testing.assert_allclose(silent, model._item_mean, atol=1e-6)
