"""Arguments that several functions share: where results and data lie, and settings of plugins."""

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
    from benchsuite.plan import Experiment
    from benchsuite.store import Store

StoreFolder = Annotated[PathLike | None, Option(metavar="DIR")]
DataFolders = Annotated[Paths, Option(metavar="DIR")]
Settings = Annotated[Mapping[str, Any], Option("--with")]
Trust = Annotated[Words, Option("--trust", metavar="FILE:CLASS")]
Device = Literal["auto", "cpu", "cuda"]
ExperimentLike = Annotated["PathLike | Experiment", Option(metavar="EXPERIMENT", complete="experiments")]
RunName = Annotated[str, Option(metavar="EXPERIMENT", complete="runs")]
Source = Annotated[str, Option(metavar="SOURCE", complete="sources")]
Quiet = Annotated[bool, Option(hidden=True)]
NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


def read_experiment(experiment: PathLike | Experiment) -> Experiment:
    """Return an experiment as it is, or read a bundled one or a file.

    Raises:
        ConfigError: when there is none, or it is wrong.
    """
    from benchsuite import plan

    return experiment if isinstance(experiment, plan.Experiment) else plan.read_experiment(os.fspath(experiment))


def store_folder(store: PathLike | None) -> Path:
    """Return where results are kept: as said, else in ``$BENCHSUITE_STORE``, else in ``./runs``."""
    return Path(os.environ.get("BENCHSUITE_STORE", "runs")) if store is None else Path(store)


def open_store(store: PathLike | None, *, quiet: bool = False) -> Store:
    """Open the store that the caller named, to write; make it where it is not there.

    Raises:
        StoreError: when it cannot be written.
    """
    from benchsuite.store import Store

    return Store(store_folder(store), silent if quiet else print_status)


def read_store(store: PathLike | None, *, quiet: bool = False) -> Store:
    """Open the store that the caller named, to read: it may belong to somebody else.

    Raises:
        StoreError: when there is none.
    """
    from benchsuite.store import Store

    return Store.open(store_folder(store), silent if quiet else print_status)


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
