"""Run an experiment, or load what was run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from benchsuite.errors import UsageError
from benchsuite.functions.arguments import DataFolders, StoreFolder, data_locations, open_store
from benchsuite.interface import Option

if TYPE_CHECKING:
    from benchsuite.functions.results import Results
    from benchsuite.plan import Experiment, Plan
    from benchsuite.runner import Options, Outcome, Watcher
    from benchsuite.store import Store


def run(
    experiment: Annotated["str | os.PathLike[str] | Experiment", Option()] = "quick",
    *,
    store: StoreFolder = None,
    data: DataFolders = (),
    offline: bool = False,
    workers: Annotated[int, Option(metavar="N")] = 1,
    threads: Annotated[int, Option(metavar="N")] = 0,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    retry_failed: bool = False,
    quiet: Annotated[bool, Option(hidden=True)] = False,
) -> Results:
    """Run an experiment and return its results; what is in the store already is not done again.

    Ctrl-C loses at most the cells in flight; the same call goes on where it stopped.

    Args:
        experiment: a bundled experiment or a TOML file; in Python an Experiment, too.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        workers: processes at a time.
        threads: threads of each model; 0 shares the processors among the workers.
        device: what models compute on.
        retry_failed: do failed cells again.
        quiet: show nothing; else bars on a terminal or in a notebook with ipywidgets, and a line for each cell.

    Raises:
        BenchsuiteError: when data cannot be had, or a plugin or setting is wrong. A model that fails is a result.

    Example:
        >>> import benchsuite
        >>> results = benchsuite.run("demo", quiet=True)  # doctest: +SKIP
        >>> print(results)  # doctest: +SKIP
    """
    from benchsuite import plan
    from benchsuite.compare import build
    from benchsuite.functions.progress import ProgressBars
    from benchsuite.functions.results import Results
    from benchsuite.runner import Options
    from benchsuite.runner.group import launched

    if launched() > 1:
        raise UsageError("run starts its own processes", remedy="call it without a launcher; only train shares a fit")
    if workers < 1 or threads < 0:
        raise UsageError("workers must be 1 or more and threads 0 or more")
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f'no device "{device}"', remedy="use auto, cpu or cuda")
    if not isinstance(experiment, plan.Experiment):
        experiment = plan.read_experiment(os.fspath(experiment))
    kept = open_store(store)
    with ProgressBars(quiet=quiet) as bars:
        options = Options(workers, threads, device, retry_failed)
        done, outcome = _perform(experiment, kept, (data, offline), options, bars)
        comparison = build(done, kept, bars.measured)
    return Results(done, kept, comparison, outcome)
