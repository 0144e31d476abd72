"""What the first cells of a column look like: numbers, dates, words, a count of the rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from benchsuite_tables.times import is_date, is_plain_date, is_time_number, number

Kind = Literal["empty", "integer", "number", "boolean", "date", "text", "code"]
"""``text`` has words; ``code`` has letters but no words, as ids, addresses of pages and phone numbers have."""

BOOLEANS = frozenset({"true", "false", "yes", "no"})
_MOST = 0.5
_MOST_CODES = 31
_HIGHEST_VOTE = 10
_EACH_CODE = 4
_ENOUGH_CODES = 20
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_POINTED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
_LIST = re.compile(r"\[.*\]|\(.*,.*\)|\{.*\}", re.DOTALL)
_PARTS = re.compile(r"[,;|]\s*|\s+")
_SEVERAL = re.compile(r"\d+(\s+\d+)*|[^\s,;|]+(([,;|]) ?[^\s,;|]+(\3 ?[^\s,;|]+)*)?", re.ASCII)
_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_TEXT = re.compile(r"(https?://|www\.)\S+|\S+@\S+\.\S+|[+(]?[\d\s()./-]{6,}", re.IGNORECASE)
_MIXED_CODE = re.compile(r"(?=\S*\d)\S+")


@dataclass(frozen=True)
class ColumnProfile:
    """A column's first cells.

    Attributes:
        name: of the column.
        cells: those that are not empty, without blanks around them.
        rows: how many rows were looked at.
    """

    name: str
    cells: tuple[str, ...]
    rows: int

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        """How often each cell stands there: a text may be long, and be repeated in every row."""
        return Counter(self.cells)

    @cached_property
    def kind(self) -> Kind:
        """What most of the cells are."""
        if not self.cells:
            return "empty"
        for kind, fits in (
            ("integer", _is_integer),
            ("number", lambda cell: number(cell) is not None or bool(_DECIMAL_COMMA.fullmatch(cell))),
            ("boolean", lambda cell: cell.lower() in BOOLEANS),
            ("date", is_date),
        ):
            if self.share(fits) > _MOST:
                return kind  # type: ignore[return-value] # the names stand in the line above
        return "text" if self.share(_is_text) > _MOST else "code"

    def share(self, fits: Callable[[str], bool]) -> float:
        """Return the share of cells for which ``fits(cell)`` holds, 0 where there are none."""
        fitting = sum(count for cell, count in self._counts.items() if fits(cell))
        return fitting / len(self.cells) if self.cells else 0.0

    @property
    def is_numeric(self) -> bool:
        """Whether the cells can be values: numbers, or yes and no."""
        return self.kind in {"integer", "number", "boolean"}

    @property
    def holds_numbers(self) -> bool:
        """Whether some cells can be values; the others are then bad cells, which reading names with their lines."""
        return self.is_numeric or any(number(cell) is not None for cell in self._counts)

    @property
    def is_code(self) -> bool:
        """Whether the cells are few different small numbers, as hours, months and codes of places are."""
        if self.kind not in {"integer", "number"} or self.is_time:
            return False
        return self.distinct <= _MOST_CODES and len(self.cells) >= max(_EACH_CODE * self.distinct, _ENOUGH_CODES)

    @property
    def is_time(self) -> bool:
        """Whether the cells can be times by themselves: dates, or numbers large enough."""
        if self.kind in {"integer", "number"}:
            return self.share(is_time_number) > _MOST or self.share(is_plain_date) > _MOST
        return self.kind == "date"

    @property
    def is_label(self) -> bool:
        """Whether the cells say yes or no: booleans, or nothing but 0 and 1 with both of them there."""
        return self.kind == "boolean" or {float(cell) for cell in self.cells if number(cell) is not None} == {0.0, 1.0}

    @property
    def is_rating(self) -> bool:
        """Whether the cells are whole or half numbers from 0 to 10."""
        values = [number(cell) for cell in self.cells]
        return bool(values) and all(
            value is not None and 0 <= value <= _HIGHEST_VOTE and (2 * value).is_integer() for value in values
        )

    @property
    def may_have_thousands(self) -> bool:
        """Whether each point may stand between thousands, as in ``1.234``."""
        pointed = [cell for cell in self.cells if "." in cell]
        return bool(pointed) and all(map(_POINTED.fullmatch, pointed))

    @property
    def says_no(self) -> bool:
        """Whether some cells say no: labels, or small whole or half numbers on both sides of 0, as votes are."""
        if self.is_label:
            return self.distinct > 1
        values = [number(cell) for cell in self.cells] if self.kind in {"integer", "number"} else []
        known = [value for value in values if value is not None]
        votes = all(abs(value) <= _HIGHEST_VOTE and (2 * value).is_integer() for value in known)
        return bool(known) and votes and min(known) < 0 < max(known)

    @property
    def has_decimal_comma(self) -> bool:
        """Whether numbers are written like ``3,5``; ``1,234`` could as well be a thousand and some."""
        with_comma = [cell for cell in self.cells if _DECIMAL_COMMA.fullmatch(cell)]
        return self.kind in {"integer", "number"} and not all(map(_THOUSANDS.fullmatch, with_comma))

    @property
    def holds_lists(self) -> bool:
        """Whether most cells are lists as Python and JSON write them, or several ids, here more and there less."""
        if self.share(lambda cell: bool(_LIST.fullmatch(cell))) > _MOST:
            return True
        several = [len(_PARTS.split(cell)) for cell in self.cells if _SEVERAL.fullmatch(cell)]
        return 2 * len(several) > len(self.cells) and len(set(several)) > 1 and max(several) > 2  # noqa: PLR2004 - 1,5

    @property
    def distinct(self) -> int:
        """How many different cells there are."""
        return len(self._counts)

    @property
    def is_sorted(self) -> bool:
        """Whether equal cells stand together and numbers grow, as users and items of sorted tables do."""
        numbers = [int(cell) for cell in self.cells if cell.isdigit()]
        return numbers == sorted(numbers)

    @property
    def counts_on(self) -> bool:
        """Whether each cell is the one above and 1, from whatever number on."""
        numbers = [int(cell) for cell in self.cells if cell.isdecimal()]
        return len(numbers) == self.rows > 1 and all(after - before == 1 for before, after in pairwise(numbers))

    @property
    def counts_rows(self) -> bool:
        """Whether the cells are 0, 1, 2, ... or 1, 2, 3, ..., as an index written to a file is."""
        if len(self.cells) != self.rows or self.rows < 2 or not self.cells[0].isdigit():  # noqa: PLR2004
            return False
        first = int(self.cells[0])
        return first in {0, 1} and list(self.cells) == [str(first + at) for at in range(self.rows)]


def profiles(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[ColumnProfile, ...]:
    """Return a profile of each column; rows with another number of cells are left out."""
    fitting = [row for row in rows if len(row) == len(names)]
    columns = zip(*fitting, strict=True) if fitting else [() for _ in names]
    return tuple(
        ColumnProfile(name, tuple(plain for cell in column if (plain := cell.strip())), len(fitting))
        for name, column in zip(names, columns, strict=True)
    )


def _is_integer(cell: str) -> bool:
    return cell.removeprefix("-").isdigit() or (cell.endswith(".0") and cell[:-2].removeprefix("-").isdigit())


def _is_text(cell: str) -> bool:
    return bool(_WORD.search(cell)) and not _NO_TEXT.fullmatch(cell) and not _MIXED_CODE.fullmatch(cell)
