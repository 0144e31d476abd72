"""Look at a table of one's own, say what its columns seem to mean, and write a card."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

from benchsuite.arguments import NO_SETTINGS, DataFolders, Quiet, Settings, data_locations
from benchsuite.errors import DataError, PluginError
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    Paths,
    Style,
    Words,
    frame,
    plain,
    print_status,
    table,
    terminal_width,
)

if TYPE_CHECKING:
    from benchsuite.api import DataLocations
    from benchsuite.data import Dataset

Column = Annotated[str, Option(metavar="COL")]
Text = Annotated[str, Option(metavar="X")]
Cells = Annotated[Words, Option(metavar="CELL")]


@runtime_checkable
class _Described(Protocol):
    """What was found out about a table: the card, the table as it was read without it, and what to tell."""

    toml: str
    dataset: Dataset
    facts: Sequence[tuple[str, str]]
    hints: Sequence[str]


@runtime_checkable
class _Describes(Protocol):
    def describe(self, place: Any, more: tuple[str, ...]) -> _Described:
        """Return what the table is taken to be."""


@dataclass(repr=False, eq=False)
class ImportedTable(FunctionResult):
    """A card that was written for a table.

    Attributes:
        card: its file.
        toml: what it says.
        dataset: the table as the card reads it.
        facts: what was read, left out and not used.
        hints: what its owner might want to say.
        replaced: the card that was there before, "" for none or the same.
    """

    card: Path
    toml: str
    dataset: Dataset
    facts: Sequence[tuple[str, str]] = ()
    hints: Sequence[str] = ()
    replaced: str = ""

    def text(self, style: Style = plain) -> str:
        """Return the card, what it reads and what it loses, and how to use it."""
        sizes = self.to_dict()
        read = f"{sizes['rows']:,} rows of {sizes['users']:,} users and {sizes['items']:,} items after preparation"
        lines = [self.toml.rstrip(), ""]
        if self.replaced:
            lines += ["It replaces:", *(f"- {line}" for line in self.replaced.splitlines()), ""]
        lines += [table(("what", "how much"), self._rows(), terminal_width()), ""]
        lines += [f"hint: {hint}" for hint in self.hints]
        use = f'use it: sources = ["{self.card.name}"] in an experiment beside it'
        return "\n".join([*lines, f"{self.card}: written; {read}", use])

    def _rows(self) -> list[tuple[str, str]]:
        """Return what reading and preparation did, one line each."""
        steps = [step for step in self.dataset.steps if step.before != step.after]
        lost = [(step.name, f"{step.before - step.after:,} rows left out: {step.note}".rstrip(": ")) for step in steps]
        return [*self.facts, *lost]

    def to_dict(self) -> dict[str, Any]:
        """Return the card's file and text, and what it reads."""
        sizes = {"rows": len(self.dataset.interactions), "users": len(self.dataset.users)}
        return {"card": str(self.card), "toml": self.toml, **sizes, "items": len(self.dataset.items)}

    def frames(self) -> Frames:
        """Return ``counts`` and ``facts``."""
        counts = [{"count": name, "value": value} for name, value in self.to_dict().items() if isinstance(value, int)]
        return {
            "counts": frame(counts, ("count", "value")),
            "facts": frame(
                [dict(zip(("what", "how much"), row, strict=True)) for row in self._rows()], ("what", "how much")
            ),
        }


def data_import(
    files: Annotated[Paths, Option(metavar="FILE")],
    *,
    user: Column = "",
    item: Column = "",
    value: Column = "",
    timestamp: Column = "",
    behaviour: Column = "",
    time: Text = "",
    format: Text = "",  # noqa: A002 - the setting's name
    ordered: Annotated[bool | None, Option("--ordered/--no-ordered")] = None,
    separator: Text = "",
    encoding: Text = "",
    header: Annotated[bool | None, Option("--header/--no-header")] = None,
    ids_as: Text = "",
    on_bad_row: Text = "",
    missing_cells: Cells = (),
    missing: Text = "",
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
    """Find out what the columns of a table mean, say it, try it, and write a card (TOML) beside the table.

    Args:
        files: CSV, TSV, JSON, Parquet or .inter; also packed; further files are read as the same table.
        user: column of the user, by its name or its number.
        item: column of the item.
        value: column of the value; none for no value.
        timestamp: column of the time; none for no times.
        behaviour: column of the behaviour.
        time: how times are written: s, ms, us, ns, iso, or like %d-%m-%Y.
        format: lists where each line holds a user and items; matrix where rows are users, columns items.
        ordered: whether each user's rows are in the order of time, where there are no times.
        separator: what stands between cells.
        encoding: utf-8, latin-1 or cp1252.
        header: whether the first line names the columns.
        ids_as: integer where 7, 7.0 and 007 are one id, or text.
        missing_cells: a cell that means "not known", such as 99; may be repeated.
        on_bad_row: drop rows with bad cells and count them, or stop.
        missing: drop rows with an empty value or time and count them, or stop.
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
        PluginError: when another package has replaced the source ``file``.
    """
    from benchsuite.registry import load_source

    said: dict[str, Any] = {"user": user, "item": item, "value": value, "timestamp": timestamp, "behaviour": behaviour}
    said |= {"time": time, "format": format, "separator": separator, "encoding": encoding, "ids_as": ids_as}
    said |= {"on_bad_row": on_bad_row, "missing": missing, "items": items, "users": users, "links": links}
    said |= {"item_features": item_features, "user_features": user_features}
    said = {name: text for name, text in said.items() if text}
    said |= {name: yes for name, yes in (("header", header), ("ordered", ordered)) if yes is not None}
    cells = [missing_cells] if isinstance(missing_cells, str) else list(missing_cells)
    said |= {"missing_cells": cells} if cells else {}
    if not files:
        raise DataError("names no table", remedy="name one file or several")
    path, *more = [Path(files)] if isinstance(files, str | os.PathLike) else map(Path, files)
    card = path.with_name(f"{path.name.partition('.')[0]}.toml")
    replaced = _replaced(card, force=force)
    source = load_source("file").from_settings({**with_, **said, "path": str(path)}, where="data import")
    if not isinstance(source, _Describes):
        raise PluginError('the source "file" cannot describe a table', remedy="remove the package that replaces it")
    place = data_locations(data, offline=offline, quiet=quiet)
    place = dataclasses.replace(place, ask=_ask if sys.stdin.isatty() and sys.stderr.isatty() else None)
    found = source.describe(place, tuple(map(str, more)))
    dataset = _written(card, found, data_locations(data, offline=offline, quiet=True))
    other = replaced if replaced != found.toml else ""
    return ImportedTable(card, found.toml, dataset, found.facts, found.hints, other)


def _replaced(card: Path, *, force: bool) -> str:
    """Return the card that will be replaced, "" where there is none.

    Raises:
        DataError: when something is there that may not be replaced.
    """
    from benchsuite_tables.toml_files import is_experiment

    if not card.exists():
        return ""
    if is_experiment(card):
        what = "is an experiment, which no card may replace"
        raise DataError(what, where=str(card), remedy="give the table or the experiment another name")
    if not force:
        raise DataError("is there already", where=str(card), remedy="edit it, or replace it with --force")
    try:
        return card.read_text("utf-8", "replace")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", where=str(card)) from None


def _written(card: Path, found: _Described, place: DataLocations) -> Dataset:
    """Write the card and return what it reads, which must be what was read without it.

    Raises:
        DataError: when it cannot be written, or reads something else; then it is not written.
    """
    from benchsuite.atomic_writes import replaced_file
    from benchsuite.registry import load_source

    try:
        with replaced_file(card) as draft:
            draft.write_text(found.toml, "utf-8")
            dataset = load_source("file").from_settings({"path": str(draft)}).load(place)
            if dataset.fingerprint != found.dataset.fingerprint:
                sizes = f"{len(dataset.interactions):,} rows, the table itself {len(found.dataset.interactions):,}"
                what = f"is not written: it would read other data than the table itself ({sizes})"
                raise DataError(what, where=str(card), remedy="say separator, header and columns, and try again")
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror or error}", where=str(card)) from None
    return dataset


def _ask(question: str) -> bool:
    """Ask a person; anything but yes is no."""
    print_status(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
