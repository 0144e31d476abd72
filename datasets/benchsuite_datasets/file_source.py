"""A user's own file: what its columns mean comes from settings, from a card beside it, or from schema inference."""

from __future__ import annotations

import re
import stat
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from benchsuite.api import DataLocations, PublishedCounts
from benchsuite.data import Dataset
from benchsuite_tables.column_names import find_column
from benchsuite.errors import ConfigError, DataError, did_you_mean
from benchsuite_datasets.card import Card
from benchsuite_datasets.card_loader import card_of
from benchsuite_datasets.card_source import CardSource, source_class
from benchsuite_datasets.describe import card_toml
from benchsuite_datasets.file_lookup import LocatedFiles, check_files
from benchsuite_datasets.preparation_steps import count, sentence
from benchsuite_datasets.prepared_cache import load_or_prepare
from benchsuite_tables.strict_tables import read_table
from benchsuite_tables.text_file import FETCH, TextFile, shorten
from benchsuite_tables import schema_inference
from benchsuite_tables.card_table import table_of
from benchsuite_tables.strict import is_inside

_COMMON: Mapping[str, Any] = {
    "title": "Your own data",
    "domain": "your own",
    "summary": "a table of your own",
    "licence": "your own",
    "redistribution": False,
    "url": "",
}
_TABLES = ("interactions", "users", "items", "links")
_TEXT_TYPES = {"token", "token_seq"}


@dataclass
class FileSource(CardSource):
    """Your own CSV, TSV, JSON lines, Parquet or RecBole file, or a TOML card that describes several.

    What is left empty is guessed from the names of the columns and told; what cannot be guessed is asked for. A card
    with the table's name and the ending ``.toml`` beside the table counts before any guess.

    Attributes:
        path: the table or card, relative to the working folder or to a ``--data`` folder.
        user: column of the user.
        item: column of the item.
        value: column of the rating or amount.
        timestamp: column of the time.
        behaviour: column of what happened.
        time: how times are written: s, ms, us, iso, or like ``%d-%m-%Y``.
        separator: what stands between cells.
        encoding: of the file.
        header: whether the first line names the columns; guessed where it is not said.
        items: a second table, about items; its text columns become their texts.
        users: a table about users.
        links: a table of pairs of users.
        item_features: a ``.npy`` or Parquet file of numbers by item id.
        user_features: the same for users.
    """

    domain: ClassVar[str] = "your own"
    licence: ClassVar[str] = "your own"
    url: ClassVar[str] = "the file you name"

    path: str = ""
    user: str = ""
    item: str = ""
    value: str = ""
    timestamp: str = ""
    behaviour: str = ""
    time: str = ""
    separator: str = ""
    encoding: Literal["utf-8", "latin-1", "cp1252"] = "utf-8"
    header: bool | None = None
    items: str = ""
    users: str = ""
    links: str = ""
    item_features: str = ""
    user_features: str = ""

    def load(self, place: DataLocations) -> Dataset:
        """Read and prepare the table.

        Raises:
            DataError: when a file is missing or malformed, or a column cannot be guessed.
            ConfigError: when a setting does not fit the data.
        """
        path = self._find(self.path, place)
        card = self._card(path, place)
        source = source_class(card)(**self._given())
        found = LocatedFiles(card.layouts[0], path.parent, str(path))
        check_files(found.layout, found.folder)
        dataset = load_or_prepare(card, source.settings(), found, place, lambda: source.prepared(source.read(found)))
        for step in dataset.steps:
            if step.after != step.before:
                place.say(f"{card.name}: {sentence(step)}")
        return dataset

    def check(self, place: DataLocations) -> PublishedCounts | None:
        """Return None: of somebody's own file nothing was published."""
        return None

    def describe(self, place: DataLocations, more: tuple[str, ...] = ()) -> str:
        """Return a card (TOML) that says what the settings and guesses say.

        Args:
            place: where the files are.
            more: further tables of events, in the same folder and with the same columns.

        Raises:
            DataError: when a file is missing or malformed, or a column cannot be guessed.
        """
        path = self._find(self.path, place)
        if path.suffix == ".toml":
            raise ConfigError("is a card already", where=str(path), remedy="name a table")
        layout = self._layout(path, place)
        for name in more:
            other = self._sibling(str(self._find(name, place)), path, place)
            layout["interactions"].append(self._events(other, place))
        defaults = {key: value for key, value in self._given().items() if value is not None}
        table = {"name": _slug(path), "layouts": [layout], "behaviours": self._behaviours(path, layout)}
        return card_toml(table | {"defaults": defaults}, f"What the columns of {path.name} mean.")

    def _given(self) -> dict[str, Any]:
        """Return the settings of preparation that were said."""
        plain = CardSource()
        settings = {name: getattr(self, name) for name in CardSource.fields()}
        return {name: value for name, value in settings.items() if value != getattr(plain, name)}

    def _find(self, name: str, place: DataLocations) -> Path:
        """Return the path of a file the user names."""
        if not name:
            raise ConfigError("no file is named", where="source file", remedy="say path = 'ratings.csv'")
        tried = [Path(name).expanduser(), *(folder / name for folder in place.folders)]
        found = next((path for path in tried if path.is_file()), None)
        if found is None:
            raise DataError("no such file", where=name, remedy="name it in full, or its folder with --data DIR")
        return found.resolve()

    def _card(self, path: Path, place: DataLocations) -> Card:
        """Return the card of a table: its own, or one made from settings and inference."""
        beside = path.with_name(f"{path.name.partition('.')[0]}.toml")
        if path.suffix != ".toml" and not beside.is_file():
            return self._inferred(path, place)
        card = path if path.suffix == ".toml" else beside
        said = [name for name in self._own_settings() if getattr(self, name)]
        if said:
            raise ConfigError(f"{said[0]} is said twice", where="source file", remedy=f"say it in {card} only")
        return user_card(card)

    def _own_settings(self) -> list[str]:
        """Return the settings that describe files."""
        names = [name for name in self.fields() if name not in CardSource.fields()]
        return [name for name in names if name not in {"path", "encoding"}]

    def _inferred(self, path: Path, place: DataLocations) -> Card:
        layout = self._layout(path, place)
        return completed_card({"name": _slug(path), "layouts": [layout]}, path, self._behaviours(path, layout))

    def _layout(self, path: Path, place: DataLocations) -> dict[str, Any]:
        """Describe the table and what lies beside it, as plain values of a card."""
        layout: dict[str, Any] = {"interactions": [self._events(path, place)]}
        for side in ("items", "users", "links"):
            named = getattr(self, side)
            atomic = path.with_suffix({"items": ".item", "users": ".user", "links": ".net"}[side])
            if not named and path.suffix == ".inter" and atomic.is_file():
                named = str(atomic)
            if named:
                layout[side] = [self._entity_table(self._sibling(named, path, place), side, place)]
        for side, key in (("item", "item_text"), ("user", "user_text")):
            wanted = [name for name in getattr(self, key) if name not in layout["interactions"][0]["columns"]]
            if wanted and f"{side}s" not in layout:
                layout["interactions"][0]["columns"] |= {name: name for name in wanted}
                layout[f"{side}s"] = [{"from_rows": True, "columns": {name: name for name in wanted}}]
        for key in ("item_features", "user_features"):
            if getattr(self, key):
                layout[key] = self._sibling(getattr(self, key), path, place).name
        return layout

    def _sibling(self, name: str, path: Path, place: DataLocations) -> Path:
        """Return a second file, which must lie in the first one's folder."""
        second = path.parent / name if (path.parent / name).is_file() else self._find(name, place)
        if second.resolve().parent != path.parent:
            raise DataError("lies in another folder than the table", where=str(second), remedy="put them together")
        return second

    def _schema(self, path: Path) -> tuple[schema_inference.Schema, dict[str, Any]]:
        member = _only_member(path)
        schema = schema_inference.infer_schema(
            TextFile(path, member), self.separator, self.encoding, header=self.header
        )
        table: dict[str, Any] = {"file": path.name, "member": member, "format": schema.format}
        table["encoding"] = self.encoding
        if schema.format in {"delimited", "columns"}:
            table |= {"separator": schema.separator, "quote": schema.quote, "header": schema.header}
            table |= {} if schema.header else {"names": list(schema.names)}
        return schema, table

    def _events(self, path: Path, place: DataLocations) -> dict[str, Any]:
        """Describe the table of events."""
        schema, table = self._schema(path)
        columns: dict[str, str] = {}
        guessed: list[str] = []
        for role in ("user", "item", "value", "timestamp", "behaviour"):
            said = getattr(self, role)
            if said and said not in schema.names:
                remedy = did_you_mean(said, schema.names)
                raise DataError(f'column "{said}" is missing', where=str(path), remedy=remedy)
            # a behaviour is never guessed: only its owner knows which comes before which
            name = said or ("" if role == "behaviour" else find_column(role, schema.names, set(columns.values())))
            if name:
                columns[role] = name
            elif role in {"user", "item"}:
                remedy = f"say {role} = 'COLUMN'; there are {', '.join(schema.names[:20])}"
                raise DataError(f"cannot tell which column holds the {role}", where=str(path), remedy=remedy)
            if name and not said:
                guessed.append(f"{role} is {name}")
        table["columns"] = columns
        if "timestamp" in columns:
            model = table_of(table, str(path))
            text = TextFile(path, table["member"])
            table["time"] = self.time or schema_inference.infer_time_format(text, model, columns["timestamp"])
            if not self.time:
                guessed.append(f"times are {table['time']}")
        if guessed:
            place.say(f"{path.name}: guessed that {', '.join(guessed)}; say otherwise in the settings if it is not so")
        return table

    def _entity_table(self, path: Path, side: str, place: DataLocations) -> dict[str, Any]:
        """Describe a table about users or items, or of links."""
        schema, table = self._schema(path)
        if side == "links":
            pair = schema.names[:2]
            table["columns"] = dict(zip(("user", "other"), pair, strict=False))
            place.say(f"{path.name}: guessed that {' and '.join(pair)} are linked users")
            return table
        identity = find_column("id", schema.names, set()) or schema.names[0]
        texts = [name for name in schema.names if name != identity and _is_text(name)]
        table["columns"] = {"id": identity} | {_bare(name): name for name in texts}
        place.say(f"{path.name}: guessed that the id is {identity}; texts are {', '.join(texts) or 'none'}")
        return table

    def _behaviours(self, path: Path, layout: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the behaviours of the file, in the order in which they first occur."""
        table = layout["interactions"][0]
        name = table["columns"].get("behaviour")
        if not name:
            return []
        model = table_of(table | {"columns": {"behaviour": name}}, str(path))
        cells = read_table(TextFile(path, table["member"]), model)[name].dropna().unique()
        return [{"name": str(cell), "raw": str(cell)} for cell in cells]


def user_card(path: Path) -> Card:
    """Return a user's card, in which everything but the tables may be left out.

    Raises:
        DataError: when it cannot be read or is malformed.
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
    return completed_card({"name": _slug(path)} | table, path, [])


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


def _only_member(path: Path) -> str:
    """Return the one file inside a zip, or "" for a file that is none.

    Raises:
        DataError: when it holds another number of files, or the one is a link or leads outside.
    """
    if path.suffix != ".zip":
        return ""
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


def _slug(path: Path) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", path.name.partition(".")[0].lower()).strip("-.") or "data"


def _bare(name: str) -> str:
    return name.partition(":")[0]


def _is_text(name: str) -> bool:
    kind = name.partition(":")[2]
    return not kind or kind in _TEXT_TYPES
