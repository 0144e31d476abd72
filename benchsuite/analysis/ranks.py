"""Ranks over data sets: Friedman's test and Nemenyi's critical difference.

Source: Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7 (2006), section 3.2. The rule
of thumb there is more than 5 models on more than 10 data sets; with fewer, the chi-square approximation of Friedman's
statistic is poor, so its p-value comes from permuting ranks within data sets. Nemenyi's difference is an
approximation for many data sets, too; for few it is conservative.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from benchsuite.analysis.paired_statistics import DRAWS
from benchsuite.data import Float64, MeanRanks

_SEED = 20_060_701
_CHUNK = 2_000_000


def rank_models(split: str, metric: str, table: Float64, datasets: Sequence[str], models: Sequence[str]) -> MeanRanks:
    """Rank models over data sets.

    Args:
        split: label of the split.
        metric: label of the metric.
        table: float64[data sets, models], higher is better; a model with NaN anywhere is left out.
        datasets: labels.
        models: labels.
    """
    whole = np.flatnonzero(~np.isnan(table).any(axis=0))
    kept = [models[column] for column in whole.tolist()]
    ranks = rank_rows(-table[:, whole])
    mean = ranks.mean(axis=0)
    order = np.argsort(mean, kind="stable")
    statistic, p = friedman(ranks)
    return MeanRanks(
        split=split,
        metric=metric,
        datasets=tuple(datasets),
        models=tuple(kept[index] for index in order),
        ranks=tuple(float(mean[index]) for index in order),
        left_out=tuple(model for model in models if model not in kept),
        statistic=statistic,
        p=p,
        critical_difference=critical_difference(len(kept), len(table)),
    )


def rank_rows(values: Float64) -> Float64:
    """Return float64[n, k], the rank of each value in its row from 1 for the smallest; ties share their mean."""
    smaller = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    ranks: Float64 = smaller + (equal + 1) / 2.0
    return ranks


def friedman(ranks: Float64, draws: int = DRAWS, seed: int = _SEED) -> tuple[float, float]:
    """Return Friedman's statistic, corrected for ties, and its p-value by permutation within rows.

    Args:
        ranks: float64[n, k], ranks of k models on n data sets.
        draws: how many permutations.
        seed: of the permutations.
    """
    rows, models = ranks.shape
    middle = (models + 1) / 2.0
    spread = float(((ranks - middle) ** 2).sum())
    if models < 2 or spread == 0:  # noqa: PLR2004 - one model has no other to differ from
        return 0.0, 1.0
    seen = float(((ranks.sum(axis=0) - rows * middle) ** 2).sum())
    rng = np.random.default_rng(seed)
    further = 0
    step = max(1, _CHUNK // ranks.size)
    for first in range(0, draws, step):
        many = np.broadcast_to(ranks, (min(step, draws - first), rows, models))
        sums = rng.permuted(many, axis=2).sum(axis=1)
        further += int((((sums - rows * middle) ** 2).sum(axis=1) >= seen * (1 - 1e-12)).sum())
    return (models - 1) * seen / spread, (1 + further) / (1 + draws)


@lru_cache(maxsize=64)
def critical_difference(models: int, datasets: int) -> float:
    """Return Nemenyi's difference of mean ranks at 5%; 0 with one model.

    It is ``q * sqrt(k (k + 1) / (6 n))`` with q the studentized range of k groups at 95%, divided by sqrt(2).
    """
    if models < 2:  # noqa: PLR2004 - one model has no other to differ from
        return 0.0
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(0.95, models, np.inf)) / np.sqrt(2.0)
    return float(q * np.sqrt(models * (models + 1) / (6.0 * datasets)))
