"""Every figure of a comparison. Importing this module imports matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import matplotlib as mpl
from matplotlib.figure import Figure

from benchsuite.data import Comparison
from benchsuite_reports.figures import plots, tuning_figures
from benchsuite_reports.figures.mpl_style import STYLE
from benchsuite_reports.model import series
from benchsuite_reports.model.across_places import leading
from benchsuite_reports.model.comparison_index import ComparisonIndex, unique
from benchsuite_reports.model.palette import ModelStyle, model_styles


def figures(comparison: Comparison) -> dict[str, Figure]:
    """Return every figure by its file's stem. Lines join numbers only; what is no number has a panel of dots each."""
    view = ComparisonIndex(comparison)
    styles = model_styles(view)
    found: dict[str, Figure] = {}
    taken: set[str] = set()
    with mpl.rc_context(STYLE):
        for dataset in view.datasets:
            places = [place for place in series.wholes(view) if place.dataset == dataset]
            main = view.main_at(places)
            places = [place for place in places if main is not None and series.points(view, place, main)]
            if main is not None and places:
                found[unique(f"quality {dataset}", taken)] = plots.quality(view, styles, places, main)
        for places in series.groups(view):
            main = view.main_at(places)
            if main is not None and any(series.points(view, place, main) for place in places):
                name = unique(f"cold {places[0].dataset} {places[0].split}", taken)
                found[name] = plots.cold(view, styles, places, main)
        for run in series.sweeps(view):
            main = view.main_at(run.places)
            if main is not None and any(series.points(view, place, main) for place in run.places):
                found[unique(f"curve {run.base.slug}", taken)] = plots.sweep(view, styles, run, main)
        found |= {unique(f"parts {slug}", taken): figure for slug, figure in _parts(view, styles)}
        for place in series.wholes(view):
            main = view.main_at([place])
            if main is not None and len(series.spots(view, place, main)) > 1:
                found[unique(f"cost {place.slug}", taken)] = plots.cost(view, styles, place, main)
        for stem, figure in (*_tuning(view, styles), *_ranks(view, styles)):
            found[unique(stem, taken)] = figure
    return found


def _parts(view: ComparisonIndex, styles: Mapping[str, ModelStyle]) -> Iterator[tuple[str, Figure]]:
    """Yield a name and a figure for each thing that a test was cut by."""
    for cut in series.parts(view):
        main = view.main_at(cut.places)
        if main is not None and any(series.points(view, place, main) for place in cut.places):
            yield f"{cut.base.slug} {cut.family}", plots.parts(view, styles, cut, main)


def _tuning(view: ComparisonIndex, styles: Mapping[str, ModelStyle]) -> Iterator[tuple[str, Figure]]:
    """Yield a name and a figure for each place in which models were tuned."""
    for (dataset, split), several in tuning_figures.by_place(view).items():
        yield f"tuning {dataset} {split}", tuning_figures.tuning(view, styles, several)


def _ranks(view: ComparisonIndex, styles: Mapping[str, ModelStyle]) -> Iterator[tuple[str, Figure]]:
    """Yield a name and a figure for the ranks by each leading metric."""
    for one in view.comparison.standings:
        under = [place for place in series.wholes(view) if place.split == one.split]
        if len(one.models) > 1 and one.metric in leading(view, under):
            yield f"ranks {one.split} {one.metric}", tuning_figures.standing(view, styles, one)
