"""Ids that are none: cells that say "not known", a first line that comes again, one id written in two ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchsuite.errors import DataError
from benchsuite_tables.card_table import NOT_KNOWN, CardTable
from benchsuite_tables.id_matching import AS_INTEGERS
from benchsuite_tables.text_file import shorten

if TYPE_CHECKING:
    import pandas as pd

_IDS = ("user", "item")


def refuse_odd_ids(rows: pd.DataFrame, table: CardTable, where: str) -> None:
    """Raise DataError where an id of somebody's own table is hardly an id.

    Args:
        rows: a column of categories of text for ``user`` and ``item``.
        table: how they were read.
        where: the file, for the error.

    Raises:
        DataError: for ids like ``NA`` and ``NULL``, for a row that repeats the first line, and where ``7`` and ``7.0``
            are both there.
    """
    columns = {role: rows[role] for role in _IDS if role in rows}
    if table.header and columns.keys() == set(_IDS):
        again = [column == table.columns.get(role, role) for role, column in columns.items()]
        number = int(np.logical_and.reduce(again).sum())
        if number:
            what = f"its first line comes again below ({number:,} time{'s' if number > 1 else ''})"
            raise DataError(what, where=where, remedy="remove the line where it is repeated")
    for role, column in columns.items():
        name = table.columns.get(role, role)
        known = column.cat.categories
        unknown = next((cell for cell in known if cell in NOT_KNOWN), None)
        if unknown is not None:
            number = int((column == unknown).sum())
            what = f"{shorten(unknown)} in {number:,} row{'s' if number > 1 else ''} is no likely {role}"
            remedy = "leave such rows out with --missing drop (in a script missing = 'drop'), or write the id otherwise"
            raise DataError(what, where=f"{where}, column {name}", remedy=remedy)
        _refuse_two_ways(known, role, f"{where}, column {name}")


def _refuse_two_ways(known: pd.Index[str], role: str, where: str) -> None:
    """Raise DataError where a whole number is there with and without ``.0``."""
    pointed = known[known.str.endswith(".0")]
    twice = pointed[pointed.str.removesuffix(".0").isin(known) & pointed.str.removesuffix(".0").str.isdigit()]
    if len(twice):
        what = f"{shorten(twice[0].removesuffix('.0'))} and {shorten(twice[0])} would be two {role}s"
        more = f" ({len(twice):,} such pairs)" if len(twice) > 1 else ""
        raise DataError(what + more, where=where, remedy=AS_INTEGERS)
