"""Abstract tables and descriptions as HTML; every text is escaped here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from benchsuite.data import PluginInfo, SplitInfo
from benchsuite.html_text import element, table_element
from benchsuite_reports.model import text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.legend import legend
from benchsuite_reports.model.table_builder import RANK
from benchsuite_reports.model.tables import Column, Line, Table, TableCell

BETTER, WORSE = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
_PHONE = 4
"""Columns that a phone shows side by side; of a table with more, each row is a small grid there."""
_PORTRAIT = 8
"""Columns that fit on an upright page; a table with more is printed across."""
LANGUAGE_MODEL = '<abbr class="lm" title="uses a language model">LM</abbr>'


def escaped(value: object) -> str:
    """Return text that HTML shows as it is."""
    return html.escape(text.clean(value), quote=True)


def lines(value: str) -> str:
    """Return text of several lines that HTML shows as it is, inside ``pre``."""
    kept = (f"{' ' * (len(line) - len(line.lstrip(' ')))}{text.clean(line)}" for line in value.split("\n"))
    return html.escape("\n".join(kept), quote=True)


def name(value: object) -> str:
    """Return a name, set apart so that its writing direction does not turn what stands around it."""
    return f"<bdi>{escaped(value)}</bdi>"


def table(view: ComparisonIndex, one: Table) -> str:
    """Return a table with its caption, footnotes and conventions."""
    said = "".join(f' <span class="said">{escaped(sentence)}</span>' for sentence in one.caption)
    by = _sorted_by(one)
    head = "".join(_head(view, column, first=index == by) for index, column in enumerate(one.columns))
    # Cells say their heading where they stand apart from it.
    stacked = len(one.columns) > _PHONE
    told = [text.clean(column.heading) if stacked else "" for column in one.columns]
    body = "".join(
        _group(view, _by_place(one, group.lines, by), ceiling=group.ceiling, told=told) for group in one.groups
    )
    top = element("tr", element("th", "model", scope="col") + head)
    drawn = table_element(top, body, aria_labelledby=f"c-{one.key}")
    wide = (" stacked" if stacked else "") + (" wide" if len(one.columns) > _PORTRAIT else "")
    return (
        f'<figure class="table{wide}" id="t-{one.key}" data-kind="{one.kind}">'
        f'<h4 class="caption" id="c-{one.key}">{escaped(one.title)}{said}</h4>'
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="c-{one.key}">'
        f"{drawn}</div>{_below(one)}</figure>\n"
    )


def _sorted_by(one: Table) -> int | None:
    """Return the column that a table is sorted by at first: the place, else the first that has numbers."""
    numbers = [
        index for index in range(len(one.columns)) if any(line.cells[index].value is not None for line in one.lines())
    ]
    ranks = [index for index in numbers if one.columns[index].heading == RANK]
    return next(iter([*ranks, *numbers]), None)


def _by_place(one: Table, lines: Sequence[Line], by: int | None) -> list[Line]:
    """Return lines with the best on top; equals keep the order of the experiment, what has no number stays last."""
    if by is None:
        return list(lines)
    sign = 1 if one.columns[by].lower else -1
    values = [line.cells[by].value for line in lines]
    order = [(value is None, 0.0 if value is None else sign * value, index) for index, value in enumerate(values)]
    return [lines[index] for *_, index in sorted(order)]


def _head(view: ComparisonIndex, column: Column, *, first: bool) -> str:
    arrow = " " + element("span", "\N{DOWNWARDS ARROW}", title="smaller is better") if column.lower else ""
    return element(
        "th",
        f"{escaped(column.heading)}{arrow}{_letters(column.notes)}",
        scope="col",
        data_m=view.metrics.index(column.key) if column.key in view.metrics else None,
        data_lower=1 if column.lower else None,
        aria_sort=("ascending" if column.lower else "descending") if first else None,
    )


def _group(view: ComparisonIndex, lines: Sequence[Line], *, ceiling: bool, told: Sequence[str]) -> str:
    rows = "".join(_line(view, line, told) for line in lines)
    if not ceiling:
        return element("tbody", rows)
    head = element("th", "ceiling (never competes)", scope="rowgroup", colspan=len(told) + 1)
    return element("tbody", element("tr", head, class_="group") + rows, class_="ceiling")


def _line(view: ComparisonIndex, line: Line, told: Sequence[str]) -> str:
    index = view.models.index(line.model)
    mark = f" {LANGUAGE_MODEL}" if line.language_model else ""
    key = element("span", class_=f"key k{index}")
    head = element("th", f"{key}{name(line.model)}{mark}{_letters(line.notes)}", scope="row")
    if line.span:
        # A reason that holds for the whole row is said once.
        letters = _letters(next((cell.notes for cell in line.cells if cell.notes), ()))
        kind = "failed" if line.span.startswith("failed") else "none"
        cells = element("td", escaped(line.span) + letters, class_=f"{kind} span", colspan=len(line.cells))
    else:
        cells = "".join(map(_cell, line.cells, told))
    return element("tr", head + cells, data_i=index)


def _cell(cell: TableCell, told: str) -> str:
    if not cell.number:
        kind = "failed" if cell.words.startswith("failed") else "none"
        return element("td", escaped(cell.words) + _letters(cell.notes), class_=kind, data_h=told)
    number = escaped(cell.number)
    number = {"best": f"<b>{number}</b>", "second": f"<u>{number}</u>", "": number}[cell.mark]
    margin = f" <small>\N{PLUS-MINUS SIGN}{escaped(cell.margin)}</small>" if cell.margin else ""
    sign = {
        "better": f' <span class="better" title="better than the best reference">{BETTER}</span>',
        "worse": f' <span class="worse" title="worse than the best reference">{WORSE}</span>',
        "": "",
    }[cell.sign]
    value = None if cell.value is None else repr(cell.value)
    shown = f"{number}{margin}{sign}{_letters(cell.notes)}"
    return element("td", shown, class_=cell.mark, data_v=value, data_h=told)


def _below(one: Table) -> str:
    notes = "".join(f"<li><sup>{note.letter}</sup> {escaped(note.text)}</li>" for note in one.notes)
    said = "".join(f"<dt>{escaped(one.heading)}</dt><dd>{escaped(one.text)}</dd>" for one in one.conventions)
    meaning = " ".join(legend([one], "<b>bold</b>", "<u>underlined</u>", LANGUAGE_MODEL, BETTER, WORSE, escaped))
    parts = [f'<ul class="notes">{notes}</ul>' if notes else ""]
    if said or meaning:
        inside = f"<p>{meaning}</p>" + (f"<dl>{said}</dl>" if said else "")
        parts.append(f"<details><summary>How to read this table</summary>{inside}</details>")
    return f"<figcaption>{''.join(parts)}</figcaption>"


def _letters(notes: Sequence[str]) -> str:
    return f"<sup>{','.join(notes)}</sup>" if notes else ""


def about(items: Sequence[tuple[PluginInfo, Sequence[str]]]) -> str:
    """Return descriptions with their settings and citations; each comes with sentences to print under its name."""
    return "".join(_about(one, said) for one, said in items)


def _about(one: PluginInfo, said: Iterable[str]) -> str:
    lines = "".join(f"<p>{escaped(sentence)}</p>" for sentence in said)
    settings = "".join(
        f"<dt>{escaped(key)}</dt><dd>{escaped(text.plain(value))}</dd>" for key, value in one.settings.items()
    )
    cite = "".join(f"<pre>{html.escape(entry.strip(), quote=True)}</pre>" for entry in one.cite)
    parts = [lines, f'<dl class="settings">{settings}</dl>' if settings else ""]
    if cite:
        parts.append(f"<details><summary>Cite</summary>{cite}</details>")
    label = one.split_label if isinstance(one, SplitInfo) else one.label
    plugin = f' <span class="plugin">{escaped(one.name)}</span>' if one.name != label else ""
    return f'<section class="about"><h3>{name(label)}{plugin}</h3>{"".join(parts)}</section>'
