"""Load what was run, or run it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchsuite import plan
from benchsuite.cli.places import default_store, find_place
from benchsuite.door.results import Results
from benchsuite.errors import StoreError, UsageError, did_you_mean
from benchsuite.runner import THREADS

if TYPE_CHECKING:
    from benchsuite.store import Store

PathLike = str | os.PathLike[str]


def load(experiment: str = "quick", *, store: PathLike | None = None, against: Sequence[str] = ()) -> Results:
    """Return the stored results of an experiment; nothing is fitted.

    Args:
        experiment: the name of an experiment that was run.
        store: where results are kept; by default ``$BENCHSUITE_STORE`` or ``./runs``.
        against: labels of models that all others are held against, besides the best classic of each table.

    Raises:
        StoreError: when there is no such store or run.
        UsageError: when a model of ``against`` is unknown.

    Example:
        >>> import benchsuite
        >>> results = benchsuite.load("quick")  # doctest: +SKIP
        >>> results.results.query("metric == 'ndcg@10'")  # doctest: +SKIP
    """
    from benchsuite.compare import build, latest_plan

    kept = _open(store, must_exist=True)
    found = latest_plan(kept, experiment)
    known = [model.label for model in found.models]
    for label in against:
        if label not in known:
            raise UsageError(f'no model "{label}" in {found.name}', remedy=did_you_mean(label, known))
    return Results(found, kept, build(found, kept, against=against))


def run(
    experiment: str | os.PathLike[str] | plan.Experiment = "quick",
    *,
    store: PathLike | None = None,
    data: Sequence[PathLike] = (),
    offline: bool = False,
    workers: int = 1,
    threads: int = THREADS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    retry_failed: bool = False,
    quiet: bool = False,
) -> Results:
    """Run an experiment and return its results; what is in the store already is not done again.

    Args:
        experiment: the name of a bundled experiment, the path of a TOML file, or an :class:`Experiment`.
        store: where results are kept; by default ``$BENCHSUITE_STORE`` or ``./runs``.
        data: folders with data files, searched before anything is downloaded; ``$BENCHSUITE_DATA`` counts too.
        offline: never use the network.
        workers: processes at a time; their number changes no result.
        threads: threads of each model, the same on every machine; another number may move the last digits of some
            models.
        device: ``cpu``, ``cuda`` or ``auto``.
        retry_failed: do failed cells and failed trials again.
        quiet: show nothing; else bars on a terminal or in a notebook with ipywidgets, and a line for each cell.

    Raises:
        BenchsuiteError: when data cannot be had, or a plugin or setting is wrong. A model that fails is a result.

    Example:
        >>> import benchsuite
        >>> results = benchsuite.run("demo", quiet=True)  # doctest: +SKIP
        >>> print(results)  # doctest: +SKIP
    """
    from benchsuite.cli.run import perform
    from benchsuite.cli.watch import Watch
    from benchsuite.compare import build
    from benchsuite.runner import Options

    if workers < 1 or threads < 1:
        raise UsageError("workers must be 1 or more and threads 1 or more")
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f'no device "{device}"', remedy="use auto, cpu or cuda")
    if not isinstance(experiment, plan.Experiment):
        experiment = plan.read_experiment(os.fspath(experiment))
    kept = _open(store, must_exist=False)
    folders = [Path(folder) for folder in data]
    with Watch(quiet=quiet) as watch:
        options = Options(workers, threads, device, retry_failed)
        done, outcome = perform(experiment, kept, lambda say: find_place(folders, offline, say), options, watch)
        comparison = build(done, kept, watch.measured)
    return Results(done, kept, comparison, outcome)


def _open(store: PathLike | None, must_exist: bool) -> Store:
    from benchsuite.store import Store

    root = default_store() if store is None else Path(store)
    if must_exist and not root.is_dir():
        raise StoreError("no such store", where=str(root), remedy="name one with store=, or run the experiment first")
    return Store(root)
