"""Look at a table of one's own, say what its columns seem to mean, and write a card."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

from benchsuite.arguments import NO_SETTINGS, DataFolders, Quiet, Settings, data_locations
from benchsuite.errors import DataError, PluginError
from benchsuite.interface import Frames, FunctionResult, Option, Paths, Style, frame, plain

if TYPE_CHECKING:
    from benchsuite.data import Dataset

Column = Annotated[str, Option(metavar="COL")]
Text = Annotated[str, Option(metavar="X")]


@runtime_checkable
class _Describes(Protocol):
    def describe(self, place: Any, more: tuple[str, ...]) -> str:
        """Return the table's card as TOML."""


@dataclass(repr=False, eq=False)
class ImportedTable(FunctionResult):
    """A card that was written for a table.

    Attributes:
        card: its file.
        toml: what it says.
        dataset: the table as the card reads it.
    """

    card: Path
    toml: str
    dataset: Dataset

    def text(self, style: Style = plain) -> str:
        """Return the card, what it reads, and how to use it."""
        sizes = self.to_dict()
        read = f"{sizes['rows']:,} rows of {sizes['users']:,} users and {sizes['items']:,} items after preparation"
        use = f'use it: sources = [{{ use = "file", with = {{ path = "{self.card}" }} }}]'
        return "\n".join([self.toml.rstrip(), "", f"{self.card}: written; {read}", use])

    def to_dict(self) -> dict[str, Any]:
        """Return the card's file and text, and what it reads."""
        sizes = {"rows": len(self.dataset.interactions), "users": len(self.dataset.users)}
        return {"card": str(self.card), "toml": self.toml, **sizes, "items": len(self.dataset.items)}

    def frames(self) -> Frames:
        """Return ``counts``."""
        counts = [{"count": name, "value": value} for name, value in self.to_dict().items() if isinstance(value, int)]
        return {"counts": frame(counts, ("count", "value"))}


def data_import(
    files: Annotated[Paths, Option(metavar="FILE")],
    *,
    user: Column = "",
    item: Column = "",
    value: Column = "",
    timestamp: Column = "",
    behaviour: Column = "",
    time: Text = "",
    separator: Text = "",
    encoding: Text = "",
    items: Text = "",
    users: Text = "",
    links: Text = "",
    item_features: Text = "",
    user_features: Text = "",
    force: bool = False,
    with_: Settings = NO_SETTINGS,
    data: DataFolders = (),
    offline: bool = False,
    quiet: Quiet = False,
) -> ImportedTable:
    """Guess what the columns of a table mean, say it, try it, and write a card (TOML) beside the table.

    Args:
        files: CSV, TSV, JSON lines, Parquet or .inter; also packed; further files are read as the same table.
        user: column of the user.
        item: column of the item.
        value: column of the value.
        timestamp: column of the timestamp.
        behaviour: column of the behaviour.
        time: how times are written: s, ms, us, iso, or like %d-%m-%Y.
        separator: what stands between cells.
        encoding: utf-8, latin-1 or cp1252.
        items: a second table, about items.
        users: a table about users.
        links: a table of pairs of users.
        item_features: numbers by item id, .npy or Parquet.
        user_features: numbers by user id.
        force: replace a card that is there already.
        with_: settings, such as positive_from=4.0.
        data: a folder with data files; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        quiet: show no progress.

    Raises:
        DataError: when a card is there already, or the table cannot be read.
    """
    from benchsuite.atomic_writes import replaced_file
    from benchsuite.registry import load_source

    columns = {"user": user, "item": item, "value": value, "timestamp": timestamp, "behaviour": behaviour}
    told = {"time": time, "separator": separator, "encoding": encoding, "items": items, "users": users, "links": links}
    told |= {"item_features": item_features, "user_features": user_features}
    if not files:
        raise DataError("names no table", remedy="name one file or several")
    path, *more = [Path(files)] if isinstance(files, str | os.PathLike) else map(Path, files)
    card = path.with_name(f"{path.name.partition('.')[0]}.toml")
    if card.exists() and not force:
        raise DataError("is there already", where=str(card), remedy="edit it, or replace it with --force")
    said = {name: text for name, text in (columns | told).items() if text}
    source = load_source("file").from_settings({**with_, **said, "path": str(path)}, where="data import")
    if not isinstance(source, _Describes):
        raise PluginError('the source "file" cannot describe a table', remedy="remove the package that replaces it")
    text = source.describe(data_locations(data, offline=offline, quiet=quiet), tuple(map(str, more)))
    try:
        with replaced_file(card) as draft:
            draft.write_text(text, "utf-8")
            place = data_locations(data, offline=offline, quiet=True)
            dataset = load_source("file").from_settings({"path": str(draft)}).load(place)
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror or error}", where=str(card)) from None
    return ImportedTable(card, text, dataset)
