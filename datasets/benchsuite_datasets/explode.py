"""Cells that hold several items: each makes a row of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Int64
from benchsuite.errors import DataError, did_you_mean
from benchsuite_datasets.card import Behaviour
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.text_file import TextFile, shorten

if TYPE_CHECKING:
    import pandas as pd


def explode(column: pd.Series[Any], separator: str) -> tuple[Int64, pd.Series[Any]]:
    """Return which row each part of a cell comes from (int64[m]), and the parts as categories, in order.

    Args:
        column: cells, as categories; a missing one has no part.
        separator: what stands between parts; white space around a part and empty parts do not count.
    """
    import pandas as pd

    split = [[part.strip() for part in cell.split(separator) if part.strip()] for cell in column.cat.categories]
    codes = column.cat.codes.to_numpy().astype(np.int64)
    sizes = np.array([*map(len, split), 0], np.int64)  # the last one is for missing cells, whose code is -1
    begins = np.concatenate([[0], np.cumsum(sizes)])
    where, names = pd.factorize(np.array([part for parts in split for part in parts], dtype=object))
    counts = sizes[codes]
    row = np.repeat(np.arange(len(codes), dtype=np.int64), counts)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = where[begins[codes[row]] + place]
    return row, pd.Series(pd.Categorical.from_codes(chosen, pd.Index(names.tolist(), dtype=str)))


def explode_items(
    frame: pd.DataFrame, table: CardTable, behaviours: tuple[Behaviour, ...], text: TextFile
) -> pd.DataFrame:
    """Return events with one item each; with a mark, each item's behaviour is read from behind it.

    Raises:
        DataError: when a mark is missing or names no known behaviour.
    """
    import pandas as pd

    row, parts = explode(frame["item"], table.explode)
    more = frame.iloc[row].reset_index(drop=True)
    if not table.mark:
        return more.assign(item=parts)
    place = {behaviour.raw: code for code, behaviour in enumerate(behaviours)}
    items, codes = [], []
    for part in parts.cat.categories:
        item, _, raw = part.rpartition(table.mark)
        if not item or raw not in place:
            what = f"{shorten(part)} does not end in {table.mark} and a known behaviour"
            raise DataError(what, where=f"{text.name}, column {table.columns['item']}", remedy=did_you_mean(raw, place))
        items.append(item)
        codes.append(place[raw])
    which = parts.cat.codes.to_numpy()
    named, names = pd.factorize(np.array(items, dtype=object))
    item = pd.Categorical.from_codes(named[which], pd.Index(names.tolist(), dtype=str))
    return more.assign(item=item, behaviour=np.array(codes, np.int8)[which])
