"""A user's own file: what its columns mean comes from settings, from a card beside it, or from its names and cells."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from benchsuite.api import DataLocations, PublishedCounts
from benchsuite.data import Dataset
from benchsuite.errors import ConfigError, DataError
from benchsuite_datasets.card import Card
from benchsuite_datasets.card_source import CardSource, source_class
from benchsuite_datasets.dataset_builder import Tables
from benchsuite_datasets.describe import card_toml
from benchsuite_datasets.file_lookup import LocatedFiles, check_files
from benchsuite_datasets.import_facts import DescribedTable, facts, hints, met, refuse_row_numbers, stand_ins
from benchsuite_datasets.own_tables import (
    card_values,
    completed_card,
    describe_events,
    describe_side,
    event_files,
    refuse_idle,
)
from benchsuite_datasets.preparation_steps import sentence
from benchsuite_datasets.prepared_cache import load_or_prepare, prepared_rows
from benchsuite_tables.card_table import IDS, table_of
from benchsuite_tables.first_rows import Said
from benchsuite_tables.odd_ids import refuse_odd_ids
from benchsuite_tables.strict_tables import read_table
from benchsuite_tables.text_file import TextFile
from benchsuite_tables.toml_files import is_experiment
from benchsuite_tables.understanding import Understanding

_ROLES = ("user", "item", "value", "timestamp", "behaviour")


@dataclass
class FileSource(CardSource):
    """Your own CSV, TSV, JSON lines, Parquet or RecBole file, or a TOML card that describes several.

    What is left empty is found out from the columns' names and cells, and told; what is doubtful is asked for. A column
    is named, or numbered from 1 where the file names none. A card with the table's name and the ending ``.toml`` beside
    the table counts before any guess.

    Attributes:
        path: the table or card, relative to the experiment's file, the working folder or a ``--data`` folder.
        user: column of the user.
        item: column of the item.
        value: column of the rating, label or amount, or ``none`` where no column is.
        timestamp: column of the time, or ``none`` where no column is.
        behaviour: column of what happened.
        time: how times are written: s, ms, us, ns, iso, or like ``%d-%m-%Y``.
        format: ``lists`` where each line holds a user and a list of items, ``matrix`` where rows are users and columns
            are items; else found out.
        ordered: whether each user's rows stand in the order of time, oldest first, in a table without times; where it
            is not said, lists do unless their items are sorted, other tables do not.
        separator: what stands between cells.
        encoding: of the file.
        header: whether the first line names the columns; guessed where it is not said.
        ids_as: ``integer`` where 7, 7.0 and 007 are one id.
        trim: whether ids lose blanks around them.
        on_bad_row: whether a row with a bad cell stops the reading or is left out and counted.
        missing: the same for a row with an empty value or time.
        missing_cells: cells that mean "not known", such as 99 or NA; an empty cell always does.
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
    format: Literal["", "lists", "matrix"] = ""
    ordered: bool | None = None
    separator: str = ""
    encoding: Literal["utf-8", "latin-1", "cp1252"] = "utf-8"
    header: bool | None = None
    ids_as: Literal["text", "integer"] = "text"
    trim: bool = True
    on_bad_row: Literal["stop", "drop"] = "stop"
    missing_cells: tuple[str, ...] = ()
    missing: Literal["stop", "drop"] = "stop"
    items: str = ""
    users: str = ""
    links: str = ""
    item_features: str = ""
    user_features: str = ""

    def load(self, place: DataLocations) -> Dataset:
        """Read and prepare the table.

        Raises:
            DataError: when a file is missing or malformed, a column cannot be guessed, or most ids of a second table
                are those of no row.
            ConfigError: when a setting does not fit the data.
        """
        path = self._find(self.path, place)
        card = self._card(path, place)
        source, found = self._source(card, path)
        guessed = not self.user and self._beside(path) is None
        dataset = load_or_prepare(
            card, source.settings(), found, place, lambda: source.prepared(_read(source, found, place, guessed=guessed))
        )
        for number, step in enumerate(dataset.steps):
            if step.after != step.before or (number == 0 and step.note):
                place.say(f"{card.name}: {sentence(step)}")
        return dataset

    def _source(self, card: Card, path: Path) -> tuple[CardSource, LocatedFiles]:
        """Return the source of a card with these settings of preparation, and its files, which are all there."""
        found = LocatedFiles(card.layouts[0], path.parent, str(path))
        check_files(found.layout, found.folder)
        return source_class(card)(**self._given()), found

    def raw_files(self, place: DataLocations) -> Iterable[Path]:
        """Return the table or the tables of events that a card names, and the rows of prepared copies."""
        path = self._find(self.path, place)
        card = self._beside(path)
        if card is None:
            return [path, *prepared_rows(_slug(path), place)]
        table = card_values(card, _slug(card))
        files = [path.parent / name for name in event_files(table)]
        return [*files, *prepared_rows(table["name"], place)]

    def check(self, place: DataLocations) -> PublishedCounts | None:
        """Return None: of somebody's own file nothing was published."""
        return None

    def describe(self, place: DataLocations, more: tuple[str, ...] = ()) -> DescribedTable:
        """Return a card that says what the settings and guesses say, and what it reads.

        Args:
            place: where the files are.
            more: further tables of events, in the same folder and with the same columns.

        Raises:
            DataError: when a file is missing or malformed, or a column cannot be guessed.
        """
        path = self._find(self.path, place)
        if path.suffix == ".toml":
            raise ConfigError("is a card already", where=str(path), remedy="name a table")
        layout, events = self._layout(path, place)
        for name in more:
            other = self._sibling(str(self._find(name, place)), path, place)
            layout["interactions"].append(dict(self._events(other, place).table))
        defaults = {key: value for key, value in self._given().items() if value is not None}
        behaviours = self._behaviours(path, layout)
        table = {"name": _slug(path), "layouts": [layout], "behaviours": behaviours}
        toml = card_toml(table | {"defaults": defaults}, f"What the columns of {path.name} mean.")
        card = completed_card({"name": _slug(path), "layouts": [layout]}, path, behaviours)
        source, found = self._source(card, path)
        tables = _read(source, found, dataclasses.replace(place, say=_silent), guessed=not self.user)
        told = facts(events, tables, card), hints(events, tables, self.positive_from)
        return DescribedTable(toml, source.prepared(tables), *told)

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
        card = self._beside(path)
        if card is None:
            return self._inferred(path, place)
        if is_experiment(card):
            raise ConfigError("is an experiment, no card", where=str(card), remedy="name a table or its card")
        table = card_values(card, _slug(card))
        more = self._sides(card, place)
        layout = table["layouts"][0] if isinstance(table["layouts"], list) and table["layouts"] else {}
        said = [name for name in self._own_settings() if getattr(self, name) != getattr(FileSource(), name)]
        for name in said:
            if name not in more:
                what = f"{name} has no effect beside the card {card}"
                remedy = f"say it in the card, or move the card away and say {name} here"
                raise ConfigError(what, where="source file", remedy=remedy)
            if name in layout:
                raise ConfigError(f"{name} is said twice", where="source file", remedy=f"say it in {card} only")
        layout |= more
        return completed_card(table, card, [])

    def _beside(self, path: Path) -> Path | None:
        """Return the card that counts: the named file itself, or the one beside a table; None where there is none."""
        if path.suffix == ".toml":
            return path
        beside = path.with_name(f"{path.name.partition('.')[0]}.toml")
        return beside if beside.is_file() and not is_experiment(beside) else None

    def _own_settings(self) -> list[str]:
        """Return the settings that describe files."""
        names = [name for name in self.fields() if name not in CardSource.fields()]
        return [name for name in names if name != "path"]

    def _inferred(self, path: Path, place: DataLocations) -> Card:
        layout, _ = self._layout(path, place)
        return completed_card({"name": _slug(path), "layouts": [layout]}, path, self._behaviours(path, layout))

    def _layout(self, path: Path, place: DataLocations) -> tuple[dict[str, Any], Understanding]:
        """Describe the table and what lies beside it, as plain values of a card."""
        events = self._events(path, place)
        layout: dict[str, Any] = {"interactions": [dict(events.table)]}
        layout |= self._sides(path, place)
        for side, key in (("item", "item_text"), ("user", "user_text")):
            wanted = [name for name in getattr(self, key) if name not in layout["interactions"][0]["columns"]]
            if wanted and f"{side}s" not in layout:
                layout["interactions"][0]["columns"] |= {name: name for name in wanted}
                layout[f"{side}s"] = [{"from_rows": True, "columns": {name: name for name in wanted}}]
        return layout, events

    def _sides(self, path: Path, place: DataLocations) -> dict[str, Any]:
        """Describe the tables and features that settings name, and those that lie beside a RecBole file."""
        found: dict[str, Any] = {}
        for side in ("items", "users", "links"):
            named = getattr(self, side)
            atomic = path.with_suffix({"items": ".item", "users": ".user", "links": ".net"}[side])
            if not named and path.suffix == ".inter" and atomic.is_file():
                named = str(atomic)
            if named:
                found[side] = [self._side(self._sibling(named, path, place), side, place)]
        for key in ("item_features", "user_features"):
            if getattr(self, key):
                found[key] = self._sibling(getattr(self, key), path, place).name
        return found

    def _sibling(self, name: str, path: Path, place: DataLocations) -> Path:
        """Return a second file, which must lie in the first one's folder."""
        second = path.parent / name if (path.parent / name).is_file() else self._find(name, place)
        if second.resolve().parent != path.parent:
            raise DataError("lies in another folder than the table", where=str(second), remedy="put them together")
        return second

    def _said(self, **columns: str) -> Said:
        """Return what the settings say of how a table is written, and of these columns."""
        return Said(
            columns=columns,
            format=self.format if columns else "",
            separator=self.separator if columns else "",
            encoding=self.encoding,
            header=self.header if columns else None,
            time=self.time,
            ordered=self.ordered,
            missing_cells=self.missing_cells,
        )

    def _events(self, path: Path, place: DataLocations) -> Understanding:
        """Describe the table of events."""
        found = describe_events(path, self._said(**{role: getattr(self, role) for role in _ROLES}))
        refuse_idle(found, self.time, separator=self.separator, header=self.header is not None, format=self.format)
        found.settle(place.say, place.ask)
        found = self._as_said(found)
        return dataclasses.replace(found, table=dict(found.table) | ({"ordered": True} if self.ordered else {}))

    def _side(self, path: Path, side: str, place: DataLocations) -> dict[str, Any]:
        """Describe a table about users or items, or of links."""
        texts = {"items": self.item_text, "users": self.user_text}.get(side, ())
        found = describe_side(path, side, self._said(), texts)
        found.settle(place.say, place.ask)
        return dict(self._as_said(found).table)

    def _as_said(self, found: Understanding) -> Understanding:
        """Add to a table what the settings say of its cells."""
        ids = [found.columns[role] for role in IDS if role in found.columns]
        table = dict(found.table) | ({"numbers": ids} if self.ids_as == "integer" else {})
        table |= {} if self.trim else {"trim": False}
        table |= {"missing": ["", *self.missing_cells]} if self.missing_cells else {}
        table |= {"on_bad_row": "drop"} if self.on_bad_row == "drop" else {}
        table |= {"on_missing": "drop"} if self.missing == "drop" else {}
        return dataclasses.replace(found, table=table)

    def _behaviours(self, path: Path, layout: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the behaviours of the file, in the order in which they first occur."""
        table = layout["interactions"][0]
        name = table["columns"].get("behaviour")
        if not name:
            return []
        model = table_of(table | {"columns": {"behaviour": name}}, str(path))
        cells = read_table(TextFile(path, table["member"], model.skip), model)[name].dropna().unique()
        return [{"name": str(cell), "raw": str(cell)} for cell in cells]


def _read(source: CardSource, found: LocatedFiles, place: DataLocations, *, guessed: bool) -> Tables:
    """Read somebody's own tables, and refuse or tell what is unlikely about them.

    Args:
        source: reads them.
        found: where they are.
        place: where things are said.
        guessed: whether nobody said which column is the user.

    Raises:
        DataError: for users that may be row numbers, ids that are none, and ids that do not meet.
    """
    tables = source.read(found)
    table = found.layout.interactions[0]
    if guessed:
        refuse_row_numbers(tables.interactions, table, found.origin)
    refuse_odd_ids(tables.interactions, table, found.origin)
    for line in (*stand_ins(tables.interactions), *met(tables, found.layout)):
        place.say(line)
    return tables


def _silent(_: str) -> None:
    """Say nothing."""


def _slug(path: Path) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", path.name.partition(".")[0].lower()).strip("-.") or "data"
