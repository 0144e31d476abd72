"""Seed variance apart from user variance: analysis of variance with random users and random seeds.

A mean over users and seeds is uncertain for two reasons that no single standard deviation can tell apart: other users
might have been asked, and another seed might have been drawn. With values y[u, s] of user u under seed s the model is
``y[u, s] = m + user[u] + seed[s] + rest[u, s]``, and the variances of the three are estimated by the method of moments
(Searle, Casella and McCulloch, "Variance Components", 1992, chapter 4). Estimates below 0 become 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchsuite.data import Float64, Int32, Int64

_TWO = 2


@dataclass(frozen=True)
class Components:
    """Standard deviations; see :class:`benchsuite.data.VarianceComponents`."""

    seed_sd: float
    user_sd: float
    residual_sd: float | None
    design: Literal["crossed", "nested"]


@dataclass(frozen=True, eq=False)
class Layout:
    """Who was asked under which seed: the same for all models and metrics of a table.

    Attributes:
        owner: by cell int64[q], the place of who asks among all users.
        seeds: by cell, the seed; cells of one seed are its folds, and a user's queries under one seed are averaged.
        users: how many users there are.
    """

    owner: Sequence[Int64]
    seeds: Sequence[int]
    users: int

    @classmethod
    def of(cls, users: Sequence[Int32], seeds: Sequence[int]) -> Layout:
        """Number the users.

        Args:
            users: by cell int32[q], who asks.
            seeds: by cell, the seed.
        """
        known, code = np.unique(np.concatenate(users), return_inverse=True)
        return cls(np.split(code, np.cumsum([len(user) for user in users])[:-1]), seeds, len(known))

    def components(self, values: Sequence[Float64]) -> Components | None:
        """Separate seeds from users.

        Args:
            values: by cell float64[q], values or differences per query; NaN does not count.

        Returns:
            None with fewer than two seeds, or fewer than two users under a seed.
        """
        levels = list(dict.fromkeys(self.seeds))
        table = np.full((self.users, len(levels)), np.nan)
        for column, seed in enumerate(levels):
            value = np.concatenate([v for v, s in zip(values, self.seeds, strict=True) if s == seed])
            who = np.concatenate([w for w, s in zip(self.owner, self.seeds, strict=True) if s == seed])
            counted = ~np.isnan(value)
            number = np.bincount(who[counted], minlength=self.users)
            amount = np.bincount(who[counted], weights=value[counted], minlength=self.users)
            table[:, column] = np.where(number > 0, amount / np.maximum(number, 1), np.nan)
        known = ~np.isnan(table)
        if len(levels) < _TWO or known.sum(axis=0).min() < _TWO:
            return None
        whole = table[known.all(axis=1)]
        asked = known.sum() / len(levels)
        return _crossed(whole) if len(whole) >= max(_TWO, asked / _TWO) else _nested(table)


def _crossed(table: Float64) -> Components:
    """Two-way layout without replication: users by seeds, both random."""
    users, seeds = table.shape
    mean, user, seed = table.mean(), table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    ms_user = seeds * ((user - mean) ** 2).sum() / (users - 1)
    ms_seed = users * ((seed - mean) ** 2).sum() / (seeds - 1)
    ms_rest = ((table - user - seed + mean) ** 2).sum() / ((users - 1) * (seeds - 1))
    variances = ((ms_seed - ms_rest) / users, (ms_user - ms_rest) / seeds, ms_rest)
    seed_sd, user_sd, rest_sd = (float(np.sqrt(max(variance, 0.0))) for variance in variances)
    return Components(seed_sd, user_sd, rest_sd, "crossed")


def _nested(table: Float64) -> Components:
    """One-way layout: the users under one seed are not those under another."""
    groups = [column[~np.isnan(column)] for column in table.T]
    sizes = np.array([len(group) for group in groups], np.float64)
    total, seeds = sizes.sum(), len(groups)
    means = np.array([group.mean() for group in groups])
    mean = float((sizes * means).sum() / total)
    within = sum(float(((group - own) ** 2).sum()) for group, own in zip(groups, means, strict=True)) / (total - seeds)
    between = float((sizes * (means - mean) ** 2).sum()) / (seeds - 1)
    size = (total - (sizes**2).sum() / total) / (seeds - 1)
    return Components(float(np.sqrt(max((between - within) / size, 0.0))), float(np.sqrt(within)), None, "nested")
