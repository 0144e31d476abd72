"""Parts of a test that the harness shows apart: warm and cold, popular and rare, new and active.

All are cut by the *training part* of the fold alone, so no model can influence them, and the same cut serves every
model. Parts by item keep the queries and restrict what is right (and the labelled pairs) to some items; lists stay
whole, and other items in them are misses. Parts by user keep some queries whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchsuite.api import Metric
from benchsuite.data import Bool, EvaluationInput, Float64, Fold, Int64, StratumFamily
from benchsuite.evaluate.bootstrap import Measurement, Resampled, resample
from benchsuite.evaluate.topk import popularity
from benchsuite.evaluate.undecided import Basis

FEW = 10
"""With fewer users than this in a part there is no interval: a bootstrap over so few users is too narrow."""

_THIRDS = 3


@dataclass(frozen=True, eq=False)
class Part:
    """One part of one fold.

    Attributes:
        family: what it is cut by.
        name: e.g. ``cold items``.
        meaning: what belongs to it, in a few words.
        items: bool[items] for parts by item, else None.
        queries: bool[q] for parts by user, else None.
    """

    family: StratumFamily
    name: str
    meaning: str
    items: Bool | None = None
    queries: Bool | None = None

    def rows(self, fold: Fold) -> int:
        """Return how many held-out rows belong to it."""
        return int(self._held(fold).sum())

    def asked(self, fold: Fold) -> int:
        """Return how many queries have a held-out row in it."""
        return len(np.unique(fold.truth.rows[self._held(fold)]))

    def of(self, evidence: EvaluationInput) -> EvaluationInput:
        """Return the metrics' input restricted to this part."""
        if self.items is not None:
            return evidence.of_items(self.items)
        return evidence if self.queries is None else evidence.of_queries(self.queries)

    def _held(self, fold: Fold) -> Bool:
        if self.items is not None:
            return np.asarray(self.items[fold.truth.item])
        chosen = np.zeros(len(fold.queries), np.bool_) if self.queries is None else self.queries
        return np.asarray(chosen[fold.truth.rows])


def parts(fold: Fold) -> list[Part]:
    """Return every part of a fold, empty ones too.

    - Warm items have at least one training row, cold items none; the same for the users who ask.
    - Item popularity: the warm items from the most to the least popular, cut so that head, middle and tail each hold a
      third of the *training rows*. Items with equally many rows stay together, in the third that holds the middle of
      their rows, so thirds are as even as that allows.
    - User activity: the queries by the length of their history, cut so that each third holds a third of the *queries*,
      equal lengths again together.
    """
    taken = popularity(fold)
    trained = np.bincount(fold.train.interactions.user, minlength=len(fold.train.users))[fold.queries.user]
    found = [
        Part("item novelty", "warm items", "items with at least one training row", items=taken > 0),
        Part("item novelty", "cold items", "items without any training row", items=taken == 0),
        Part("user novelty", "warm users", "users with at least one training row", queries=trained > 0),
        Part("user novelty", "cold users", "users without any training row", queries=trained == 0),
    ]
    third = _thirds(-taken, taken)
    for place, name in enumerate(("head items", "middle items", "tail items")):
        chosen = (third == place) & (taken > 0)
        size = int(chosen.sum())
        said = f"{size:,} item{'' if size == 1 else 's'} with {_span(taken[chosen])} training rows"
        found.append(Part("item popularity", name, said, items=chosen))
    length = fold.queries.counts
    third = _thirds(length, np.ones(len(length), np.int64))
    for place, name in enumerate(("short histories", "middle histories", "long histories")):
        chosen = third == place
        said = f"queries with {_span(length[chosen])} events in their history"
        found.append(Part("user activity", name, said, queries=chosen))
    return found


def _thirds(key: Int64, weight: Int64) -> Int64:
    """Return int64[n], 0, 1 or 2: the third of all weight that holds the middle of each key's weight, in key order."""
    if not len(key):
        return np.zeros(0, np.int64)
    _, block = np.unique(key, return_inverse=True)
    total = np.bincount(block, weights=weight)
    middle = np.cumsum(total) - total / 2
    return np.minimum(_THIRDS * middle // max(float(total.sum()), 1.0), _THIRDS - 1).astype(np.int64)[block]


def _span(values: Int64) -> str:
    if not len(values):
        return "no"
    low, high = int(values.min()), int(values.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def measure_parts(
    evidence: EvaluationInput, chosen: Sequence[Part], metrics: Mapping[str, Metric], replicates: int, users: int
) -> dict[tuple[str, str], Measurement]:
    """Measure parts of one cell, all under the same bootstrap draws, which are those of the whole test.

    Args:
        evidence: the answers and the truth.
        chosen: parts of the fold that was answered.
        metrics: by label.
        replicates: how many bootstrap draws.
        users: the size of the user table.

    Returns:
        Results by (name of the part, metric label).
    """
    points: dict[tuple[str, str], Measurement] = {}
    asked: dict[tuple[str, str], Resampled] = {}
    whole: dict[str, Float64] = {}
    for part in chosen:
        given = part.of(evidence)
        basis = Basis(given, np.ones(len(given), np.bool_))
        which = np.ones(len(evidence), np.bool_) if part.queries is None else part.queries
        for label, metric in metrics.items():
            name = part.name, label
            if part.queries is not None and not metric.is_sum():
                # What such a metric makes of the whole evidence serves all parts: the others' weight is 0.
                if label not in whole:
                    whole[label] = np.asarray(metric.measure(evidence), np.float64)
                values = whole[label][part.queries]
                task = Resampled(metric, evidence, whole[label], which)
            else:
                values = np.asarray(metric.measure(given), np.float64)
                task = Resampled(metric, given, values, which)
            point = float(task.estimate(np.ones((1, len(evidence))))[0])
            nothing = np.zeros(0, np.float32)
            points[name] = Measurement(point, basis.size(metric, values), nothing, basis.undecided(metric))
            if metric.resampled and _users(given, metric, values) >= FEW:
                asked[name] = task
    for name, drawn in resample(asked, evidence.user, replicates, users).items():
        points[name] = dataclasses.replace(points[name], replicates=drawn)
    return points


def unanswered(evidence: EvaluationInput, part: Part) -> tuple[int, int]:
    """Return how many of the part's labelled pairs the fallback answered, and how many there are."""
    pairs = evidence.pairs
    if part.items is not None:
        chosen = part.items[pairs.item]
    else:
        chosen = np.ones(len(pairs), np.bool_) if part.queries is None else part.queries[pairs.query]
    return int(evidence.scores.fallback[chosen].sum()), int(chosen.sum())


def _users(evidence: EvaluationInput, metric: Metric, values: Float64) -> int:
    """Count the users that a value rests on."""
    query = np.flatnonzero(~np.isnan(values)) if metric.task == "ranking" else evidence.pairs.query
    return int(np.count_nonzero(np.bincount(evidence.user[query])))
