"""Factor models of implicit feedback: each against its formula, written out once more, or the library it comes from."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit

from benchsuite.api import Context
from benchsuite.data import Dataset, Queries
from benchsuite_classic.bpr import BPR, _draw
from benchsuite_classic.ials import IALS
from benchsuite_classic.lmf import LMF
from benchsuite_classic.nmf import NMF
from benchsuite_classic.pure_svd import PureSVD
from benchsuite_testing import last_events
from benchsuite_testing.checkerboard_fold import checkerboard


def whole_history(train: Dataset, ask: Callable[..., Queries]) -> Queries:
    taken = train.matrix()
    users = np.flatnonzero(np.diff(taken.indptr))
    return ask([(int(user), taken[user].indices.tolist()) for user in users])


@pytest.mark.parametrize("exponent", [1.0, 0.4])
def test_pure_svd_is_the_projection_on_the_largest_singular_vectors(
    small: Dataset, ask: Callable[..., Queries], exponent: float
) -> None:
    taken = small.matrix().toarray().astype(np.float64)
    norm = np.sqrt(np.maximum((taken**2).sum(axis=0), 1))
    vectors = np.linalg.svd(taken * norm ** (exponent - 1), full_matrices=False)[2][:5]
    model = PureSVD(factors=5, popularity_exponent=exponent).fit(small, Context(seed=2))
    queries = whole_history(small, ask)
    wanted = queries.matrix(taken.shape[1]) @ vectors.T @ vectors
    scores = model.score(queries, None)
    np.testing.assert_allclose(scores[:, model._warm], wanted[:, model._warm], atol=1e-3)
    assert np.isnan(scores[:, ~model._warm]).all()


def test_pure_svd_with_few_factors_completes_a_pattern() -> None:
    board = checkerboard()
    scores = PureSVD(factors=2).fit(board.train, Context()).score(board.queries, None).copy()
    scores[board.blocked.rows, board.blocked.item] = -np.inf
    np.testing.assert_array_equal(scores.argmax(axis=1), board.truth.items.item)


def test_nmf_is_that_of_scikit_learn_and_known_users_are_solved_for(
    small: Dataset, ask: Callable[..., Queries]
) -> None:
    """The reconstruction of a converged fit is what solving from the history gives."""
    from sklearn.decomposition import NMF as Learner  # noqa: N811 - the same name as ours

    taken = small.matrix()
    users, items = taken.shape
    learner = Learner(5, init="nndsvda", alpha_W=0.5 / items, alpha_H=0.5 / users, max_iter=5000, random_state=3)
    parts = learner.fit_transform(taken) @ learner.components_
    model = NMF(factors=5, regularization=0.5, iterations=5000).fit(small, Context(seed=3))
    queries = whole_history(small, ask)
    np.testing.assert_allclose(
        model.score(queries, None)[:, model._warm], parts[queries.user][:, model._warm], atol=0.01
    )
    assert (model._item_factors >= 0).all()
    assert (model.fold_in(queries) >= 0).all()


def ials_loss(users: np.ndarray, items: np.ndarray, taken: np.ndarray, model: IALS) -> float:
    """Rendle et al. 2022, with every sum as it stands there."""
    z, a = users @ items.T, model.unobserved_weight
    warm_users, warm_items = taken.any(axis=1), taken.any(axis=0)
    rows = (taken.sum(axis=1) + a * warm_items.sum()) ** model.frequency_exponent
    columns = (taken.sum(axis=0) + a * warm_users.sum()) ** model.frequency_exponent
    penalty = (rows[:, None] * users**2).sum() + (columns[:, None] * items**2).sum()
    return float((taken * (1 - z) ** 2).sum() + a * (z**2).sum() + model.regularization * penalty)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_ials_is_at_the_minimum_of_the_published_loss(
    small: Dataset, ask: Callable[..., Queries], exponent: float
) -> None:
    model = IALS(factors=4, regularization=0.05, unobserved_weight=0.2, frequency_exponent=exponent, iterations=300)
    model.fit(small, Context(seed=1))
    taken = small.matrix().toarray().astype(np.float64)
    queries = whole_history(small, ask)
    users = np.zeros((len(taken), 4))
    users[queries.user] = model.fold_in(queries)
    items = model._item_factors.astype(np.float64)
    best = ials_loss(users, items, taken, model)
    assert best < 0.9 * ials_loss(0 * users, 0 * items, taken, model)
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = rng.normal(0, 0.01, users.shape), rng.normal(0, 0.01, items.shape)
        assert ials_loss(users + step[0], items + step[1], taken, model) > best


def test_ials_weighs_what_was_not_taken_by_the_density(small: Dataset) -> None:
    taken = small.matrix()
    users, items = (np.count_nonzero(np.diff(side.indptr)) for side in (taken, taken.T.tocsr()))
    weight = 15 * taken.nnz / (users * items)
    adapted, given = (
        IALS(factors=4, iterations=3, unobserved_weight=one).fit(small, Context(seed=1)) for one in (None, weight)
    )
    assert adapted.facts() == {"unobserved_weight": pytest.approx(weight, abs=1e-6)}
    np.testing.assert_array_equal(adapted._item_factors, given._item_factors)


def test_ials_stands_still_where_irspack_does(small: Dataset) -> None:
    """Both may end in other minima, so one more round of ours is held against where many of theirs ended."""
    from benchsuite_classic.slim import _irspack

    _irspack()  # whose import warns of itself
    from irspack.recommenders.ials import IALSRecommender

    seen = small.matrix()
    seen = seen[np.diff(seen.indptr) > 0][:, np.diff(seen.tocsc().indptr) > 0]
    settings = {"alpha0": 0.2, "reg": 0.05, "nu": 1.0, "solver_type": "CHOLESKY", "n_threads": 1}
    other = IALSRecommender(seen, n_components=4, train_epochs=300, **settings)
    other.learn()
    users, items = np.asarray(other.get_user_embedding()), np.asarray(other.get_item_embedding())
    assert np.linalg.norm(users) > 1
    model = IALS(factors=4, regularization=0.05, unobserved_weight=0.2)
    model._threads, model._unobserved = 1, 0.2
    np.testing.assert_allclose(model._solve(seen, items, seen.shape[1]), users, atol=2e-3)
    np.testing.assert_allclose(model._solve(seen.T.tocsr(), users, seen.shape[0]), items, atol=2e-3)


def test_lmf_climbs_the_published_likelihood(small: Dataset) -> None:
    """Finite differences of equation 3 of Johnson by the users' factors and biases."""
    model = LMF(factors=3, regularization=1.5, alpha=3.0)
    taken = small.matrix()[:6]
    rng = np.random.default_rng(4)
    own, others = rng.normal(size=(6, 5)), rng.normal(size=(len(small.items), 5))  # x, user bias, 1; y, 1, item bias
    own[:, -1], others[:, -2] = 1.0, 1.0

    def likelihood(own: np.ndarray) -> float:
        z, r = own[:, :3] @ others[:, :3].T + own[:, 3:4] + others[:, 4], taken.toarray()
        return float((3.0 * r * z - (1 + 3.0 * r) * np.log1p(np.exp(z))).sum() - 1.5 / 2 * (own[:, :4] ** 2).sum())

    rise = model._gradient(taken, own.astype(np.float32), others.astype(np.float32))
    assert (rise[:, -1] == 0).all()
    for place in np.ndindex(6, 4):
        moved = own.copy()
        moved[place] += 1e-6
        assert rise[place] == pytest.approx((likelihood(moved) - likelihood(own)) / 1e-6, abs=1e-2, rel=1e-3)


def test_lmf_solves_for_known_users_what_it_learnt(small: Dataset, ask: Callable[..., Queries]) -> None:
    """Scores are log-odds: with little regularization a taken item is likely, and all chances sum to what was taken."""
    model = LMF(factors=3, learning_rate=0.5, regularization=0.1, alpha=1.0, iterations=200)
    model.fit(small, Context(seed=1))
    queries = whole_history(small, ask)
    taken = queries.matrix(len(small.items)).toarray()[:, model._warm]
    chance = expit(model.score(queries, None)[:, model._warm])
    pull = taken - (1 + taken) * chance
    np.testing.assert_allclose(pull.sum(axis=1), 0.1 * model.fold_in(queries)[:, 3], atol=0.2)
    assert chance[taken > 0].mean() > 2 * chance[taken == 0].mean()


def test_bpr_steps_are_the_gradient_of_its_loss(small: Dataset) -> None:
    """Finite differences of BPR-Opt over a batch with repeated users and items."""
    model = BPR(factors=3, regularization=0.2, epochs=1).fit(small, Context(seed=1))
    user, item, other = np.array([1, 1, 4]), np.array([3, 5, 3]), np.array([7, 3, 9])
    told: list[tuple[np.ndarray, np.ndarray]] = []
    model._climb = lambda _factors, _squares, rows, rise: told.append((rows, rise))  # type: ignore[method-assign]
    model._user_squares = model._item_squares = np.empty(0, np.float32)
    model._step(user, item, other)
    users, items = model._user_factors.astype(np.float64), model._item_factors.astype(np.float64)

    def objective(users: np.ndarray, items: np.ndarray) -> float:
        score = np.einsum("bf,bf->b", users[user], items[item] - items[other])
        squares = (users[user, :-1] ** 2).sum() + (items[item] ** 2).sum() + (items[other] ** 2).sum()
        return float(np.log(expit(score)).sum() - 0.2 / 2 * squares)

    for place, (rows, rise) in enumerate(told):
        table = (users, items)[place]
        got = np.zeros_like(table)
        np.add.at(got, rows, rise)
        for row in np.unique(rows):
            for column in range(3 + place):  # the users' last column is a 1, not learnt
                moved = [users.copy(), items.copy()]
                moved[place][row, column] += 1e-6
                slope = (objective(*moved) - objective(users, items)) / 1e-6
                assert got[row, column] == pytest.approx(slope, abs=1e-4)


def test_bpr_draws_evenly_what_was_not_taken() -> None:
    pairs = np.array([0, 1, 3, 5, 6, 7, 8, 9])  # of five items user 0 took three and user 1 all
    user = np.repeat([0, 1], [3000, 50])
    drawn = _draw(user, pairs, np.arange(5), 5, np.random.default_rng(1))
    assert (drawn[3000:] == -1).all()
    values, counts = np.unique(drawn[:3000], return_counts=True)
    np.testing.assert_array_equal(values, [2, 4])
    assert abs(counts[0] - 1500) < 150


@pytest.mark.parametrize(
    "model",
    [BPR(factors=4, epochs=5), LMF(factors=4), IALS(factors=4), NMF(factors=4), PureSVD(factors=4)],
    ids=lambda model: type(model).__name__,
)
def test_threads_change_nothing(small: Dataset, model: BPR | LMF | IALS | NMF | PureSVD) -> None:
    fold = last_events(small)
    one = dataclasses.replace(model).fit(fold.train, Context(seed=5, threads=1)).score(fold.queries, None)
    two = dataclasses.replace(model).fit(fold.train, Context(seed=5, threads=2)).score(fold.queries, None)
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_bpr_abstains_for_new_users(small: Dataset, ask: Callable[..., Queries]) -> None:
    model = BPR(factors=4, epochs=2).fit(small, Context())
    new = int(np.flatnonzero(~model._known)[0])
    scores = model.score(ask([(new, [int(small.interactions.item[0])])]), None)
    assert np.isnan(scores).all()
