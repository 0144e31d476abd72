"""Simulation proves the statistics: false alarms where models are equal, coverage where they are not.

Users answer with sparse, tied values like those of nDCG@10: mostly 0, else 1 / log2(place + 1). Easy and hard users are
drawn first, so both models' values go up and down together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchsuite.analysis import paired_statistics
from benchsuite.evaluate.bootstrap import draws

GAIN = 1.0 / np.log2(np.arange(2, 12))
EXPERIMENTS, BATCHES = 1_000, 6
REPLICATES = 1_000


def answers(rng: np.random.Generator, ease: Any, skill: float) -> Any:
    """Values of one model: a hit with the chance ``ease * skill``, at a random place."""
    hit = rng.random(ease.shape) < ease * skill
    return np.where(hit, GAIN[rng.integers(0, 10, ease.shape)], 0.0)


def truth(skill: float) -> float:
    """The mean over all users there could be: the mean of Beta(1, 3) is a quarter."""
    return skill * 0.25 * float(GAIN.mean())


def simulate(batch: int, users: int, queries: int, skills: tuple[float, float]) -> tuple[Any, Any]:
    """Return differences float64[experiments, q] and the user of each query; a user is as easy in all queries."""
    rng = np.random.default_rng([batch, users, queries])
    size = rng.integers(1, queries + 1, users)
    user = np.repeat(np.arange(users), size)
    ease = rng.beta(1.0, 3.0, (EXPERIMENTS, users))[:, user]
    return answers(rng, ease, skills[0]) - answers(rng, ease, skills[1]), user


def replicates(difference: Any, user: Any, users: int) -> Any:
    """The differences that the harness's own draws give: a weighted mean over queries."""
    drawn = [(weights @ difference.T) / weights.sum(axis=1)[:, None] for weights in draws(user, REPLICATES, users)]
    return np.concatenate(drawn)


def gathered(difference: Any, user: Any) -> paired_statistics.Paired:
    return paired_statistics.pair([difference], [np.zeros(difference.shape[1])], [user])


def randomization(difference: Any, user: Any) -> Any:
    return paired_statistics.sign_flips([gathered(difference, user).share])[0][0]


def student(difference: Any, user: Any) -> Any:
    paired = gathered(difference, user)
    return paired_statistics.t_test(paired.difference, paired_statistics.standard_error(paired.unit), paired.users)


def bootstrap(difference: Any, user: Any) -> Any:
    paired = gathered(difference, user)
    error = paired_statistics.interval(paired.difference, replicates(difference, user, paired.users), paired.users)[0]
    return paired_statistics.t_test(paired.difference, error, paired.users)


@pytest.mark.slow
@pytest.mark.parametrize("test", [randomization, student, bootstrap])
@pytest.mark.parametrize(("users", "queries"), [(100, 1), (80, 4)])
def test_equal_models_alarm_in_5_percent(test: Callable[..., Any], users: int, queries: int) -> None:
    alarms = []
    for batch in range(BATCHES):
        difference, user = simulate(batch, users, queries, (0.8, 0.8))
        alarms.append(test(difference, user) <= 0.05)
    assert np.concatenate(alarms).size == 6_000
    assert 0.04 <= np.mean(alarms) <= 0.06


@pytest.mark.parametrize(("users", "queries"), [(50, 1), (100, 1), (80, 4), (400, 1)])
def test_the_interval_covers_a_planted_difference(users: int, queries: int) -> None:
    covered = []
    for batch in range(BATCHES):
        difference, user = simulate(batch, users, queries, (1.0, 0.6))
        found = gathered(difference, user).difference
        _, low, high = paired_statistics.interval(found, replicates(difference, user, users), users)
        planted = truth(1.0) - truth(0.6)
        covered.append((low <= planted) & (planted <= high))
    assert 0.93 <= np.mean(covered) <= 0.97


def test_the_percentile_interval_would_be_too_short_for_few_users() -> None:
    """Why the interval is not the plain percentile one: rare hits, 60 users."""
    student_covers, percentile_covers = [], []
    planted = truth(0.4) - truth(0.2)
    for batch in range(BATCHES):
        difference, user = simulate(batch, 60, 1, (0.4, 0.2))
        found, drawn = gathered(difference, user).difference, replicates(difference, user, 60)
        _, low, high = paired_statistics.interval(found, drawn, 60)
        student_covers.append((low <= planted) & (planted <= high))
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        percentile_covers.append((low <= planted) & (planted <= high))
    assert np.mean(percentile_covers) < 0.93 <= np.mean(student_covers) <= 0.97


def test_a_real_difference_is_found() -> None:
    difference, user = simulate(0, 400, 1, (1.0, 0.6))
    assert np.mean(randomization(difference, user) <= 0.05) > 0.8


def test_the_effect_size_covers_the_planted_one() -> None:
    difference, _ = simulate(99, 4_000, 1, (1.0, 0.6))
    planted = float(difference.mean() / difference.std())
    covered = []
    for batch in range(BATCHES):
        difference, user = simulate(batch, 100, 1, (1.0, 0.6))
        paired = gathered(difference, user)
        t = paired.difference / paired_statistics.standard_error(paired.unit)
        _, low, high = paired_statistics.effect_size(t, paired.users)
        covered.append((low <= planted) & (planted <= high))
    assert 0.93 <= np.mean(covered) <= 0.97


def test_holm_keeps_false_alarms_of_a_whole_table_at_5_percent() -> None:
    """Ten models that are all equal to the reference: one alarm or more in at most 5% of the tables."""
    rng = np.random.default_rng(5)
    tables, models, users = 1_000, 10, 100
    ease = rng.beta(1.0, 3.0, (tables, 1, users))
    reference = answers(rng, ease, 0.8)
    others = answers(rng, np.broadcast_to(ease, (tables, models, users)), 0.8)
    share = (others - reference).reshape(tables * models, users).T / users
    p = paired_statistics.t_test(share.sum(axis=0), paired_statistics.standard_error(share) * users, users).reshape(
        tables, models
    )
    alarms = [bool((paired_statistics.holm(row) <= 0.05).any()) for row in p]
    assert 0.02 <= np.mean(alarms) <= 0.06
    assert np.mean((p <= 0.05).any(axis=1)) > 0.2
