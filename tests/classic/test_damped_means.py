"""Damped means: the two equations, written out, and what is said of the unknown."""

from collections.abc import Callable

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Dataset, Queries
from benchsuite_classic.damped_means import DampedMeans

_TRIPLES = [(0, 0, 5.0), (0, 1, 3.0), (1, 0, 4.0), (1, 2, 1.0), (2, 1, 2.0)]


def test_the_equations_written_out(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    model = DampedMeans(item_damping=2.0, user_damping=3.0).fit(dataset(_TRIPLES, users=4, items=4), Context())
    item = {0: (2.0 + 1.0) / 4, 1: (0.0 - 1.0) / 4, 2: -2.0 / 3}  # around the mean, 3
    user = {0: (2.0 - item[0] + 0.0 - item[1]) / 5, 1: (1.0 - item[0] - 2.0 - item[2]) / 5}
    scores = model.score(ask([(0, [0, 1]), (1, [0, 2])]), None)
    wanted = [[3 + user[who] + item[what] for what in range(3)] + [np.nan] for who in (0, 1)]
    assert scores == pytest.approx(np.array(wanted), abs=1e-6, nan_ok=True)
    picked = model.score(ask([(1, [])]), np.array([2, 0], np.int32))
    assert picked == pytest.approx(np.array([[wanted[1][2], wanted[1][0]]]), abs=1e-6)


def test_a_new_user_is_read_from_the_history(dataset: Callable[..., Dataset], ask: Callable[..., Queries]) -> None:
    train = dataset(_TRIPLES, users=6, items=4)
    model = DampedMeans().fit(train, Context())
    known = ask([(0, [0, 1])], values=[5.0, 3.0])
    new = ask([(4, [0, 1]), (5, [])], values=[5.0, 3.0])
    scores = model.score(new, None)
    np.testing.assert_allclose(scores[0], model.score(known, None)[0])
    assert (scores[0, :3] > scores[1, :3]).all()
    pairs = model.score_pairs(new, np.array([0, 0, 1], np.int32), np.array([1, 3, 3], np.int32))
    assert pairs[0] == pytest.approx(scores[0, 1])
    assert pairs[1] > pairs[2] == pytest.approx(3.0)  # an unknown item: the mean, plus what is usual for the user
    assert model.parameter_count() == 1 + 3 + 3
