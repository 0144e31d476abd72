"""The one table of a first look: the main metric of every place, best models first, equal answers folded."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

from benchsuite_reports.model import series, text
from benchsuite_reports.model.across_places import leading
from benchsuite_reports.model.comparison_index import FALLBACK, ComparisonIndex, Place
from benchsuite_reports.model.leads import Sureness, lead_at, sureness
from benchsuite_reports.model.table_builder import TableBuilder
from benchsuite_reports.model.tables import NOTHING, Group, Line, Table, TableCell

SURE = "sure?"
"""What stands over whether the first is ahead by test."""

_NAMED = 3
"""How many models a folded row names; the others are counted."""

_SURE: dict[Sureness, str] = {
    "sure": "yes",
    "unsure": "no",
    "partly": "in part",
    "untested": "not tested",
    "alone": "alone",
}

_WHOLLY = 0.9995
"""From this share on, which reads 100.0%, all list places were filled by the fallback."""


def overview(view: ComparisonIndex, *, margins: bool) -> Table | None:
    """Return the main metric of every place, or of a single place its leading metrics; None where nothing is measured.

    Rows are sorted by the mean of their places. A value that mostly the fallback or the order of ties decided stands in
    brackets and has no place; rows whose every cell is the same such value, or the same reason, are one.
    """
    places, metrics = _columns(view)
    if not metrics:
        return None
    builder = TableBuilder(view)
    datasets = {place.dataset for place in places}
    for place in places:
        for metric in metrics:
            where = text.place(place) if len(datasets) > 1 else text.clean(place.split_label)
            builder.add(place, metric, view.heading(metric) if len(places) == 1 else where)
    table = builder.table("first-screen", "overview", "", places)
    spots = [(place, metric) for place in places for metric in metrics]
    lines = [_bracketed(view, line, spots, margins=margins) for group in table.groups for line in group.lines]
    competing = [line for line in lines if line.model not in view.oracles]
    ranks = [_places(competing, index, lower=column.lower) for index, column in enumerate(table.columns)]
    main = ranks if len(places) > 1 else ranks[:1]
    order = {line.model: statistics.fmean(rank[line.model] for rank in main) for line in competing}
    competing.sort(key=lambda line: (not any(cell.number for cell in line.cells), order[line.model]))
    ceiling = tuple(
        dataclasses.replace(line, model=f"{line.model} (ceiling)") for line in lines if line.model in view.oracles
    )
    groups = [Group(False, tuple(_folded(competing))), *([Group(True, ceiling)] if ceiling else [])]
    columns = tuple(dataclasses.replace(column, notes=()) for column in table.columns)
    return dataclasses.replace(table, columns=columns, groups=tuple(groups), notes=())


def leaders(view: ComparisonIndex) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and, for each place, its three best models: the overview of more places than fit side by side.

    Beside the first stands whether its lead is sure. A model that did not decide its answers itself is none of them.
    """
    places, metrics = _columns(view)
    rows: list[tuple[str, ...]] = []
    for place in places:
        builder = TableBuilder(view)
        builder.add(place, metrics[0], "")
        table = builder.table("leaders", "overview", "", [place])
        lines = [
            _bracketed(view, line, [(place, metrics[0])], margins=False)
            for group in table.groups
            for line in group.lines
        ]
        known = [line for line in lines if line.cells[0].number and line.model not in view.oracles]
        best = _places(known, 0, lower=table.columns[0].lower)
        known.sort(key=lambda line: best[line.model])
        shown = [f"{text.clean(line.model)} {line.cells[0].number}" for line in known[:3]]
        first, *others = [*shown, *[NOTHING] * (3 - len(shown))]
        lead = lead_at(view, place, metrics[0])
        rows.append((text.place(place), first, _SURE[sureness(lead)[0]] if lead.ranking else NOTHING, *others))
    return ("data set, split", "first", SURE, "second", "third"), rows


def main_heading(view: ComparisonIndex) -> str:
    """Return how the metric of the overview is headed, or ""."""
    main = view.main_at(series.wholes(view))
    return "" if main is None else view.heading(main)


def _columns(view: ComparisonIndex) -> tuple[list[Place], list[str]]:
    """Return the places of the overview and its metrics: one, or several of a single place."""
    places = series.wholes(view)
    main = view.main_at(places)
    if main is None:
        return [], []
    places = [place for place in places if main in view.metrics_at(place)]
    return places, leading(view, places) if len(places) == 1 else [main]


def _bracketed(view: ComparisonIndex, line: Line, spots: Sequence[tuple[Place, str]], *, margins: bool) -> Line:
    """Take a line's signs and notes away, and put what its model did not decide itself into brackets."""
    cells = []
    for cell, (place, metric) in zip(line.cells, spots, strict=True):
        plain = TableCell(cell.number, cell.margin if margins else "", cell.words, cell.mark, value=cell.value)
        if cell.number and line.model not in view.oracles and not _own(view, place, line.model, metric):
            plain = TableCell(words=f"({cell.number})")
        cells.append(plain)
    return dataclasses.replace(line, cells=tuple(cells), notes=())


def _own(view: ComparisonIndex, place: Place, model: str, metric: str) -> bool:
    """Return whether a value competes and its model filled some list places, on which not every metric rests."""
    row = view.comparison.row(place.dataset, place.split, model, FALLBACK, place.group)
    wholly = row is not None and row.mean is not None and row.mean >= _WHOLLY
    return view.competes(place, model, metric) and not wholly


def _places(lines: Sequence[Line], column: int, *, lower: bool) -> dict[str, float]:
    """Return each model's place by the numbers as shown; a model without a number comes after all others."""
    shown = {line.model: float(line.cells[column].number.replace(",", "").rstrip("%") or "nan") for line in lines}
    known = sorted((value for value in shown.values() if value == value), reverse=not lower)  # noqa: PLR0124 - no NaN
    return {model: float(known.index(value) if value in known else len(known)) for model, value in shown.items()}


def _folded(lines: Sequence[Line]) -> list[Line]:
    """Make one line of those that show no number of their own and the same words."""
    found: dict[object, list[Line]] = {}
    for line in lines:
        own = any(cell.number for cell in line.cells)
        found.setdefault(line.model if own else tuple(cell.words for cell in line.cells), []).append(line)
    return [_one(several) for several in found.values()]


def _one(lines: Sequence[Line]) -> Line:
    if len(lines) == 1:
        return lines[0]
    names = [line.model for line in lines]
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    return dataclasses.replace(lines[0], model=", ".join(names), language_model=False)
