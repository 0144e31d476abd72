"""A user's own files as plain values of a card: what the user said, and what their names and cells say."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchsuite.errors import DataError
from benchsuite_datasets.card import Card
from benchsuite_datasets.card_loader import card_of
from benchsuite_tables.event_tables import understand
from benchsuite_tables.first_rows import Said
from benchsuite_tables.side_tables import understand_entities, understand_links
from benchsuite_tables.text_file import TextFile
from benchsuite_tables.understanding import Understanding
from benchsuite_tables.zip_members import only_member

EVENT_ROLES = ("user", "item", "value", "timestamp", "behaviour")

_COMMON: Mapping[str, Any] = {
    "title": "Your own data",
    "domain": "your own",
    "summary": "a table of your own",
    "licence": "your own",
    "redistribution": False,
    "url": "",
}
_SELF_NAMED = ("json", "jsonl", "pythonl", "parquet")
_TABLES = ("interactions", "users", "items", "links")


def describe_events(path: Path, said: Said) -> Understanding:
    """Find out what a table of events means.

    Raises:
        DataError: when it is missing or malformed, or a column cannot be guessed.
    """
    member = only_member(path)
    return _placed(path, member, understand(TextFile(path, member), said, EVENT_ROLES))


def refuse_idle(found: Understanding, time: str, **written: str | bool) -> None:
    """Raise DataError for something the user said that has no effect on this table.

    Args:
        found: the table.
        time: how times are written, as the user says.
        written: what the user said of the lines of a file of text, by setting.

    Raises:
        DataError: that names the setting.
    """
    if time and "timestamp" not in found.columns:
        remedy = "say timestamp = 'COLUMN', too, or leave time out"
        raise DataError("time is said, but no column seems to hold times", where=found.where, remedy=remedy)
    for name in (name for name, said in written.items() if said and found.table["format"] in _SELF_NAMED):
        what = f"holds rows that name their columns, where {name} has no meaning"
        raise DataError(what, where=found.where, remedy=f"leave {name} out")


def describe_side(path: Path, side: str, said: Said, texts: tuple[str, ...] = ()) -> Understanding:
    """Find out what a table about users or items, or of links, means.

    Args:
        path: the table.
        side: ``users``, ``items`` or ``links``.
        said: what the user said.
        texts: columns that the user wants as texts.

    Raises:
        DataError: when it is missing or malformed.
    """
    member = only_member(path)
    text = TextFile(path, member)
    found = understand_links(text, said) if side == "links" else understand_entities(text, said, texts)
    return _placed(path, member, found)


def _placed(path: Path, member: str, found: Understanding) -> Understanding:
    """Return an understanding whose table names its file."""
    table = {"file": path.name, "member": member, **found.table}
    return dataclasses.replace(found, where=path.name, table=table)


def card_values(path: Path, slug: str) -> dict[str, Any]:
    """Return the plain values of a user's card, in which everything but the tables may be left out.

    Args:
        path: the card.
        slug: the set's name where the card says none.

    Raises:
        DataError: when it cannot be read or describes no interactions.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"cannot be read: {error}", where=str(path), remedy="see that it is there, is yours to read, and is UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"is not valid TOML: {error}", where=str(path)) from None
    if "layouts" not in table:
        layout = {key: table.pop(key) for key in (*_TABLES, "item_features", "user_features") if key in table}
        if "interactions" not in layout:
            raise DataError("describes no interactions", where=str(path), remedy="add a table [interactions]")
        for key in _TABLES:
            if isinstance(layout.get(key), dict):
                layout[key] = [layout[key]]
        table["layouts"] = [layout]
    return {"name": slug} | table


def completed_card(table: dict[str, Any], path: Path, behaviours: list[dict[str, Any]]) -> Card:
    """Return a card with everything filled in that its owner need not say."""
    table = dict(_COMMON) | table
    table.setdefault("behaviours", behaviours or [{"name": "interaction", "raw": "interaction"}])
    for layout in table["layouts"]:
        layout.setdefault("name", "own")
        if isinstance(layout, dict) and "files" not in layout:
            names = dict.fromkeys(_files(layout))
            layout["files"] = [{"name": name} for name in names]
    for side in ("item", "user"):
        tables = table["layouts"][0].get(f"{side}s", [])
        known = [name for one in tables for name in one.get("columns", {}) if name != "id"]
        table.setdefault(f"{side}_text", known)
    return card_of(table, str(path))


def event_files(table: Mapping[str, Any]) -> list[str]:
    """Return the names of the files with events, of the plain values of a card."""
    return [name for layout in table["layouts"] for name in _files(layout.get("interactions", []))]


def _files(layout: Any) -> list[str]:
    """Return the names of all files that a part of a card mentions."""
    if isinstance(layout, list):
        return [name for part in layout for name in _files(part)]
    if not isinstance(layout, dict):
        return []
    own = [layout[key] for key in ("file", "item_features", "user_features") if isinstance(layout.get(key), str)]
    return own + [name for part in layout.values() for name in _files(part)]
