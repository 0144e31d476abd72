"""An abstract table: what every renderer draws, with no word of how."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Mark = Literal["", "best", "second"]
Sign = Literal["", "better", "worse"]
Kind = Literal[
    "overview",
    "datasets",
    "warm",
    "cold",
    "novelty",
    "parts",
    "against",
    "all",
    "ranking",
    "classification",
    "rating",
    "cost",
    "selected",
]

NOTHING = "\N{EN DASH}"
"""Shown where a metric does not exist for a cell."""


@dataclass(frozen=True)
class TableCell:
    """One place of a table.

    Attributes:
        number: the value as it is written, or "" where there is none.
        margin: half of the interval as it is written, or "".
        words: what stands in place of a number: ``failed: out of memory``, ``n/a: needs item text``, an en dash.
        mark: whether the value is the best or second of its column.
        sign: whether a corrected test says that the model is better or worse than the best reference.
        notes: letters of the footnotes that belong here.
        value: the value itself, for sorting; None where there is none.
    """

    number: str = ""
    margin: str = ""
    words: str = ""
    mark: Mark = ""
    sign: Sign = ""
    notes: tuple[str, ...] = ()
    value: float | None = None


@dataclass(frozen=True)
class Column:
    """One column: what it holds, its heading, and whether smaller is better.

    Attributes:
        key: what it holds.
        heading: what stands above it.
        lower: whether smaller is better.
        notes: letters of its footnotes.
        belongs: whether it says something of the column before it, such as the ranks of its values.
    """

    key: str
    heading: str
    lower: bool = False
    notes: tuple[str, ...] = ()
    belongs: bool = False


@dataclass(frozen=True)
class Line:
    """One model's row.

    Attributes:
        model: the model's label.
        language_model: whether it uses a language model.
        cells: one per column.
        notes: letters of the footnotes about the model.
        span: words for the whole row when every cell is empty for one reason.
    """

    model: str
    language_model: bool
    cells: tuple[TableCell, ...]
    notes: tuple[str, ...] = ()
    span: str = ""


@dataclass(frozen=True)
class Group:
    """Models that compete with one another, or the ceiling models, which compete with nobody."""

    ceiling: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Note:
    """A footnote: its letter and what it says."""

    letter: str
    text: str


@dataclass(frozen=True)
class Convention:
    """How a metric is computed, and over how many queries."""

    metric: str
    heading: str
    text: str


@dataclass(frozen=True)
class Table:
    """A table with all that must be said under it.

    Attributes:
        key: a short ASCII name, unique within a report.
        kind: what its columns are.
        title: what it shows.
        caption: sentences every reader of the table must know, such as that the data is simulated.
        columns: in the order of the experiment.
        groups: competing models first.
        notes: footnotes, in the order in which they are referred to.
        conventions: one for each metric.
    """

    key: str
    kind: Kind
    title: str
    caption: tuple[str, ...]
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    notes: tuple[Note, ...] = ()
    conventions: tuple[Convention, ...] = ()

    def lines(self) -> Iterator[Line]:
        """Yield every model's row."""
        for group in self.groups:
            yield from group.lines


def narrow(table: Table, fits: Callable[[Table], bool]) -> list[Table]:
    """Cut a table into the fewest tables of about equal width that each fit; one column always does.

    A column that belongs to the one before, such as its rank, stays with it. The columns keep their order, each part
    repeats the models, and keeps only the footnotes that it refers to.
    """
    starts = [index for index, column in enumerate(table.columns) if not column.belongs] or [0]
    starts[0] = 0
    count, width = len(starts), len(table.columns)
    for parts in range(1, count + 1):
        # The nearest place where a cut is allowed, but never one twice: each part has a column.
        cuts = [0]
        for part in range(1, parts):
            allowed = starts[starts.index(cuts[-1]) + 1 : count - (parts - part - 1)]
            cuts.append(min(allowed, key=lambda start: abs(start - part * width / parts)))
        edges = [*cuts, width]
        pieces = [
            _piece(table, range(low, high), part, parts) for part, (low, high) in enumerate(itertools.pairwise(edges))
        ]
        if parts == count or all(fits(piece) for piece in pieces):
            return pieces
    return [table]


def without_belonging(table: Table) -> Table:
    """Return a table without the columns that belong to another, such as ranks."""
    keep = [index for index, column in enumerate(table.columns) if not column.belongs]
    return _piece(table, keep, 0, 0) if len(keep) < len(table.columns) else table


def _piece(table: Table, keep: Sequence[int], part: int, parts: int) -> Table:
    """Return some columns of a table, as one of several parts; with 0 parts it is the table itself."""
    if parts == 1:
        return table
    columns = tuple(table.columns[index] for index in keep)
    groups = tuple(
        dataclasses.replace(
            group,
            lines=tuple(
                dataclasses.replace(line, cells=tuple(line.cells[index] for index in keep)) for line in group.lines
            ),
        )
        for group in table.groups
    )
    used = {letter for column in columns for letter in column.notes}
    used |= {letter for group in groups for line in group.lines for letter in line.notes}
    used |= {letter for group in groups for line in group.lines for cell in line.cells for letter in cell.notes}
    return dataclasses.replace(
        table,
        key=f"{table.key}-{part + 1}" if parts else table.key,
        title=f"{table.title} ({part + 1} of {parts})" if parts else table.title,
        columns=columns,
        groups=groups,
        notes=tuple(note for note in table.notes if note.letter in used),
        conventions=tuple(said for said in table.conventions if said.metric in {column.key for column in columns}),
    )
