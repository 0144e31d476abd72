"""Arguments that verbs share: where results and data lie, and settings of plugins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from benchsuite.errors import DataError
from benchsuite.interface import Option, PathLike, Paths, Words, print_status, silent

if TYPE_CHECKING:
    from benchsuite.api import DataLocations

StoreFolder = Annotated[PathLike | None, Option(metavar="DIR")]
DataFolders = Annotated[Paths, Option(metavar="DIR")]
Settings = Annotated[Mapping[str, Any], Option("--with")]
Trust = Annotated[Words, Option("--trust", metavar="FILE:CLASS")]
Device = Literal["auto", "cpu", "cuda"]
RunName = Annotated[str, Option(metavar="EXPERIMENT", complete="runs")]
Source = Annotated[str, Option(metavar="SOURCE", complete="sources")]
Quiet = Annotated[bool, Option(hidden=True)]
NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


def store_folder(store: PathLike | None) -> Path:
    """Return where results are kept: as said, else in ``$BENCHSUITE_STORE``, else in ``./runs``."""
    return Path(os.environ.get("BENCHSUITE_STORE", "runs")) if store is None else Path(store)


def data_locations(data: Paths, *, offline: bool, quiet: bool = False) -> DataLocations:
    """Say where data may be found: in the named folders, then in ``$BENCHSUITE_DATA``, the cache, the network.

    Raises:
        DataError: when a named folder does not exist.
    """
    from benchsuite.api import DataLocations

    variable = os.environ.get("BENCHSUITE_DATA", "").split(os.pathsep)
    named = [data] if isinstance(data, str | os.PathLike) else data
    folders = [*(Path(folder) for folder in named), *(Path(part) for part in variable if part)]
    for folder in folders:
        if not folder.exists():
            raise DataError("no such folder", where=str(folder), remedy="check --data and $BENCHSUITE_DATA")
    say = silent if quiet else print_status
    place = DataLocations(folders=tuple(folders), offline=offline, say=say)
    cache = os.environ.get("BENCHSUITE_CACHE")
    return DataLocations(place.folders, Path(cache), place.offline, say) if cache else place
