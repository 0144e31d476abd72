"""One compact table as LaTeX: booktabs, groups of columns, small enough for the text where that can be."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchsuite_reports.model import text
from benchsuite_reports.model.legend import legend
from benchsuite_reports.model.selected_table import SelectedTable
from benchsuite_reports.model.tables import Line
from benchsuite_reports.render.latex_tables import PREAMBLE, cell_width, comment, letters, set_cell
from benchsuite_reports.render.latex_text import escape, points, prose


@dataclass(frozen=True)
class Setting:
    """How a table is set: its size, that size by footnote size, points on each side of a column, broken heads."""

    size: str
    scale: float
    gap: float
    broken: bool


SETTINGS = (
    Setting("small", 1.12, 5.0, broken=False),
    Setting("footnotesize", 1.0, 4.0, broken=False),
    Setting("footnotesize", 1.0, 3.0, broken=True),
    Setting("scriptsize", 0.88, 2.5, broken=True),
)
"""Tried in this order."""

ROOM = 5.0
"""Points more between groups of columns than between columns."""


def document(shown: SelectedTable, name: str, width: float) -> str:
    r"""Return a ``table`` environment that can be pasted, or taken in by ``\input``.

    Args:
        shown: the table.
        name: of the experiment.
        width: points between the margins; a table that is wider in every setting is cut into blocks, one under another.
    """
    table = environment(shown, width)
    return opening(name) + (PREAMBLE if "\\benchsuitechar" in table else "") + table


def opening(name: str) -> str:
    """Return the line that says what a table needs, as a comment."""
    return f"% Results of {comment(name)}. Needs \\usepackage{{booktabs}}. Works with pdfLaTeX, XeLaTeX and LuaLaTeX.\n"


def environment(shown: SelectedTable, width: float, star: str = "") -> str:
    """Return the ``table`` environment alone, ``table*`` with a star."""
    return "\n".join(_environment(shown, width, star)) + "\n"


def _environment(shown: SelectedTable, width: float, star: str) -> Iterator[str]:
    setting = next((one for one in SETTINGS if _width(shown, one) <= width), None)
    blocks = _blocks(shown) if setting is None else []
    if setting is None:
        pieces = blocks or [shown]
        setting = next((one for one in SETTINGS if max(_width(piece, one) for piece in pieces) <= width), None)
    if setting is None:
        yield f"% Wider than {width:g} points: pick fewer metrics or splits, or set it in table* with --with points=506"
        setting = SETTINGS[-1]
    yield f"\\begin{{table{star}}}[tbp]"
    yield "  \\centering"
    yield f"  \\caption{{{_caption(shown)}}}"
    yield f"  \\label{{tab:{shown.table.key}}}\\par\\smallskip"
    yield f"  \\{setting.size}\\setlength{{\\tabcolsep}}{{{setting.gap:g}pt}}\\renewcommand{{\\arraystretch}}{{1.1}}"
    yield from _stacked(blocks, setting) if blocks else _tabular(shown, setting)
    yield from _notes(shown)
    yield f"\\end{{table{star}}}"


def _caption(shown: SelectedTable) -> str:
    marks = ("\\textbf{Bold}", "\\underline{underlined}", "", "+", "\N{MINUS SIGN}")
    said = [prose(text.sentence(line)) for line in (shown.table.title, *shown.table.caption)]
    return " ".join([*said, *legend([shown.table], *marks, prose)])


def _tabular(shown: SelectedTable, setting: Setting) -> Iterator[str]:
    between = f"@{{\\hspace{{{_between(setting):g}pt}}}}"
    groups = between.join("r" * count for count in _outer(shown))
    yield f"  \\begin{{tabular}}{{@{{}}l{groups}@{{}}}}"
    yield "    \\toprule"
    for level in range(shown.levels - 1):
        yield from _spanning(shown, level, setting)
    yield f"    Model & {' & '.join(_heads(shown, setting))} \\\\"
    yield from _body(shown)
    yield "    \\bottomrule"
    yield "  \\end{tabular}"


def _outer(shown: SelectedTable) -> list[int]:
    """Return how many columns each of the outermost groups has; between these there is more room."""
    return [count for _, count in shown.spans(0)] if shown.levels > 1 else [len(shown.heads)]


def _between(setting: Setting) -> float:
    return 2 * setting.gap + ROOM


def _spanning(shown: SelectedTable, level: int, setting: Setting) -> Iterator[str]:
    """Yield the heads that stand over several columns, and the rules under them, which do not touch."""
    edges = {0, *itertools.accumulate(_outer(shown))}
    cells, rules, first = [], [], 0
    for head, count in shown.spans(level):
        last = first + count
        cells.append(f"\\multicolumn{{{count}}}{{c}}{{{escape(head)}}}")
        left = 0.0 if first and first in edges else setting.gap
        right = 0.0 if last == len(shown.heads) else _between(setting) if last in edges else setting.gap
        rules.append(f"\\cmidrule(l{{{left:g}pt}}r{{{right:g}pt}}){{{first + 2}-{last + 1}}}")
        first = last
    yield f"    & {' & '.join(cells)} \\\\"
    yield f"    {''.join(rules)}"


def _heads(shown: SelectedTable, setting: Setting) -> Iterator[str]:
    for column in shown.table.columns:
        lines = [escape(line) for line in _broken(column.heading, setting)]
        lines[-1] += "\\,$\\downarrow$" if column.lower else ""
        yield lines[0] if len(lines) == 1 else "\\shortstack[r]{" + " \\\\ ".join(lines) + "}"


def _broken(heading: str, setting: Setting) -> list[str]:
    if not setting.broken:
        return [heading]
    name, at, cutoff = heading.rpartition("@")
    return [name, at + cutoff] if name else text.two_lines(heading)


def _body(shown: SelectedTable, head: str = "") -> Iterator[str]:
    """Yield the rows, the ceilings apart; a head stands over them all."""
    for index, group in enumerate(shown.table.groups):
        yield "    \\midrule"
        if head and index == 0:
            yield f"    \\multicolumn{{{len(shown.heads) + 1}}}{{@{{}}l}}{{\\emph{{{escape(head)}}}}} \\\\"
        for line in group.lines:
            name = escape(line.model) + (" (ceiling)" if group.ceiling else "") + letters(line.notes)
            yield f"    {' & '.join([name, *_cells(line)])} \\\\"


def _cells(line: Line) -> list[str]:
    if not line.span:
        return [set_cell(cell) for cell in line.cells]
    notes = next((cell.notes for cell in line.cells if cell.notes), ())
    return [f"\\multicolumn{{{len(line.cells)}}}{{l@{{}}}}{{\\emph{{{escape(line.span)}}}{letters(notes)}}}"]


def _blocks(shown: SelectedTable) -> list[SelectedTable]:
    """Cut the table at its outermost heads, where all of them stand over the same; else nowhere."""
    if shown.levels == 1:
        return []
    pieces, first = [], 0
    for _, count in shown.spans(0):
        pieces.append(_part(shown, range(first, first + count)))
        first += count
    same = {tuple(heads[1:] for heads in piece.heads) for piece in pieces}
    return pieces if len(same) == 1 else []


def _part(shown: SelectedTable, keep: Sequence[int]) -> SelectedTable:
    groups = tuple(
        dataclasses.replace(
            group,
            lines=tuple(
                dataclasses.replace(line, cells=tuple(line.cells[index] for index in keep)) for line in group.lines
            ),
        )
        for group in shown.table.groups
    )
    columns = tuple(shown.table.columns[index] for index in keep)
    return dataclasses.replace(
        shown,
        table=dataclasses.replace(shown.table, groups=groups, columns=columns),
        heads=tuple(shown.heads[index] for index in keep),
        origins=tuple(shown.origins[index] for index in keep),
    )


def _stacked(blocks: Sequence[SelectedTable], setting: Setting) -> Iterator[str]:
    """Yield one table whose outermost heads stand over blocks of rows."""
    first = blocks[0]
    yield f"  \\begin{{tabular}}{{@{{}}l{'r' * len(first.heads)}@{{}}}}"
    yield "    \\toprule"
    for level in range(1, first.levels - 1):
        yield from _spanning(first, level, setting)
    yield f"    Model & {' & '.join(_heads(first, setting))} \\\\"
    for block in blocks:
        yield from _body(block, block.heads[0][0])
    yield "    \\bottomrule"
    yield "  \\end{tabular}"


def _notes(shown: SelectedTable) -> Iterator[str]:
    notes = [f"\\textsuperscript{{{note.letter}}}\\,{prose(note.text)}" for note in shown.table.notes]
    if notes:
        yield "  \\par\\smallskip"
        yield "  \\begin{minipage}{\\linewidth}\\raggedright\\footnotesize"
        yield from (f"    {note}\\par" for note in notes)
        yield "  \\end{minipage}"


def _width(shown: SelectedTable, setting: Setting) -> float:
    """Estimate how wide the table is set, in points."""
    lines = list(shown.table.lines())
    ceiling = {line.model for group in shown.table.groups if group.ceiling for line in group.lines}
    names = max(
        points(line.model + (" (ceiling)" if line.model in ceiling else "") + "a" * len(line.notes)) for line in lines
    )
    columns = [
        max(_head_width(shown, index, setting), *(0 if line.span else cell_width(line.cells[index]) for line in lines))
        for index in range(len(shown.heads))
    ]
    gap = 2 * setting.gap / setting.scale
    room = ROOM / setting.scale * (len(_outer(shown)) - 1)
    wide = room + max(_spanned(shown, level, columns, gap) for level in range(shown.levels))
    spans = max((points(line.span + "a") for line in lines), default=0.0)
    return setting.scale * (names + max(wide, spans))


def _spanned(shown: SelectedTable, level: int, columns: Sequence[float], gap: float) -> float:
    """Return how wide the columns are with the heads of one level over them."""
    first, wide = 0, 0.0
    for head, count in shown.spans(level):
        wide += max(
            sum(columns[first : first + count]) + count * gap, points(head) + gap if level < shown.levels - 1 else 0.0
        )
        first += count
    return wide


def _head_width(shown: SelectedTable, index: int, setting: Setting) -> float:
    column = shown.table.columns[index]
    lines = _broken(column.heading, setting)
    lines[-1] += " \N{DOWNWARDS ARROW}" if column.lower else ""
    return max(map(points, lines))
