"""What the page's script needs beyond the tables: plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchsuite.data import PerUser
from benchsuite_reports import across, series, words
from benchsuite_reports.build import place_tables
from benchsuite_reports.facts import Place, View
from benchsuite_reports.palette import looks
from benchsuite_reports.tables import Cell, Table

_DIGITS = 7


def payload(view: View) -> dict[str, Any]:
    """Return models, metrics, places and all values, by index.

    ``values[place][metric]`` holds, model by model, the value, the ends of its interval, its text as the tables write
    it, and the sign of its test; None where the model has nothing there.
    """
    look = looks(view)
    models = [
        {
            "label": words.clean(model),
            "lm": model in view.language_models,
            "ceiling": model in view.ceiling,
            "marker": look[model].marker,
            "filled": look[model].filled,
            "dash": look[model].dash,
        }
        for model in view.models
    ]
    metrics = [
        {
            "label": metric,
            "heading": words.heading(metric),
            "task": view.task(metric),
            "higher": view.higher_is_better(metric),
            "convention": view.convention(metric),
        }
        for metric in view.metrics
    ]
    places = [
        {
            "dataset": words.clean(place.dataset),
            "split": words.clean(place.split),
            "base": words.clean(place.base),
            "group": words.clean(place.group),
            "slug": place.slug,
            "simulated": bool(words.simulated(view.comparison, [place.dataset])),
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
        "groups": [[view.places.index(place) for place in several] for several in series.groups(view)],
        "parts": [_parts(view, cut) for cut in series.parts(view)],
        "tuning": _tuning(view),
        "standings": [
            {
                "split": words.clean(one.split),
                "metric": words.heading(one.metric),
                "datasets": len(one.datasets),
                "models": [view.models.index(model) for model in one.models if model in view.models],
                "ranks": [_short(rank) for rank in one.ranks],
                "critical": _short(one.critical_difference),
                "joined": series.joined(one),
                "p": _short(one.p),
                "leftOut": [words.clean(model) for model in one.left_out],
            }
            for one in view.comparison.standings
        ],
        "people": [_people(view, one) for one in view.comparison.per_user],
    }


def _short(value: float | None) -> float | None:
    """Return a value with enough digits to draw, which keeps the page small; tables and tooltips use the texts."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _values(view: View, place: Place, tables: Sequence[Table]) -> dict[str, list[Any]]:
    cells: dict[tuple[str, str], Cell] = {}
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
                text = there.number + (f" \N{PLUS-MINUS SIGN}{there.margin}" if there.margin else "")
                sign = {"better": 1, "worse": -1, "": 0}[there.sign]
                entries.append([_short(row.mean), _short(row.ci_low), _short(row.ci_high), text, sign])
        result[str(view.metrics.index(metric))] = entries
    return result


def _contrasts(view: View, place: Place) -> dict[str, list[Any]]:
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


def _parts(view: View, cut: series.Cut) -> dict[str, Any]:
    """Return one cut of a place's test; numbers as in ``values``, one mapping by metric for each part."""
    return {
        "place": view.places.index(cut.base),
        "family": cut.family,
        "names": [words.clean(one.name) for one in cut.strata],
        "about": [across.amount(one) for one in cut.strata],
        "values": [_values(view, part, across.part_columns(view, part)) for part in cut.places],
    }


def _tuning(view: View) -> list[dict[str, Any]]:
    return [
        {
            "dataset": words.clean(trials.dataset),
            "split": words.clean(trials.split),
            "model": view.models.index(trials.model),
            "metric": words.heading(trials.on),
            "curve": [_short(value) for value in series.best_so_far(trials, higher=view.higher_is_better(trials.on))],
            "edges": [words.clean(name) for name in trials.edges],
        }
        for trials in view.comparison.tuning
        if trials.model in view.models
    ]


def _people(view: View, one: PerUser) -> dict[str, Any]:
    texts: dict[str, int] = {}

    def code(text: str) -> int:
        return texts.setdefault(words.clean(text), len(texts))

    shown = [
        {
            "user": words.clean(case.user),
            "history": [code(text) for text in case.history],
            "truth": [code(text) for text in case.truth],
            "lists": {
                str(view.models.index(model)): [code(text) for text in answer]
                for model, answer in case.lists.items()
                if model in view.models
            },
        }
        for case in one.shown
    ]
    return {
        "dataset": words.clean(one.dataset),
        "split": words.clean(one.split),
        "metric": words.heading(one.metric),
        "users": [words.clean(user) for user in one.users],
        "values": {
            str(view.models.index(model)): [None if value is None else round(value, 5) for value in values]
            for model, values in one.values.items()
            if model in view.models
        },
        "shown": shown,
        "texts": list(texts),
    }
