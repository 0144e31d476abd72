"""Where the labels of points stand: beside their points, and on nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LETTER, HEIGHT = 7.2, 13.0
"""The width of a letter and the height of a line, at the size of the charts' texts."""
_RADIUS = 6.5
_NEAR = 10.0
"""So far from the point's middle, a label needs no line to it."""
_DISTANCES = (_NEAR, 20.0, 28.0, 38.0, 48.0)
_LEVEL = 0.5
"""A label more to the side of its point than this begins or ends there."""
_SAME = 3.0
"""Points as near as this lie upon each other: a label at one is at the other, too."""
_CLEARLY = 1.5
"""So many times as far as its own point, any other has to be from a label without a line."""
_ANGLES = (0, 180, 90, 270, 45, 315, 135, 225, 22, 338, 158, 202, 68, 292, 112, 248)
"""In degrees, clockwise from the right: those first that are read best."""

Spot = tuple[float, float]


class Box(NamedTuple):
    """A rectangle, its upper left corner and its lower right one."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Return whether two rectangles have a part in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def distance(self, spot: Spot) -> float:
        """Return how far a spot lies from it."""
        across = max(self.left - spot[0], 0.0, spot[0] - self.right)
        return math.hypot(across, max(self.top - spot[1], 0.0, spot[1] - self.bottom))

    def holds(self, spot: Spot) -> bool:
        """Return whether a spot lies in it."""
        return self.left <= spot[0] <= self.right and self.top <= spot[1] <= self.bottom


class Label(NamedTuple):
    """A label that has its place.

    Attributes:
        text: of it.
        box: which it fills.
        anchor: of the text in its box: ``start``, ``middle`` or ``end``, the one that is nearest to the point.
        line: from the point's edge to the label, None where it stands at the point.
    """

    text: str
    box: Box
    anchor: str
    line: tuple[Spot, Spot] | None


def place_labels(
    spots: Sequence[Spot], texts: Sequence[Sequence[str]], inside: Box, kept: Sequence[Box] = ()
) -> list[Label | None]:
    """Return the label of each point, None where none fits.

    Args:
        spots: the middles of the points.
        texts: those that a point may be labelled with, the best one first.
        inside: where labels may stand.
        kept: where none may stand.
    """
    points = [Box(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS) for x, y in spots]
    made: list[Label | None] = [None] * len(spots)
    for rank in range(max(map(len, texts), default=0)):
        for number, (spot, choice) in enumerate(zip(spots, texts, strict=True)):
            if made[number] is not None or rank >= len(choice):
                continue
            others = points[:number] + points[number + 1 :]
            placed = [label for label in made if label is not None]
            made[number] = next(
                (
                    label
                    for label in _tried(spot, choice[rank])
                    if _fits(label, inside, [points[number], *kept], others, placed) and _belongs(label, spot, spots)
                ),
                None,
            )
    return made


def _tried(spot: Spot, text: str) -> Iterator[Label]:
    """Yield the places that a label may have, the best one first."""
    width = LETTER * len(text)
    for distance in _DISTANCES:
        for angle in _ANGLES:
            right, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            end = spot[0] + distance * right, spot[1] + distance * down
            left = end[0] - width * (1 - right) / 2
            top = end[1] - HEIGHT * (1 - down) / 2
            edge = spot[0] + _RADIUS * right, spot[1] + _RADIUS * down
            line = None if distance <= _NEAR else (edge, end)
            anchor = "middle" if abs(right) < _LEVEL else "start" if right > 0 else "end"
            yield Label(text, Box(left, top, left + width, top + HEIGHT), anchor, line)


def _fits(label: Label, inside: Box, kept: Sequence[Box], others: Sequence[Box], placed: Sequence[Label]) -> bool:
    """Return whether a label lies on nothing, and no line crosses another or leads over a point or a label."""
    box, line = label.box, label.line
    within = box.left >= inside.left and box.right <= inside.right
    if not within or box.top < inside.top or box.bottom > inside.bottom:
        return False
    if any(box.meets(other) for other in (*kept, *others, *(one.box for one in placed))):
        return False
    if any(one.line and _leads_over(one.line, box) for one in placed):
        return False
    if line is None:
        return True
    if any(_leads_over(line, other) for other in (*others, *(one.box for one in placed))):
        return False
    return not any(one.line and _cross(line, one.line) for one in placed)


def _belongs(label: Label, spot: Spot, spots: Sequence[Spot]) -> bool:
    """Return whether a label has a line to its point, or is clearly nearer to it than to any other."""
    apart = (other for other in spots if math.dist(spot, other) > _SAME)
    own = _CLEARLY * label.box.distance(spot)
    return label.line is not None or all(own < label.box.distance(other) for other in apart)


def _leads_over(line: tuple[Spot, Spot], box: Box) -> bool:
    """Return whether a line leads over a rectangle."""
    (x1, y1), (x2, y2) = line
    steps = range(21)
    return any(box.holds((x1 + (x2 - x1) * step / 20, y1 + (y2 - y1) * step / 20)) for step in steps)


def _cross(one: tuple[Spot, Spot], other: tuple[Spot, Spot]) -> bool:
    """Return whether two lines cross."""
    return _apart(*one, other) and _apart(*other, one)


def _apart(start: Spot, end: Spot, other: tuple[Spot, Spot]) -> bool:
    """Return whether the ends of another line lie on both sides of a line."""
    first, second = ((end[0] - start[0]) * (y - start[1]) - (end[1] - start[1]) * (x - start[0]) for x, y in other)
    return first * second < 0
