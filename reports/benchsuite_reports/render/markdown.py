"""The report for an issue, a wiki or a README: GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchsuite.api import Report
from benchsuite.data import Comparison
from benchsuite.markdown_text import markdown_table
from benchsuite_reports.model import chosen_settings, text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.legend import legend
from benchsuite_reports.model.sections import Section, sections
from benchsuite_reports.model.tables import Column, Line, Table, TableCell
from benchsuite_reports.model.verdict import verdicts

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_MARKUP = frozenset("\\`*_[]{}~$#!^")
LANGUAGE_MODEL = "<sup>LM</sup>"
BETTER, WORSE = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"


@dataclass
class Markdown(Report):
    """Tables in GitHub-flavoured Markdown."""

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``results.md``, UTF-8. Best values are bold, second ones underlined (``<ins>``)."""
        parts = sections(comparison)
        everything = [table for section in parts for table in section.tables]
        out = [f"# {escape(text.clean(comparison.name))}", ""]
        for note in comparison.notes:
            out += [f"> Note: {escape(text.sentence(note))}", ""]
        said = verdicts(ComparisonIndex(comparison))
        if said:
            out += ["## What the tables say", "", *(f"- {escape(one.text)}" for one in said), ""]
        meaning = legend(everything, "**bold**", "<ins>underlined</ins>", LANGUAGE_MODEL, BETTER, WORSE)
        if meaning:
            out += ["## How to read the tables", "", " ".join(meaning), ""]
        for section in parts:
            out += _section(section)
        if chosen := chosen_settings.lines(comparison):
            out += ["## Settings chosen by search", "", *(f"- {escape(line)}" for line in chosen), ""]
        if comparison.provenance:
            out += ["## Provenance", ""]
            for key, value in comparison.provenance.items():
                if key == "readings" and isinstance(value, Mapping):
                    out.append("- readings of scores, fitted on validation:")
                    lines = (f"{text.clean(name)}: {text.plain(one)}" for name, one in value.items())
                    out += [f"  - {escape(line)}" for line in lines]
                else:
                    out.append(f"- {escape(key)}: {escape(text.plain(value))}")
        return {"results.md": ("\n".join(out).rstrip("\n") + "\n").encode()}


def escape(line: str) -> str:
    """Return text that Markdown shows as it is: no markup, no HTML, no new cell, no mention, no emoji code."""
    safe = "".join(_ENTITIES.get(c) or (f"\\{c}" if c in _MARKUP else c) for c in line)
    safe = re.sub(r"(?<![\w])@(?=\w)", "&#64;", safe)
    safe = re.sub(r":(?=[\w+-]+:)", "&#58;", safe)
    return re.sub(
        r"(?i)\b(https?|ftp):(?=//)|\bwww\.", lambda m: m.group().replace(":", "&#58;").replace(".", "&#46;"), safe
    )


def _section(section: Section) -> Iterable[str]:
    yield from (f"{'#' * (section.level + 1)} {escape(section.heading)}", "")
    for line in section.text:
        yield from (escape(line), "")
    for table in section.tables:
        yield from (f"**{escape(table.title)}**", "")
        for line in table.caption:
            yield from (escape(line), "")
        yield from (*_draw(table), "")
        for note in table.notes:
            yield from (f"<sup>{note.letter}</sup> {escape(note.text)}  ",)
        yield from (f"{escape(said.heading)}: {escape(said.text)}  " for said in table.conventions)
        if table.notes or table.conventions:
            yield ""


def _draw(table: Table) -> list[str]:
    heads = ["model", *(_head(column) for column in table.columns)]
    body = [[_model(line, group.ceiling), *_cells(line)] for group in table.groups for line in group.lines]
    align = ["left", *("right" for _ in table.columns)]
    return markdown_table(heads, body, align)


def _head(column: Column) -> str:
    return escape(column.heading) + (" \N{DOWNWARDS ARROW}" if column.lower else "") + letters(column.notes)


def _model(line: Line, ceiling: bool) -> str:
    name = escape(text.clean(line.model)) + (LANGUAGE_MODEL if line.language_model else "") + letters(line.notes)
    return f"{name} (ceiling)" if ceiling else name


def _cells(line: Line) -> list[str]:
    """Return a row's cells; what holds for the whole row is said once in full."""
    if not line.span:
        return [set_cell(cell) for cell in line.cells]
    told = next(index for index, cell in enumerate(line.cells) if cell.words == line.span)
    state = escape(line.span.partition(":")[0])
    cells = enumerate(line.cells)
    return [set_cell(cell) if index == told or cell.words != line.span else state for index, cell in cells]


def set_cell(cell: TableCell) -> str:
    """Return the Markdown of one cell: its value with marks and footnotes, or the words in its place."""
    if not cell.number:
        return escape(cell.words) + letters(cell.notes)
    return marked(cell, escape, best="**{}**", second="<ins>{}</ins>", margin=" \N{PLUS-MINUS SIGN}{}")


def marked(cell: TableCell, escaped: Callable[[str], str], *, best: str, second: str, margin: str) -> str:
    """Return a cell with a value: number, mark, margin, sign and letters of footnotes.

    Args:
        cell: it.
        escaped: makes text plain in the language that is written.
        best: the form of the best number, with ``{}`` for it.
        second: the form of the second best.
        margin: the form of what follows the number.
    """
    number = {"best": best, "second": second, "": "{}"}[cell.mark].format(escaped(cell.number))
    width = margin.format(escaped(cell.margin)) if cell.margin else ""
    sign = {"better": f" {BETTER}", "worse": f" {WORSE}", "": ""}[cell.sign]
    return number + width + sign + letters(cell.notes)


def letters(notes: Sequence[str]) -> str:
    """Return the letters of footnotes."""
    return f"<sup>{','.join(notes)}</sup>" if notes else ""
