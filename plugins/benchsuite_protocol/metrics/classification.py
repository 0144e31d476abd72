"""Pointwise metrics of labelled (query, item) pairs: is this item one that this user likes?

A pair is predicted 1 where its score is at or above the threshold, which the harness chose on the validation fold.
``TP, FP, FN, TN`` are counts of pairs over *all* queries: pairs are pooled, so a query with many pairs weighs more.
What holds for every metric here:

- Ties: at the threshold, the label is 1. Where a model abstains (NaN) the pair is predicted 0 and ranks below all
  others.
- Short or empty lists: a query without pairs is NaN and does not count.
- Undefined: where a denominator is 0 the value is NaN, not 0 or 1: a share of nothing has no value, and a made-up one
  would move a mean.
- Intervals: :meth:`estimate` weighs the counts by query and divides then, so it stays a pooled value in every resample.
  :meth:`measure` gives each query's own value, for paired tests; their mean is not the pooled value.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchsuite.api import Metric, Task
from benchsuite.data import EvaluationInput, Float64
from benchsuite_protocol.metrics.labelled_pairs import Confusion, auc_per_query, confusion, ratio
from benchsuite_protocol.metrics.pooled_auc import pooled_auc

_POOLED = "pooled over all pairs; score >= threshold means 1, threshold from validation; undefined is NaN"


@dataclass
class LabelMetric(Metric):
    """Base of the metrics that are a ratio of counts of pairs."""

    task: ClassVar[Task] = "classification"

    @abstractmethod
    def parts(self, counts: Confusion) -> tuple[Float64, Float64]:
        """Return numerator and denominator, float64[q] each.

        Args:
            counts: pairs per query by true and predicted label.
        """

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the value of each query's own pairs; NaN where it is undefined."""
        return ratio(*self.parts(confusion(evidence)))

    def estimate(self, evidence: EvaluationInput, values: Float64, weights: Float64) -> Float64:
        """Return float64[b], the value of the pooled pairs under b weightings of the queries."""
        return self.combine(np.stack([weights @ part for part in self.amounts(evidence, values)]))

    def amounts(self, evidence: EvaluationInput, values: Float64) -> Float64:
        """Return float64[2, q], numerator and denominator of each query."""
        return np.stack(self.parts(confusion(evidence)))

    def combine(self, sums: Float64) -> Float64:
        """Return the ratio of the two sums, NaN where the denominator is 0."""
        return ratio(*sums)


@dataclass
class Accuracy(LabelMetric):
    """Share of the pairs that are predicted correctly: ``(TP + TN) / (TP + FP + FN + TN)``; NaN without pairs."""

    title: ClassVar[str] = "Accuracy"
    convention: ClassVar[str] = f"(TP + TN) / pairs; {_POOLED}"

    def parts(self, counts: Confusion) -> tuple[Float64, Float64]:
        """Return correct pairs and all pairs."""
        return counts.tp + counts.tn, counts.tp + counts.fp + counts.fn + counts.tn


@dataclass
class Precision(LabelMetric):
    """Share of the pairs predicted 1 that are 1: ``TP / (TP + FP)``; NaN where nothing is predicted 1."""

    title: ClassVar[str] = "Precision"
    convention: ClassVar[str] = f"TP / (TP + FP); {_POOLED}"

    def parts(self, counts: Confusion) -> tuple[Float64, Float64]:
        """Return true positives and all predicted 1."""
        return counts.tp, counts.tp + counts.fp


@dataclass
class Recall(LabelMetric):
    """Share of the pairs with label 1 that are predicted 1: ``TP / (TP + FN)``; NaN where no pair has label 1."""

    title: ClassVar[str] = "Recall"
    convention: ClassVar[str] = f"TP / (TP + FN); {_POOLED}"

    def parts(self, counts: Confusion) -> tuple[Float64, Float64]:
        """Return true positives and all with label 1."""
        return counts.tp, counts.tp + counts.fn


@dataclass
class F1(LabelMetric):
    """Harmonic mean of pooled precision and recall: ``2 TP / (2 TP + FP + FN)``.

    0 where nothing is predicted 1 although some pair has label 1; NaN where neither is the case, as nothing was to find
    and nothing was claimed.
    """

    title: ClassVar[str] = "F1"
    convention: ClassVar[str] = f"2 TP / (2 TP + FP + FN); {_POOLED}"

    def parts(self, counts: Confusion) -> tuple[Float64, Float64]:
        """Return twice the true positives, and the same with all wrong pairs."""
        return 2.0 * counts.tp, 2.0 * counts.tp + counts.fp + counts.fn


@dataclass
class AUC(Metric):
    """Area under the ROC curve of all pairs pooled.

    The chance that a pair with label 1 scores higher than a pair with label 0, of any two queries, both drawn at
    random: ``sum_(i, j) [s_i > s_j] + [s_i = s_j] / 2`` over pairs i with label 1 and j with label 0, divided by how
    many there are. Ties count half. It needs no threshold. NaN where all pairs have one label.

    Scores of different queries are compared, so a model whose scores live on another scale for each user is punished;
    ``user-auc`` compares within queries only.
    """

    title: ClassVar[str] = "AUC"
    task: ClassVar[Task] = "classification"
    convention: ClassVar[str] = "all pairs of all queries against each other; ties count half; NaN with one label only"

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the area within each query's own pairs."""
        return auc_per_query(evidence)

    def estimate(self, evidence: EvaluationInput, values: Float64, weights: Float64) -> Float64:
        """Return float64[b], the pooled area; a pair weighs what its query weighs."""
        return pooled_auc(evidence, weights)


@dataclass
class UserAUC(Metric):
    """Area under the ROC curve within each query's own pairs, then averaged: per-user AUC.

    The chance that of two pairs of the same query, one with label 1 and one with label 0, the first scores higher; ties
    count half. Scores of different queries are never compared. Queries whose pairs all have one label are NaN and do
    not count; all others count the same, however many pairs they have (not the impression-weighted "GAUC").
    """

    title: ClassVar[str] = "AUC per user"
    task: ClassVar[Task] = "classification"
    convention: ClassVar[str] = "within each query, ties count half; mean over queries with both labels, unweighted"

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the area within each query's own pairs."""
        return auc_per_query(evidence)
