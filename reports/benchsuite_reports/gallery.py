"""Every figure of a comparison. Importing this module imports matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import matplotlib as mpl
from matplotlib.figure import Figure

from benchsuite.data import Comparison
from benchsuite_reports import plots, series, studies
from benchsuite_reports.across import leading
from benchsuite_reports.facts import View, unique
from benchsuite_reports.ink import STYLE
from benchsuite_reports.palette import Look, looks


def figures(comparison: Comparison) -> dict[str, Figure]:
    """Return every figure by its file's stem."""
    view = View(comparison)
    look = looks(view)
    found: dict[str, Figure] = {}
    taken: set[str] = set()
    with mpl.rc_context(STYLE):
        for dataset in view.datasets:
            places = [place for place in series.wholes(view) if place.dataset == dataset]
            main = view.main_at(places)
            places = [place for place in places if main is not None and series.points(view, place, main)]
            if main is not None and places:
                found[unique(f"quality {dataset}", taken)] = plots.quality(view, look, places, main)
        for places in series.groups(view):
            main = view.main_at(places)
            if main is not None and any(series.points(view, place, main) for place in places):
                name = unique(f"cold {places[0].dataset} {places[0].base}", taken)
                found[name] = plots.cold(view, look, places, main)
        for run in series.sweeps(view):
            main = view.main_at(run.places)
            if main is not None and any(series.points(view, place, main) for place in run.places):
                found[unique(f"curve {run.base.slug}", taken)] = plots.sweep(view, look, run, main)
        found |= {unique(f"parts {slug}", taken): figure for slug, figure in _parts(view, look)}
        for place in series.wholes(view):
            main = view.main_at([place])
            if main is not None and len(series.spots(view, place, main)) > 1:
                found[unique(f"cost {place.slug}", taken)] = plots.cost(view, look, place, main)
        for stem, figure in (*_tuning(view, look), *_ranks(view, look)):
            found[unique(stem, taken)] = figure
    return found


def _parts(view: View, look: Mapping[str, Look]) -> Iterator[tuple[str, Figure]]:
    """Yield a name and a figure for each thing that a test was cut by."""
    for cut in series.parts(view):
        main = view.main_at(cut.places)
        if main is not None and any(series.points(view, place, main) for place in cut.places):
            yield f"{cut.base.slug} {cut.family}", plots.parts(view, look, cut, main)


def _tuning(view: View, look: Mapping[str, Look]) -> Iterator[tuple[str, Figure]]:
    """Yield a name and a figure for each place in which models were tuned."""
    for (dataset, split), several in studies.studies(view).items():
        yield f"tuning {dataset} {split}", studies.tuning(view, look, several)


def _ranks(view: View, look: Mapping[str, Look]) -> Iterator[tuple[str, Figure]]:
    """Yield a name and a figure for the ranks by each leading metric."""
    for one in view.comparison.standings:
        under = [place for place in series.wholes(view) if place.base == one.split]
        if len(one.models) > 1 and one.metric in leading(view, under):
            yield f"ranks {one.split} {one.metric}", studies.standing(look, one)
