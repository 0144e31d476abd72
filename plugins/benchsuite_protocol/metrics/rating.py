"""Metrics of rating prediction: how far are the predicted values from the held-out ones?

They compare the held-out value with the rating that the harness derives from each score. For models that predict values
(``predicts_values``) that is the score itself; for all others a straight line in the score, ``a + b * score``, which
the harness fits by least squares on the validation fold, the same way for all. Ratings are cut to the range of the
training values. Where a model abstains, whichever it is, the rating is the item's mean training value, damped by 10
ratings at the mean of all. With ``r_i`` the held-out value of pair i and ``p_i`` its rating, what holds for every
metric here:

- Pairs: held-out rows with their values. Negatives that the harness drew have no value and do not count.
- Pooled: all pairs count the same, so a query with many pairs weighs more. :meth:`estimate` weighs pairs by query;
  :meth:`measure` gives each query's own value, for paired tests.
- Empty: a query without such pairs is NaN and does not count. Where the data has no values other than 1, everything is
  NaN.
- Lower is better.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchsuite.api import Metric, Requirement, Task
from benchsuite.data import EvaluationInput, Float64
from benchsuite_protocol.metrics.caching import once_per_evidence
from benchsuite_protocol.metrics.labelled_pairs import ratio, sums

_POOLED = (
    "pooled over held-out pairs with a value; ratings from the harness's line on validation, or the model's own where "
    "it predicts values, cut to the training range"
)


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of the pairs with a value, summed by query, float64[q] each.

    Attributes:
        absolute: sum of ``|p - r|``.
        squared: sum of ``(p - r)^2``.
        pairs: how many.
    """

    absolute: Float64
    squared: Float64
    pairs: Float64


@once_per_evidence
def errors(evidence: EvaluationInput) -> Errors:
    """Return the errors by query; all 0 where nothing was predicted."""
    pairs, rating, queries = evidence.pairs, evidence.scores.rating, len(evidence)
    if rating is None:
        return Errors(np.zeros(queries), np.zeros(queries), np.zeros(queries))
    known = ~np.isnan(pairs.value)
    query = pairs.query[known]
    error = rating[known].astype(np.float64) - pairs.value[known]
    count = np.bincount(query, minlength=queries).astype(np.float64)
    return Errors(sums(query, np.abs(error), queries), sums(query, error**2, queries), count)


@dataclass
class RatingMetric(Metric):
    """Base of the metrics of rating prediction."""

    task: ClassVar[Task] = "rating"
    higher_is_better: ClassVar[bool] = False
    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.VALUES})

    @abstractmethod
    def total(self, found: Errors) -> Float64:
        """Return float64[q], the sum of each query's losses."""

    def finish(self, mean: Float64) -> Float64:
        """Return the metric of a mean loss."""
        return mean

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the value of each query's own pairs; NaN without pairs that have a value."""
        found = errors(evidence)
        return self.finish(ratio(self.total(found), found.pairs))

    def estimate(self, evidence: EvaluationInput, values: Float64, weights: Float64) -> Float64:
        """Return float64[b], the value of all pairs, each weighing what its query weighs."""
        return self.combine(np.stack([weights @ part for part in self.amounts(evidence, values)]))

    def amounts(self, evidence: EvaluationInput, values: Float64) -> Float64:
        """Return float64[2, q], the loss and the number of each query's pairs with a value."""
        found = errors(evidence)
        return np.stack([self.total(found), found.pairs])

    def combine(self, sums: Float64) -> Float64:
        """Return the metric of the mean loss, NaN without pairs."""
        return self.finish(ratio(*sums))


@dataclass
class RMSE(RatingMetric):
    """Root of the mean squared error, in the unit of the values: ``sqrt(mean((p - r)^2))``.

    The root is taken once, of the mean over all pairs: it is not a mean of the queries' own roots.
    """

    title: ClassVar[str] = "RMSE"
    unit: ClassVar[str] = "error"
    convention: ClassVar[str] = f"root of the mean squared error, {_POOLED}"

    def total(self, found: Errors) -> Float64:
        """Return the squared errors."""
        return found.squared

    def finish(self, mean: Float64) -> Float64:
        """Return the root."""
        return np.sqrt(mean)


@dataclass
class MAE(RatingMetric):
    """Mean absolute error, in the unit of the values: ``mean(|p - r|)``."""

    title: ClassVar[str] = "MAE"
    unit: ClassVar[str] = "error"
    convention: ClassVar[str] = f"mean absolute error, {_POOLED}"

    def total(self, found: Errors) -> Float64:
        """Return the absolute errors."""
        return found.absolute
