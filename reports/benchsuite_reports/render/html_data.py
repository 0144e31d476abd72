"""What the page's script needs beyond the tables: plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchsuite.data import PerUser
from benchsuite_reports.model import across_places, series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.leads import lead_at
from benchsuite_reports.model.palette import model_styles
from benchsuite_reports.model.sections import place_tables
from benchsuite_reports.model.tables import Table, TableCell
from benchsuite_reports.render.html_paste import paste

_DIGITS = 7


def payload(view: ComparisonIndex) -> dict[str, Any]:
    """Return models, metrics, places and all values, by index.

    ``values[place][metric]`` holds, model by model, the value, the ends of its interval, its text as the tables write
    it, and the sign of its test; None where the model has nothing there.
    """
    styles = model_styles(view)
    models = [
        {
            "label": text.clean(model),
            "lm": model in view.language_models,
            "ceiling": model in view.oracles,
            "marker": styles[model].marker,
            "filled": styles[model].filled,
            "dash": styles[model].dash,
        }
        for model in view.models
    ]
    metrics = [
        {
            "label": metric,
            "heading": view.heading(metric),
            "task": view.task(metric),
            "higher": view.higher_is_better(metric),
            "convention": view.convention(metric),
        }
        for metric in view.metrics
    ]
    places = [
        {
            "dataset": text.clean(place.dataset),
            "split": text.clean(place.split_label),
            "base": text.clean(place.split),
            "group": text.clean(place.group),
            "slug": place.slug,
            "simulated": bool(text.simulated(view.comparison, [place.dataset])),
            "main": view.metrics.index(main) if (main := view.main_at([place])) else None,
        }
        for place in view.places
    ]
    return {
        "models": models,
        "metrics": metrics,
        "places": places,
        "values": [_values(view, place, place_tables(view, place)) for place in view.places],
        "contrasts": [_contrasts(view, place) for place in view.places],
        "references": [_references(view, place) for place in view.places],
        "costs": [_costs(view, place) for place in view.places],
        "groups": [[view.places.index(place) for place in several] for several in series.groups(view)],
        "parts": [_parts(view, cut) for cut in series.parts(view)],
        "tuning": _tuning(view),
        "standings": [
            {
                "split": text.clean(one.split),
                "metric": view.heading(one.metric),
                "datasets": len(one.datasets),
                "models": [view.models.index(model) for model in one.models if model in view.models],
                "ranks": [_short(rank) for rank in one.ranks],
                "critical": _short(one.critical_difference),
                "joined": series.joined(one),
                "p": _short(one.p),
                "leftOut": [text.clean(model) for model in one.left_out],
            }
            for one in view.comparison.standings
        ],
        "paste": paste(view),
        "people": [_people(view, one) for one in view.comparison.per_user],
    }


def _short(value: float | None) -> float | None:
    """Return a value with enough digits to draw, which keeps the page small; tables and tooltips use the texts."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _values(view: ComparisonIndex, place: Place, tables: Sequence[Table]) -> dict[str, list[Any]]:
    cells: dict[tuple[str, str], TableCell] = {}
    for table in tables:
        if table.kind == "against":
            continue
        for line in table.lines():
            for column, cell in zip(table.columns, line.cells, strict=True):
                cells[column.key, line.model] = cell
    result: dict[str, list[Any]] = {}
    for metric in view.metrics_at(place):
        entries: list[Any] = []
        for model in view.models:
            row, there = view.row(place, model, metric), cells.get((metric, model))
            if row is None or there is None:
                entries.append(None)
            elif not there.number:
                entries.append(there.words)
            else:
                shown = there.number + (f" \N{PLUS-MINUS SIGN}{there.margin}" if there.margin else "")
                sign = {"better": 1, "worse": -1, "": 0}[there.sign]
                entries.append([_short(row.mean), _short(row.ci_low), _short(row.ci_high), shown, sign])
        result[str(view.metrics.index(metric))] = entries
    return result


def _contrasts(view: ComparisonIndex, place: Place) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = {}
    for metric in view.metrics_at(place):
        column: list[Any] = []
        for model in view.models:
            one = view.contrast(place, model, metric)
            column.append(
                None if one is None else [view.models.index(one.reference), one.wins, one.ties, one.losses, one.verdict]
            )
        if any(column):
            result[str(view.metrics.index(metric))] = column
    return result


def _references(view: ComparisonIndex, place: Place) -> dict[str, int]:
    """Return by metric the best reference, which the tests and tables of the place have too."""
    found = {metric: view.reference(place, metric) for metric in view.metrics_at(place)}
    return {
        str(view.metrics.index(metric)): view.models.index(model)
        for metric, model in found.items()
        if model is not None
    }


def _costs(view: ComparisonIndex, place: Place) -> dict[str, list[Any]]:
    """Return by metric each model with its seconds, and whether nothing is both better and cheaper."""
    found = {
        metric: [
            [view.models.index(spot.model), _short(spot.cost), spot.front] for spot in series.spots(view, place, metric)
        ]
        for metric in view.metrics_at(place)
        if metric not in series.TIME
    }
    return {str(view.metrics.index(metric)): spots for metric, spots in found.items() if len(spots) > 1}


def _parts(view: ComparisonIndex, cut: series.Cut) -> dict[str, Any]:
    """Return one cut of a place's test; numbers as in ``values``, one mapping by metric for each part."""
    return {
        "place": view.places.index(cut.base),
        "family": cut.family,
        "names": [text.clean(one.name) for one in cut.strata],
        "about": [across_places.amount(one) for one in cut.strata],
        "values": [_values(view, part, across_places.part_columns(view, part)) for part in cut.places],
    }


def _tuning(view: ComparisonIndex) -> list[dict[str, Any]]:
    return [
        {
            "dataset": text.clean(trials.dataset),
            "split": text.clean(trials.split),
            "model": view.models.index(trials.model),
            "metric": view.heading(trials.on),
            "curve": [_short(value) for value in series.best_so_far(trials, higher=view.higher_is_better(trials.on))],
            "edges": [text.clean(name) for name in trials.edges],
        }
        for trials in view.comparison.tuning
        if trials.model in view.models
    ]


def _people(view: ComparisonIndex, one: PerUser) -> dict[str, Any]:
    texts: dict[str, int] = {}

    def code(line: str) -> int:
        return texts.setdefault(text.clean(line), len(texts))

    shown = [
        {
            "user": text.clean(case.user),
            "history": [code(line) for line in case.history],
            "truth": [code(line) for line in case.truth],
            "lists": {
                str(view.models.index(model)): [code(line) for line in answer]
                for model, answer in case.lists.items()
                if model in view.models
            },
        }
        for case in one.shown
    ]
    return {
        "dataset": text.clean(one.dataset),
        "split": text.clean(one.split),
        "metric": view.heading(one.metric),
        "users": [text.clean(user) for user in one.users],
        "values": {
            str(view.models.index(model)): [None if value is None else round(value, 5) for value in values]
            for model, values in one.values.items()
            if model in view.models
        },
        "pair": _pair(view, one),
        "gaps": _gaps(view, one),
        "shown": shown,
        "texts": list(texts),
    }


def _pair(view: ComparisonIndex, one: PerUser) -> list[int]:
    """Return which two models are set against one another at first: the best proposed model and the best reference.

    Where one of the two has no values, the first of those that compete takes its place.
    """
    here = (place for place in view.places if (place.dataset, place.split, place.group) == (one.dataset, one.split, ""))
    place = next(here, None)
    if place is None:
        return []
    found = lead_at(view, place, one.metric)
    ranking = [point.model for point in found.ranking if point.model in one.values]
    reference = None if found.reference is None else found.reference.model
    tested = [model for model in ranking if model in view.candidates]
    first = next((model for model in (*tested, *ranking) if model != reference), None)
    second = reference if reference in ranking else next((model for model in ranking if model != first), None)
    return [view.models.index(model) for model in (first, second) if model is not None]


def _gaps(view: ComparisonIndex, one: PerUser) -> dict[str, dict[str, float | None]]:
    """Return the mean difference of any two models over the users of whom both have a value."""
    import numpy as np

    models = [model for model in view.models if model in one.values]
    if not models:
        return {}
    values = np.array([[np.nan if value is None else value for value in one.values[model]] for model in models])
    found: dict[str, dict[str, float | None]] = {}
    for model, own in zip(models, values, strict=True):
        gaps = own - values
        known = ~np.isnan(gaps)
        sums, counts = np.where(known, gaps, 0.0).sum(axis=1), known.sum(axis=1)
        found[str(view.models.index(model))] = {
            str(view.models.index(other)): _short(float(total / count)) if count else None
            for other, total, count in zip(models, sums, counts, strict=True)
            if other != model
        }
    return found
