"""What a comparison says, asked by name: which places and metrics there are, and what kind each model and metric is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchsuite.data import About, Comparison, Contrast, Row, Standing
from benchsuite_reports.model import text
from benchsuite_reports.model.numbers import percent

_COSTS = frozenset(
    {
        "fit_seconds",
        "score_seconds",
        "load_seconds",
        "peak_memory_mb",
        "parameters",
        "energy_wh",
        "co2e_g",
        "fallback_share",
    }
)
_TASKS = ("ranking", "classification", "rating", "cost")
FALLBACK = "fallback_share"
PARAMETERS = "parameters"
UNRANKED = frozenset({FALLBACK, PARAMETERS})
"""Costs of which less is not simply better: no value is marked as the best."""


@dataclass(frozen=True)
class Place:
    """Where models meet: a data set and a split, or one group of its queries.

    Attributes:
        dataset: label of the data set.
        split: label of the split, group included.
        base: label without the group.
        group: ``k=1``, or "".
        slug: ASCII name for files and labels, unique within the comparison.
    """

    dataset: str
    split: str
    base: str
    group: str
    slug: str


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
        self._parts = {(row.dataset, row.split, row.model, row.metric): row for row in parts}
        self._there = {(row.dataset, row.split, row.metric) for row in (*rows, *parts)}
        self._contrasts = {
            (one.dataset, one.split, one.model, one.metric): one
            for one in comparison.contrasts
            if one.role == "best classic"
        }
        self.places = self._places()
        facts = {about.label: about.facts for about in comparison.models}
        self.ceiling = frozenset(name for name in self.models if facts.get(name, {}).get("ceiling"))
        self.language_models = frozenset(name for name in self.models if facts.get(name, {}).get("uses_language_model"))
        self.proposed = frozenset(name for name in self.models if facts.get(name, {}).get("proposed"))
        self.classics = frozenset(self.models) - self.ceiling - self.proposed

    def _places(self) -> list[Place]:
        there = {(row.dataset, row.split) for row in self.comparison.rows}
        splits = text.order(self.comparison.splits, (row.split for row in self.comparison.rows))
        known = set(splits)
        places: list[Place] = []
        slugs: set[str] = set()
        for dataset in self.datasets:
            for split in splits:
                if (dataset, split) not in there:
                    continue
                base, slash, group = split.rpartition("/")
                grouped = bool(slash and base and ("=" in group or base in known))
                slug = unique(f"{dataset} {split}", slugs)
                places.append(Place(dataset, split, base if grouped else split, group if grouped else "", slug))
        return places

    def row(self, place: Place, model: str, metric: str) -> Row | None:
        """Return the row of one cell and metric; a group without one shares the reason of its whole split."""
        row = self.comparison.row(place.dataset, place.split, model, metric)
        if row is None:
            row = self._parts.get((place.dataset, place.split, model, metric))
        if row is None and place.group:
            whole = self.comparison.row(place.dataset, place.base, model, metric)
            return whole if whole is not None and whole.state != "ok" else None
        return row

    def contrast(self, place: Place, model: str, metric: str) -> Contrast | None:
        """Return the model's paired comparison with the best classic, None for that classic itself."""
        return self._contrasts.get((place.dataset, place.split, model, metric))

    def metrics_at(self, place: Place) -> list[str]:
        """Return the metrics, costs included, that any model has in this place."""
        return [metric for metric in self.metrics if (place.dataset, place.split, metric) in self._there]

    def task(self, metric: str) -> str:
        """Return ranking, classification, rating or cost; what says nothing is taken for ranking."""
        about = self._metric.get(metric)
        task = str(about.facts.get("task", "")) if about else ""
        if task in _TASKS:
            return task
        return "cost" if metric in _COSTS else "ranking"

    def higher_is_better(self, metric: str) -> bool:
        """Return the direction; costs are better low unless they say otherwise."""
        about = self._metric.get(metric)
        return bool((about.facts if about else {}).get("higher_is_better", self.task(metric) != "cost"))

    def convention(self, metric: str) -> str:
        """Return how a metric is computed, in one line, or ""."""
        about = self._metric.get(metric)
        return text.clean(about.facts.get("convention") or "").rstrip(".") if about else ""

    def main_at(self, places: Sequence[Place]) -> str | None:
        """Return the metric that speaks for these places: nDCG@10, else the first for ranking, else any but costs."""
        candidates = [metric for metric in self.metrics if any(metric in self.metrics_at(place) for place in places)]
        candidates = [metric for metric in candidates if self.task(metric) != "cost"]
        ranking = [metric for metric in candidates if self.task(metric) == "ranking"]
        best = [metric for metric in ranking if _is_ndcg_10(metric, self._metric.get(metric))]
        return next(iter([*best, *ranking, *candidates]), None)

    def standing(self, split: str, metric: str) -> Standing | None:
        """Return the ranks over data sets under one split, None where there are none."""
        found = (one for one in self.comparison.standings if (one.split, one.metric) == (split, metric))
        return next(found, None)

    def cold(self, place: Place) -> bool:
        """Return whether the split promises that the users or items asked about are new."""
        about = text.find(self.comparison.splits, place.base)
        return bool(about.facts["cold"]) if "cold" in about.facts else "cold" in about.name

    def grouping(self, places: Iterable[Place]) -> str:
        """Return what the groups of a split count."""
        names = {place.group.partition("=")[0] for place in places if place.group}
        return "number of history items" if names == {"k"} else "group"

    def fallback_note(self, places: Sequence[Place], model: str) -> str:
        """Return a sentence where the model left answers to its fallback in these places, else ""."""
        shares = []
        for place in places:
            rows = [self.comparison.row(place.dataset, split, model, FALLBACK) for split in (place.split, place.base)]
            shares.append(next((row.mean for row in rows if row is not None and row.mean is not None), 0.0))
        most = max(shares, default=0.0)
        if not most > 0:
            return ""
        amount = percent(most) if len(shares) == 1 else f"Up to {percent(most)}"
        return f"{amount} of its list places were filled by the declared fallback."


def _is_ndcg_10(metric: str, about: About | None) -> bool:
    if metric.lower() == "ndcg@10":
        return True
    return about is not None and about.name.partition("@")[0] == "ndcg" and about.settings.get("k") == 10  # noqa: PLR2004 - the k in its name


def unique(line: str, taken: set[str]) -> str:
    """Return an ASCII name made of lower-case letters, digits and hyphens that is not taken yet, and take it."""
    slug = re.sub(r"[^a-z0-9]+", "-", line.lower()).strip("-") or "x"
    name, number = slug, 1
    while name in taken:
        number += 1
        name = f"{slug}-{number}"
    taken.add(name)
    return name
