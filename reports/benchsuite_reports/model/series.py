"""The numbers behind every picture: what is drawn, before anybody draws it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchsuite.data import MeanRanks, Stratum, Trials
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place

TIME = ("fit_seconds", "score_seconds")

NOVELTY = frozenset({"item novelty", "user novelty"})
"""What tests are cut by that tells warm from cold."""

_SWEPT = 3  # points that make a curve


@dataclass(frozen=True)
class Point:
    """One model's value with its interval, None where there is none."""

    model: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Spot:
    """One model's quality and cost, and whether no other model is both better and cheaper."""

    model: str
    cost: float
    value: float
    front: bool


@dataclass(frozen=True)
class Curve:
    """One model's values over the groups of a split, in the order of the groups."""

    model: str
    points: tuple[Point | None, ...]


@dataclass(frozen=True)
class Cut:
    """One place's test cut into parts by one thing: the whole, each part as a place of its own, what each part is."""

    family: str
    base: Place
    places: tuple[Place, ...]
    strata: tuple[Stratum, ...]


def points(view: ComparisonIndex, place: Place, metric: str) -> list[Point]:
    """Return every model that has a value, in the order of the experiment."""
    found = []
    for model in view.models:
        row = view.row(place, model, metric)
        if row is not None and row.state == "ok" and row.mean is not None and math.isfinite(row.mean):
            found.append(Point(model, row.mean, row.ci_low, row.ci_high))
    return found


def groups(view: ComparisonIndex) -> list[list[Place]]:
    """Return the groups of each split that has at least two, in order."""
    found: dict[tuple[str, str], list[Place]] = {}
    for place in view.places:
        if place.group:
            found.setdefault((place.dataset, place.split), []).append(place)
    return [places for places in found.values() if len(places) > 1]


@dataclass(frozen=True)
class Sweep:
    """Splits of one data set that differ in one number, in its order: the setting's name, places and values."""

    setting: str
    base: Place
    places: tuple[Place, ...]
    values: tuple[float, ...]


def sweeps(view: ComparisonIndex) -> list[Sweep]:
    """Return the runs of at least three splits that differ in one number only, in order."""
    about = {one.label: one for one in view.comparison.splits if not one.group}
    found: dict[tuple[str, str, str], list[tuple[float, Place]]] = {}
    for place in wholes(view):
        one = about.get(place.split_label)
        if one is None:
            continue
        for name, value in sorted(one.settings.items()):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                rest = repr(sorted((other, told) for other, told in one.settings.items() if other != name))
                found.setdefault((place.dataset, f"{one.name} {rest}", name), []).append((float(value), place))
    runs = []
    for (dataset, _, name), several in found.items():
        if len(several) >= _SWEPT:
            values, places = zip(*sorted(several, key=lambda pair: pair[0]), strict=True)
            plain = about[places[0].split_label].name
            base = Place(dataset, plain, "", f"{places[0].slug}-{name}")
            runs.append(Sweep(name, base, places, values))
    return runs


def parts(view: ComparisonIndex) -> list[Cut]:
    """Return what each test was cut by, with its parts, in order; what there are no numbers of is left out."""
    found: dict[tuple[str, str, str], list[Stratum]] = {}
    for stratum in view.comparison.strata:
        found.setdefault((stratum.dataset, stratum.split, stratum.family), []).append(stratum)
    slugs = {(place.dataset, place.split): place.slug for place in view.places if not place.group}
    cuts = []
    for (dataset, split, family), strata in found.items():
        slug = slugs.get((dataset, split))
        if slug is None:
            continue
        places = tuple(
            Place(dataset, split, one.name, f"{slug}-{re.sub('[^a-z0-9]+', '-', one.name)}") for one in strata
        )
        base = Place(dataset, split, "", slug)
        cuts.append(Cut(family, base, places, tuple(strata)))
    return cuts


def curves(view: ComparisonIndex, places: Sequence[Place], metric: str) -> list[Curve]:
    """Return one curve per model that has a value in any of the groups."""
    by_place = [{point.model: point for point in points(view, place, metric)} for place in places]
    return [
        Curve(model, tuple(there.get(model) for there in by_place))
        for model in view.models
        if any(model in there for there in by_place)
    ]


def spots(view: ComparisonIndex, place: Place, metric: str) -> list[Spot]:
    """Return quality against the seconds to fit and to answer, for every model that has all of them."""
    whole = Place(place.dataset, place.split, "", place.slug)
    found: list[tuple[str, float, float]] = []
    for point in points(view, place, metric):
        rows = [view.row(whole, point.model, name) for name in TIME]
        costs = [row.mean for row in rows if row is not None and row.mean is not None]
        if len(costs) == len(TIME) and sum(costs) > 0:
            # Sums in another order differ in the last bit, and a logarithmic axis has no room between such numbers.
            found.append((point.model, float(f"{sum(costs):.6g}"), point.value))
    sign = 1 if view.higher_is_better(metric) else -1
    rivals = [(cost, sign * value) for model, cost, value in found if model not in view.oracles]
    return [
        Spot(
            model,
            cost,
            value,
            model not in view.oracles
            and not any(
                (other <= cost and better >= sign * value) and (other < cost or better > sign * value)
                for other, better in rivals
            ),
        )
        for model, cost, value in found
    ]


def wholes(view: ComparisonIndex) -> list[Place]:
    """Return the places that are no group of another."""
    return [place for place in view.places if not place.group]


def best_so_far(trials: Trials, *, higher: bool) -> list[float | None]:
    """Return the best value after each trial, None before the first that succeeded."""
    best: float | None = None
    curve: list[float | None] = []
    for value in trials.values:
        if value is not None:
            best = value if best is None else max(best, value) if higher else min(best, value)
        curve.append(best)
    return curve


def joined(one: MeanRanks) -> list[tuple[int, int]]:
    """Return the longest runs of models within the critical difference, as first and last index."""
    runs: list[tuple[int, int]] = []
    for first in range(len(one.models)):
        final = max(
            index
            for index in range(first, len(one.models))
            if one.ranks[index] - one.ranks[first] <= one.critical_difference
        )
        if final > first and (not runs or final > runs[-1][1]):
            runs.append((first, final))
    return runs
