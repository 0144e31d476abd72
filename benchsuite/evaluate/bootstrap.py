"""Metric values per query, and bootstrap replicates that resample users.

The bootstrap is clustered by user: all queries of a user are drawn together. The same draws serve every model, metric,
fold and seed of a data set, so replicates of two models can be subtracted (a paired comparison), and replicates of
several folds can be averaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from benchsuite.api import Metric
from benchsuite.data import EvaluationInput, Float32, Float64, Int32, Queries
from benchsuite.evaluate.undecided import Undecided, undecided

_CHUNK = 4_000_000


@dataclass(frozen=True)
class Measurement:
    """One metric on one cell and one group of queries.

    Attributes:
        value: the metric, NaN where no query counts.
        n: how many queries (ranking), pairs (classification) or pairs with a value (rating) count.
        replicates: float32[b] bootstrap replicates, empty for metrics without an interval.
        undecided: what the model did not decide of the answers behind the value; None where there are none, or where
            it was not counted.
    """

    value: float
    n: int
    replicates: Float32
    undecided: Undecided | None = None


def measure(
    evidence: EvaluationInput, queries: Queries, metrics: Mapping[str, Metric], replicates: int, users: int
) -> tuple[dict[str, Float64], dict[tuple[str, str], Measurement]]:
    """Measure one cell.

    Args:
        evidence: the answers and the truth.
        queries: who asked; their groups are measured apart.
        metrics: by label.
        replicates: how many bootstrap draws.
        users: the size of the user table; draws are made for all of it.

    Returns:
        Values float64[q] by metric label, and results by (metric label, group name); the group "" is everybody.
    """
    values = {label: np.asarray(metric.measure(evidence), np.float64) for label, metric in metrics.items()}
    groups: dict[str, Float64] = {"": np.ones(len(queries))}
    if len(queries.groups) > 1 and queries.group is not None:
        groups |= {name: (queries.group == code).astype(np.float64) for code, name in enumerate(queries.groups)}
    points: dict[tuple[str, str], float] = {}
    drawn: dict[tuple[str, str], list[Float64]] = {}
    for label, metric in metrics.items():
        for group, mask in groups.items():
            points[label, group] = float(metric.estimate(evidence, values[label], mask[None, :])[0])
            drawn[label, group] = []
    for weights in draws(evidence.user, replicates, users):
        for label, metric in metrics.items():
            if metric.resampled:
                for group, mask in groups.items():
                    drawn[label, group].append(metric.estimate(evidence, values[label], weights * mask))
    results = {}
    for (label, group), point in points.items():
        parts = drawn[label, group]
        joined = np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)
        size = count(evidence, metrics[label], values[label], groups[group])
        own = undecided(evidence, metrics[label], groups[group] > 0)
        results[label, group] = Measurement(point, size, joined, own)
    return values, results


def count(evidence: EvaluationInput, metric: Metric, values: Float64, mask: Float64) -> int:
    """Count what the value rests on: queries that count, or pairs."""
    if metric.task == "ranking":
        return int(((mask > 0) & ~np.isnan(values)).sum())
    counts = mask[evidence.pairs.query] > 0
    if metric.task == "rating":
        counts &= ~np.isnan(evidence.pairs.value) & (evidence.scores.rating is not None)
    return int(counts.sum())


def draws(user: Int32, replicates: int, users: int) -> Iterator[Float64]:
    """Yield float64[b, q] multiplicities in chunks: each user is drawn a Poisson(1) number of times.

    Poisson weights are the large-sample form of the multinomial bootstrap and can be drawn in chunks.
    """
    step = max(1, _CHUNK // max(users, len(user), 1))
    rng = np.random.default_rng(20_210_927)
    for first in range(0, replicates, step):
        yield rng.poisson(1.0, (min(step, replicates - first), users)).astype(np.float64)[:, user]
