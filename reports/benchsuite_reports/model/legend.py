"""What the marks in a table mean, for the marks that it really uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchsuite_reports.model.tables import NOTHING, Table


def legend(
    tables: Sequence[Table],
    best: str,
    second: str,
    language_model: str,
    better: str,
    worse: str,
    escape: Callable[[str], str] = lambda text: text,
) -> list[str]:
    """Return one sentence per mark.

    Args:
        tables: the tables that share the legend.
        best: how the best value model_styles, as the renderer draws it.
        second: how the second looks.
        language_model: the mark of a model that uses a language model.
        better: the sign of a model that is better than the best reference.
        worse: the sign of one that is worse.
        escape: makes the words between the marks safe for the format.
    """
    lines = [line for table in tables for line in table.lines()]
    cells = [cell for line in lines if not line.span for cell in line.cells]
    marks = {cell.mark for cell in cells}
    said = []
    if "second" in marks:
        said.append(f"{best}{escape(': best,')} {second}{escape(': second best; equal numbers share a mark.')}")
    elif "best" in marks:
        said.append(f"{best}{escape(': best; equal numbers share a mark.')}")
    if any(line.language_model for line in lines):
        said.append(f"{language_model}{escape(': uses a language model.')}")
    words = []
    if any(cell.sign for cell in cells):
        words.append(
            f"{better}/{worse}: better or worse than the best reference at 5%, tested in pairs with Holm's correction."
        )
    if any(cell.margin for cell in cells):
        words.append("\N{PLUS-MINUS SIGN}: the larger side of the 95% interval.")
    if any(group.ceiling for table in tables for group in table.groups):
        words.append("Ceiling: knows what no model can know, so it never competes.")
    if any(column.lower for table in tables for column in table.columns):
        words.append("\N{DOWNWARDS ARROW}: smaller is better.")
    if any(cell.words.startswith("n/a") for line in lines for cell in line.cells):
        words.append("n/a: not applicable.")
    if any(cell.words == NOTHING for cell in cells):
        words.append(f"{NOTHING}: not measured here.")
    return [*said, *map(escape, words)]
