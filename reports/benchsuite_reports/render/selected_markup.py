"""One compact table as Markdown and as HTML, to be pasted."""

from __future__ import annotations

from collections.abc import Iterator

from benchsuite.html_text import element, table_element
from benchsuite.markdown_text import markdown_table
from benchsuite_reports.model import text
from benchsuite_reports.model.legend import legend
from benchsuite_reports.model.selected_table import SelectedTable
from benchsuite_reports.model.tables import Column, Line, TableCell
from benchsuite_reports.render import markdown
from benchsuite_reports.render.html_tables import BETTER, WORSE, escaped

_PAD = "padding:.2em .6em"
_CAPTION = "text-align:left;padding-bottom:.4em"
_HEAVY, _LIGHT = "2px solid", "1px solid"
"""Of rules; their colour is that of the text, so that the table suits a light and a dark page."""


def markdown_document(shown: SelectedTable) -> str:
    """Return a pipe table with its title, the meaning of its marks and its footnotes."""
    table = shown.table
    heads = ["Model", *("<br>".join(map(markdown.escape, over)) for over in shown.heads)]
    for index, column in enumerate(table.columns, 1):
        heads[index] += " \N{DOWNWARDS ARROW}" if column.lower else ""
    body = [
        [_name(line, markdown.escape(line.model), ceiling=group.ceiling), *map(markdown.set_cell, line.cells)]
        for group in table.groups
        for line in group.lines
    ]
    said = " ".join(markdown.escape(text.sentence(line)) for line in (table.title, *table.caption))
    drawn = "\n".join(markdown_table(heads, body, ["left", *("right" for _ in shown.heads)]))
    marks = ("**Bold**", "<ins>underlined</ins>", "", markdown.BETTER, markdown.WORSE)
    meaning = " ".join(legend([table], *marks, markdown.escape))
    notes = [f"<sup>{note.letter}</sup> {markdown.escape(note.text)}" for note in table.notes]
    below = "  \n".join([meaning, *notes] if meaning else notes)
    return "\n\n".join(part for part in (said, drawn, below) if part) + "\n"


def html_table(shown: SelectedTable) -> str:
    """Return one ``<table>`` that needs no style of the page around it, and loads nothing."""
    table = shown.table
    said = " ".join(escaped(text.sentence(line)) for line in (table.title, *table.caption))
    bodies = ""
    for group in table.groups:
        rows = ""
        for index, line in enumerate(group.lines):
            rule = f";border-top:{_LIGHT}" if index == 0 else ""
            name = _name(line, escaped(line.model), ceiling=group.ceiling)
            head = element("th", name, scope="row", style=f"text-align:left;font-weight:normal;{_PAD}{rule}")
            rows += element("tr", head + "".join(_cells(line, rule))) + "\n"
        bodies += element("tbody", "\n" + rows) + "\n"
    marks = ("<strong>Bold</strong>", "<u>underlined</u>", "", BETTER, WORSE)
    meaning = " ".join(legend([table], *marks, escaped))
    notes = [f"<sup>{note.letter}</sup> {escaped(note.text)}" for note in table.notes]
    below = "<br>".join([meaning, *notes] if meaning else notes)
    style = f"border-top:{_HEAVY};text-align:left;font-size:smaller;{_PAD}"
    return (
        table_element(
            "".join(f"\n{row}" for row in _head(shown)) + "\n",
            bodies,
            element("caption", said, style=_CAPTION) + "\n",
            element("tr", element("td", below, colspan=len(shown.heads) + 1, style=style)),
            style="border-collapse:collapse;font-variant-numeric:tabular-nums",
        )
        + "\n"
    )


def _name(line: Line, name: str, *, ceiling: bool) -> str:
    return f"{name} (ceiling)" + markdown.letters(line.notes) if ceiling else name + markdown.letters(line.notes)


def _head(shown: SelectedTable) -> Iterator[str]:
    for level in range(shown.levels - 1):
        rule = f"border-top:{_HEAVY};" if level == 0 else ""
        cells = "".join(
            element(
                "th",
                element("span", escaped(head), style=f"display:block;border-bottom:{_LIGHT}"),
                scope="colgroup",
                colspan=count,
                style=f"text-align:center;{rule}{_PAD}",
            )
            for head, count in shown.spans(level)
        )
        yield element("tr", element("td", style=rule) + cells)
    rule = f";border-top:{_HEAVY}" if shown.levels == 1 else ""
    heads = "".join(_heading(column, rule) for column in shown.table.columns)
    yield element("tr", element("th", "Model", scope="col", style=f"text-align:left;{_PAD}{rule}") + heads)


def _heading(column: Column, rule: str) -> str:
    arrow = " \N{DOWNWARDS ARROW}" if column.lower else ""
    return element("th", escaped(column.heading) + arrow, scope="col", style=f"text-align:right;{_PAD}{rule}")


def _cells(line: Line, rule: str) -> Iterator[str]:
    if line.span:
        notes = markdown.letters(next((cell.notes for cell in line.cells if cell.notes), ()))
        told = element("em", escaped(line.span)) + notes
        yield element("td", told, colspan=len(line.cells), style=f"text-align:left;{_PAD}{rule}")
        return
    for cell in line.cells:
        yield element("td", _cell(cell), style=f"text-align:right;{_PAD}{rule}")


def _cell(cell: TableCell) -> str:
    if not cell.number:
        return escaped(cell.words) + markdown.letters(cell.notes)
    margin = " <small>\N{PLUS-MINUS SIGN}{}</small>"
    return markdown.marked(cell, escaped, best="<strong>{}</strong>", second="<u>{}</u>", margin=margin)
