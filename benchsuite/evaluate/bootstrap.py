"""Metric values per query, and bootstrap replicates that resample users.

The bootstrap is clustered by user: all queries of a user are drawn together. The same draws serve every model, metric,
fold and seed of a data set, so replicates of two models can be subtracted (a paired comparison), and replicates of
several folds can be averaged.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchsuite.api import Metric
from benchsuite.data import Bool, EvaluationInput, Float32, Float64, Int32, Queries
from benchsuite.evaluate.undecided import Basis, Undecided

_CHUNK = 4_000_000

_SEED = 20_210_927
_KEPT = 64_000_000
"""Draws of so many bytes, one for each draw and user, are kept for the next cell."""

DRAWS_KEPT = 2
"""Of so many data sets."""

_WEIGHTS = 2_000_000
_WEIGHTS_KEPT = 4
"""As many weights, and of so many tests: the models of a test, and the seeds of a split, take turns."""

Name = TypeVar("Name", bound=Hashable)


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
    asked: dict[tuple[str, str], Resampled] = {}
    points: dict[tuple[str, str], float] = {}
    for label, metric in metrics.items():
        for group, mask in groups.items():
            points[label, group] = float(metric.estimate(evidence, values[label], mask[None, :])[0])
            if metric.resampled:
                asked[label, group] = Resampled(metric, evidence, values[label], mask > 0)
    drawn = resample(asked, evidence.user, replicates, users)
    results = {}
    bases = {group: Basis(evidence, mask > 0) for group, mask in groups.items()}
    for (label, group), point in points.items():
        size = bases[group].size(metrics[label], values[label])
        found = drawn.get((label, group), np.zeros(0, np.float32))
        results[label, group] = Measurement(point, size, found, bases[group].undecided(metrics[label]))
    return values, results


@dataclass(frozen=True, eq=False)
class Resampled:
    """One metric that is wanted under every draw, on some queries.

    Attributes:
        metric: the metric.
        evidence: of all queries, or of the chosen ones alone.
        values: what the metric measured on this evidence.
        chosen: bool[q], which of all queries count.
    """

    metric: Metric
    evidence: EvaluationInput
    values: Float64
    chosen: Bool

    def amounts(self) -> Float64:
        """Return float64[c, q], what each of all queries adds to the sums that give the metric."""
        own = np.asarray(self.metric.amounts(self.evidence, self.values), np.float64)
        if own.shape[1] == len(self.chosen):
            return own if self.chosen.all() else own * self.chosen
        found = np.zeros((len(own), len(self.chosen)))
        found[:, self.chosen] = own
        return found

    def estimate(self, weights: Float64) -> Float64:
        """Return float64[b], the metric under weights float64[b, q] of all queries."""
        if len(self.evidence) == len(self.chosen):
            weights = weights if self.chosen.all() else weights * self.chosen
        else:
            weights = weights[:, self.chosen]
        return self.metric.estimate(self.evidence, self.values, weights)


def resample(asked: Mapping[Name, Resampled], user: Int32, replicates: int, users: int) -> dict[Name, Float32]:
    """Return float32[replicates] of everything that is asked, all under the same draws of users.

    Metrics that are made of sums share one matrix product of draws and amounts.

    Args:
        asked: by name.
        user: int32[q], who asks.
        replicates: how many draws.
        users: the size of the user table; draws are made for all of it.
    """
    parts: dict[Name, list[Float64]] = {name: [] for name in asked}
    columns = {name: one.amounts() for name, one in asked.items() if one.metric.is_sum()}
    ends = dict(zip(columns, np.cumsum([len(own) for own in columns.values()]).tolist(), strict=True))
    together = np.concatenate([*columns.values(), np.zeros((0, len(user)))])
    for weights in draws(user, replicates, users):
        sums = np.ascontiguousarray((weights @ together.T).T)
        for name, one in asked.items():
            if name in columns:
                own = sums[ends[name] - len(columns[name]) : ends[name]]
                parts[name].append(one.metric.combine(own))
            else:
                parts[name].append(one.estimate(weights))
    return {name: np.concatenate(found).astype(np.float32) for name, found in parts.items()}


def keep_draws(replicates: int, users: int) -> None:
    """Make the draws that :func:`draws` will ask for, where they are few enough to be kept."""
    if replicates * users <= _KEPT:
        _kept_draws(replicates, users)


def draws(user: Int32, replicates: int, users: int) -> Iterator[Float64]:
    """Yield float64[b, q] multiplicities in chunks: each user is drawn a Poisson(1) number of times.

    Poisson weights are the large-sample form of the multinomial bootstrap and can be drawn in chunks.
    """
    step = max(1, _CHUNK // max(users, len(user), 1))
    if replicates * users <= _KEPT:
        if 0 < replicates <= step and replicates * len(user) <= _WEIGHTS:
            yield _kept_weights(replicates, users, user.astype(np.int32, copy=False).tobytes())
            return
        kept = _kept_draws(replicates, users)
        for first in range(0, replicates, step):
            yield _fixed(kept[first : first + step, user])
        return
    rng = np.random.default_rng(_SEED)
    for first in range(0, replicates, step):
        yield _fixed(rng.poisson(1.0, (min(step, replicates - first), users))[:, user])


def _fixed(counts: NDArray[np.integer]) -> Float64:
    """Return counts as weights that nobody changes, so that metrics may keep what they make of them."""
    weights = counts.astype(np.float64)
    weights.flags.writeable = False
    return weights


@lru_cache(maxsize=_WEIGHTS_KEPT)
def _kept_weights(replicates: int, users: int, user: bytes) -> Float64:
    """Return float64[replicates, q], the draws of the users int32[q] who ask."""
    return _fixed(_kept_draws(replicates, users)[:, np.frombuffer(user, np.int32)])


@lru_cache(maxsize=DRAWS_KEPT)
def _kept_draws(replicates: int, users: int) -> NDArray[np.uint8]:
    """Return uint8[replicates, users], the same numbers as in chunks; nobody is ever drawn 256 times."""
    rng = np.random.default_rng(_SEED)
    step = max(1, _CHUNK // max(users, 1))
    sizes = [min(step, replicates - first) for first in range(0, replicates, step)]
    parts = [rng.poisson(1.0, (size, users)).astype(np.uint8) for size in sizes]
    return np.concatenate([*parts, np.zeros((0, users), np.uint8)])
