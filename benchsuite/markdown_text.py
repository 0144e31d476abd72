"""Tables in Markdown, as model cards and reports have them."""

from __future__ import annotations

from collections.abc import Sequence


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]], align: Sequence[str] = ()) -> list[str]:
    """Return the lines of a table of cells that are Markdown already: no line end, no bare ``|`` within.

    Args:
        headers: of the columns.
        rows: one cell a column.
        align: ``left`` or ``right`` for each column; left where nothing is said.
    """
    from tabulate import tabulate

    align = align or ["left"] * len(headers)
    table: str = tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True, colalign=align)
    return table.split("\n")
