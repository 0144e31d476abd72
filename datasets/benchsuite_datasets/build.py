"""From frames to a data set: raw ids become codes, named columns become one text, everything is checked and frozen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Dataset, Entities, Int32, Interactions, Step
from benchsuite.errors import DataError
from benchsuite_datasets.steps import count

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Tables:
    """What reading a data set gives, before any preparation.

    Attributes:
        interactions: events; see :mod:`benchsuite_datasets.steps` for the columns.
        users: text columns by raw id (the index), or None.
        items: the same for items.
        links: columns ``user`` and ``other`` of raw ids, or None.
        steps: what reading already did, counted.
    """

    interactions: pd.DataFrame
    users: pd.DataFrame | None = None
    items: pd.DataFrame | None = None
    links: pd.DataFrame | None = None
    steps: tuple[Step, ...] = field(default=())


def hashed_order(ids: Iterable[str]) -> list[str]:
    """Return ids in the order of the sha256 of their UTF-8 bytes: no code tells anything about its entity."""
    return sorted(ids, key=lambda raw: hashlib.sha256(raw.encode()).digest())


def join_text(columns: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return one text per entity: its known columns, one sentence each; "" where nothing is known."""
    return tuple(". ".join(part for part in parts if part) for parts in zip(*columns, strict=True))


def build(
    name: str,
    tables: Tables,
    *,
    behaviours: tuple[str, ...],
    steps: tuple[Step, ...] = (),
    item_text: tuple[str, ...] = (),
    user_text: tuple[str, ...] = (),
    simulated: bool = False,
) -> Dataset:
    """Return the data set of prepared tables. Users and items without any row are left out, and counted.

    Args:
        name: what to call it.
        tables: prepared events (a ``label`` column is used where there is one) and the tables about users and items.
        behaviours: names of the behaviour codes.
        steps: how the rows were prepared.
        item_text: item columns that make an item's text, in order.
        user_text: user columns that make a user's text.
        simulated: whether no row comes from the real world.

    Raises:
        DataError: when no row is left.
    """
    rows = tables.interactions
    if not len(rows):
        raise DataError("no row is left after preparation", where=name, remedy="loosen the preparation settings")
    users, user_codes = _code(rows["user"])
    items, item_codes = _code(rows["item"])
    notes = [f"{count(len(users), 'user')}, {count(len(items), 'item')}"]
    for kind, table, ids in (("user", tables.users, users), ("item", tables.items, items)):
        if table is not None and (idle := len(table) - int(table.index.isin(ids).sum())):
            notes.append(f"{count(idle, kind)} of the table without any row left out")
    links, note = _links(tables.links, users)
    notes += [note] if note else []
    step = Step("ids to codes, in the order of their sha256", len(rows), len(rows), "; ".join(notes))
    return Dataset(
        name=name,
        interactions=Interactions(
            user=user_codes,
            item=item_codes,
            value=rows["value"].to_numpy(np.float32),
            label=rows["label"].to_numpy() if "label" in rows else None,
            timestamp=rows["timestamp"].to_numpy() if "timestamp" in rows else None,
            behaviour=rows["behaviour"].to_numpy(np.int8),
            behaviours=behaviours,
        ),
        users=entities(users, tables.users, user_text),
        items=entities(items, tables.items, item_text),
        links=links,
        simulated=simulated,
        steps=(*steps, step),
    )


def _code(column: pd.Series[Any]) -> tuple[list[str], Int32]:
    """Return the ids that occur, in the order of their codes, and int32[n] codes."""
    names = column.cat.categories
    old = column.cat.codes.to_numpy()
    present = np.flatnonzero(np.bincount(old, minlength=len(names)))
    ids = hashed_order(names[present].tolist())
    place = {raw: code for code, raw in enumerate(ids)}
    new = np.full(len(names), -1, np.int32)
    new[present] = [place[raw] for raw in names[present].tolist()]
    return ids, new[old]


def entities(ids: list[str], table: pd.DataFrame | None, text: tuple[str, ...]) -> Entities:
    """Return a user or item table in the order of ``ids``; an id the table does not know has empty columns."""
    if table is None or not len(table.columns):
        return Entities(ids=tuple(ids))
    known = table.reindex(ids)
    columns = {
        str(column): tuple(known[column].astype(object).where(known[column].notna(), "").tolist()) for column in known
    }
    built = join_text([columns[column] for column in text]) if text else None
    return Entities(ids=tuple(ids), text=built if built and any(built) else None, columns=columns)


def _links(links: pd.DataFrame | None, users: list[str]) -> tuple[Int32 | None, str]:
    """Return int32[l, 2] user codes in the order of the file, and a note on links that lead outside."""
    if links is None:
        return None, ""
    place = {raw: code for code, raw in enumerate(users)}
    ends = [links[side].astype(object).map(place) for side in ("user", "other")]
    inside = ends[0].notna() & ends[1].notna()
    found: Int32 = np.column_stack([end[inside].to_numpy(np.int32) for end in ends]).astype(np.int32)
    lost = int((~inside).sum())
    note = f"{count(len(found), 'link')} between users"
    return found, f"{note}, {lost:,} more led to users without a row" if lost else note
