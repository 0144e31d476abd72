"""From frames to a data set: raw ids become codes, named columns become one text, everything is checked and frozen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Dataset, Entities, Int32, Interactions, Step
from benchsuite.errors import DataError
from benchsuite_datasets.preparation_steps import count

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Tables:
    """What reading a data set gives, before any preparation.

    Attributes:
        interactions: events; see :mod:`benchsuite_datasets.preparation_steps` for the columns.
        users: text columns by raw id (the index), or None.
        items: the same for items.
        links: columns ``user`` and ``other`` of raw ids, or None.
        user_features: float columns by raw id (the index), or None.
        item_features: the same for items.
        steps: what reading already did, counted.
        zeros: rows whose value is an explicit 0.
        ordered: whether each user's rows stand in the order of time although there are no times.
    """

    interactions: pd.DataFrame
    users: pd.DataFrame | None = None
    items: pd.DataFrame | None = None
    links: pd.DataFrame | None = None
    user_features: pd.DataFrame | None = None
    item_features: pd.DataFrame | None = None
    steps: tuple[Step, ...] = field(default=())
    zeros: int = 0
    ordered: bool = False


def hashed_order(ids: Iterable[str]) -> list[str]:
    """Return ids in the order of the sha256 of their UTF-8 bytes: no code tells anything about its entity."""
    return sorted(ids, key=lambda raw: hashlib.sha256(raw.encode()).digest())


def join_text(columns: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return one text per entity: its known columns, one sentence each; "" where nothing is known."""
    return tuple(_sentences(parts) for parts in zip(*columns, strict=True))


def _sentences(parts: Sequence[str]) -> str:
    known = [part for part in parts if part]
    ended = [part if part.endswith((".", "!", "?")) else f"{part}." for part in known[:-1]]
    return " ".join([*ended, *known[-1:]])


def build_dataset(
    name: str,
    tables: Tables,
    *,
    behaviours: tuple[str, ...],
    steps: tuple[Step, ...] = (),
    item_text: tuple[str, ...] = (),
    user_text: tuple[str, ...] = (),
    simulated: bool = False,
    unordered: bool = False,
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
        unordered: put rows in the order of their codes, because their own order means nothing.

    Raises:
        DataError: when no row is left.
    """
    rows = tables.interactions
    if not len(rows):
        raise DataError("no row is left after preparation", where=name, remedy="loosen the preparation settings")
    users, user_codes = _code(rows["user"])
    items, item_codes = _code(rows["item"])
    if unordered:
        order = np.lexsort((item_codes, user_codes))
        rows, user_codes, item_codes = rows.iloc[order], user_codes[order], item_codes[order]
    notes = [f"{count(len(users), 'user')}, {count(len(items), 'item')}"]
    for kind, table, ids in (("user", tables.users, users), ("item", tables.items, items)):
        if table is not None and (idle := len(table) - int(table.index.isin(ids).sum())):
            notes.append(f"{count(idle, kind)} of the table without any row left out")
    links, note = _links(tables.links, users)
    notes += [note] if note else []
    for kind, features, ids in (("user", tables.user_features, users), ("item", tables.item_features, items)):
        if features is not None and (bare := len(ids) - int(np.isin(ids, features.index).sum())):
            notes.append(f"{count(bare, kind)} without features get zeros")
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
            part=rows["part"].cat.codes.to_numpy().astype(np.int8) if "part" in rows else None,
            parts=tuple(rows["part"].cat.categories) if "part" in rows else (),
        ),
        users=entities(users, tables.users, user_text, tables.user_features),
        items=entities(items, tables.items, item_text, tables.item_features),
        links=links,
        simulated=simulated,
        steps=(*steps, step),
        ordered=tables.ordered and not unordered,
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


def entities(
    ids: list[str], table: pd.DataFrame | None, text: tuple[str, ...], features: pd.DataFrame | None = None
) -> Entities:
    """Return a user or item table in the order of ``ids``; what the tables do not know is "", or 0 among features."""
    names = () if features is None else tuple(str(name) for name in features)
    matrix = None if features is None else features.reindex(ids).fillna(0).to_numpy(np.float32)
    if table is None or not len(table.columns):
        return Entities(ids=tuple(ids), features=matrix, feature_names=names)
    known = table.reindex(ids)
    columns = {
        str(column): tuple(known[column].astype(object).where(known[column].notna(), "").tolist()) for column in known
    }
    built = join_text([columns[column] for column in text]) if text else None
    told = built if built and any(built) else None
    return Entities(ids=tuple(ids), text=told, columns=columns, features=matrix, feature_names=names)


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
