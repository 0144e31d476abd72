"""From checked files to frames under our own column names: what a card says about columns is carried out here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial, reduce
from html import unescape
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Step
from benchsuite.errors import DataError, did_you_mean
from benchsuite_datasets.card import Behaviour, Layout
from benchsuite_datasets.dataset_builder import Tables
from benchsuite_datasets.explode import explode, explode_items
from benchsuite_datasets.feature_vectors import read_features
from benchsuite_datasets.preparation_steps import count
from benchsuite_tables.card_table import CardTable, Lookup
from benchsuite_tables.strict_tables import read_table
from benchsuite_tables.table_rows import Rows, read_rows
from benchsuite_tables.text_file import TextFile

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_TAG = re.compile(r"<[^<>]*>")
_KEYS = ("user", "item", "value", "timestamp", "behaviour")


def read_layout(layout: Layout, path: Callable[[str], Path], behaviours: tuple[Behaviour, ...]) -> Tables:
    """Read all tables of a layout.

    Args:
        layout: the tables.
        path: gives the path of a file by its name.
        behaviours: what can happen, in the order of the codes.

    Raises:
        DataError: when a file is malformed; with file, line and column.
    """
    import pandas as pd

    def text(table: CardTable) -> TextFile:
        return TextFile(path(table.file), table.member, table.skip)

    read = [read_rows(text(table), table, ("value",)) for table in layout.interactions]
    events = [_looked_up(events_of(one, behaviours), one.table, text) for one in read]
    rows = events[0] if len(events) == 1 else _stack(events)
    ordered = "timestamp" not in rows and all(table.ordered for table in layout.interactions)
    names = " and ".join(table.member or table.file for table in layout.interactions)
    notes = [note for one in read for note in _changes(one)]
    notes += ["there are no times, the order of each user's rows is taken as their order in time"] if ordered else []
    lost = sum(one.read - len(one.frame) for one in read)
    users = _entities(layout.users, text, rows, "user", notes)
    items = _entities(layout.items, text, rows, "item", notes)
    links = [_links(text(table), table, notes) for table in layout.links]
    return Tables(
        interactions=rows,
        users=users,
        items=items,
        links=pd.concat(links, ignore_index=True) if links else None,
        user_features=read_features(path(layout.user_features)) if layout.user_features else None,
        item_features=read_features(path(layout.item_features)) if layout.item_features else None,
        ordered=ordered,
        zeros=sum(change.number for one in read for change in one.counts if change.kind == "zero"),
        steps=(
            Step(f"read {names}", lost + len(rows), lost + len(rows), "; ".join(dict.fromkeys(notes))),
            *_left_out(read, len(rows)),
        ),
    )


def _left_out(read: list[Rows], left: int) -> list[Step]:
    """Return the step that tells which rows could not be read and were left out, if there are any."""
    lost = sum(one.read - len(one.frame) for one in read)
    note = "; ".join(f"{one.table.member or one.table.file}: {said}" for one in read for said in one.told())
    return [Step("leave out rows that cannot be read", left + lost, left, note)] if lost else []


def _changes(rows: Rows) -> list[str]:
    """Return what reading changed in the cells of rows that stay; zeros are no change."""
    file = rows.table.member or rows.table.file
    return [
        f"{file}: {one.what} in {count(one.number, 'row')}"
        for one in rows.counts
        if not one.dropped and one.kind not in {"zero", "whole"}
    ]


def events_of(rows: Rows, behaviours: tuple[Behaviour, ...]) -> pd.DataFrame:
    """Return the rows of a table as events: what happened, which part they belong to, and which are no events.

    Raises:
        DataError: for an unknown behaviour.
    """
    import pandas as pd

    frame, table = rows.frame, rows.table
    events: dict[str, Any] = {role: frame[role] for role in ("user", "item")}
    events["value"] = frame["value"] if "value" in frame else np.ones(len(frame))
    if "timestamp" in frame:
        events["timestamp"] = frame["timestamp"]
    drop = _drops(rows.cells, table, len(frame))
    events["behaviour"] = _behaviour(rows, behaviours, drop == "")
    if table.drops:
        events["drop"] = pd.Categorical(drop)
    if table.part:
        events["part"] = pd.Categorical([table.part] * len(frame))
    events |= {str(name): frame[name] for name in frame if name not in _KEYS}
    made = pd.DataFrame(events, copy=False)
    return explode_items(made, table, behaviours, rows.text) if table.explode else made


def _looked_up(frame: pd.DataFrame, table: CardTable, text: Callable[[CardTable], TextFile]) -> pd.DataFrame:
    """Replace the codes of a column by what another table says they mean; what it does not know is missing."""
    if table.lookup is None:
        return frame
    column = table.lookup.column
    said = _meanings(table.lookup, text)
    return frame.assign(**{column: frame[column].astype(object).map(said).astype("category")})


def _meanings(lookup: Lookup, text: Callable[[CardTable], TextFile]) -> dict[str, str]:
    words = read_table(text(lookup.table), lookup.table)
    return dict(zip(*(words[lookup.table.columns[key]].astype(object) for key in ("id", "text")), strict=True))


def _drops(cells: pd.DataFrame, table: CardTable, rows: int) -> Any:
    """Return object[n], why each row is no event, "" where it is one; the first reason counts."""
    why = np.full(rows, "", dtype=object)
    for drop in reversed(table.drops):
        known = cells[drop.column].cat.categories
        hit = np.isin(known, drop.cells) if drop.cells else known.astype(str).str.fullmatch(drop.pattern)
        codes = cells[drop.column].cat.codes.to_numpy()
        why[codes < 0 if drop.missing else np.isin(codes, np.flatnonzero(hit))] = drop.why
    return why


def _behaviour(rows: Rows, behaviours: tuple[Behaviour, ...], counts: Any) -> Any:
    """Return int8[n] behaviour codes; rows that do not count may say anything."""
    if "behaviour" not in rows.frame:
        return np.zeros(len(rows.frame), np.int8)
    column = rows.frame["behaviour"]
    place = {behaviour.raw: code for code, behaviour in enumerate(behaviours)}
    of_category = np.array([place.get(name, -1) for name in column.cat.categories] + [-1], np.int8)
    codes = of_category[column.cat.codes.to_numpy()]
    bad = (codes < 0) & counts
    if bad.any():
        row = int(np.argmax(bad))
        unknown = column.iloc[row]
        remedy = did_you_mean(str(unknown), place)
        raise DataError(f"{unknown!r} is no known behaviour", where=rows.where(row, "behaviour"), remedy=remedy)
    return np.maximum(codes, 0)


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of events one below the other; categories are united."""
    import pandas as pd
    from pandas.api.types import union_categoricals

    shared = [str(name) for name in frames[0] if all(name in frame for frame in frames)]
    stacked: dict[str, Any] = {}
    for name in shared:
        parts = [frame[name] for frame in frames]
        if isinstance(parts[0].dtype, pd.CategoricalDtype):
            stacked[name] = union_categoricals(parts)
        else:
            stacked[name] = np.concatenate([part.to_numpy() for part in parts])
    return pd.DataFrame(stacked)


def _entities(
    tables: Iterable[CardTable], text: Callable[[CardTable], TextFile], rows: pd.DataFrame, side: str, notes: list[str]
) -> pd.DataFrame | None:
    """Read the tables about users or items and join them by id; what is left out is told in ``notes``."""
    found: list[pd.DataFrame] = []
    for table in tables:
        if table.from_rows:
            found.append(_from_rows(table, rows, side))
        else:
            found.append(_entity_table(text(table), table, text, notes))
    return reduce(_joined, found) if found else None


def _joined(first: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """Add columns, and ids that the first table does not know; where both say something, the first counts."""
    import pandas as pd

    shared = [name for name in more if name in first]
    if shared:
        first = pd.concat([first, more.loc[~more.index.isin(first.index), shared]])
        more = more.drop(columns=shared)
    return pd.concat([first, more], axis=1, join="outer") if len(more.columns) else first


def _entity_table(
    source: TextFile, table: CardTable, text: Callable[[CardTable], TextFile], notes: list[str]
) -> pd.DataFrame:
    import pandas as pd

    if "id" not in table.columns:
        raise DataError("the card names no id column", where=source.name, remedy="add columns = { id = ... }")
    rows = read_rows(source, table, ())
    raw = rows.cells
    notes += [*_changes(rows), *(f"{table.member or table.file}: left out {said}" for said in rows.told())]
    frame = pd.DataFrame({name: rows.frame[name].astype(object) for name in table.columns})
    if "id" in table.replace:  # ids may be written otherwise than in the events
        pieces = table.replace["id"]
        frame["id"] = [_clean(raw, pieces, html=False) if isinstance(raw, str) else raw for raw in frame["id"]]
    for name, flags in table.flags.items():
        on = np.column_stack([(raw[flag] == "1").to_numpy() for flag in flags])
        frame[name] = [", ".join(flag for flag, yes in zip(flags, row, strict=True) if yes) for row in on]
    nameless = int(frame["id"].isna().sum())
    frame = frame[frame["id"].notna()]
    if table.lookup is not None:
        said = _meanings(table.lookup, text)
        codes = frame[table.lookup.column]
        frame[table.lookup.column] = codes.map(said)
        if lost := codes.nunique() - codes[codes.isin(said)].nunique():
            notes.append(f"{count(lost, 'code')} of {table.lookup.column} without words")
    tidy = _tidy(frame, table)
    if nameless:
        notes.append(f"{count(nameless, 'row')} of {table.member or table.file} without an id left out")
    if not table.collect and len(tidy) < len(frame):
        repeated = count(len(frame) - len(tidy), "row")
        notes.append(f"{repeated} of {table.member or table.file} repeat an id, the first counts")
    return tidy


def _tidy(frame: pd.DataFrame, table: CardTable) -> pd.DataFrame:
    """Replace words and pieces, squeeze white space, and leave one row for each id."""
    columns = [str(name) for name in frame if name != "id"]
    for name in columns:
        values = frame[name].astype(object).where(frame[name].notna(), "")
        words, pieces = table.words.get(name, {}), table.replace.get(name, {})
        frame[name] = [_clean(words.get(value, value), pieces, html=table.html) for value in values]
    if not table.collect:
        return frame.drop_duplicates("id").set_index("id")
    grouped = frame.groupby("id", sort=False)
    return grouped[columns].agg(partial(_collect, table=table))


def _clean(value: str, pieces: dict[str, str], *, html: bool) -> str:
    if html:
        value = unescape(unescape(_TAG.sub(" ", value)))  # some files were escaped twice
    for old, new in pieces.items():
        value = value.replace(old, new)
    return " ".join(value.split())


def _collect(values: Iterable[str], table: CardTable) -> str:
    distinct = [value for value in dict.fromkeys(values) if value]
    return table.join.join(distinct[: table.top] if table.top else distinct)


def _from_rows(table: CardTable, rows: pd.DataFrame, side: str) -> pd.DataFrame:
    """Take text columns from the events: an entity's most frequent cell (ties: the one seen first), or all of them."""
    import pandas as pd

    columns: dict[str, pd.Series[Any]] = {}
    for name in table.columns:
        if name == "id":
            continue
        known = rows[[side, name]].dropna()
        counts = known.groupby([side, name], observed=True, sort=False).size().rename("n").reset_index()
        counts = counts.sort_values("n", ascending=False, kind="stable")
        text = counts[name].astype(object)
        pieces, words = table.replace.get(name, {}), table.words.get(name, {})
        counts[name] = [_clean(words.get(value, value), pieces, html=table.html) for value in text]
        counts = counts[counts[name] != ""]
        grouped = counts.groupby(side, observed=True, sort=False)[name]
        columns[name] = grouped.agg(partial(_collect, table=table)) if table.collect else grouped.first()
    ids = rows[side].cat.categories
    frame = pd.DataFrame({name: column.astype(object) for name, column in columns.items()})
    frame.index = pd.Index(frame.index.astype(object))
    return frame.reindex(ids.astype(object)).fillna("")


def _links(text: TextFile, table: CardTable, notes: list[str]) -> pd.DataFrame:
    rows = read_rows(text, table, ())
    notes += [*_changes(rows), *(f"{table.member or table.file}: left out {said}" for said in rows.told())]
    frame = rows.frame[["user", "other"]]
    if table.explode:
        row, other = explode(frame["other"], table.explode)
        frame = frame.iloc[row].reset_index(drop=True).assign(other=other)
    return frame.dropna()
