"""The contract of a metric: one value a query, and how queries become one number."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from benchsuite.api.model import Requirement
from benchsuite.api.plugin import Plugin
from benchsuite.data import EvaluationInput, Float64

Task = Literal["ranking", "classification", "rating"]


@dataclasses.dataclass
class Metric(Plugin):
    """Base of all metrics. ``ndcg@10`` names the metric ``ndcg`` with its setting ``k = 10``."""

    task: ClassVar[Task] = "ranking"
    """Judges lists (ranking), labelled pairs (classification) or values (rating)."""

    title: ClassVar[str] = ""
    """The heading in tables and figures, without a cut-off: ``nDCG``, of which an experiment's ``ndcg@10`` makes
    nDCG@10. Without one the label stands."""

    unit: ClassVar[str] = "share"
    """What kind of number it is: ``share`` (from 0 to 1), ``error`` (on the scale of the values), ``nats``, ``bits``,
    ``ratio`` or whatever its readers call it."""

    higher_is_better: ClassVar[bool] = True

    needs: ClassVar[frozenset[Requirement]] = frozenset()
    """What the data must have. Without it, :meth:`measure` returns NaN and reports say what is missing."""

    convention: ClassVar[str] = ""
    """One line: gain, denominator, tie rule, empty truths, who is averaged. Printed under every table."""

    resampled: ClassVar[bool] = True
    """False when a bootstrap over users makes no sense (coverage): then there is no interval."""

    rewards_truth: ClassVar[bool] = True
    """False for metrics of something else than being right (coverage, novelty): for them no answer is perfect."""

    @abstractmethod
    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], one value per query; NaN where the query does not count."""

    def estimate(self, evidence: EvaluationInput, values: Float64, weights: Float64) -> Float64:
        """Return float64[b], the metric under b weightings of the queries; by default the mean over counted queries.

        Metrics over pooled pairs (precision, F1, AUC) override it. Those that are made of sums over queries override
        :meth:`amounts` and :meth:`combine` as well, which give the same faster under many weightings.

        Args:
            evidence: the same as in :meth:`measure`.
            values: float64[q], what :meth:`measure` returned.
            weights: float64[b, q]; a row of ones gives the plain value, other rows are bootstrap multiplicities.
        """
        counted = ~np.isnan(values)
        weight = weights[:, counted]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean: Float64 = (weight @ values[counted]) / weight.sum(axis=1)
        return mean

    def amounts(self, evidence: EvaluationInput, values: Float64) -> Float64:
        """Return float64[c, q], what each query adds to c sums of which :meth:`combine` makes the metric.

        The harness weighs the amounts of many metrics at once, instead of calling :meth:`estimate` with every draw of
        a bootstrap, unless a class overrides that method and not this one. A query that does not count adds 0.

        Args:
            evidence: the same as in :meth:`measure`.
            values: float64[q], what :meth:`measure` returned.
        """
        counted = ~np.isnan(values)
        return np.stack([np.where(counted, values, 0.0), counted.astype(np.float64)])

    def combine(self, sums: Float64) -> Float64:
        """Return float64[b], the metric of weighted sums of :meth:`amounts`, float64[c, b]; NaN for nothing."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean: Float64 = sums[0] / sums[1]
        return mean

    @classmethod
    def is_sum(cls) -> bool:
        """Return whether sums give the metric: :meth:`amounts` says so, and no class further down weighs otherwise."""
        weighs, sums = (next(kind for kind in cls.__mro__ if name in vars(kind)) for name in ("estimate", "amounts"))
        return issubclass(sums, weighs)
