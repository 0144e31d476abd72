"""Statistics of paired comparisons: intervals, tests, effect sizes, corrections.

All functions are pure. What was sampled are *users*; queries of one user, folds and seeds are repeated looks at that
user and are first gathered into one share per user (:func:`pair`). Where seeds draw other items to be new, as for
``item-cold``, that is half of the truth: such a test speaks of other users and these very items. So "better" and
"worse" ask in addition whether a difference holds over the draws (:func:`benchsuite.analysis.contrasts.p_over_draws`).

Which interval. Simulated users with rare hits (nDCG@10 of a model that hits for 6% of them against one that hits for
3%, 4,000 experiments, nominal 95%): the percentile bootstrap of the paired difference covered 90.2% with 50 users and
92.3% with 100, BCa 84.5% and 88.8%, the bootstrap-t 58.8% and 88.4%. With few users who differ at all, the tails of the
replicates are too coarse to read quantiles from. The standard deviation of the same replicates with Student's quantile
covered 94.1% and 94.7%, so that is what :func:`interval` does; with 1,000 users all cover 93.4% to 94.0%. None is right
where hardly any user differs: where one model hits for 5% of 100 users and the other never, all of them covered below
94%. Wins and losses are shown so that a reader sees this.

Which test. Users' shares have a symmetric distribution when two models are exchangeable, so flipping signs by whole
users gives an exact test (:func:`sign_flips`). The Wilcoxon signed-rank test is not offered: it tests the median of
pairwise averages, not the mean that the table shows, it drops ties, of which there are most, and its share of false
alarms grows far above 5% with the number of users (Ihemelandu and Ekstrand, "Inference at Scale: Significance Testing
for Large Search and Recommendation Experiments", SIGIR 2023, arXiv 2305.02461); the sign test fails likewise. The same
paper finds t, bootstrap and randomization sound, and asks for effect sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchsuite.data import Bool, Float64, Int32, Int64

EXACT_UP_TO = 14
"""Up to this many users with a share other than 0, all assignments of signs are looked at."""

DRAWS = 19_999
"""Assignments of signs that are drawn where there are too many; the smallest p-value is 1 / (DRAWS + 1)."""

FLIPS_UP_TO = 10_000
"""Above this many users with a share other than 0 the randomization distribution is normal to many digits: use t."""

_SEED = 20_230_723
_CELLS = 4_000_000
_EQUAL = 1e-9

Users = int | Int64
"""How many users a column rests on: one number for all columns, or int64[m]."""


@dataclass(frozen=True, eq=False)
class Paired:
    """Differences of m models to one reference, gathered by user.

    Attributes:
        difference: float64[m], mean over cells of the mean difference over queries.
        share: float64[u, m], what each user adds to it: the columns sum to ``difference``.
        unit: float64[u, m], the users' pseudo-values: their mean is ``difference`` and their spread over users is
            what makes it uncertain. With one query per user this is the user's own difference.
    """

    difference: Float64
    share: Float64
    unit: Float64

    @property
    def users(self) -> int:
        """How many users there are."""
        return len(self.share)


def pair(values: Sequence[Float64], reference: Sequence[Float64], users: Sequence[Int32]) -> Paired:
    """Gather differences by user.

    Args:
        values: by cell (seed and fold) float64[m, q], values per query of m models; NaN does not count.
        reference: by cell float64[q], the same of the reference. A query counts where both have a value.
        users: by cell int32[q], who asks.
    """
    known, code = np.unique(np.concatenate(users), return_inverse=True)
    first = np.cumsum([0, *(len(user) for user in users)])
    models = len(values[0])
    share, unit = np.zeros((len(known), models)), np.zeros((len(known), models))
    difference, seen = np.zeros(models), np.zeros(len(known), np.bool_)
    for cell, (value, other) in enumerate(zip(values, reference, strict=True)):
        owner = code[first[cell] : first[cell + 1]]
        delta = value - other
        counted = ~np.isnan(delta)
        total = counted.sum(axis=1)
        mean = np.where(total > 0, np.nansum(delta, axis=1) / np.maximum(total, 1), np.nan)
        number = by_user(counted.astype(np.float64), owner, len(known))
        amount = by_user(np.where(counted, delta, 0.0), owner, len(known))
        scale = 1.0 / (len(values) * np.maximum(total, 1))
        share += amount * scale
        unit += (amount - mean * number) * scale
        difference += mean / len(values)
        seen |= number.any(axis=1)
    count = int(seen.sum())
    return Paired(difference, share[seen], difference + count * unit[seen])


def by_user(values: Float64, owner: Int64, users: int) -> Float64:
    """Return float64[users, m], the sums of values float64[m, q] over the queries of each user."""
    return np.stack([np.bincount(owner, weights=row, minlength=users) for row in values], axis=1)


def same_queries(values: Sequence[Float64], reference: Sequence[Float64]) -> Bool:
    """Return bool[m], True where model and reference have values for the same queries in every cell."""
    same = [(np.isnan(value) == np.isnan(other)).all(axis=1) for value, other in zip(values, reference, strict=True)]
    joined: Bool = np.all(same, axis=0)
    return joined


def interval(difference: Float64, replicates: Float64, users: Users) -> tuple[Float64, Float64, Float64]:
    """Return standard error and 95% interval: bootstrap standard deviation times Student's quantile.

    Args:
        difference: float64[m].
        replicates: float64[b, m] of the difference under resamples of users; NaN does not count.
        users: how many users there are; their number less one are the degrees of freedom. The bootstrap's variance is
            too small by the factor (users - 1) / users, which is undone.

    Returns:
        Standard error, lower and upper end, float64[m] each; NaN with less than two users or replicates.
    """
    from scipy.special import stdtrit

    freedom = np.broadcast_to(np.asarray(users, np.float64) - 1, difference.shape)
    nothing = np.full(len(difference), np.nan)
    if len(replicates) < 2:  # noqa: PLR2004 - a variance needs two
        return nothing, nothing, nothing
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.nanstd(replicates, axis=0, ddof=1) * np.sqrt((freedom + 1) / freedom)
        half = stdtrit(freedom, 0.975) * error
    error, half = (np.where(freedom > 0, part, np.nan) for part in (error, half))
    return error, difference - half, difference + half


def t_test(difference: Float64, error: Float64, users: Users) -> Float64:
    """Return float64[m], two-sided p-values of Student's t with ``users - 1`` degrees of freedom; 1 for 0 / 0."""
    from scipy.special import stdtr

    freedom = np.broadcast_to(np.asarray(users, np.float64) - 1, difference.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2.0 * stdtr(freedom, -np.abs(difference / error))
    p = np.where((difference == 0) & (error == 0), 1.0, p)
    return np.where(freedom > 0, p, np.nan)


def standard_error(unit: Float64) -> Float64:
    """Return float64[m], the standard error of the mean of users' pseudo-values float64[u, m]."""
    error: Float64 = unit.std(axis=0, ddof=1) / np.sqrt(len(unit))
    return error


def sign_flips(tables: Sequence[Float64], draws: int = DRAWS, seed: int = _SEED) -> list[tuple[Float64, Int64]]:
    """Test "the models are exchangeable" by flipping the signs of whole users, in many tables at once.

    Equally long tables share their draws; each table gets what it gets alone.

    Args:
        tables: float64[u, m] each, what each user adds to each difference.
        draws: how many assignments are drawn where there are more than ``2 ** EXACT_UP_TO``.
        seed: of the draws; the same for all columns.

    Returns:
        Of each table: two-sided p-values float64[m], and int64[m]: how many assignments were drawn, 0 where all were
        looked at. A drawn p-value is ``(1 + as far or further) / (1 + draws)``, never 0 and never too small in
        expectation.
    """
    found = []
    alike: dict[int, list[tuple[int, Int64, Float64]]] = {}
    for index, share in enumerate(tables):
        active = np.count_nonzero(share, axis=0)
        p, drawn = np.ones(share.shape[1]), np.zeros(share.shape[1], np.int64)
        for column in np.flatnonzero(active <= EXACT_UP_TO):
            shares = share[share[:, column] != 0, column]
            p[column] = float(_as_far(_all_signs(len(shares)), shares[:, None])[0]) / max(1, 2 ** (len(shares) - 1))
        large = np.flatnonzero(active > EXACT_UP_TO)
        if len(large):
            shares = share[:, large]
            shares = shares[shares.any(axis=1)]
            alike.setdefault(len(shares), []).append((index, large, shares))
        found.append((p, drawn))
    for same in alike.values():
        together = np.concatenate([shares for _, _, shares in same], axis=1)
        tested = (1.0 + _drawn_as_far(together, draws, seed)) / (1.0 + draws)
        first = 0
        for index, large, shares in same:
            p, drawn = found[index]
            p[large], drawn[large] = tested[first : first + shares.shape[1]], draws
            first += shares.shape[1]
    return found


def _drawn_as_far(shares: Float64, draws: int, seed: int) -> Float64:
    """Count, of drawn assignments, those whose sum is at least as far from 0 as the observed one: float64[m]."""
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // len(shares))
    further = np.zeros(shares.shape[1])
    for first in range(0, draws, step):
        rows = min(step, draws - first)
        bits = np.frombuffer(rng.bytes(-(-rows * len(shares) // 8)), np.uint8)
        chosen = np.unpackbits(bits, count=rows * len(shares)).reshape(rows, len(shares))
        further += _as_far(chosen.astype(np.float64), shares)
    return further


def _as_far(chosen: Float64, shares: Float64) -> Float64:
    """Count the sign assignments (rows of ``chosen``) whose sum is at least as far from 0 as the observed sum."""
    total = shares.sum(axis=0)
    sums = chosen @ shares
    sums *= 2.0
    sums -= total
    slack = _EQUAL * np.abs(shares).sum(axis=0)
    counted: Float64 = np.count_nonzero(np.abs(sums, out=sums) >= np.abs(total) - slack, axis=0).astype(np.float64)
    return counted


@lru_cache(maxsize=EXACT_UP_TO + 1)
def _all_signs(users: int) -> Float64:
    """Return float64[2 ** (users - 1), users] of 0/1, the first always 1: the other half only mirrors the sums."""
    if not users:
        return np.zeros((1, 0))
    rest = (np.arange(2 ** (users - 1))[:, None] >> np.arange(users - 1)) & 1
    return np.concatenate([np.ones((len(rest), 1)), rest], axis=1)


def holm(p: Float64) -> Float64:
    """Return Holm's step-down adjusted p-values; NaN is no test, stays NaN and is not counted (Holm 1979)."""
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1.0)
    return adjusted


def effect_size(t: Float64, users: Users) -> tuple[Float64, Float64, Float64]:
    """Return Cohen's d_z (mean by standard deviation of users' differences) and its 95% interval.

    The interval inverts the noncentral t distribution. It is exact for normal differences; in the simulations of this
    module it covered 94.5% to 100% (too wide, never too narrow), where bootstrap and infinitesimal jackknife of d_z
    fell to 84% and 76% with 30 users.

    Args:
        t: float64[m], difference by standard error; ``d_z = t / sqrt(users)``. NaN where the difference is 0 / 0.
        users: how many; NaN comes out below two.
    """
    from scipy.special import nctdtrinc

    root, freedom = np.sqrt(users), np.asarray(users, np.float64) - 1
    low, high = (np.asarray(nctdtrinc(freedom, level, t)) for level in (0.975, 0.025))
    return t / root, low / root, high / root


def wins(share: Float64, higher_is_better: bool) -> Int64:
    """Return int64[m, 3]: users who gain, who are indifferent, who lose; rounding errors are ties."""
    slack = 1e-12 * max(1.0, float(np.abs(share).max(initial=0.0)))
    better, worse = (share > slack).sum(axis=0), (share < -slack).sum(axis=0)
    if not higher_is_better:
        better, worse = worse, better
    return np.stack([better, len(share) - better - worse, worse], axis=1).astype(np.int64)
