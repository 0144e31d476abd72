"""What a comparison says, asked by name: which places and metrics there are, and what kind each model and metric is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchsuite.data import Comparison, Contenders, Contrast, MeanRanks, MetricInfo, Row, main_metric, split_label
from benchsuite.data.comparison import Role
from benchsuite.data.infos import MetricTask
from benchsuite_reports.model import text
from benchsuite_reports.model.numbers import percent

FALLBACK = "fallback_share"
_UNRANKED = frozenset({"share", "count"})
"""Units of costs of which less is not simply better: no value is marked as the best."""


@dataclass(frozen=True)
class Place:
    """Where models meet: a data set and a split, or one group of its queries.

    Attributes:
        dataset: label of the data set.
        split: label of the split.
        group: ``k=1``, or "" for everybody.
        slug: ASCII name for files and labels, unique within the comparison.
    """

    dataset: str
    split: str
    group: str
    slug: str

    @property
    def split_label(self) -> str:
        """Label of the split, group included."""
        return split_label(self.split, self.group)


class ComparisonIndex:
    """A comparison with its order and its kinds worked out once."""

    def __init__(self, comparison: Comparison) -> None:
        rows = comparison.rows
        self.comparison = comparison
        self.datasets = text.order(comparison.datasets, (row.dataset for row in rows))
        self.models = text.order(comparison.models, (row.model for row in rows))
        self.metrics = text.order(comparison.metrics, (row.metric for row in rows))
        self._metric = {about.label: about for about in comparison.metrics}
        parts = [row for stratum in comparison.strata for row in stratum.rows]
        self._parts = {(row.dataset, row.split, row.group, row.model, row.metric): row for row in parts}
        self._there = {(row.dataset, row.split, row.group, row.metric) for row in (*rows, *parts)}
        self.contenders = Contenders((*rows, *parts), comparison.models, comparison.metrics)
        self._lead_contrasts = {
            (one.dataset, one.split, one.group, one.model, one.reference, one.metric, one.role): one
            for one in comparison.leads
        }
        self._contrasts = {
            (one.dataset, one.split, one.group, one.model, one.metric): one
            for one in comparison.contrasts
            if one.role == "best reference"
        }
        self.places = self._places()
        self.oracles = frozenset(info.label for info in comparison.models if info.is_oracle)
        self.language_models = frozenset(info.label for info in comparison.models if info.uses_language_model)
        self.candidates = frozenset(info.label for info in comparison.models if info.is_candidate)
        self.references = frozenset(self.models) - self.oracles - self.candidates

    def _places(self) -> list[Place]:
        there = {(row.dataset, row.split, row.group) for row in self.comparison.rows}
        known = [(info.label, info.group) for info in self.comparison.splits]
        splits = dict.fromkeys([*known, *((row.split, row.group) for row in self.comparison.rows)])
        slugs: set[str] = set()
        return [
            Place(dataset, split, group, unique(f"{dataset} {split_label(split, group)}", slugs))
            for dataset in self.datasets
            for split, group in splits
            if (dataset, split, group) in there
        ]

    def row(self, place: Place, model: str, metric: str) -> Row | None:
        """Return the row of one cell and metric; a group without one shares the reason of its whole split."""
        row = self.comparison.row(place.dataset, place.split, model, metric, place.group)
        if row is None:
            row = self._parts.get((place.dataset, place.split, place.group, model, metric))
        if row is None and place.group:
            whole = self.comparison.row(place.dataset, place.split, model, metric)
            return whole if whole is not None and whole.state != "ok" else None
        return row

    def competes(self, place: Place, model: str, metric: str) -> bool:
        """Return whether a model has a value here that is its own, see :class:`benchsuite.data.Contenders`."""
        row = self.row(place, model, metric)
        return row is not None and self.contenders.competes(row)

    def reference(self, place: Place, metric: str) -> str | None:
        """Return the best reference here, which all else is held against; None for costs and where none competes."""
        return self.contenders.reference((place.dataset, place.split, place.group, metric))

    def frozen(self, place: Place, metric: str) -> list[tuple[str, str, Role]]:
        """Return which model's gain by fine-tuning is told against which frozen one."""
        return self.contenders.frozen((place.dataset, place.split, place.group, metric))

    def contrast(self, place: Place, model: str, metric: str) -> Contrast | None:
        """Return the model's paired comparison with the best reference, None for that reference itself."""
        one = self._contrasts.get((place.dataset, place.split, place.group, model, metric))
        return one if one is not None and one.reference == self.reference(place, metric) else None

    def lead_contrast(self, place: Place, model: str, reference: str, metric: str, role: Role) -> Contrast | None:
        """Return a paired comparison that was made for the verdict only."""
        return self._lead_contrasts.get((place.dataset, place.split, place.group, model, reference, metric, role))

    def metrics_at(self, place: Place) -> list[str]:
        """Return the metrics, costs included, that any model has in this place."""
        return [metric for metric in self.metrics if (place.dataset, place.split, place.group, metric) in self._there]

    def info(self, metric: str) -> MetricInfo:
        """Return what is known of a metric; of one that only the rows know, its label."""
        return self._metric.get(metric) or MetricInfo(metric, metric)

    def heading(self, metric: str) -> str:
        """Return how a metric or cost is headed, as it says itself: nDCG@10, Fit (s)."""
        return text.clean(self.info(metric).heading)

    def task(self, metric: str) -> MetricTask:
        """Return ranking, classification, rating or cost."""
        return self.info(metric).task

    def marks_best(self, metric: str) -> bool:
        """Return whether the best value of a column is marked: not of costs of which less is not simply better."""
        return self.task(metric) != "cost" or self.info(metric).unit not in _UNRANKED

    def higher_is_better(self, metric: str) -> bool:
        """Return the direction."""
        return self.info(metric).higher_is_better

    def convention(self, metric: str) -> str:
        """Return how a metric is computed, in one line, or ""."""
        return text.clean(self.info(metric).convention).rstrip(".")

    def main_at(self, places: Sequence[Place]) -> str | None:
        """Return the metric that speaks for these places, of those that have numbers there."""
        there = [metric for metric in self.metrics if any(metric in self.metrics_at(place) for place in places)]
        main = main_metric([self.info(metric) for metric in there])
        return None if main is None else main.label

    def standing(self, split: str, metric: str) -> MeanRanks | None:
        """Return the ranks over data sets under one split, None where there are none."""
        found = (one for one in self.comparison.standings if (one.split, one.metric) == (split, metric))
        return next(found, None)

    def cold(self, place: Place) -> bool:
        """Return whether the split promises that the users or items asked about are new."""
        info = text.find_split(self.comparison.splits, place.split)
        return "cold" in info.name if info.cold is None else bool(info.cold)

    def grouping(self, places: Iterable[Place]) -> str:
        """Return what the groups of a split count."""
        return "number of history items" if self.counted(places) else "group"

    def counted(self, places: Iterable[Place]) -> bool:
        """Return whether the groups of a split are numbers of history items, which lines may join."""
        return {place.group.partition("=")[0] for place in places if place.group} == {"k"}

    def fallback_share(self, place: Place, model: str) -> float:
        """Return the share of a model's list places that its fallback filled here, 0 where that is not known."""
        here = (place.dataset, place.split, model, FALLBACK)
        rows = [self.comparison.row(*here, group) for group in (place.group, "")]
        return next((row.mean for row in rows if row is not None and row.mean is not None), 0.0)

    def fallback_note(self, places: Sequence[Place], model: str) -> str:
        """Return a sentence where the model left answers to its fallback in these places, else ""."""
        shares = [self.fallback_share(place, model) for place in places]
        most = max(shares, default=0.0)
        if not most > 0:
            return ""
        amount = percent(most) if len(shares) == 1 else f"Up to {percent(most)}"
        return f"{amount} of its list places were filled by the declared fallback."


def unique(line: str, taken: set[str]) -> str:
    """Return an ASCII name made of lower-case letters, digits and hyphens that is not taken yet, and take it."""
    slug = re.sub(r"[^a-z0-9]+", "-", line.lower()).strip("-") or "x"
    name, number = slug, 1
    while name in taken:
        number += 1
        name = f"{slug}-{number}"
    taken.add(name)
    return name
