"""What the pointwise metrics share: confusion counts per query, sums, and the AUC within each query."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchsuite.data import EvaluationInput, Float32, Float64
from benchsuite_protocol.metrics.caching import once_per_evidence


@dataclass(frozen=True, eq=False)
class Confusion:
    """Pairs per query (float64[q] each) by true and predicted label.

    Attributes:
        tp: label 1, predicted 1.
        fp: label 0, predicted 1.
        fn: label 1, predicted 0.
        tn: label 0, predicted 0.
    """

    tp: Float64
    fp: Float64
    fn: Float64
    tn: Float64


@once_per_evidence
def confusion(evidence: EvaluationInput) -> Confusion:
    """Return the counts; a pair is predicted 1 where its score is at or above the threshold (NaN is not)."""
    predicted = evidence.scores.score >= evidence.scores.threshold
    kind = 2 * (evidence.pairs.label == 1) + predicted
    counts = np.bincount(evidence.pairs.query * np.int64(4) + kind, minlength=4 * len(evidence))
    table = counts.reshape(len(evidence), 4).astype(np.float64)
    return Confusion(tp=table[:, 3], fp=table[:, 1], fn=table[:, 2], tn=table[:, 0])


def ratio(above: Float64, below: Float64) -> Float64:
    """Return ``above / below``, NaN where ``below`` is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, above / below, np.nan)


def sums(row: NDArray[np.integer], values: Float64, rows: int) -> Float64:
    """Return float64[rows], the sum of the values of each row."""
    return np.bincount(row, weights=values, minlength=rows).astype(np.float64, copy=False)


def scores_without_nan(score: Float32) -> Float32:
    """Return the scores with NaN as minus infinity: where a model abstains, the pair ranks below all others."""
    return np.where(np.isnan(score), np.float32(-np.inf), score)


def ordered_bits(score: Float32) -> NDArray[np.uint32]:
    """Return whole numbers in the order of the scores, the same for equal scores; no score may be NaN."""
    bits = (score + np.float32(0.0)).view(np.uint32)  # the sum makes -0 the 0 that it equals
    return np.where(bits >> np.uint32(31), ~bits, bits | np.uint32(1 << 31))


@once_per_evidence
def auc_per_query(evidence: EvaluationInput) -> Float64:
    """Return float64[q], the area under the ROC curve of each query's own pairs; NaN with one label only."""
    queries = len(evidence)
    # Query, score and label in one number: one sort of whole numbers, and nothing to be gathered after it.
    packed = evidence.pairs.query.astype(np.uint64) << np.uint64(33)
    packed |= ordered_bits(scores_without_nan(evidence.scores.score)).astype(np.uint64) << np.uint64(1)
    packed |= (evidence.pairs.label == 1).astype(np.uint64)
    packed.sort()
    label = (packed & np.uint64(1)).astype(np.float64)
    scored = packed >> np.uint64(1)
    query = (packed >> np.uint64(33)).astype(np.int64)
    total = np.bincount(query, minlength=queries)
    rank = _mean_rank(scored) - np.repeat(np.cumsum(total) - total, total)
    positive = sums(query, label, queries)
    beaten = sums(query, label * rank, queries) - positive * (positive + 1.0) / 2.0
    return ratio(beaten, positive * (total - positive))


def _mean_rank(scored: NDArray[np.uint64]) -> Float64:
    """Return each sorted row's rank from 1; rows of one query with the same score share their mean rank."""
    new = np.ones(len(scored), np.bool_)
    new[1:] = scored[1:] != scored[:-1]
    begin = np.flatnonzero(new)
    end = np.append(begin[1:], len(scored))
    return np.repeat((begin + end + 1) / 2.0, end - begin)
