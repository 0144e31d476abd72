"""A user's own files as plain values of a card: what the user said, and what their names and cells say."""

from __future__ import annotations

import dataclasses
import stat
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchsuite.errors import DataError
from benchsuite_datasets.card import Card
from benchsuite_datasets.card_loader import card_of
from benchsuite_datasets.preparation_steps import count
from benchsuite_tables.first_rows import Said
from benchsuite_tables.recognition import refuse_workbook
from benchsuite_tables.strict import is_inside
from benchsuite_tables.text_file import FETCH, TextFile, shorten
from benchsuite_tables.understanding import Understanding, understand, understand_entities, understand_links

EVENT_ROLES = ("user", "item", "value", "timestamp", "behaviour")

_COMMON: Mapping[str, Any] = {
    "title": "Your own data",
    "domain": "your own",
    "summary": "a table of your own",
    "licence": "your own",
    "redistribution": False,
    "url": "",
}
_TABLES = ("interactions", "users", "items", "links")
_EXPERIMENT = {"models", "metrics", "splits", "sources", "seeds"}


def describe_events(path: Path, said: Said) -> Understanding:
    """Find out what a table of events means.

    Raises:
        DataError: when it is missing or malformed, or a column cannot be guessed.
    """
    member = only_member(path)
    return _placed(path, member, understand(TextFile(path, member), said, EVENT_ROLES))


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


def is_experiment(path: Path) -> bool:
    """Return whether a TOML file is an experiment and no card; an unreadable one is neither."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return "models" in table or len(_EXPERIMENT & table.keys()) > 1


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
        raise DataError(f"cannot be read: {error}", where=str(path)) from None
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


def _files(layout: Any) -> list[str]:
    """Return the names of all files that a part of a card mentions."""
    if isinstance(layout, list):
        return [name for part in layout for name in _files(part)]
    if not isinstance(layout, dict):
        return []
    own = [layout[key] for key in ("file", "item_features", "user_features") if isinstance(layout.get(key), str)]
    return own + [name for part in layout.values() for name in _files(part)]


def only_member(path: Path) -> str:
    """Return the one file inside a zip, or "" for a file that is none.

    Raises:
        DataError: when it holds another number of files, or the one is a link or leads outside.
    """
    if path.suffix != ".zip":
        return ""
    refuse_workbook(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", where=str(path), remedy=FETCH) from None
    if len(infos) != 1:
        remedy = "unpack it, or write a card that names the member"
        raise DataError(f"holds {count(len(infos), 'file')}", where=str(path), remedy=remedy)
    (info,) = infos
    if stat.S_ISLNK(info.external_attr >> 16) or not is_inside(info.filename):
        what = f"its file {shorten(info.filename)} is a link or leads outside"
        raise DataError(what, where=str(path), remedy="pack the table itself, under a plain name")
    return info.filename
