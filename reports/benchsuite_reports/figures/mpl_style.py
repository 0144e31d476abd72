"""House style and the small things that every figure draws. Importing this module imports matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import Formatter

from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.palette import ModelStyle

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
_LONG = 28


def write(figure: Figure, form: str) -> bytes:
    """Return a figure as pdf, svg or png, without dates, so that the same figure gives the same bytes."""
    metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}[form]
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format=form, metadata=metadata, bbox_inches="tight", pad_inches=0.03)
    return buffer.getvalue()


def spread(at: Mapping[str, float], gap: float, high: float) -> dict[str, float]:
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


def ends(figure: Figure, axes: Axes, last: Mapping[str, float], x: float, styles: Mapping[str, ModelStyle]) -> None:
    """Name each line at its end, the names pushed apart by a line's height where they would touch."""
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    height = (high - low) * 8.6 / 72 / (figure.get_figheight() * 0.78)
    for model, at in spread(last, height, high).items():
        colour = styles[model].light
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.4, "shrinkA": 1, "shrinkB": 4}
        axes.annotate(label(model), (x, last[model]), xytext=(x + (right - left) * 0.1, at), va="center",
                      color=colour, fontsize=7.5, annotation_clip=False, arrowprops=leader)  # fmt: skip


def beside(figure: Figure, axes: Axes, found: Sequence[series.Spot], styles: Mapping[str, ModelStyle]) -> None:
    """Put each name beside its spot where it covers least of the others."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call] # matplotlib's canvas has no types
    spots = [tuple(axes.transData.transform((spot.cost, spot.value))) for spot in found]
    scale = figure.dpi / 72
    taken = [(x - 4 * scale, y - 4 * scale, x + 4 * scale, y + 4 * scale) for x, y in spots]
    inside = axes.get_window_extent()
    for (x, y), spot in zip(spots, found, strict=True):
        line = label(spot.model)
        width, height = 4.4 * len(line) * scale, 8.5 * scale
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
            axes.annotate(line, (spot.cost, spot.value), xytext=(best[1], best[2]), textcoords="offset points",
                          ha=best[3], va="center", fontsize=7.5, color=styles[spot.model].light)  # fmt: skip


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)


def marker(style: ModelStyle, size: float = 5.0) -> dict[str, Any]:
    """Return the keywords that draw a model's shape."""
    return {
        "marker": style.marker,
        "markersize": size + (2 if style.marker == "*" else 0),
        "color": style.light,
        "markerfacecolor": style.light if style.filled else "white",
        "markeredgewidth": 1.1,
        "linestyle": "none",
    }


def key(figure: Figure, view: ComparisonIndex) -> None:
    """Say under the figure what fill and star mean, where it has both kinds."""
    said = []
    if view.language_models and view.language_models != frozenset(view.models):
        said.append("filled: uses a language model; hollow: none")
    if view.oracles:
        said.append("star: ceiling, never competes")
    if said:
        figure.supxlabel("; ".join(said), fontsize=6.5, color="#666666", x=0.99, ha="right")


def title(view: ComparisonIndex, place: Place, split: str | None = None) -> str:
    """Return what a figure is about, and whether the data is simulated."""
    name = f"{text.clean(place.dataset)}, {text.clean(split or place.split_label)}"
    return f"{name} (simulated)" if text.simulated(view.comparison, [place.dataset]) else name


def wrapped(line: str, width: int = 34) -> str:
    """Return text on lines of at most about this many characters."""
    import textwrap

    return "\n".join(label(line, width * 2) for line in textwrap.wrap(line, width) or [line])


class Bare(Formatter):
    """Ticks with the same decimals along an axis, and without a leading zero, as in the tables."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write one tick."""
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Write all ticks with as many decimals as the finest of them needs."""
        decimals = max((len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in values), default=0)
        texts = [f"{value:z.{decimals}f}" for value in values]
        return ["0" if not value else line.replace("0.", ".", 1) if abs(value) < 1 else line
                for value, line in zip(values, texts, strict=True)]  # fmt: skip


class Plain(Formatter):
    """Ticks as plain numbers."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write one tick."""
        return f"{x:g}"


def label(line: str, longest: int = _LONG) -> str:
    """Return text that the figure's font can draw; what it cannot is named by its code point."""
    line = text.clean(line)
    line = line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
    known = _glyphs()
    return "".join(c if ord(c) in known else f"[U+{ord(c):04X}]" for c in line)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap())
