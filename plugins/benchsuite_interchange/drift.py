"""Is the test part as popular as the training part? A distance, and what it would be if rows were dealt at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchsuite.data import Bool, Float64, Int32

_DEALS = 99
"""The observed distance beyond all of them has a chance of 1 in 100 if rows were dealt at random."""

_MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Drift:
    """How far the popularity of items in the test part is from that in the training part.

    Attributes:
        distance: Jensen-Shannon divergence in bits: 0 for the same shares, 1 for no item in common.
        expected: its mean when the same rows are dealt to train and test at random.
        highest: the largest of these.
        reached: how many of them reach the observed distance.
        deals: how many there are.
        within_users: whether each user keeps as many test rows as they have (else rows are dealt among all).
        rows: how many rows were dealt.
    """

    distance: float
    expected: float
    highest: float
    reached: int
    deals: int
    within_users: bool
    rows: int


def popularity_drift(user: Int32, item: Int32, test: Bool, seed: int = 0) -> Drift:
    """Compare the items' shares of training rows with their shares of test rows.

    Args:
        user: int32[n] user codes of all rows, training and test.
        item: int32[n] item codes.
        test: bool[n], True for test rows.
        seed: deals the rows.
    """
    generator = np.random.default_rng(seed)
    user, item, test = _fewer(user, item, test, generator)
    items, users = int(item.max()) + 1, int(user.max()) + 1
    held = np.bincount(user[test], minlength=users)
    rows = np.bincount(user, minlength=users)
    # Dealing within users tells drift from the habits of active users; it needs users who are in both parts.
    within = bool(((held > 0) & (held < rows))[user[test]].mean() >= 0.5)  # noqa: PLR2004 - most of them
    total, tested = np.bincount(item, minlength=items), np.bincount(item[test], minlength=items)
    distance = divergence(total - tested, tested)
    dealt = np.empty(_DEALS)
    start = np.cumsum(rows) - rows
    for deal in range(_DEALS):
        if within:
            order = np.argsort(user + generator.random(len(user)))
            owner = user[order]
            chosen = order[np.arange(len(order)) - start[owner] < held[owner]]
            drawn = np.bincount(item[chosen], minlength=items)
        else:
            drawn = generator.multivariate_hypergeometric(total, int(test.sum()), method="marginals")
        dealt[deal] = divergence(total - drawn, drawn)
    reached = int((dealt >= distance).sum())
    return Drift(distance, float(dealt.mean()), float(dealt.max()), reached, _DEALS, within, len(user))


def divergence(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Jensen-Shannon divergence, in bits, of two distributions given as counts."""
    shares = [counts / counts.sum() for counts in (first, second)]
    middle = (shares[0] + shares[1]) / 2
    return _entropy(middle) - sum(map(_entropy, shares)) / 2


def _entropy(shares: Float64) -> float:
    positive = shares[shares > 0]
    return float(-(positive * np.log2(positive)).sum())


def _fewer(user: Int32, item: Int32, test: Bool, generator: np.random.Generator) -> tuple[Int32, Int32, Bool]:
    """Keep the rows of as many users, drawn at random, as make about a million rows."""
    if len(user) <= _MOST_ROWS:
        return user, item, test
    users = generator.permutation(int(user.max()) + 1)
    counts = np.bincount(user, minlength=len(users))[users]
    kept = np.zeros(len(users), np.bool_)
    kept[users[: max(1, int(np.searchsorted(np.cumsum(counts), _MOST_ROWS)))]] = True
    keep = kept[user]
    if not (test & keep).any() or not (~test & keep).any():
        return user, item, test
    return user[keep], item[keep], test[keep]
