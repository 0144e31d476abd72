"""Arguments of functions about experiments and what was run: an experiment, a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from benchsuite.arguments import store_folder
from benchsuite.interface import Option, PathLike, print_status, silent

if TYPE_CHECKING:
    from benchsuite.plan import Experiment
    from benchsuite.store import Store

ExperimentLike = Annotated["PathLike | Experiment", Option(metavar="EXPERIMENT", complete="experiments")]


def read_experiment(experiment: PathLike | Experiment) -> Experiment:
    """Return an experiment as it is, or read a bundled one or a file.

    Raises:
        ConfigError: when there is none, or it is wrong.
    """
    from benchsuite import plan

    return experiment if isinstance(experiment, plan.Experiment) else plan.read_experiment(os.fspath(experiment))


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


def existing_store(store: PathLike | None) -> Store:
    """Open the store that the caller named, to read; it must be there.

    Raises:
        StoreError: when there is none.
    """
    from benchsuite.errors import StoreError

    kept = read_store(store, quiet=True)
    if not kept.root.is_dir():
        raise StoreError("no such store", where=str(kept.root), remedy="name one with --store DIR")
    return kept
