"""Pointwise metrics of probabilities: how far are they from the labels?

They compare the label with the probability that the harness's calibrator gave each pair, the same kind of calibrator
for all models, fitted on the validation fold. ``p_i`` is the probability that the label ``y_i`` of pair i is 1. What
holds for every metric here:

- Pooled: the mean over all pairs, so a query with many pairs weighs more. :meth:`estimate` weighs pairs by query;
  :meth:`measure` gives each query's own value, for paired tests.
- Empty: a query without pairs is NaN and does not count. Where nothing could be calibrated, everything is NaN.
- Lower is better.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from benchsuite.api import Metric, Task
from benchsuite.data import EvaluationInput, Float64
from benchsuite_protocol.metrics.caching import once_per_evidence
from benchsuite_protocol.metrics.labelled_pairs import ratio, sums

CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1 under a logarithm: one sure mistake must not cost infinity."""

_POOLED = "mean over all pairs; probabilities from the harness's calibrator"


@dataclass
class LossMetric(Metric):
    """Base of the metrics that are a mean loss over pairs."""

    task: ClassVar[Task] = "classification"
    higher_is_better: ClassVar[bool] = False

    @abstractmethod
    def loss(self, probability: Float64, label: Float64) -> Float64:
        """Return float64[p], the loss of each pair.

        Args:
            probability: float64[p].
            label: float64[p], 1 or 0.
        """

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the mean loss of each query's own pairs; NaN without pairs or probabilities."""
        return ratio(*self._sums(evidence))

    def estimate(self, evidence: EvaluationInput, values: Float64, weights: Float64) -> Float64:
        """Return float64[b], the mean loss of all pairs, each weighing what its query weighs."""
        return self.combine(np.stack([weights @ part for part in self._sums(evidence)]))

    def amounts(self, evidence: EvaluationInput, values: Float64) -> Float64:
        """Return float64[2, q], the loss and the number of each query's pairs."""
        return np.stack(self._sums(evidence))

    def combine(self, sums: Float64) -> Float64:
        """Return loss by pairs, NaN without pairs."""
        return ratio(*sums)

    def _sums(self, evidence: EvaluationInput) -> tuple[Float64, Float64]:
        query, queries, probability = evidence.pairs.query, len(evidence), evidence.scores.probability
        if probability is None:
            return np.zeros(queries), np.zeros(queries)
        loss = self.loss(probability.astype(np.float64), evidence.pairs.label.astype(np.float64))
        pairs = np.bincount(query, minlength=queries).astype(np.float64)
        return sums(query, loss, queries), pairs


@dataclass
class LogLoss(LossMetric):
    """Mean negative log-likelihood of the labels, in nats: ``-y ln p - (1 - y) ln(1 - p)``.

    Probabilities are clipped to ``[1e-7, 1 - 1e-7]`` first.
    """

    title: ClassVar[str] = "Log loss"
    unit: ClassVar[str] = "nats"
    convention: ClassVar[str] = f"natural logarithm, probabilities clipped to [1e-7, 1 - 1e-7]; {_POOLED}"

    def loss(self, probability: Float64, label: Float64) -> Float64:
        """Return minus the logarithm of the probability of what happened."""
        likely = np.where(label == 1, probability, 1.0 - probability)
        loss: Float64 = -np.log(np.clip(likely, CLIP, 1.0 - CLIP))
        return loss


@dataclass
class Brier(LossMetric):
    """Mean squared distance of probability and label: ``(p - y)^2``, from 0 to 1."""

    title: ClassVar[str] = "Brier score"
    convention: ClassVar[str] = f"(p - y)^2; {_POOLED}"

    def loss(self, probability: Float64, label: Float64) -> Float64:
        """Return the squared distance."""
        loss: Float64 = (probability - label) ** 2
        return loss


@dataclass
class CalibrationError(Metric):
    """Expected calibration error: how far mean probability and share of label 1 lie apart, bin by bin.

    Probabilities are put into ``bins`` bins of equal width, ``(0, 1/B], (1/B, 2/B], ..`` with 0 in the first. With
    ``n_b`` pairs in bin b: ``sum_b n_b / n |mean(y in b) - mean(p in b)| = sum_b |sum(y - p in b)| / n`` (Naeini et
    al. 2015). Empty bins add nothing. It is never negative, so chance alone makes it positive: with n pairs
    in B bins by about ``sqrt(B / n)``, which matters for a single query's value.

    Attributes:
        bins: how many bins.
    """

    title: ClassVar[str] = "Calibration error"
    task: ClassVar[Task] = "classification"
    higher_is_better: ClassVar[bool] = False
    convention: ClassVar[str] = (
        "bins of equal width, right ends included, weighed by pairs, absolute gap; all pairs pooled"
    )
    cite: ClassVar[tuple[str, ...]] = (
        (
            "@inproceedings{naeini2015obtaining, "
            "title={Obtaining well calibrated probabilities using Bayesian binning}, "
            "author={Naeini, Mahdi Pakdaman and Cooper, Gregory F. and Hauskrecht, Milos}, "
            "booktitle={Proceedings of the 29th AAAI Conference on Artificial Intelligence}, year={2015}}"
        ),
    )

    bins: Annotated[int, Ge(2), Le(1000)] = 15

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the error of each query's own pairs; NaN without pairs or probabilities."""
        gap, pairs = _gaps(evidence, self.bins)
        return ratio(np.abs(gap).sum(axis=1), pairs)

    def estimate(self, evidence: EvaluationInput, values: Float64, weights: Float64) -> Float64:
        """Return float64[b], the error of all pairs, each weighing what its query weighs."""
        gap, pairs = _gaps(evidence, self.bins)
        return ratio(np.abs(weights @ gap).sum(axis=1), weights @ pairs)

    def amounts(self, evidence: EvaluationInput, values: Float64) -> Float64:
        """Return float64[bins + 1, q], each query's gaps and, last, the number of its pairs."""
        gap, pairs = _gaps(evidence, self.bins)
        return np.vstack([gap.T, pairs])

    def combine(self, sums: Float64) -> Float64:
        """Return the absolute gaps of all bins together by pairs, NaN without pairs."""
        return ratio(np.abs(sums[:-1]).sum(axis=0), sums[-1])


@once_per_evidence
def _gaps(evidence: EvaluationInput, bins: int) -> tuple[Float64, Float64]:
    """Return float64[q, bins] sums of label minus probability, and float64[q] numbers of pairs."""
    queries, probability = len(evidence), evidence.scores.probability
    if probability is None:
        return np.zeros((queries, bins)), np.zeros(queries)
    likely, query = probability.astype(np.float64), evidence.pairs.query.astype(np.int64)
    cell = query * bins + np.searchsorted(np.linspace(0.0, 1.0, bins + 1)[1:-1], likely)
    gap = sums(cell, evidence.pairs.label - likely, queries * bins)
    pairs = np.bincount(query, minlength=queries).astype(np.float64)
    return gap.reshape(queries, bins), pairs
