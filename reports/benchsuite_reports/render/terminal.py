"""The report for a terminal: plain text, no wider than asked."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import annotated_types

from benchsuite.api import Report
from benchsuite.data import Comparison
from benchsuite_reports.model import chosen_settings, text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.legend import legend
from benchsuite_reports.model.sections import Section, sections
from benchsuite_reports.model.tables import Column, Line, Table, TableCell, narrow
from benchsuite_reports.model.verdict import verdicts

BEST, SECOND, LANGUAGE_MODEL = "*", "\N{DAGGER}", "[LM]"
BETTER, WORSE = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
_BOLD, _UNDERLINE, _DIM, _END = "\x1b[1m", "\x1b[4m", "\x1b[2m", "\x1b[0m"
_GAP = "  "
_FIRST = frozenset({"overview", "warm", "cold", "all", "ranking", "classification", "rating"})


@dataclass
class Terminal(Report):
    """Tables as plain text, to be read at once.

    Attributes:
        colour: use the terminal's codes for bold, underlined and dim.
        width: characters of a line.
        groups: show every table of each group of queries and of parts by popularity and activity.
        brief: show only what a reader wants first.
    """

    printable: ClassVar[bool] = True

    colour: bool = False
    width: Annotated[int, annotated_types.Gt(0)] = 100
    groups: bool = False
    brief: bool = False

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``report.txt``, UTF-8; without ``colour`` it holds no escape codes.

        Groups of queries are shown side by side for the main metric, and warm and cold parts of a test; with
        ``groups``, each group has all its tables too, and so have parts by popularity and activity.
        With ``brief``, only what a reader wants first: what the tables say, and the values without costs, paired
        differences, counts and conventions.
        """
        parts = [_shortened(section) for section in sections(comparison)] if self.brief else sections(comparison)
        hidden = [] if self.groups else [section for section in parts if section.group or section.parts]
        parts = [section for section in parts if section not in hidden]
        out: list[str] = [self._strong(text.clean(comparison.name)), ""]
        for note in comparison.notes:
            out.extend(self._wrap(f"Note: {text.sentence(note)}"))
        verdict = verdicts(ComparisonIndex(comparison))
        if verdict:
            out.extend(["", self._strong("What the tables say")])
            for one in verdict:
                out.extend(self._wrap(one.text, indent=_GAP))
        for section in parts:
            out.extend(self._section(section))
        everything = [table for section in parts for table in section.tables]
        if hidden and not self.brief:
            names = "; ".join(section.heading for section in hidden)
            out.extend(["", *self._wrap(f"More tables in Markdown, LaTeX and CSV, here with --full: {names}.")])
        meaning = legend(everything, BEST, SECOND, LANGUAGE_MODEL, BETTER, WORSE)
        if meaning:
            out.extend(["", self._strong("Legend"), *self._wrap(" ".join(meaning))])
        conventions = dict.fromkeys((said.heading, said.text) for table in everything for said in table.conventions)
        out.extend([] if self.brief else self._chosen(comparison))
        if conventions and not self.brief:
            out.extend(["", self._strong("How it is measured")])
            for heading, said in _merged(conventions):
                out.extend(self._wrap(f"{heading}: {said}", indent=_GAP))
        return {"report.txt": ("\n".join(line.rstrip() for line in out) + "\n").encode()}

    def _chosen(self, comparison: Comparison) -> Iterable[str]:
        lines = chosen_settings.lines(comparison)
        if lines:
            yield from ("", self._strong("Settings chosen by search"))
        for line in lines:
            yield from self._wrap(line, indent=_GAP)

    def _section(self, section: Section) -> Iterable[str]:
        if section.text:
            yield ""
        if section.level == 1 and section.text:
            yield self._strong(section.heading)
        for line in section.text:
            yield from self._wrap(line)
        for table in section.tables:
            for piece in narrow(table, lambda piece: _width(_draw(piece)) <= self.width):
                yield ""
                yield from map(self._strong, self._wrap(piece.title))
                for line in piece.caption:
                    yield from self._wrap(line)
                yield from self._styled(piece)
                for note in piece.notes:
                    yield from self._wrap(f"[{note.letter}] {note.text}", indent="    ")

    def _styled(self, table: Table) -> Iterable[str]:
        drawn = _draw(table)
        if not self.colour:
            return drawn
        # The second drawing, with codes of no width in the cells, has the same layout as the first.
        return [_DIM + line + _END if set(line) <= {"-", " "} and line else line for line in _draw(table, colour=True)]

    def _strong(self, line: str) -> str:
        return f"{_BOLD}{line}{_END}" if self.colour else line

    def _wrap(self, line: str, indent: str = "") -> list[str]:
        return textwrap.wrap(line, self.width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _shortened(section: Section) -> Section:
    """Leave out of a section what a first look can do without."""
    kept = tuple(table for table in section.tables if table.kind in _FIRST)
    return dataclasses.replace(section, text=(), tables=kept)


def _merged(conventions: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Drop the counts, which differ from place to place, where the rest of a convention is the same."""
    merged: dict[str, list[str]] = {}
    for heading, said in conventions:
        bare = text.sentence(said.rpartition(" (n = ")[0] or said) if said.endswith(").") else said
        if bare.startswith("n = "):
            continue
        if bare not in merged.setdefault(heading, []):
            merged[heading].append(bare)
    return [(heading, said) for heading, several in merged.items() for said in several]


def _draw(table: Table, *, colour: bool = False) -> list[str]:
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
    start = len(rule.split(" ", 1)[0]) + len(_GAP)
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
        width += _columns(character)
    return line + " " * (columns - width)


def _columns(line: str) -> int:
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
            code = {"best": _BOLD, "second": _UNDERLINE, "": ""}[cell.mark] if colour else ""
            spaces = len(value) - len(value.lstrip())
            styled = value[:spaces] + code + value[spaces:] + _END if code else value
            texts.append(styled + mark + {"better": BETTER, "worse": WORSE, "": ""}[cell.sign] + _letters(cell.notes))
        else:
            texts.append(cell.words + _letters(cell.notes))
    return texts


def _width(lines: Iterable[str]) -> int:
    return max(_columns(line) for line in lines)
