"""``benchsuite data import``: look at somebody's own table, say what its columns seem to mean, and write a card."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from benchsuite.cli.console import OK, say, tell
from benchsuite.cli.data.source import add_settings
from benchsuite.cli.places import add_data, make_place

_COLUMNS = ("user", "item", "value", "timestamp", "behaviour")
_OTHERS = ("time", "separator", "encoding", "items", "users", "links", "item_features", "user_features")
_HELP = {
    "time": "how times are written: s, ms, us, iso, or like %%d-%%m-%%Y",
    "separator": "what stands between cells",
    "encoding": "utf-8, latin-1 or cp1252",
    "items": "a second table, about items",
    "users": "a table about users",
    "links": "a table of pairs of users",
    "item_features": "numbers by item id, .npy or Parquet",
    "user_features": "numbers by user id",
}


@runtime_checkable
class _Describes(Protocol):
    def describe(self, place: Any, more: tuple[str, ...]) -> str:
        """Return the table's card as TOML."""


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the sub-verb."""
    text = "guess what the columns of a table mean, say it, try it, and write a card (TOML) beside the table"
    parser = subparsers.add_parser("import", help="describe a table of your own by a card", description=text)
    parser.add_argument("files", nargs="+", metavar="FILE", help="CSV, TSV, JSON lines, Parquet, .inter; also packed")
    for name in _COLUMNS:
        parser.add_argument(f"--{name}", metavar="COL", default="", help=f"column of the {name}")
    for name in _OTHERS:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, dest=name, metavar="X", default="", help=_HELP[name])
    parser.add_argument("--force", action="store_true", help="replace a card that is there already")
    add_settings(parser, "positive_from = 4.0")
    add_data(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the sub-verb."""
    from benchsuite.cli.options import read_settings
    from benchsuite.errors import DataError, PluginError
    from benchsuite.registry import load_source

    path = Path(args.files[0])
    card = path.with_name(f"{path.name.partition('.')[0]}.toml")
    if card.exists() and not args.force:
        raise DataError("is there already", where=str(card), remedy="edit it, or replace it with --force")
    said = {name: getattr(args, name) for name in (*_COLUMNS, *_OTHERS) if getattr(args, name)}
    settings = read_settings(args) | said | {"path": str(path)}
    source = load_source("file").from_settings(settings, where="data import")
    if not isinstance(source, _Describes):
        raise PluginError('the source "file" cannot describe a table', remedy="remove the package that replaces it")
    place = make_place(args, tell)
    text = source.describe(place, tuple(args.files[1:]))
    draft = card.with_name(f".draft-{card.name}")
    try:
        draft.write_text(text, "utf-8")
        dataset = load_source("file").from_settings({"path": str(draft)}).load(make_place(args, lambda _line: None))
        draft.replace(card)
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror or error}", where=str(card)) from None
    finally:
        draft.unlink(missing_ok=True)
    say(text.rstrip())
    say()
    rows, users, items = len(dataset.interactions), len(dataset.users), len(dataset.items)
    say(f"{card}: written; {rows:,} rows of {users:,} users and {items:,} items after preparation")
    say(f'use it: sources = [{{ use = "file", with = {{ path = "{card}" }} }}]')
    return OK
