"""The main figures: quality with intervals, cold start, quality against cost. Importing this imports matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from benchsuite_reports.figures.mpl_style import Bare, Plain, beside, ends, key, label, marker, title, wrapped
from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.palette import ModelStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 6.8
_DECADES = 50.0


def quality(view: ComparisonIndex, styles: Mapping[str, ModelStyle], places: Sequence[Place], metric: str) -> Figure:
    """Draw every model's value with its interval, one panel per split."""
    return _panels(view, styles, places, metric, [text.clean(place.split_label) for place in places])


def parts(view: ComparisonIndex, styles: Mapping[str, ModelStyle], cut: series.Cut, metric: str) -> Figure:
    """Draw every model's value with its interval, one panel for the whole test and one for each part."""
    titles = [f"{text.clean(cut.base.split_label)}: all", *(text.clean(place.group) for place in cut.places)]
    return _panels(view, styles, (cut.base, *cut.places), metric, titles)


def _panels(
    view: ComparisonIndex,
    styles: Mapping[str, ModelStyle],
    places: Sequence[Place],
    metric: str,
    titles: Sequence[str],
) -> Figure:
    order = _order(view)
    across = min(len(places), 3)
    down = math.ceil(len(places) / across)
    figure = Figure(
        figsize=(_WIDTH if across > 1 else 4.2, down * max(1.7, 0.75 + 0.19 * len(order))), layout="constrained"
    )
    for index, place in enumerate(places):
        axes = figure.add_subplot(down, across, index + 1, sharex=figure.axes[0] if figure.axes else None)
        first = index % across == 0
        there = {point.model: point for point in series.points(view, place, metric)}
        for position, model in enumerate(order):
            if model not in there:
                row = view.row(place, model, metric)
                state = {"failed": "failed", "not applicable": "n/a", "missing": "not run"}.get(
                    row.state if row else ""
                )
                axes.text(0.02, position, state or "", transform=axes.get_yaxis_transform(), va="center", fontsize=6.5,
                          color="#777777", style="italic")  # fmt: skip
                continue
            _dot(axes, there[model], position, styles[model])
        axes.set_yticks(range(len(order)), [label(model) if first else "" for model in order])
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_title(wrapped(titles[index]))
        axes.set_xlabel(label(view.heading(metric)))
        axes.xaxis.set_major_formatter(Bare())
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.grid(visible=False, axis="y")
        separator = sum(model not in view.oracles for model in order) - 0.5
        if separator < len(order) - 1:
            axes.axhline(separator, color="#bbbbbb", linewidth=0.6)
    name = text.clean(places[0].dataset)
    simulated = " (simulated)" if text.simulated(view.comparison, [places[0].dataset]) else ""
    figure.suptitle(wrapped(name, 80) + simulated, x=0.01, ha="left", fontsize=8.5)
    key(figure, view)
    return figure


def _dot(axes: Axes, point: series.Point, position: float, style: ModelStyle) -> None:
    if point.low is not None and point.high is not None:
        axes.plot(
            [point.low, point.high], [position, position], color=style.light, linewidth=1.2, solid_capstyle="butt"
        )
    axes.plot([point.value], [position], **marker(style))


def cold(view: ComparisonIndex, styles: Mapping[str, ModelStyle], places: Sequence[Place], metric: str) -> Figure:
    """Draw quality against the number of history items, one line per model; other groups are panels of dots."""
    if not view.counted(places):
        return _panels(view, styles, places, metric, [text.clean(place.split_label) for place in places])
    ticks = [label(place.group.partition("=")[2] or place.group) for place in places]
    said = title(view, places[0], places[0].split)
    return _lines(view, styles, places, metric, _Axis(ticks, view.grouping(places), said))


def sweep(view: ComparisonIndex, styles: Mapping[str, ModelStyle], run: series.Sweep, metric: str) -> Figure:
    """Draw quality against the setting in which splits differ, one line per model, labelled at its end."""
    ticks = [f"{value:g}" for value in run.values]
    axis = _Axis(ticks, label(run.setting), title(view, run.base))
    return _lines(view, styles, run.places, metric, axis)


class _Axis(NamedTuple):
    """What stands below and above lines."""

    ticks: Sequence[str]
    name: str
    title: str


def _lines(
    view: ComparisonIndex, styles: Mapping[str, ModelStyle], places: Sequence[Place], metric: str, axis: _Axis
) -> Figure:
    """Draw a line for each model through its values at some places."""
    found = series.curves(view, places, metric)
    figure = Figure(figsize=(4.6, max(2.7, 0.17 * len(found) + 0.6)), layout="constrained")
    axes = figure.add_subplot()
    last: dict[str, float] = {}
    for curve in found:
        style = styles[curve.model]
        known = [(index, point) for index, point in enumerate(curve.points) if point is not None]
        xs, ys = [index for index, _ in known], [point.value for _, point in known]
        weight = 1.8 if curve.model in view.language_models else 1.0
        axes.plot(xs, ys, linewidth=weight, linestyle=style.dash, color=style.light, zorder=2 + weight)
        for index, point in known:
            if point.low is not None and point.high is not None:
                axes.plot([index, index], [point.low, point.high], color=style.light, linewidth=0.7, alpha=0.6)
            axes.plot([index], [point.value], zorder=5, **marker(style, 4.5))
        last[curve.model] = ys[-1]
    axes.set_xticks(range(len(places)), axis.ticks)
    axes.set_xlabel(axis.name)
    axes.set_ylabel(label(view.heading(metric)))
    axes.yaxis.set_major_formatter(Bare())
    axes.set_title(wrapped(axis.title, 60))
    axes.set_xlim(-0.2, len(places) - 0.8)
    ends(figure, axes, last, len(places) - 1, styles)
    key(figure, view)
    return figure


def cost(view: ComparisonIndex, styles: Mapping[str, ModelStyle], place: Place, metric: str) -> Figure:
    """Draw quality against the seconds that it costs, with the front that no model beats on both."""
    found = series.spots(view, place, metric)
    figure = Figure(figsize=(4.6, 3.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    front = sorted((spot for spot in found if spot.front), key=lambda spot: spot.cost)
    if len(front) > 1:
        axes.step([spot.cost for spot in front], [spot.value for spot in front], where="post", color="#999999",
                  linewidth=0.9, linestyle="dotted", zorder=1)  # fmt: skip
    for spot in found:
        axes.plot([spot.cost], [spot.value], zorder=4, **marker(styles[spot.model], 6))
    axes.set_xlabel("seconds to fit and to answer (log scale)")
    axes.set_ylabel(label(view.heading(metric)))
    spread = max(spot.cost for spot in found) / min(spot.cost for spot in found)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if spread < _DECADES else (1,)))
    axes.xaxis.set_major_formatter(Plain())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(Bare())
    axes.set_title(wrapped(title(view, place), 60))
    axes.margins(x=0.16, y=0.1)
    key(figure, view)
    beside(figure, axes, found, styles)
    return figure


def _order(view: ComparisonIndex) -> list[str]:
    return sorted(view.models, key=lambda model: model in view.oracles)
