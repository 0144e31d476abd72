"""What the page's script needs to put compact tables together: written cells and their ranks, to be picked from."""

from __future__ import annotations

import dataclasses
from typing import Any

from benchsuite.data import TIES_TOLD, main_metric
from benchsuite_reports.model import across_places, series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place, unique
from benchsuite_reports.model.numbers import Form, percent
from benchsuite_reports.model.selected_table import brief
from benchsuite_reports.model.table_builder import TableBuilder
from benchsuite_reports.model.tables import TableCell
from benchsuite_reports.render import latex_text
from benchsuite_reports.render.latex_tables import BOLD, PREAMBLE
from benchsuite_reports.render.selected_latex import ROOM, SETTINGS, opening


def paste(view: ComparisonIndex) -> dict[str, Any]:
    """Return every column that a compact table may have, cell by cell as it is written.

    Columns stand together with as many decimals as the finest of them needs, so each is written with every number of
    decimals that may come to be. A cell is ``[texts, margins, ranks, sign, ties]``, its lists by decimals; or
    ``{words, state, reason, notes}`` where there is no number; or None.
    """
    cuts = series.parts(view)
    places = [*view.places, *(part for cut in cuts for part in cut.places)]
    shapes = {
        (place, metric): TableBuilder(view).shape(place, metric)
        for place in places
        for metric in view.metrics_at(place)
    }
    decimals = sorted({shape.decimals for (_, metric), shape in shapes.items() if view.task(metric) != "cost"})
    written = _Written(view, decimals)
    columns: dict[Place, dict[str, Any]] = {place: {} for place in places}
    for (place, metric), shape in shapes.items():
        columns[place][str(view.metrics.index(metric))] = written.column(place, metric, shape)
    return {
        "key": unique(view.comparison.name, set()),
        "decimals": decimals,
        "places": [
            {
                "dataset": view.datasets.index(place.dataset),
                "split": text.clean(place.split_label),
                "kind": "part" if position >= len(view.places) else "group" if place.group else "whole",
                "columns": columns[place],
                "fallback": [_share(view.fallback_share(place, model)) for model in view.models],
            }
            for position, place in enumerate(places)
        ],
        "datasets": [
            {"label": text.clean(one), "simulated": bool(text.simulated(view.comparison, [one]))}
            for one in view.datasets
        ],
        "main": _main(view),
        "first": [view.metrics.index(metric) for metric in across_places.leading(view, series.wholes(view))],
        "tied": TIES_TOLD,
        "simulated": text.SIMULATED,
        "notes": list(written.notes),
        "tex": {
            **latex_text.tables(),
            "bold": BOLD,
            "room": ROOM,
            "settings": [dataclasses.asdict(one) for one in SETTINGS],
            "opening": opening(view.comparison.name),
            "preamble": PREAMBLE,
        },
    }


class _Written:
    """Writes columns, and keeps the sentences that their footnotes tell."""

    def __init__(self, view: ComparisonIndex, decimals: list[int]) -> None:
        self._view = view
        self._decimals = decimals
        self.notes: dict[str, int] = {}

    def column(self, place: Place, metric: str, shape: Form) -> dict[str, Any]:
        """Return one metric in one place: how it is written, who is ahead, and a cell for each model."""
        view = self._view
        quality = view.task(metric) != "cost"
        first = self._decimals.index(shape.decimals) if quality else 0
        shapes = (
            [dataclasses.replace(shape, decimals=digits) for digits in self._decimals[first:]] if quality else [shape]
        )
        drawn = [self._cells(place, metric, one) for one in shapes]
        ranks = [self._ranks(place, metric, cells) for cells in drawn]
        reference = view.reference(place, metric)
        return {
            "first": first,
            "marks": view.marks_best(metric),
            "reference": None if reference is None else view.models.index(reference),
            "order": self._order(place, metric),
            "cells": [
                self._cell(
                    place, model, metric, [cells.get(model) for cells in drawn], [one.get(model) for one in ranks]
                )
                for model in view.models
            ],
        }

    def _cells(self, place: Place, metric: str, shape: Form) -> dict[str, tuple[TableCell, list[str]]]:
        """Return the cell of each model, and what its footnotes tell."""
        builder = TableBuilder(self._view)
        builder.add(place, metric, "", shape=shape)
        table = builder.table("", "selected", "", [place])
        told = {note.letter: note.text for note in table.notes}
        return {line.model: (line.cells[0], [told[letter] for letter in line.cells[0].notes]) for line in table.lines()}

    def _ranks(self, place: Place, metric: str, cells: dict[str, tuple[TableCell, list[str]]]) -> dict[str, int]:
        """Return the rank of each number as written, of those that may be marked as the best."""
        view = self._view
        if not view.marks_best(metric):
            return {}
        rows = {model: view.row(place, model, metric) for model in cells}
        shown = {
            model: float(cell.number)
            for model, (cell, _) in cells.items()
            if cell.number and model not in view.oracles and ((row := rows[model]) is None or row.competes)
        }
        ladder = sorted(set(shown.values()), reverse=view.higher_is_better(metric))
        return {model: ladder.index(value) for model, value in shown.items()}

    def _order(self, place: Place, metric: str) -> list[int]:
        """Return the models that have a value, best first."""
        points = series.points(self._view, place, metric)
        sign = -1.0 if self._view.higher_is_better(metric) else 1.0
        return [self._view.models.index(point.model) for point in sorted(points, key=lambda point: sign * point.value)]

    def _cell(
        self,
        place: Place,
        model: str,
        metric: str,
        drawn: list[tuple[TableCell, list[str]] | None],
        ranks: list[int | None],
    ) -> Any:
        known = [one for one in drawn if one is not None]
        row = self._view.row(place, model, metric)
        if not known:
            return None
        cell, told = known[0]
        if not cell.number:
            state, reason = brief(cell)
            return {
                "words": cell.words,
                "state": state,
                "reason": self._note(reason) if reason else None,
                "notes": [self._note(line) for line in told],
            }
        sign = {"better": 1, "worse": -1, "": 0}[cell.sign]
        ties = None if row is None or row.tie_share is None else [*_of(row.tie_share), int(row.competes)]
        return [[one.number for one, _ in known], [one.margin for one, _ in known], ranks, sign, ties]

    def _note(self, line: str) -> int:
        return self.notes.setdefault(line, len(self.notes))


def _of(share: float) -> list[Any]:
    return [share, percent(share)]


def _share(share: float) -> list[Any] | None:
    return _of(share) if share > 0 else None


def _main(view: ComparisonIndex) -> list[int]:
    """Return the metrics in the order in which one speaks for the others; costs never do."""
    left = [view.info(metric) for metric in view.metrics]
    found = []
    while (first := main_metric(left)) is not None:
        found.append(view.metrics.index(first.label))
        left.remove(first)
    return found
