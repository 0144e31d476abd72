"""The report for a terminal: plain text, no wider than asked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import annotated_types

from benchsuite.api import Report
from benchsuite.data import Comparison
from benchsuite_reports.model import chosen_settings, text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.legend import legend
from benchsuite_reports.model.sections import Section, sections
from benchsuite_reports.model.tables import Table, narrow
from benchsuite_reports.model.verdict import verdicts
from benchsuite_reports.render.terminal_screen import screen
from benchsuite_reports.render.terminal_tables import (
    BEST,
    BETTER,
    BOLD,
    DIM,
    END,
    GAP,
    LANGUAGE_MODEL,
    SECOND,
    WORSE,
    draw,
    width,
)


@dataclass
class Terminal(Report):
    """Tables as plain text, to be read at once.

    Attributes:
        colour: use the terminal's codes for bold, underlined and dim.
        width: characters of a line.
        groups: show every table of each group of queries and of parts by popularity and activity.
        brief: show only what a reader wants first.
        lines: with ``brief``, how many lines the screen may have.
    """

    printable: ClassVar[bool] = True

    colour: bool = False
    width: Annotated[int, annotated_types.Gt(0)] = 100
    groups: bool = False
    brief: bool = False
    lines: Annotated[int, annotated_types.Ge(8)] = 25

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``report.txt``, UTF-8; without ``colour`` it holds no escape codes.

        Groups of queries are shown side by side for the main metric, and warm and cold parts of a test; with
        ``groups``, each group has all its tables too, and so have parts by popularity and activity.
        With ``brief``, at most ``lines`` lines: what the numbers say, and one table of the main metric, best first.
        """
        view = ComparisonIndex(comparison)
        verdict = verdicts(view)
        if self.brief:
            title, *rest = screen(view, verdict, self.width, self.lines)
            return _file([self._strong(title), *rest])
        parts = sections(comparison)
        hidden = [] if self.groups else [section for section in parts if section.group or section.parts]
        parts = [section for section in parts if section not in hidden]
        out: list[str] = [self._strong(text.clean(comparison.name)), ""]
        for note in comparison.notes:
            out.extend(self._wrap(f"Note: {text.sentence(note)}"))
        if verdict:
            out.extend(["", self._strong("What the tables say")])
            for one in verdict:
                out.extend(self._wrap(one.text, indent=GAP))
        for section in parts:
            out.extend(self._section(section))
        everything = [table for section in parts for table in section.tables]
        if hidden:
            names = "; ".join(section.heading for section in hidden)
            out.extend(["", *self._wrap(f"More tables in Markdown, LaTeX and CSV, here with --full: {names}.")])
        meaning = legend(everything, BEST, SECOND, LANGUAGE_MODEL, BETTER, WORSE)
        if meaning:
            out.extend(["", self._strong("Legend"), *self._wrap(" ".join(meaning))])
        conventions = dict.fromkeys((said.heading, said.text) for table in everything for said in table.conventions)
        out.extend(self._chosen(comparison))
        if conventions:
            out.extend(["", self._strong("How it is measured")])
            for heading, said in _merged(conventions):
                out.extend(self._wrap(f"{heading}: {said}", indent=GAP))
        return _file(out)

    def _chosen(self, comparison: Comparison) -> Iterable[str]:
        lines = chosen_settings.lines(comparison)
        if lines:
            yield from ("", self._strong("Settings chosen by search"))
        for line in lines:
            yield from self._wrap(line, indent=GAP)

    def _section(self, section: Section) -> Iterable[str]:
        if section.text:
            yield ""
        if section.level == 1 and section.text:
            yield self._strong(section.heading)
        for line in section.text:
            yield from self._wrap(line)
        for table in section.tables:
            for piece in narrow(table, lambda piece: width(draw(piece)) <= self.width):
                yield ""
                yield from map(self._strong, self._wrap(piece.title))
                for line in piece.caption:
                    yield from self._wrap(line)
                yield from self._styled(piece)
                for note in piece.notes:
                    yield from self._wrap(f"[{note.letter}] {note.text}", indent="    ")

    def _styled(self, table: Table) -> Iterable[str]:
        drawn = draw(table)
        if not self.colour:
            return drawn
        # The second drawing, with codes of no width in the cells, has the same layout as the first.
        return [DIM + line + END if set(line) <= {"-", " "} and line else line for line in draw(table, colour=True)]

    def _strong(self, line: str) -> str:
        return f"{BOLD}{line}{END}" if self.colour else line

    def _wrap(self, line: str, indent: str = "") -> list[str]:
        return textwrap.wrap(line, self.width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _file(lines: Iterable[str]) -> Mapping[str, bytes]:
    return {"report.txt": ("\n".join(line.rstrip() for line in lines) + "\n").encode()}


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
