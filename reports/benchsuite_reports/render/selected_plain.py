"""One compact table as text for a terminal, as CSV for a spreadsheet and as JSON for a program."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from benchsuite.data.tabular import safe
from benchsuite_reports.model import text
from benchsuite_reports.model.legend import legend
from benchsuite_reports.model.selected_table import SelectedTable
from benchsuite_reports.model.tables import Line, TableCell
from benchsuite_reports.render.terminal_tables import BEST, BETTER, SECOND, WORSE

_WIDTH = 100


def plain_text(shown: SelectedTable) -> str:
    """Return the table as aligned text: best and second with signs behind them."""
    from tabulate import tabulate

    table = shown.table
    lowest = [column.heading + (" \N{DOWNWARDS ARROW}" if column.lower else "") for column in table.columns]
    body = [
        [text.clean(line.model) + (" (ceiling)" if group.ceiling else "") + _letters(line.notes), *_texts(line)]
        for group in table.groups
        for line in group.lines
    ]
    align = ["left", *("right" for _ in shown.heads)]
    drawn = tabulate(body, headers=["Model", *lowest], tablefmt="simple", disable_numparse=True, colalign=align)
    rows = drawn.split("\n")
    said = " ".join(text.sentence(line) for line in (table.title, *table.caption))
    below = [" ".join(legend([table], BEST, SECOND, "", BETTER, WORSE))]
    below += [f"[{note.letter}] {note.text}" for note in table.notes]
    wrapped = [line for part in below for line in textwrap.wrap(part, _WIDTH, subsequent_indent="    ")]
    lines = [*textwrap.wrap(said, _WIDTH), "", *_over(shown, rows[1]), *rows, "", *wrapped]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def csv_text(shown: SelectedTable) -> str:
    """Return the table with all digits of each value; words stand where there is none.

    Heads of groups stand before those of columns, such as ``item-cold Recall@10``.
    """
    heads = ["model", *(" ".join(over) for over in shown.heads)]
    lines = [",".join(safe(head) for head in heads)]
    for line in shown.table.lines():
        cells = [repr(cell.value) if cell.value is not None else safe(cell.words) for cell in line.cells]
        lines.append(",".join([safe(line.model), *cells]))
    return "\n".join(lines) + "\n"


def json_text(shown: SelectedTable) -> str:
    """Return the table for a program: its columns with their origins, and each line's cells in their order."""
    table = shown.table
    content = {
        "title": table.title,
        "caption": list(table.caption),
        "columns": list(_columns(shown)),
        "lines": [
            {"model": shown.models[line.model], "name": line.model, "ceiling": group.ceiling}
            | {"notes": list(line.notes), "cells": [_record(cell) for cell in line.cells]}
            for group in table.groups
            for line in group.lines
        ],
        "notes": {note.letter: note.text for note in table.notes},
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _over(shown: SelectedTable, rule: str) -> Iterator[str]:
    """Yield a line for each level of heads that stand over several columns, each in the middle of its columns."""
    stops = [match.span() for match in re.finditer("-+", rule)][1:]
    for level in range(shown.levels - 1):
        line, first = "", 0
        for head, count in shown.spans(level):
            start, end = stops[first][0], stops[first + count - 1][1]
            line = line.ljust(start) + f" {head} ".center(end - start, "-")
            first += count
        yield line


def _columns(shown: SelectedTable) -> Iterator[dict[str, Any]]:
    for over, origin, column in zip(shown.heads, shown.origins, shown.table.columns, strict=True):
        names = {"dataset": origin.dataset, "split": origin.split, "metric": origin.metric}
        yield names | {"heads": list(over), "higher_is_better": not column.lower}


def _record(cell: TableCell) -> dict[str, Any]:
    told = {"number": cell.number, "margin": cell.margin, "words": cell.words, "mark": cell.mark, "sign": cell.sign}
    return (
        {"value": cell.value}
        | {name: value for name, value in told.items() if value}
        | ({"notes": list(cell.notes)} if cell.notes else {})
    )


def _texts(line: Line) -> list[str]:
    """Return a row's cells; a reason that holds for all of them is told in the first."""
    if line.span:
        notes = next((cell.notes for cell in line.cells if cell.notes), ())
        return [line.span + _letters(notes), *("" for _ in line.cells[1:])]
    return [_text(cell) for cell in line.cells]


def _text(cell: TableCell) -> str:
    if not cell.number:
        return cell.words + _letters(cell.notes)
    margin = f" \N{PLUS-MINUS SIGN}{cell.margin}" if cell.margin else ""
    mark = {"best": BEST, "second": SECOND, "": " "}[cell.mark]
    return cell.number + margin + mark + {"better": BETTER, "worse": WORSE, "": ""}[cell.sign] + _letters(cell.notes)


def _letters(notes: tuple[str, ...]) -> str:
    return f" [{','.join(notes)}]" if notes else ""
