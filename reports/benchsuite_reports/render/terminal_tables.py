"""A table as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchsuite_reports.model import text
from benchsuite_reports.model.tables import Column, Line, Table, TableCell

BEST, SECOND, LANGUAGE_MODEL = "*", "\N{DAGGER}", "[LM]"
BETTER, WORSE = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
BOLD, UNDERLINE, DIM, END = "\x1b[1m", "\x1b[4m", "\x1b[2m", "\x1b[0m"
GAP = "  "


def draw(table: Table, *, colour: bool = False) -> list[str]:
    """Lay a table out with tabulate: numbers aligned at the point, words of a whole row written across it."""
    from tabulate import tabulate

    lines = list(table.lines())
    blank = [bool(line.span) for line in lines]
    heads = ["model", *(_head(column) for column in table.columns)]
    columns = [
        _aligned([line.cells[index] for line in lines], blank, colour=colour) for index in range(len(table.columns))
    ]
    body = [[_model(line), *(column[index] for column in columns)] for index, line in enumerate(lines)]
    drawn = tabulate(
        body, headers=heads, tablefmt="simple", disable_numparse=True, stralign="left", preserve_whitespace=True
    ).split("\n")
    rule = max(head.count("\n") for head in heads) + 1
    return [*drawn[: rule + 1], *_across(table, drawn[rule], drawn[rule + 1 :])]


def _across(table: Table, rule: str, drawn: Sequence[str]) -> Iterable[str]:
    """Write what holds for a whole row over its empty cells, and set the ceiling models apart."""
    start = len(rule.split(" ", 1)[0]) + len(GAP)
    rest = iter(drawn)
    for group in table.groups:
        if group.ceiling:
            yield rule
            yield "ceiling (never competes):"
        for line in group.lines:
            text_line = next(rest)
            yield _cut(text_line, start) + line.span + _letters(_first_notes(line)) if line.span else text_line


def _first_notes(line: Line) -> tuple[str, ...]:
    return next((cell.notes for cell in line.cells if cell.notes), ())


def _cut(line: str, columns: int) -> str:
    """Return the first columns of a line as a terminal counts them."""
    width = 0
    for position, character in enumerate(line):
        if width >= columns:
            return line[:position]
        width += columns_of(character)
    return line + " " * (columns - width)


def columns_of(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    from wcwidth import wcswidth

    return max(wcswidth(line), 0)


def _head(column: Column) -> str:
    arrow = " \N{DOWNWARDS ARROW}" if column.lower else ""
    return "\n".join(text.two_lines(column.heading)) + arrow + _letters(column.notes)


def _model(line: Line) -> str:
    mark = f" {LANGUAGE_MODEL}" if line.language_model else ""
    return text.clean(line.model) + mark + _letters(line.notes)


def _letters(notes: Sequence[str]) -> str:
    return f" [{','.join(notes)}]" if notes else ""


def _aligned(cells: Sequence[TableCell], blank: Sequence[bool], *, colour: bool) -> list[str]:
    """Return a column's texts, numbers padded so that points and margins stand below one another."""
    number = max((len(cell.number) for cell in cells), default=0)
    margin = max((len(cell.margin) for cell in cells), default=0)
    texts = []
    for cell, empty in zip(cells, blank, strict=True):
        if empty:
            texts.append("")
        elif cell.number:
            value = cell.number.rjust(number)
            if cell.margin:
                value += f" \N{PLUS-MINUS SIGN}{cell.margin.ljust(margin)}"
            mark = {"best": BEST, "second": SECOND, "": ""}[cell.mark]
            code = {"best": BOLD, "second": UNDERLINE, "": ""}[cell.mark] if colour else ""
            spaces = len(value) - len(value.lstrip())
            styled = value[:spaces] + code + value[spaces:] + END if code else value
            texts.append(styled + mark + {"better": BETTER, "worse": WORSE, "": ""}[cell.sign] + _letters(cell.notes))
        else:
            texts.append(cell.words + _letters(cell.notes))
    return texts


def width(lines: Iterable[str]) -> int:
    """Return how many columns of a terminal lines take."""
    return max(columns_of(line) for line in lines)
