"""Abstract tables as LaTeX ``table`` environments that need booktabs and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from benchsuite_reports.model import text
from benchsuite_reports.model.legend import legend
from benchsuite_reports.model.tables import Column, Line, Table, TableCell, narrow
from benchsuite_reports.render.latex_text import escape, points, prose

LANGUAGE_MODEL = "\\textsuperscript{LM}"
_GAP = 3.0
_SHARE = 0.4
"""How much of the text width one name or heading may take before it is broken over lines."""
BOLD = 1.17
"""How much wider bold figures are than plain ones."""


PREAMBLE = """\
% A character that the font has no glyph for shows as its code point, [U+1F680]; pdfLaTeX has none of these.
\\providecommand{\\benchsuitechar}[2]{\\ifdefined\\Umathchar\\iffontchar\\font`#1\\relax#1\\else#2\\fi\\else#2\\fi}
"""


def fragments(
    table: Table, notes: Sequence[str], width: float, *, brief: bool = False, star: str = ""
) -> list[tuple[str, str]]:
    """Return (label, LaTeX) of a table, cut into several where it would be wider than the text.

    Args:
        table: what to set.
        notes: sentences to print under each part.
        width: points between the margins.
        brief: leave out the legend and the conventions, which are then told elsewhere.
        star: ``*`` for tables that span both columns of a page.
    """
    limit = _SHARE * width
    parts = narrow(table, lambda piece: _width(piece, limit) <= width)
    return [(f"tab:{part.key}", "\n".join(_fragment(part, notes, limit, star, brief=brief)) + "\n") for part in parts]


def comment(line: object) -> str:
    """Return text for a line that begins with a percent sign."""
    return text.clean(line).encode("ascii", "backslashreplace").decode()


def _fragment(table: Table, notes: Sequence[str], limit: float, star: str, *, brief: bool) -> Iterable[str]:
    caption = " ".join(escape(text.sentence(line), breaks=True) for line in (table.title, *table.caption))
    yield f"\\begin{{table{star}}}[tbp]"
    yield "  \\centering"
    yield f"  \\caption{{{caption}}}"
    yield f"  \\label{{tab:{table.key}}}\\par\\smallskip"
    yield f"  \\footnotesize\\setlength{{\\tabcolsep}}{{{_GAP:g}pt}}"
    yield f"  \\begin{{tabular}}{{@{{}}{_first(table, limit)}{'r' * len(table.columns)}@{{}}}}"
    yield "    \\toprule"
    yield "    " + " & ".join(["model", *(_head(column, limit) for column in table.columns)]) + " \\\\"
    for group in table.groups:
        yield "    \\midrule"
        if group.ceiling:
            yield f"    \\multicolumn{{{len(table.columns) + 1}}}{{@{{}}l}}{{\\emph{{ceiling (never competes)}}}} \\\\"
        for line in group.lines:
            yield "    " + _line(line, limit) + " \\\\"
    yield "    \\bottomrule"
    yield "  \\end{tabular}"
    yield from _below(table, notes, brief=brief)
    yield f"\\end{{table{star}}}"


def meaning(tables: Sequence[Table]) -> str:
    """Return what the marks in these tables mean."""
    marks = ("\\textbf{bold}", "\\underline{underlined}", LANGUAGE_MODEL, "+", "\N{MINUS SIGN}")
    return " ".join(legend(tables, *marks, prose))


def _below(table: Table, notes: Sequence[str], *, brief: bool) -> Iterable[str]:
    paragraphs = [] if brief else [line for line in (meaning([table]),) if line]
    paragraphs += [f"\\textsuperscript{{{note.letter}}}\\,{escape(note.text, breaks=True)}" for note in table.notes]
    if table.conventions and not brief:
        paragraphs.append(
            " ".join(f"\\emph{{{escape(said.heading)}}}: {escape(said.text)}" for said in table.conventions)
        )
    if notes:
        paragraphs.append("Note: " + " ".join(escape(text.sentence(note)) for note in notes))
    if not paragraphs:
        return
    yield "  \\par\\smallskip"
    yield "  \\begin{minipage}{\\linewidth}\\raggedright\\footnotesize"
    for paragraph in paragraphs:
        yield f"    {paragraph}\\par"
    yield "  \\end{minipage}"


def _first(table: Table, limit: float) -> str:
    """Return the kind of the first column: as wide as its names, or broken over lines where one is very long."""
    return "l" if max(map(_name_width, table.lines())) <= limit else f"p{{{limit:g}pt}}"


def _name_width(line: Line) -> float:
    return points(text.clean(line.model) + (" LM" if line.language_model else "") + "a" * len(line.notes))


def _line(line: Line, limit: float) -> str:
    name = text.clean(line.model)
    name = f"\\raggedright {escape(name, breaks=True)}" if _name_width(line) > limit else escape(name)
    name += (LANGUAGE_MODEL if line.language_model else "") + letters(line.notes)
    if not line.span:
        return " & ".join([name, *map(set_cell, line.cells)])
    notes = next((cell.notes for cell in line.cells if cell.notes), ())
    return f"{name} & \\multicolumn{{{len(line.cells)}}}{{l@{{}}}}{{\\emph{{{escape(line.span)}}}{letters(notes)}}}"


def set_cell(cell: TableCell) -> str:
    """Return the LaTeX of one cell: its value with marks and footnotes, or the words in its place."""
    if not cell.number:
        words_ = escape(cell.words)
        return (f"\\emph{{{words_}}}" if ":" in cell.words else words_) + letters(cell.notes)
    number = _number(cell.number)
    number = {"best": f"\\textbf{{{number}}}", "second": f"\\underline{{{number}}}", "": number}[cell.mark]
    margin = f"\\,{{\\scriptsize$\\pm$}}{{\\scriptsize {_number(cell.margin)}}}" if cell.margin else ""
    sign = {"better": "$^{+}$", "worse": "$^{-}$", "": ""}[cell.sign]
    return number + margin + sign + letters(cell.notes)


def _number(line: str) -> str:
    return escape(line).replace("-", "$-$")


def _head(column: Column, limit: float) -> str:
    ending = ("\\,$\\downarrow$" if column.lower else "") + letters(column.notes)
    if _column_width(column, math.inf) > limit:
        return f"\\parbox[b]{{{limit:g}pt}}{{\\raggedleft {escape(column.heading, breaks=True)}{ending}}}"
    lines = [escape(line) for line in text.two_lines(column.heading)]
    lines[-1] += ending
    return lines[0] if len(lines) == 1 else "\\shortstack[r]{" + " \\\\ ".join(lines) + "}"


def letters(notes: Sequence[str]) -> str:
    """Return the letters of footnotes as LaTeX."""
    return f"\\textsuperscript{{{','.join(notes)}}}" if notes else ""


def _width(table: Table, limit: float) -> float:
    """Estimate how wide the table is set, in points."""
    lines = list(table.lines())
    model = min(limit, max(map(_name_width, lines)))
    cells = sum(
        max(_column_width(column, limit), *(0 if line.span else cell_width(line.cells[index]) for line in lines))
        + 2 * _GAP
        for index, column in enumerate(table.columns)
    )
    return model + max(cells, *(points(line.span + "a") + 2 * _GAP for line in lines))


def _column_width(column: Column, limit: float) -> float:
    ending = (" \N{DOWNWARDS ARROW}" if column.lower else "") + "a" * len(column.notes)
    lines = text.two_lines(column.heading)
    lines[-1] += ending
    return min(limit, max(map(points, lines)))


def cell_width(cell: TableCell) -> float:
    """Estimate how wide a cell is set in footnote size, in points."""
    around = points("a" * len(cell.notes) + ("+" if cell.sign else ""))
    if not cell.number:
        return points(cell.words) + around
    number = points(cell.number) * (BOLD if cell.mark == "best" else 1.0)
    return number + around + (points(f" \N{PLUS-MINUS SIGN}{cell.margin}") if cell.margin else 0.0)
