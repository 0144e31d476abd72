"""Charts of a leaderboard as SVG, drawn without a script: each for a broad screen, and once more for a narrow one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from benchsuite.benchmark.scores import Standing
from benchsuite_site.labels import HEIGHT, LETTER, Box, Label, place_labels

_ROW = 24
_BROAD, _NARROW = 760, 380
_REFERENCE = "best reference"
_SHORT = {
    "classic": "k0",
    "reads text": "k1",
    "language model, frozen": "k2",
    "language model, fine-tuned": "k3",
    "chance": "k4",
    "deep": "k5",
}


class Point(NamedTuple):
    """A point of a chart.

    Attributes:
        label: its name.
        number: its place in the standings, "" where it has none: it stands where the name finds no room.
        kind: of model.
        x: across.
        y: up.
    """

    label: str
    number: str
    kind: str
    x: float
    y: float


def headline_chart(rows: Sequence[tuple[Standing, str]]) -> str:
    """Return a chart of headlines with their intervals, one line a row; the reference is at 1.

    Args:
        rows: with the kind of each.
    """
    return _both(lambda width: _intervals(rows, width), "Headline of each model with its 95% interval")


def _intervals(rows: Sequence[tuple[Standing, str]], width: int) -> tuple[list[str], float]:
    """Return what is drawn, and its height."""
    highest = max(1.05, *(row.high or 1.0 for row, _ in rows))
    room = int(0.4 * width / LETTER)
    left = 20 + LETTER * min(room, max(len(row.model) for row, _ in rows))
    foot = 22 + _ROW * len(rows)

    def x(value: float) -> float:
        return left + (width - left - 20) * value / highest

    end = min(width - 12, x(1) + LETTER * len(_REFERENCE) / 2)
    parts = [f'<text class="tick" x="{end:.1f}" y="16" text-anchor="end">{_REFERENCE}</text>']
    for value in _ticks(0.0, highest, 6 if width == _BROAD else 3):
        parts += [_grid(x(value), 22, x(value), foot + 4), _tick(value, x(value), foot + 18, "middle")]
    parts.append(f'<text class="tick" x="{width - 12}" y="{foot + 36}" text-anchor="end">headline</text>')
    parts.append(_reference_line(x(1), 22, x(1), foot))
    for number, (row, kind) in enumerate(rows):
        y = 34 + _ROW * number
        low, high, point = (x(value or 0.0) for value in (row.low, row.high, row.headline))
        name = row.model if len(row.model) <= room else f"{row.model[: room - 1]}…"
        parts += [
            _group(kind, f"{row.model}: {row.headline:.3f}"),
            f'<text x="{left - 10:.1f}" y="{y + 4}" text-anchor="end">{escape(name)}</text>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/><circle cx="{point:.1f}" cy="{y}" r="5"/></g>',
        ]
    return parts, foot + 44


def scatter(points: Sequence[Point], across: str, up: str, *, logarithmic: bool = False) -> str:
    """Return a chart of points with their labels.

    Args:
        points: to be drawn.
        across: what x is.
        up: what y is.
        logarithmic: whether x is drawn by its logarithm.
    """
    return _both(lambda width: _scattered(points, (across, up), width, logarithmic), f"{up} against {across}")


def _scattered(
    points: Sequence[Point], names: tuple[str, str], width: int, logarithmic: bool
) -> tuple[list[str], float]:
    """Return what is drawn, and its height."""
    scale = (lambda value: math.log10(max(value, 0.01))) if logarithmic else (lambda value: value)
    xs, ys = [scale(point.x) for point in points], [point.y for point in points]
    margin = 0.04 * ((max(xs) - min(xs)) or 1.0)
    low_x, high_x, low_y, high_y = min(xs) - margin, max(xs) + margin, min(0.0, *ys), max(1.05, *ys) * 1.04
    frame = Box(44, 28, width - 16, 384)

    def right(x: float) -> float:
        return frame.left + (frame.right - frame.left) * (x - low_x) / (high_x - low_x)

    def down(y: float) -> float:
        return frame.bottom - (frame.bottom - frame.top) * (y - low_y) / (high_y - low_y)

    few = 6 if width == _BROAD else 4
    across, one = escape(names[0]), down(1.0)
    parts = [
        f'<text class="tick" x="8" y="18">{escape(names[1])}</text>',
        f'<text class="tick" x="{frame.right}" y="{frame.bottom + 36}" text-anchor="end">{across}</text>',
    ]
    for value in _powers(low_x, high_x) if logarithmic else _ticks(low_x, high_x, few):
        px = right(scale(value))
        parts += [_grid(px, frame.top, px, frame.bottom + 4), _tick(value, px, frame.bottom + 18, "middle")]
    for value in _ticks(low_y, high_y, 6):
        py = down(value)
        parts += [_grid(frame.left - 4, py, frame.right, py), _tick(value, frame.left - 8, py + 4, "end")]
    spots = [(right(scale(point.x)), down(point.y)) for point in points]
    told = _reference_label(frame, one, spots)
    parts += [
        _reference_line(frame.left, one, frame.right, one),
        f'<text class="tick" x="{told.left:.1f}" y="{told.bottom - 3:.1f}">{_REFERENCE}</text>',
    ]
    texts = [[point.label, point.number] if point.number else [point.label] for point in points]
    labels = place_labels(spots, texts, frame, [told, Box(frame.left, one - 1, frame.right, one + 1)])
    for point, (px, py), label in zip(points, spots, labels, strict=True):
        drawn = "" if label is None else _label(label)
        circle = f'<circle cx="{px:.1f}" cy="{py:.1f}" r="5"/></g>'
        parts.append(_group(point.kind, f"{point.label}: {point.x:.3g}, {point.y:.3f}") + drawn + circle)
    if not any(label and label.text == point.number for point, label in zip(points, labels, strict=True)):
        return parts, frame.bottom + 46
    told_of = '<text class="tick" x="{}" y="{}" text-anchor="end">numbers: places in the standings</text>'
    return [*parts, told_of.format(frame.right, frame.bottom + 54)], frame.bottom + 64


def _reference_label(frame: Box, line: float, spots: Sequence[tuple[float, float]]) -> Box:
    """Return where the reference line is named: above it, on the left or the right, where fewer points are."""
    length, top = LETTER * len(_REFERENCE), line - HEIGHT - 2
    places = [Box(x, top, x + length, line - 2) for x in (frame.right - length, frame.left + 4)]
    return min(places, key=lambda box: sum(box.meets(Box(x - 7, y - 7, x + 7, y + 7)) for x, y in spots))


def _label(label: Label) -> str:
    """Return a label, with the line that leads to it where it stands apart from its point."""
    line = ""
    if label.line is not None:
        (x1, y1), (x2, y2) = label.line
        line = f'<line class="leader" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
    x = {"start": label.box.left, "middle": (label.box.left + label.box.right) / 2, "end": label.box.right}[
        label.anchor
    ]
    y = label.box.bottom - 3
    return f'{line}<text x="{x:.1f}" y="{y:.1f}" text-anchor="{label.anchor}">{escape(label.text)}</text>'


def _group(kind: str, title: str) -> str:
    """Return the start of what belongs to a row."""
    short = _SHORT.get(kind, "k0")
    return f'<g class="{short}" data-kind="{escape(kind)}"><title>{escape(title)}</title>'


def _reference_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="axis" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _tick(value: float, x: float, y: float, anchor: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{value:g}</text>'


def _ticks(low: float, high: float, most: int) -> Iterator[float]:
    """Yield round numbers between two, about so many or fewer."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)
    for number in range(math.ceil(low / step), math.floor(high / step) + 1):
        yield round(number * step, 10)


def _powers(low: float, high: float) -> Iterator[float]:
    """Yield round numbers between two powers of ten: 1, 10, 100, and those between where these are few."""
    between = (1, 2, 5) if high - low < 2 else (1, 3) if high - low < 3 else (1,)  # noqa: PLR2004 - decades
    for power in range(math.floor(low), math.ceil(high) + 1):
        yield from (step * 10.0**power for step in between if low <= math.log10(step * 10.0**power) <= high)


def _both(draw: Callable[[int], tuple[list[str], float]], title: str) -> str:
    """Return a chart twice: style shows the one that the width of the screen has room for."""
    return "".join(_svg(*draw(width), width, title) for width in (_BROAD, _NARROW))


def _svg(parts: Sequence[str], height: float, width: int, title: str) -> str:
    drawn = "\n".join(parts)
    return (
        f'<svg class="{"broad" if width == _BROAD else "narrow"}" viewBox="0 0 {width} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}">{drawn}</svg>'
    )
