"""What somebody's table means: its cells, its columns' roles, and what cannot be known without asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchsuite.errors import DataError
from benchsuite_tables.doubts import Doubt
from benchsuite_tables.first_rows import FirstRows, Said
from benchsuite_tables.profiles import ColumnProfile

SHOWN_ROWS = 3
"""How many rows are shown as they are understood."""


@dataclass(frozen=True)
class Understanding:
    """What a table is taken to be.

    Attributes:
        where: the file, for errors.
        names: all columns.
        table: the plain values of a :class:`benchsuite_tables.card_table.CardTable`, without ``file`` and ``member``.
        guessed: what was found out, as phrases: ``user is userId``.
        ignored: the columns that have no role.
        notes: what a reader might not expect, as sentences.
        doubts: what makes the understanding unlikely.
        profiles: what the columns look like.
        rows: the first rows as cells.
        has_names: whether the file names its columns.
    """

    where: str
    names: tuple[str, ...]
    table: Mapping[str, Any]
    guessed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    profiles: tuple[ColumnProfile, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    has_names: bool = True

    @property
    def columns(self) -> Mapping[str, str]:
        """The file's column by role."""
        found: Mapping[str, str] = self.table["columns"]
        return found

    def profile(self, role: str) -> ColumnProfile | None:
        """Return what the column of a role looks like, None where no column has it."""
        name = self.columns.get(role)
        return next((one for one in self.profiles if one.name == name), None)

    def shown(self) -> list[str]:
        """Return the first rows as they are understood, one line each."""
        place = {name: self.names.index(name) for name in self.columns.values() if name in self.names}
        lines = []
        for row in self.rows[:SHOWN_ROWS]:
            if not place:
                lines.append(f"user {row[0]}: items {', '.join(row[1:6])}{' ...' if len(row) > 6 else ''}")  # noqa: PLR2004
            elif len(row) == len(self.names):
                lines.append(", ".join(f"{role} {row[place[name]]}" for role, name in self.columns.items()))
        return lines

    def settle(self, say: Callable[[str], None], ask: Callable[[str], bool] | None = None) -> None:
        """Tell what was found out; where it is doubtful, ask, or stop where nobody can answer.

        Args:
            say: shows a line.
            ask: shows a question and returns whether the answer was yes.

        Raises:
            DataError: for a doubt that nobody resolved.
        """
        for note in self.notes:
            say(f"{self.where}: {note}")
        if self.guessed:
            say(f"{self.where}: guessed that {', '.join(self.guessed)}; say otherwise in the settings if it is not so")
        if self.ignored:
            say(f"{self.where}: columns not read: {', '.join(self.ignored[:20])}")
        shown = self.shown() if self.doubts or not self.has_names else []
        for at, line in enumerate(shown, 1):
            say(f"{self.where}: row {at} as understood: {line}")
        for doubt in self.doubts:
            if ask is not None and ask(f"{doubt.what}. Is this right all the same?"):
                continue
            example = f" (the first row would be: {shown[0]})" if shown else ""
            raise DataError(f"{doubt.what}{example}", where=self.where, remedy=doubt.remedy)


def plain_table(first: FirstRows, said: Said) -> dict[str, Any]:
    """Return the plain values of a card's table, all that was found out among them."""
    table: dict[str, Any] = {"format": first.format, "encoding": said.encoding}
    table |= {"skip": first.skip} if first.skip else {}
    if first.format in {"delimited", "columns"}:
        table |= {"separator": first.separator, "quote": first.quote, "header": first.header}
        table |= {} if first.header else {"names": list(first.names)}
    return table
