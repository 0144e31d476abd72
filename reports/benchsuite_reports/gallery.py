"""Every figure of a comparison. Importing this module imports matplotlib."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

from benchsuite.data import Comparison
from benchsuite_reports import plots, series, studies
from benchsuite_reports.facts import View, unique
from benchsuite_reports.ink import STYLE
from benchsuite_reports.palette import looks


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
        for place in series.wholes(view):
            main = view.main_at([place])
            if main is not None and len(series.spots(view, place, main)) > 1:
                found[unique(f"cost {place.slug}", taken)] = plots.cost(view, look, place, main)
        for (dataset, split), several in studies.studies(view).items():
            found[unique(f"tuning {dataset} {split}", taken)] = studies.tuning(view, look, several)
        for one in comparison.standings:
            if len(one.models) > 1:
                found[unique(f"ranks {one.split} {one.metric}", taken)] = studies.standing(look, one)
    return found
