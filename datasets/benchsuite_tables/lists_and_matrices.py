"""What tables without columns of roles mean: lines of a user and a list of items, and matrices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise

from benchsuite_tables.card_table import table_of
from benchsuite_tables.doubts import Doubt
from benchsuite_tables.first_rows import FirstRows, Said
from benchsuite_tables.matrix import find_shape, matrix_values
from benchsuite_tables.profiles import profiles
from benchsuite_tables.text_file import TextFile
from benchsuite_tables.times import number
from benchsuite_tables.understanding import SHOWN_ROWS, Understanding, plain_table

LONG_LIST = 5
"""A line with at least this many items is seldom sorted by chance."""

_MOST_SORTED = 0.9
_LOOKED_AT = 10_000


def understand_lists(text: TextFile, first: FirstRows, said: Said) -> Understanding:
    """Describe lines of a user and a list of items; nothing else is asked of them where the user said the format."""
    doubt = Doubt("each line seems to be a user and a list of items", "say format = 'lists' if it is so")
    doubts = () if said.format == "lists" else (doubt,)
    table = plain_table(first, said) | {"columns": {}}
    notes: tuple[str, ...] = ()
    if said.ordered is None and _ascend(first.rows):
        notes = (
            "the items of each line are sorted, which no order of time is; say ordered = true if it is all the same",
        )
    elif said.ordered is None:
        table["ordered"] = True
        notes = (
            "each line is taken as the order of time, oldest first; if it is not, say ordered = false (--no-ordered)",
        )
    return Understanding(text.name, ("user", "item"), table, notes=notes, doubts=doubts, rows=first.rows)


def understand_matrix(text: TextFile, first: FirstRows, said: Said) -> Understanding:
    """Describe a matrix; its first rows are shown as users, items and values."""
    shape = find_shape(first.rows, said.header, said.columns.get("user", ""), said.missing_cells, text.name)
    table = plain_table(first, said)
    table |= {"separator": first.separator, "quote": first.quote, "header": shape.header}
    table |= {"row_begins": shape.row_begins, "missing": list(dict.fromkeys(("", *shape.missing)))}
    table["columns"] = {name: name for name in first.names}
    begins = {"user": "names the users", "count": "counts the values of its row", "": "holds values"}
    guessed = [
        f"the first line {'names the items' if shape.header else 'is a row'}",
        f"the first column {begins[shape.row_begins]}",
        f"no value is written as {' or '.join(map(repr, table['missing']))}",
    ]
    model = table_of({"file": text.path.name, **table}, text.name)
    values = list(islice(matrix_values(text, model), _LOOKED_AT))
    ours = profiles(first.names, values)
    if ours[-1].has_decimal_comma:
        table["decimal"] = ","
        guessed.append("numbers have a decimal comma")
    return Understanding(
        text.name, first.names, table, tuple(guessed), profiles=ours, rows=tuple(values[:SHOWN_ROWS]), has_names=False
    )


def _ascend(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the items of (nearly) each long line are sorted by their numbers, which no order of time is."""
    lines = [[number(cell) for cell in row[1:]] for row in rows if len(row) > LONG_LIST]
    sorted_lines = sum(all(a is not None and b is not None and a < b for a, b in pairwise(line)) for line in lines)
    return bool(lines) and sorted_lines > _MOST_SORTED * len(lines)
