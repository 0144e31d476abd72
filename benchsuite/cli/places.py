"""The options that say where things lie, shared by the verbs that work with data and results."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchsuite.api import Place
    from benchsuite.store import Store


def add_store(parser: ArgumentParser) -> None:
    """Add ``--store``."""
    parser.add_argument(
        "--store",
        metavar="DIR",
        type=Path,
        default=default_store(),
        help="where results are kept (default: $BENCHSUITE_STORE or ./runs)",
    )


def default_store() -> Path:
    """Return where results are kept when nobody says otherwise."""
    return Path(os.environ.get("BENCHSUITE_STORE", "runs"))


def add_data(parser: ArgumentParser) -> None:
    """Add ``--data`` and ``--offline``."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="a folder with data files, searched before anything is downloaded; may be repeated "
        "(also: $BENCHSUITE_DATA)",
    )
    parser.add_argument("--offline", action="store_true", help="never use the network")


def open_store(args: Namespace) -> Store:
    """Open the store that the user named, to write; make it where it is not there."""
    from benchsuite.cli.console import tell
    from benchsuite.store import Store

    return Store(args.store, tell)


def read_store(args: Namespace) -> Store:
    """Open the store that the user named, to read: it may belong to somebody else."""
    from benchsuite.cli.console import tell
    from benchsuite.store import Store

    return Store.open(args.store, tell)


def make_place(args: Namespace, say: Callable[[str], None]) -> Place:
    """Say where data may be found.

    Raises:
        DataError: when a named folder does not exist.
    """
    return find_place(args.data, args.offline, say)


def find_place(data: Sequence[Path], offline: bool, say: Callable[[str], None]) -> Place:
    """Say where data may be found: in the named folders, then in ``$BENCHSUITE_DATA``.

    Raises:
        DataError: when a named folder does not exist.
    """
    from benchsuite.api import Place

    named = [*data, *(Path(part) for part in os.environ.get("BENCHSUITE_DATA", "").split(os.pathsep) if part)]
    for folder in named:
        if not folder.exists():
            raise DataError("no such folder", where=str(folder), remedy="check --data and $BENCHSUITE_DATA")
    cache = os.environ.get("BENCHSUITE_CACHE")
    place = Place(folders=tuple(named), offline=offline, say=say)
    return Place(place.folders, Path(cache), place.offline, say) if cache else place
