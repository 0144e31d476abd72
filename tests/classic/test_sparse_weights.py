"""SLIM and sparse EASE: against naive solutions of the same regressions."""

import builtins
import sys
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

from benchsuite.api import Context
from benchsuite.data import Dataset, Queries
from benchsuite.errors import ConfigError
from benchsuite_classic.ease import EASE
from benchsuite_classic.ease_sparse import EaseSparse
from benchsuite_classic.slim import SLIM


@pytest.mark.parametrize("positive", [True, False])
def test_slim_is_an_elastic_net_for_each_item(small: Dataset, positive: bool) -> None:
    taken = small.matrix().toarray().astype(np.float64)
    users = len(taken)
    model = SLIM(l1_regularization=0.5, l2_regularization=3.0, positive=positive).fit(small, Context())
    weights = model._weights.toarray()
    net = ElasticNet(
        alpha=3.5 / users, l1_ratio=0.5 / 3.5, positive=positive, fit_intercept=False, tol=1e-10, max_iter=10_000
    )
    for item in np.flatnonzero(model._warm):
        others = taken.copy()
        others[:, item] = 0.0
        np.testing.assert_allclose(weights[:, item], net.fit(others, taken[:, item]).coef_, atol=1e-3)
    assert (np.diag(weights) == 0).all()
    assert (weights < 0).any() != positive
    assert model.parameter_count() == np.count_nonzero(weights)


def test_slim_says_what_is_missing(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: object) -> object:
        if name.startswith("irspack"):
            raise ImportError(name)
        return real(name, *more)  # type: ignore[arg-type]  # handed on as they came

    for name in [name for name in sys.modules if name.startswith("irspack")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError) as error:
        SLIM().fit(small, Context())
    assert str(error.value) == (
        'slim needs the package irspack, which is not installed; pip install "benchsuite[irspack]"'
    )


def test_sparse_ease_among_items_that_all_have_common_users_is_ease(dataset: Callable[..., Dataset]) -> None:
    drawn = np.random.default_rng(2).random((12, 9)) < 0.4
    drawn[0] = True
    train = dataset([(user, item, 1.0) for user, item in np.argwhere(drawn).tolist()], users=12, items=9)
    wanted = EASE(regularization=2.0).fit(train, Context())._weights
    model = EaseSparse(regularization=2.0).fit(train, Context())
    np.testing.assert_allclose(model._weights.toarray(), wanted, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_sparse_ease_is_ridge_regression_on_the_nearest(small: Dataset, threads: int) -> None:
    taken = small.matrix().toarray().astype(np.float64)
    model = EaseSparse(regularization=2.0, neighbours=4).fit(small, Context(threads=threads))
    weights = model._weights.toarray()
    together = taken.T @ taken
    for item in np.flatnonzero(model._warm):
        cosine = together[item] / np.sqrt(np.maximum(np.diag(together), 1))
        cosine[item] = -1.0
        near = [code for code in np.lexsort((np.arange(len(cosine)), -cosine))[:4] if cosine[code] > 0]
        inputs = np.vstack([taken[:, near], np.sqrt(2.0) * np.eye(len(near))])  # ridge as rows of its own
        wanted = np.zeros(len(cosine))
        wanted[near] = np.linalg.lstsq(inputs, np.concatenate([taken[:, item], np.zeros(len(near))]), rcond=None)[0]
        np.testing.assert_allclose(weights[:, item], wanted, atol=1e-4)


@pytest.mark.parametrize("make", [SLIM, EaseSparse])
def test_scores_are_the_history_times_the_weights(
    small: Dataset, ask: Callable[..., Queries], make: type[SLIM | EaseSparse]
) -> None:
    model = make().fit(small, Context())
    shown = [int(code) for code in small.interactions.item[:4]]
    cold = int(np.flatnonzero(~model._warm)[0])
    scores = model.score(ask([(0, shown), (0, [cold]), (1, [])]), None)
    wanted = sum(model._weights.toarray()[code] for code in set(shown))
    np.testing.assert_allclose(scores[0, model._warm], wanted[model._warm], atol=1e-6)
    assert np.isnan(scores[0, ~model._warm]).all()
    assert np.isnan(scores[1:]).all()
