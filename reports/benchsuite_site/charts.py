"""Charts of a leaderboard as SVG, drawn without a script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from benchsuite.benchmark.standings import Standing

_WIDTH, _LEFT, _ROW = 760, 190, 24
_SHORT = {
    "classic": "k0",
    "reads text": "k1",
    "language model, frozen": "k2",
    "language model, fine-tuned": "k3",
    "chance": "k4",
}

Point = tuple[str, str, float, float]
"""Label, kind, x, y."""


def headline_chart(rows: Sequence[tuple[Standing, str]]) -> str:
    """Return a chart of headlines with their intervals, one line a row; the reference is at 1.

    Args:
        rows: with the kind of each.
    """
    highest = max(1.05, *(row.high or 1.0 for row, _ in rows))
    height = _ROW * len(rows) + 40

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 20) * value / highest

    parts = [
        f'<line class="axis" x1="{x(1):.1f}" x2="{x(1):.1f}" y1="6" y2="{height - 26}"/>',
        f'<text class="tick" x="{x(1):.1f}" y="{height - 8}" text-anchor="middle">best reference</text>',
    ]
    for number, (row, kind) in enumerate(rows):
        y = 18 + _ROW * number
        low, high, point = (x(value or 0.0) for value in (row.low, row.high, row.headline))
        parts += [
            f'<g class="{_SHORT.get(kind, "k0")}" data-kind="{escape(kind)}">',
            f"<title>{escape(row.model)}: {row.headline:.3f}</title>",
            f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(row.model)}</text>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/><circle cx="{point:.1f}" cy="{y}" r="5"/></g>',
        ]
    return _svg(parts, height, "Headline of each model with its 95% interval")


def scatter(points: Sequence[Point], across: str, up: str, *, logarithmic: bool = False) -> str:
    """Return a chart of points with their labels.

    Args:
        points: to be drawn.
        across: what x is.
        up: what y is.
        logarithmic: whether x is drawn by its logarithm.
    """
    height = 380
    scale = (lambda value: math.log10(max(value, 0.01))) if logarithmic else (lambda value: value)
    xs, ys = [scale(x) for _, _, x, _ in points], [y for *_, y in points]
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(0.0, *ys, 0.0), max(1.05, *ys, 1.05)
    span_x = (high_x - low_x) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return 60 + (_WIDTH - 200) * (x - low_x) / span_x, height - 50 - (height - 80) * (y - low_y) / (high_y - low_y)

    one = place(low_x, 1.0)[1]
    parts = [
        f'<line class="axis" x1="50" x2="{_WIDTH - 20}" y1="{one:.1f}" y2="{one:.1f}"/>',
        f'<text class="tick" x="{_WIDTH - 22}" y="{one - 5:.1f}" text-anchor="end">best reference</text>',
        f'<text class="tick" x="60" y="{height - 10}">{escape(across)}: {_range(points)}</text>',
        f'<text class="tick" x="8" y="18">{escape(up)}</text>',
    ]
    taken: list[tuple[float, float]] = []
    for label, kind, x, y in points:
        px, py = place(scale(x), y)
        shown = py
        while any(abs(shown - other_y) < 13 and abs(px - other_x) < 110 for other_x, other_y in taken):  # noqa: PLR2004 - a label's size
            shown += 13
        taken.append((px, shown))
        parts.append(
            f'<g class="{_SHORT.get(kind, "k0")}" data-kind="{escape(kind)}"><title>{escape(label)}: {x:.3g}, {y:.3f}'
            f'</title><circle cx="{px:.1f}" cy="{py:.1f}" r="5"/>'
            f'<text x="{px + 9:.1f}" y="{shown + 4:.1f}">{escape(label)}</text></g>'
        )
    return _svg(parts, height, f"{up} against {across}")


def _range(points: Sequence[Point]) -> str:
    values = [x for _, _, x, _ in points]
    return f"{min(values):.3g} to {max(values):.3g}, left to right"


def _svg(parts: Sequence[str], height: float, title: str) -> str:
    drawn = "\n".join(parts)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(title)}"><svg viewBox="0 0 {_WIDTH} '
        f'{height:.0f}" role="img" aria-label="{escape(title)}">{drawn}</svg></div>'
    )
