"""Random, popular and the oracle."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Dataset, Queries
from benchsuite.errors import NotApplicable
from benchsuite_classic.oracle import Oracle
from benchsuite_classic.popular import Popular
from benchsuite_classic.random_order import Random


def test_random_depends_on_seed_user_and_item_only(small: Dataset, ask: Callable[..., Queries]) -> None:
    queries = ask([(0, [1, 2]), (5, []), (0, [7])])
    model = Random().fit(small, Context(seed=1))
    scores = model.score(queries, None)
    np.testing.assert_array_equal(scores[0], scores[2])
    assert (scores[0] != scores[1]).all()
    half = Random().fit(small.cut(np.arange(9)), Context(seed=1)).score(queries, None)
    np.testing.assert_array_equal(half, scores)
    assert (Random().fit(small, Context(seed=2)).score(queries, None) != scores).all()
    pairs = model.score_pairs(queries, np.array([0, 1, 1], np.int32), np.array([3, 3, 40], np.int32))
    np.testing.assert_array_equal(pairs, [scores[0, 3], scores[1, 3], scores[1, 40]])


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_random_is_evenly_spread_without_pattern(small: Dataset, ask: Callable[..., Queries], seed: int) -> None:
    table = dataclasses.replace(small.items, ids=tuple(map(str, range(400))), text=None, columns={}, features=None)
    table = dataclasses.replace(table, feature_names=())
    large = dataclasses.replace(small, items=table, preferences=None)
    scores = Random().fit(large, Context(seed=seed)).score(ask([(user, []) for user in range(500)]), None)
    assert scores.dtype == np.float32
    assert 0 <= scores.min() < scores.max() < 1
    counts = np.histogram(scores, 20, (0, 1))[0]
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 45  # chi-square with 19 degrees of freedom, p about 0.001
    assert abs(np.corrcoef(scores[:-1].ravel(), scores[1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(scores[:, :-1].ravel(), scores[:, 1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(scores[:400, :400].ravel(), scores[:400, :400].T.ravel())[0, 1]) < 0.01


def test_popular_counts_users_not_rows(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    triples = [(0, 0, 1.0), (0, 0, 1.0), (0, 0, 1.0), (0, 1, 5.0), (1, 1, 1.0)]
    model = Popular().fit(dataset(triples, users=3, items=3), Context())
    scores = model.score(ask([(2, []), (0, [0])]), None)
    np.testing.assert_array_equal(scores, [[1, 2, np.nan]] * 2)
    np.testing.assert_array_equal(model.score(ask([(2, [])]), np.array([2, 1], np.int32)), [[np.nan, 2]])


def test_oracle_tells_the_truth(small: Dataset, ask: Callable[..., Queries]) -> None:
    assert Oracle.is_oracle
    model = Oracle().fit(small, Context())
    assert small.preferences is not None
    np.testing.assert_array_equal(model.score(ask([(4, []), (2, [1])]), None), small.preferences[[4, 2]])
    with pytest.raises(NotApplicable, match="true preferences"):
        Oracle().fit(dataclasses.replace(small, preferences=None), Context())
