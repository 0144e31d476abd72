"""Figures drawn with matplotlib, in one house style. Importing this module imports matplotlib."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullFormatter

from benchsuite.data import Comparison
from benchsuite_reports import series, words
from benchsuite_reports.facts import Place, View, unique
from benchsuite_reports.palette import Look, looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.5,
    "xtick.color": "#444444",
    "ytick.color": "#222222",
    "xtick.major.width": 0.6,
    "ytick.major.size": 0.0,
    "text.parse_math": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "benchsuite",
    "svg.fonttype": "path",
    "savefig.dpi": 200,
}
_WIDTH = 6.8
_LONG = 28
_DECADES = 50.0
_STATES = {"failed": "failed", "not applicable": "n/a", "missing": "not run"}


def figures(comparison: Comparison) -> dict[str, Figure]:
    """Return every figure by its file's stem."""
    view = View(comparison)
    look = looks(view)
    found: dict[str, Figure] = {}
    datasets: set[str] = set()
    splits: set[str] = set()
    with mpl.rc_context(STYLE):
        for dataset in view.datasets:
            places = [place for place in series.wholes(view) if place.dataset == dataset]
            main = view.main_at(places)
            places = [place for place in places if main is not None and series.points(view, place, main)]
            if main is not None and places:
                found[f"quality-{unique(dataset, datasets)}"] = _quality(view, look, places, main)
        for places in series.groups(view):
            main = view.main_at(places)
            if main is not None and any(series.points(view, place, main) for place in places):
                name = unique(f"{places[0].dataset} {places[0].base}", splits)
                found[f"cold-{name}"] = _cold(view, look, places, main)
        for place in series.wholes(view):
            main = view.main_at([place])
            if main is not None and len(series.spots(view, place, main)) > 1:
                found[f"cost-{place.slug}"] = _cost(view, look, place, main)
    return found


def write(figure: Figure, form: str) -> bytes:
    """Return a figure as pdf, svg or png, without dates, so that the same figure gives the same bytes."""
    metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}[form]
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format=form, metadata=metadata, bbox_inches="tight", pad_inches=0.03)
    return buffer.getvalue()


def _quality(view: View, look: Mapping[str, Look], places: Sequence[Place], metric: str) -> Figure:
    """Draw every model's value with its interval, one panel per split."""
    order = _order(view)
    across = min(len(places), 3)
    down = math.ceil(len(places) / across)
    figure = Figure(figsize=(_WIDTH if across > 1 else 4.2, down * (0.55 + 0.19 * len(order))), layout="constrained")
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
            _dot(axes, there[model], position, look[model])
        axes.set_yticks(range(len(order)), [label(model) if first else "" for model in order])
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_title(_wrapped(words.clean(place.split)))
        axes.set_xlabel(label(words.heading(metric)))
        axes.xaxis.set_major_formatter(Bare())
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.grid(visible=False, axis="y")
        separator = sum(model not in view.ceiling for model in order) - 0.5
        if separator < len(order) - 1:
            axes.axhline(separator, color="#bbbbbb", linewidth=0.6)
    title = words.clean(places[0].dataset)
    simulated = " (simulated)" if words.simulated(view.comparison, [places[0].dataset]) else ""
    figure.suptitle(_wrapped(title, 80) + simulated, x=0.01, ha="left", fontsize=8.5)
    _key(figure, view)
    return figure


def _dot(axes: Axes, point: series.Point, position: float, look: Look) -> None:
    if point.low is not None and point.high is not None:
        axes.plot([point.low, point.high], [position, position], color=look.light, linewidth=1.2, solid_capstyle="butt")
    axes.plot([point.value], [position], **_marker(look))


def _cold(view: View, look: Mapping[str, Look], places: Sequence[Place], metric: str) -> Figure:
    """Draw quality against the number of history items, one line per model, labelled at its end."""
    found = series.curves(view, places, metric)
    figure = Figure(figsize=(4.6, max(2.7, 0.17 * len(found) + 0.6)), layout="constrained")
    axes = figure.add_subplot()
    last: dict[str, float] = {}
    for curve in found:
        style = look[curve.model]
        known = [(index, point) for index, point in enumerate(curve.points) if point is not None]
        xs, ys = [index for index, _ in known], [point.value for _, point in known]
        weight = 1.8 if curve.model in view.language_models else 1.0
        axes.plot(xs, ys, linewidth=weight, linestyle=style.dash, color=style.light, zorder=2 + weight)
        for index, point in known:
            if point.low is not None and point.high is not None:
                axes.plot([index, index], [point.low, point.high], color=style.light, linewidth=0.7, alpha=0.6)
            axes.plot([index], [point.value], zorder=5, **_marker(style, 4.5))
        last[curve.model] = ys[-1]
    axes.set_xticks(range(len(places)), [label(place.group.partition("=")[2] or place.group) for place in places])
    axes.set_xlabel(view.grouping(places))
    axes.set_ylabel(label(words.heading(metric)))
    axes.yaxis.set_major_formatter(Bare())
    axes.set_title(_wrapped(_title(view, places[0], places[0].base), 60))
    axes.set_xlim(-0.2, len(places) - 0.8)
    low, high = axes.get_ylim()
    # Labels stand at the ends of the lines, pushed apart by a line's height where they would touch.
    height = (high - low) * 8.6 / 72 / (figure.get_figheight() * 0.78)
    for model, at in _spread(last, height, high).items():
        colour = look[model].light
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.4, "shrinkA": 1, "shrinkB": 4}
        axes.annotate(label(model), (len(places) - 1, last[model]), xytext=(len(places) - 0.75, at), va="center",
                      color=colour, fontsize=7.5, annotation_clip=False, arrowprops=leader)  # fmt: skip
    _key(figure, view)
    return figure


def _spread(at: Mapping[str, float], gap: float, high: float) -> dict[str, float]:
    """Move labels apart as little as a simple sweep can, keeping their order."""
    order = sorted(at, key=lambda model: at[model])
    if not order:
        return {}
    placed = [at[order[0]]]
    for model in order[1:]:
        placed.append(max(at[model], placed[-1] + gap))
    excess = max(placed[-1] - high, 0.0)
    placed[-1] -= excess
    for index in range(len(placed) - 2, -1, -1):
        placed[index] = min(placed[index], placed[index + 1] - gap)
    return dict(zip(order, placed, strict=True))


def _cost(view: View, look: Mapping[str, Look], place: Place, metric: str) -> Figure:
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
        axes.plot([spot.cost], [spot.value], zorder=4, **_marker(look[spot.model], 6))
    axes.set_xlabel("seconds to fit and to answer (log scale)")
    axes.set_ylabel(label(words.heading(metric)))
    spread = max(spot.cost for spot in found) / min(spot.cost for spot in found)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if spread < _DECADES else (1,)))
    axes.xaxis.set_major_formatter(Plain())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(Bare())
    axes.set_title(_wrapped(_title(view, place), 60))
    axes.margins(x=0.16, y=0.1)
    _key(figure, view)
    _labels(figure, axes, found, look)
    return figure


def _labels(figure: Figure, axes: Axes, found: Sequence[series.Spot], look: Mapping[str, Look]) -> None:
    """Put each name beside its spot where it covers least of the others."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call] # matplotlib's canvas has no types
    spots = [tuple(axes.transData.transform((spot.cost, spot.value))) for spot in found]
    scale = figure.dpi / 72
    taken = [(x - 4 * scale, y - 4 * scale, x + 4 * scale, y + 4 * scale) for x, y in spots]
    inside = axes.get_window_extent()
    for (x, y), spot in zip(spots, found, strict=True):
        text = label(spot.model)
        width, height = 4.4 * len(text) * scale, 8.5 * scale
        best: tuple[float, float, float, str, tuple[float, float, float, float]] | None = None
        for dx, dy, side in ((6, 0, "left"), (-6, 0, "right"), (0, 8, "center"), (0, -8, "center"), (5, 7, "left"),
                             (5, -7, "left"), (-5, 7, "right"), (-5, -7, "right")):  # fmt: skip
            left = x + dx * scale - {"left": 0.0, "right": width, "center": width / 2}[side]
            box = (left, y + dy * scale - height / 2, left + width, y + dy * scale + height / 2)
            outside = max(inside.x0 - box[0], 0) + max(box[2] - inside.x1, 0)
            outside += max(inside.y0 - box[1], 0) + max(box[3] - inside.y1, 0)
            cover = sum(_overlap(box, other) for other in taken) + outside * height
            if best is None or cover < best[0]:
                best = (cover, dx, dy, side, box)
        if best is not None:
            taken.append(best[4])
            axes.annotate(text, (spot.cost, spot.value), xytext=(best[1], best[2]), textcoords="offset points",
                          ha=best[3], va="center", fontsize=7.5, color=look[spot.model].light)  # fmt: skip


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)


def _marker(look: Look, size: float = 5.0) -> dict[str, Any]:
    return {
        "marker": look.marker,
        "markersize": size + (2 if look.marker == "*" else 0),
        "color": look.light,
        "markerfacecolor": look.light if look.filled else "white",
        "markeredgewidth": 1.1,
        "linestyle": "none",
    }


def _key(figure: Figure, view: View) -> None:
    """Say under the figure what fill and star mean, where it has both kinds."""
    said = []
    if view.language_models and view.classics:
        said.append("filled: uses a language model; hollow: a classic")
    if view.ceiling:
        said.append("star: ceiling, never competes")
    if said:
        figure.supxlabel("; ".join(said), fontsize=6.5, color="#666666", x=0.99, ha="right")


def _order(view: View) -> list[str]:
    return sorted(view.models, key=lambda model: model in view.ceiling)


def _title(view: View, place: Place, split: str | None = None) -> str:
    title = f"{words.clean(place.dataset)}, {words.clean(split or place.split)}"
    return f"{title} (simulated)" if words.simulated(view.comparison, [place.dataset]) else title


def _wrapped(text: str, width: int = 34) -> str:
    import textwrap

    return "\n".join(label(line, width * 2) for line in textwrap.wrap(text, width) or [text])


class Bare(Formatter):
    """Ticks with the same decimals along an axis, and without a leading zero, as in the tables."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write one tick."""
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Write all ticks with as many decimals as the finest of them needs."""
        decimals = max((len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in values), default=0)
        texts = [f"{value:z.{decimals}f}" for value in values]
        return ["0" if not value else text.replace("0.", ".", 1) if abs(value) < 1 else text
                for value, text in zip(values, texts, strict=True)]  # fmt: skip


class Plain(Formatter):
    """Ticks as plain numbers."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write one tick."""
        return f"{x:g}"


def label(text: str, longest: int = _LONG) -> str:
    """Return text that the figure's font can draw; what it cannot is named by its code point."""
    line = words.clean(text)
    line = line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
    known = _glyphs()
    return "".join(c if ord(c) in known else f"[U+{ord(c):04X}]" for c in line)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap())
