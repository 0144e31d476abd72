"""Bad cells and rows of a table: counted by kind and told in one error, or left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchsuite.data import Bool
from benchsuite.errors import DataError

_SHOWN = 10
"""Kinds that one error tells; there are seldom more than two."""

_DROP = 'say on_bad_row = "drop" (in the shell --on-bad-row drop)'
_DROP_EMPTY = 'say missing = "drop" (in the shell --missing drop, in a card on_missing = "drop")'


@dataclass(frozen=True)
class BadRows:
    """Rows of one kind that are no rows of this table: too few cells, no JSON, or JSON with a key twice.

    Attributes:
        kind: a short fixed name: ``few``, ``many``, ``syntax``, ``repeated``.
        number: of rows.
        line: of the first, counted from 1.
        what: what is wrong with the first.
        remedy: what to do about it.
        unit: what ``line`` counts: ``line``, or ``object`` in a JSON array, whose objects need no lines of their own.
    """

    kind: str
    number: int
    line: int
    what: str
    remedy: str
    unit: str = "line"

    @property
    def place(self) -> str:
        """Return where the first is: ``line 17``."""
        return f"{self.unit} {self.line}"


@dataclass(frozen=True, eq=False)
class BadCells:
    """Cells of one kind in one column.

    Attributes:
        kind: a short fixed name: ``empty`` or ``bad``.
        column: the file's column.
        bad: bool[n] which rows.
        what: what is wrong, with the first of the cells where it says more than the words.
        remedy: what to do about it.
    """

    kind: str
    column: str
    bad: Bool
    what: str
    remedy: str = "correct the cell"


@dataclass(frozen=True, eq=False)
class Cells:
    """The columns of a table before anybody asks what they mean.

    Attributes:
        columns: by the file's name: categories of text, or numbers (float64, int64) where all cells are numbers.
        nulls: bool[n] which cells of a column of numbers are empty; only where some are.
        times: columns whose int64 cells are UTC seconds already.
        bad: rows that are not among ``columns``.
    """

    columns: dict[str, Any]
    nulls: dict[str, Bool] = field(default_factory=dict)
    times: frozenset[str] = frozenset()
    bad: tuple[BadRows, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows that were read."""
        return len(next(iter(self.columns.values()))) if self.columns else 0


def refuse(
    cells: Iterable[BadCells], rows: Iterable[BadRows], name: str, lines: Callable[[set[int]], dict[int, str]]
) -> None:
    """Raise DataError if there is any bad cell or row: one error for all kinds, the most frequent first.

    Args:
        cells: bad cells by kind.
        rows: bad rows by kind.
        name: of the file.
        lines: says for some rows, counted from 0, where they are: ``line 17``.
    """
    told = [(int(one.bad.sum()), one) for one in cells]
    kinds: list[tuple[int, BadCells | BadRows]] = [*told, *((one.number, one) for one in rows)]
    if not kinds:
        return
    kinds.sort(key=lambda kind: -kind[0])
    kinds = kinds[:_SHOWN]
    places = lines({int(np.argmax(one.bad)) for _, one in kinds if isinstance(one, BadCells)})
    if len(kinds) == 1:
        number, one = kinds[0]
        more = f" (and {number - 1:,} more row{'s' if number > 2 else ''} like it)" if number > 1 else ""  # noqa: PLR2004
        raise DataError(f"{one.what}{more}", where=f"{name}, {_place(one, places)}", remedy=_remedy([one]))
    clauses = [
        f"({at}) {_place(one, places)}: {one.what} ({number:,} row{'' if number == 1 else 's'})"
        for at, (number, one) in enumerate(kinds, 1)
    ]
    what = f"{len(kinds)} kinds of bad cells or rows: {', '.join(clauses)}"
    raise DataError(what, where=name, remedy=_remedy([one for _, one in kinds]))


def _place(one: BadCells | BadRows, places: dict[int, str]) -> str:
    if isinstance(one, BadRows):
        return one.place
    return f"{places[int(np.argmax(one.bad))]}, column {one.column}"


def _remedy(kinds: list[BadCells | BadRows]) -> str:
    own = "; ".join(dict.fromkeys(one.remedy for one in kinds))
    empty = [one.kind == "empty" for one in kinds]
    ways = ([_DROP_EMPTY] if any(empty) else []) + ([] if all(empty) else [_DROP])
    return f"{own}, or {' or '.join(ways)} to leave such rows out"
