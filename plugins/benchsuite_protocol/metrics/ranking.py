"""Metrics of top-k lists over the full catalogue.

In all formulas of one query: ``R`` are its relevant items, ``h_j`` is 1 where the item at place ``j = 1 .. k`` is in
``R`` and else 0, ``H = h_1 + .. + h_k``. What holds for every metric here unless it says otherwise:

- Ties: the order of the list is taken as it is. The harness has put tied items in the order of their codes, which are
  hashes and carry no information.
- Short lists: an empty place (-1) is a miss; the list is not stretched and the denominators do not shrink.
- Empty truths: a query with no relevant item is NaN, it does not count. Neither 0 nor 1 would be earned.
- Averaging: the mean over all queries that count.
- A metric refuses (``DataError``) to look at more places than the stored lists have, unless these hold the catalogue.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from benchsuite.api import Metric
from benchsuite.data import EvaluationInput, Float64
from benchsuite.data.numeric import dcg_divisor
from benchsuite_protocol.metrics.hits import Hits, hits

_COMMON = "binary relevance; empty places are misses; ties by item code; queries without truth do not count; mean"


@dataclass
class TopMetric(Metric):
    """Base of the metrics over the first k places.

    Attributes:
        k: how many places are looked at.
    """

    k: Annotated[int, Gt(0)] = 10

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], one value per query; NaN where nothing is relevant."""
        top = hits(evidence).top(self.k)
        if not len(evidence):
            return np.zeros(0, np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(top.relevant > 0, self.compute(top), np.nan)

    @abstractmethod
    def compute(self, top: Hits) -> Float64:
        """Return float64[q], anything where nothing is relevant.

        Args:
            top: the first k places.
        """


@dataclass
class AccuracyAtK(TopMetric):
    """Share of the catalogue that is classified rightly when the top k are called relevant.

    ``(TP + TN) / C = 1 - (S + |R| - 2 H) / C`` for a catalogue of C items and a list of S <= k items: wrong are the
    listed items that are not relevant and the relevant ones that are not listed. It is close to 1 for every model
    where truths are few and the catalogue is large; it is here because readers ask for it.

    Short lists: only items that are there are called relevant.
    """

    title: ClassVar[str] = "Accuracy"
    convention: ClassVar[str] = f"(TP + TN) / catalogue, the top k called relevant; {_COMMON}"

    def compute(self, top: Hits) -> Float64:
        """Return one minus the share of wrongly classified items."""
        return 1.0 - (top.listed + top.relevant - 2.0 * top.found) / top.catalogue


@dataclass
class PrecisionAtK(TopMetric):
    """Share of the k places that hold a relevant item: ``H / k``, also for lists shorter than k."""

    title: ClassVar[str] = "Precision"
    convention: ClassVar[str] = f"hits / k; {_COMMON}"

    def compute(self, top: Hits) -> Float64:
        """Return hits by places."""
        return top.found / self.k


@dataclass
class RecallAtK(TopMetric):
    """Share of the relevant items that are among the first k: ``H / |R|``, also where ``|R| > k``."""

    title: ClassVar[str] = "Recall"
    convention: ClassVar[str] = f"hits / number of relevant items; {_COMMON}"

    def compute(self, top: Hits) -> Float64:
        """Return hits by relevant items."""
        return top.found / top.relevant


@dataclass
class F1AtK(TopMetric):
    """Harmonic mean of precision@k and recall@k of each query, then averaged: ``2 H / (k + |R|)``; 0 without a hit."""

    title: ClassVar[str] = "F1"
    convention: ClassVar[str] = f"harmonic mean of precision@k and recall@k per query; {_COMMON}"

    def compute(self, top: Hits) -> Float64:
        """Return the harmonic mean in its closed form."""
        return 2.0 * top.found / (self.k + top.relevant)


@dataclass
class NDCGAtK(TopMetric):
    """Normalised discounted cumulative gain with binary gain: hits count less further down.

    ``DCG = sum_j h_j / log2(j + 1)``, divided by the DCG of the best possible list of k places, which begins with
    ``min(|R|, k)`` hits.
    """

    title: ClassVar[str] = "nDCG"
    convention: ClassVar[str] = f"binary gain, 1 / log2(place + 1), ideal list of min(relevant, k) hits; {_COMMON}"

    def compute(self, top: Hits) -> Float64:
        """Return gained by ideal discounted hits."""
        discount = 1.0 / dcg_divisor(np.arange(max(self.k, top.hit.shape[1])))
        ideal = np.concatenate([np.zeros(1), np.cumsum(discount)])
        gain: Float64 = top.hit @ discount[: top.hit.shape[1]] / ideal[np.minimum(top.relevant, self.k)]
        return gain


@dataclass
class MAPAtK(TopMetric):
    """Mean average precision: precision at the place of each hit, summed.

    ``AP@k = sum_j h_j (h_1 + .. + h_j) / j``, divided by ``min(|R|, k)``, so that a perfect list has 1. (Others divide
    by ``|R|``, as trec_eval does, or by ``H``.)
    """

    title: ClassVar[str] = "MAP"
    convention: ClassVar[str] = f"average precision / min(relevant, k); {_COMMON}"

    def compute(self, top: Hits) -> Float64:
        """Return the average precision."""
        place = np.arange(1, top.hit.shape[1] + 1, dtype=np.float64)
        precision = np.cumsum(top.hit, axis=1) / place
        average: Float64 = np.einsum("qk,qk->q", precision, top.hit) / np.minimum(top.relevant, self.k)
        return average


@dataclass
class MRRAtK(TopMetric):
    """Mean reciprocal rank: ``1 / j`` for the first place j that hits, 0 where none of the k does."""

    title: ClassVar[str] = "MRR"
    convention: ClassVar[str] = f"1 / place of the first hit, 0 without one; {_COMMON}"

    def compute(self, top: Hits) -> Float64:
        """Return one by the place of the first hit."""
        if not top.hit.shape[1]:
            return np.zeros(len(top.hit))
        return np.where(top.found > 0, 1.0 / (top.hit.argmax(axis=1) + 1.0), 0.0)


@dataclass
class HitRateAtK(TopMetric):
    """Share of the queries with a relevant item among the first k: 1 where ``H > 0``, else 0."""

    title: ClassVar[str] = "Hit rate"
    convention: ClassVar[str] = f"1 if any of the k places hits, else 0; {_COMMON}"

    def compute(self, top: Hits) -> Float64:
        """Return whether there is a hit."""
        return (top.found > 0).astype(np.float64)


@dataclass
class CoverageAtK(TopMetric):
    """Share of the catalogue that is in anybody's first k places.

    ``|union over queries of the listed items| / C`` for a catalogue of C items. All queries count, also those without
    truth; places that the fallback filled count, since users see them. It belongs to all lists together: what a single
    query has is the share that its own list covers, and a bootstrap over users, which draws some users twice and so
    sees fewer lists, would be biased downward; so there is no interval.
    """

    title: ClassVar[str] = "Coverage"
    resampled: ClassVar[bool] = False
    rewards_truth: ClassVar[bool] = False
    convention: ClassVar[str] = "share of the catalogue listed at least once; all queries, also those without truth"

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the share of the catalogue that each list covers alone."""
        return self.compute(hits(evidence).top(self.k))

    def compute(self, top: Hits) -> Float64:
        """Return the length of each list by the size of the catalogue."""
        return top.listed / top.catalogue

    def estimate(self, evidence: EvaluationInput, values: Float64, weights: Float64) -> Float64:
        """Return float64[b], the share that all lists with a weight above 0 cover together."""
        item = evidence.rankings.item[:, : self.k]
        query, place = np.nonzero(item >= 0)
        listed = item[query, place]
        covered = [np.count_nonzero(np.bincount(listed[weight[query] > 0])) for weight in weights]
        return np.asarray(covered, np.float64) / evidence.catalogue
