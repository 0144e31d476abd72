"""Metrics beyond accuracy: how even, how novel and how popular the lists are. The ground truth is not used.

All queries count, those without truth included; so do places that the fallback filled, since users see them. Ties and
short lists: the list is taken as it is, an empty place (-1) holds no item.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from benchsuite.api import Metric
from benchsuite.data import EvaluationInput, Float64
from benchsuite_protocol.metrics.hits import hits
from benchsuite_protocol.metrics.labelled_pairs import ratio, sums


@dataclass
class GiniAtK(Metric):
    """How unevenly the places are shared among the items: 0 if all are listed equally often, near 1 if few take all.

    With ``x_1 <= .. <= x_C`` the numbers of places that the C items of the catalogue take in all first k places,
    unlisted items having 0: ``G = sum_i (2 i - C - 1) x_i / (C sum_i x_i)`` (Fleder and Hosanagar 2009). NaN where
    nothing is listed. It belongs to all lists together: what a single query has is the same of its own list,
    ``1 - S / C`` for S items, and there is no interval, as a bootstrap would not be centred.

    Attributes:
        k: how many places are looked at.
    """

    title: ClassVar[str] = "Gini"
    higher_is_better: ClassVar[bool] = False
    resampled: ClassVar[bool] = False
    rewards_truth: ClassVar[bool] = False
    convention: ClassVar[str] = "Gini coefficient of places per catalogue item, unlisted items have 0; all queries"

    k: Annotated[int, Gt(0)] = 10

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the coefficient of each list alone; NaN for an empty list."""
        listed = hits(evidence).top(self.k).listed
        return np.where(listed > 0, 1.0 - listed / evidence.catalogue, np.nan)

    def estimate(self, evidence: EvaluationInput, values: Float64, weights: Float64) -> Float64:
        """Return float64[b], the coefficient of all lists, each counted as often as its weight says."""
        item = evidence.rankings.item[:, : self.k]
        query, place = np.nonzero(item >= 0)
        listed = item[query, place]
        present = np.bincount(listed) > 0
        return np.asarray([_gini(sums(listed, w[query], 0)[present], evidence.catalogue) for w in weights])


def _gini(places: Float64, catalogue: int) -> float:
    """Return the coefficient of ``catalogue`` items of which the listed ones take ``places`` and the others none."""
    total = places.sum()
    if total <= 0:
        return np.nan
    rank = np.arange(catalogue - len(places) + 1, catalogue + 1, dtype=np.float64)
    return float((2.0 * rank - catalogue - 1.0) @ np.sort(places) / (catalogue * total))


@dataclass
class ListMean(Metric):
    """Base of the metrics that are a mean over the items of a list.

    Attributes:
        k: how many places are looked at.
    """

    rewards_truth: ClassVar[bool] = False

    k: Annotated[int, Gt(0)] = 10

    @abstractmethod
    def item_value(self, evidence: EvaluationInput) -> Float64:
        """Return float64[items], the value of each item."""

    def means(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the mean value of the items in the first k places; NaN for an empty list."""
        top = hits(evidence).top(self.k)
        # An empty place (-1) reads the last item's value, which does not count.
        values = np.where(top.shown, self.item_value(evidence)[evidence.rankings.item[:, : self.k]], 0.0)
        return ratio(values.sum(axis=1), top.listed)


@dataclass
class NoveltyAtK(ListMean):
    """How little known the listed items are: their mean self-information in bits.

    ``-log2 p_i`` with ``p_i = (n_i + 1) / (U + 1)``, the share of the U training users who took item i (Castells,
    Hurley and Vargas 2015, "Novelty and diversity in recommender systems"), ``n_i`` being its training rows. The 1 is
    the next user: it gives an item without rows the novelty ``log2(U + 1)`` instead of infinity. Where pairs repeat,
    ``p_i`` is cut at 1. The value of a query is the mean over the items in its first k places, NaN for an empty list;
    then the mean over queries.
    """

    title: ClassVar[str] = "Novelty"
    unit: ClassVar[str] = "bits"
    convention: ClassVar[str] = "mean -log2((training rows + 1) / (users + 1)) over listed items, in bits; all queries"

    def item_value(self, evidence: EvaluationInput) -> Float64:
        """Return each item's self-information."""
        share = np.minimum((evidence.popularity + 1.0) / (evidence.users + 1.0), 1.0)
        novelty: Float64 = -np.log2(share)
        return novelty

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the mean novelty of each list."""
        return self.means(evidence)


@dataclass
class PopularityLiftAtK(ListMean):
    """How much more popular the listed items are than what users took in training.

    ``(A - B) / B`` with A the mean popularity (training rows) of the items in a list's first k places, and B that of
    the items of all training rows, ``sum_i n_i^2 / sum_i n_i``. 0: the model lists items as popular as those that
    users take by themselves; 1: twice as popular; -1: items that nobody took, as cold ones. After Abdollahpouri et al.
    (2019, "The unfairness of popularity bias in recommendation"), with the histories of all users pooled. NaN for an
    empty list and without training rows; then the mean over queries.

    Lower counts as better, since a model that favours popular items lies far above 0. Below 0 lower is no better.
    """

    title: ClassVar[str] = "Popularity lift"
    unit: ClassVar[str] = "ratio"
    higher_is_better: ClassVar[bool] = False
    convention: ClassVar[str] = "mean popularity of listed items / of the items of all training rows - 1; all queries"

    def item_value(self, evidence: EvaluationInput) -> Float64:
        """Return each item's training rows by the mean popularity of a training row's item, less 1."""
        rows = evidence.popularity.astype(np.float64)
        return ratio(rows, np.full(len(rows), (rows @ rows) / max(rows.sum(), 1.0))) - 1.0

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the lift of each list."""
        return self.means(evidence)
