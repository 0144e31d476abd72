"""The table of a leaderboard: whole in files and wide terminals; in narrow ones, the columns that matter most."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchsuite.interface import table

_SHORT = {
    "reads text": "text",
    "language model, frozen": "LM frozen",
    "language model, fine-tuned": "LM trained",
}
"""Kinds of models where there is little room."""

_GAP = "  "
_INTERVAL = re.compile(r"(?<=\d) to (?=\d)")
_STYLED = re.compile(r"\x1b\[[\d;]*m")
_BREAK = re.compile(r"(?<=[ -])")


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        head: its name.
        cells: its texts.
        place: when it is dropped in a narrow terminal: the greatest first, of equals the last; 0 is always there.
    """

    head: str
    cells: Sequence[str]
    place: int = 0


def drawn(columns: Sequence[Column], width: int) -> tuple[str, list[str]]:
    """Return the table, and lines on what is not shown or shortened in it.

    Args:
        columns: all of them.
        width: in characters, 0 where there is no limit.
    """
    whole = table([column.head for column in columns], zip(*(column.cells for column in columns), strict=True), 0)
    if not width or all(_length(line) <= width for line in whole.splitlines()):
        return whole, []
    shown = [_shortened(column) for column in columns]
    left = list(range(len(shown)))
    while sum(_width(shown[one]) for one in left) + len(_GAP) * (len(left) - 1) > width:
        number = max(left, key=lambda one: (shown[one].place, one))
        if not shown[number].place:
            break
        left.remove(number)
    hidden = [column.head for number, column in enumerate(columns) if number not in left]
    told = ["LM: language model; trained: fine-tuned"] if any("LM trained" in column.cells for column in shown) else []
    if hidden:
        how = "a wider terminal shows them, and so does a pipe: the same command | less -S"
        told = [f"not shown in {width} columns: {', '.join(hidden)}; {how}", *told]
    return _dense([shown[number] for number in left]), told


def filled(lines: Sequence[str], width: int) -> Iterator[str]:
    """Yield sentences as lines of a terminal; no word is broken, as paths and commands are copied from there."""
    for line in lines:
        own = len(line) - len(line.lstrip())
        if not width or len(line) <= width:
            yield line
            continue
        rest = " " * (own or 2)
        yield from textwrap.wrap(line, width, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)


def _shortened(column: Column) -> Column:
    """Return a column with its head in several lines, none of them longer than its longest word or its cells."""
    cells = [_SHORT.get(cell, _INTERVAL.sub("-", cell)) for cell in column.cells]
    words = [word for word in _BREAK.split(column.head) if word]
    room = max([len(word.strip()) for word in words] + list(map(_length, cells)))
    lines = [""]
    for word in words:
        if len((lines[-1] + word).rstrip()) <= room:
            lines[-1] += word
        else:
            lines.append(word)
    return replace(column, head="\n".join(line.rstrip() for line in lines), cells=cells)


def _dense(columns: Sequence[Column]) -> str:
    """Draw a table as others are, but with no more room around heads than their letters take."""
    heads = [column.head.split("\n") for column in columns]
    deep = max(map(len, heads))
    filled_up = [[*lines, *[""] * (deep - len(lines))] for lines in heads]
    rule = ["-" * _width(column) for column in columns]
    rows = [*zip(*filled_up, strict=True), rule, *zip(*(column.cells for column in columns), strict=True)]
    lines = []
    for row in rows:
        cells = [cell + " " * (_width(column) - _length(cell)) for cell, column in zip(row, columns, strict=True)]
        lines.append(_GAP.join(cells).rstrip())
    return "\n".join(lines)


def _width(column: Column) -> int:
    return max(map(_length, [*column.head.split("\n"), *column.cells]))


def _length(text: str) -> int:
    """Return how many cells of a terminal a text takes, whatever its letters and style are."""
    from rich.cells import cell_len

    return cell_len(_STYLED.sub("", text))
