"""Run an experiment, or load what was run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.arguments import (
    NO_SETTINGS,
    DataFolders,
    Device,
    Quiet,
    RunName,
    Settings,
    StoreFolder,
    Trust,
    data_locations,
    store_folder,
)
from benchsuite.errors import StoreError, UsageError, did_you_mean
from benchsuite.functions.run_arguments import ExperimentLike, open_store, read_experiment, read_store
from benchsuite.interface import Option, Words, check_choice, several
from benchsuite.runner import THREADS

if TYPE_CHECKING:
    from benchsuite.api import DataLocations
    from benchsuite.functions.results import Results
    from benchsuite.plan import Experiment, Plan
    from benchsuite.runner import Options, RunSummary
    from benchsuite.runner.pool import ProgressListener
    from benchsuite.store import Store


def run(
    experiment: ExperimentLike = "quick",
    *,
    model: Annotated[str, Option(metavar="MODEL", complete="models")] = "",
    with_: Settings = NO_SETTINGS,
    tune: bool = False,
    lite: bool = False,
    store: StoreFolder = None,
    data: DataFolders = (),
    offline: bool = False,
    on: Annotated[str, Option(metavar="EXECUTOR")] = "local",
    address: Annotated[str, Option(metavar="ADDRESS")] = "",
    on_with: Annotated[Mapping[str, Any], Option("--on-with")] = NO_SETTINGS,
    workers: Annotated[int | None, Option(metavar="N")] = None,
    threads: Annotated[int, Option(metavar="N")] = THREADS,
    device: Device = "auto",
    time_limit: Annotated[float | None, Option(metavar="MINUTES")] = None,
    memory_limit: Annotated[float | None, Option(metavar="GIB")] = None,
    retry_failed: bool = False,
    full: Annotated[bool, Option(printed=True)] = False,
    quiet: Quiet = False,
) -> Results:
    """Run an experiment and show on one screen who is best; what is in the store already is not done again.

    Ctrl-C loses at most the cells in flight; the same command goes on where it stopped. Several runs, on one machine or
    on machines with a shared folder, may share a store: each fit is done by one of them, and what a dead one leaves is
    taken over.

    Args:
        experiment: a bundled experiment or benchmark, or a TOML file.
        model: in a benchmark, run this model only, such as als or ./my_model.py:Mine, and show it among all others.
        with_: settings of that model, such as factors=64.
        tune: search its settings with the benchmark's budget, but for those given by --with.
        lite: the short form of a benchmark.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        on: who runs the fits: local (processes of this machine), in-process (for debuggers), ray, slurm, or what an
            installed package brings. It changes no result.
        address: of the cluster, for ray (default: $RAY_ADDRESS, else one is started on this machine).
        on_with: settings of the executor, such as partition="long" for slurm.
        workers: fits at a time (default: 1; on a cluster, as many as it holds). Their number changes no result.
        threads: threads of each model, the same on every machine; another number may move the last digits of some
            models.
        device: what models compute on.
        time_limit: minutes that each fit may take with its answers (default: the experiment's timeout_minutes).
        memory_limit: GiB (2^30 bytes) that each fit may allocate on a CPU (default: the experiment's memory_gib, else
            nine tenths of the machine's memory).
        retry_failed: do failed cells and failed trials again.
        full: print all tables, as ``report`` does, not one screen.
        quiet: show nothing; else bars on a terminal or in a notebook with ipywidgets, and a line for each cell.

    Raises:
        BenchsuiteError: when data cannot be had, or a plugin or setting is wrong. A model that fails is a result.

    Example:
        >>> import benchsuite
        >>> results = benchsuite.run("demo", quiet=True)  # doctest: +SKIP
        >>> print(results)  # doctest: +SKIP
    """
    from benchsuite.analysis import build, get_ready
    from benchsuite.functions.benchmark_run import BenchmarkResults, chosen_form, naming_the_model
    from benchsuite.functions.headline import Headline
    from benchsuite.functions.results import Results
    from benchsuite.progress import ProgressBars
    from benchsuite.runner import Options
    from benchsuite.runner.distributed import launched
    from benchsuite.runner.executor import make_executor
    from benchsuite.runner.jobs import Limits

    if launched() > 1:
        raise UsageError("run starts its own processes", remedy="call it without a launcher; only train shares a fit")
    for name, number in (("workers", workers), ("threads", threads)):
        if number is not None and number < 1:
            raise UsageError(f"{name} must be 1 or more")
    for name, bound in (("time_limit", time_limit), ("memory_limit", memory_limit)):
        if bound is not None and not 0 < bound < float("inf"):
            raise UsageError(f"{name} must be more than 0")
    check_choice(device, Device, "device")
    executor = make_executor(on, {**on_with, **({"address": address} if address else {})})
    if workers is not None:
        executor.check_workers(workers)
    asked, entered = chosen_form(read_experiment(experiment), model, with_, tune=tune, lite=lite)
    kept = open_store(store, quiet=quiet)
    place = data_locations(data, offline=offline, quiet=quiet)
    named = naming_the_model(asked, model) if entered else contextlib.nullcontext()
    with named, contextlib.closing(executor), ProgressBars(quiet=quiet, live=not executor.interactive) as bars:
        at_a_time = executor.workers(threads) if workers is None else workers
        options = Options(at_a_time, threads, device, retry_failed, Limits(time_limit, memory_limit), executor)

        def follow(plan: Plan) -> None:
            bars.follow(None if quiet else Headline(plan, kept))
            if not executor.interactive:
                get_ready(plan)
            if workers is None and on == "local":
                idle_processors(plan, kept, threads, bars.say)

        done, outcome = _perform(asked, kept, place, options, bars, follow)
        with _judging_alone(done, kept, bars.say):
            comparison = build(done, kept, bars.measured)
    return (BenchmarkResults if entered else Results)(done, kept, comparison, outcome, full=full)


def idle_processors(plan: Plan, store: Store, threads: int, say: Callable[[str], None]) -> None:
    """Say how a run can use more of this machine, where there is something left to fit.

    One fit at a time is the default everywhere: what several need together may be more memory than there is.
    """
    from benchsuite.provenance import cores
    from benchsuite.runner.time_estimate import missing_cells

    at_a_time = min(cores() // threads, len(missing_cells(plan, store)))
    if at_a_time > 1:
        used = f"{at_a_time * threads} of {cores()} processors"
        say(f"one fit at a time; --workers {at_a_time} would use {used}, where memory allows it")


@contextlib.contextmanager
def _judging_alone(plan: Plan, store: Store, say: Callable[[str], None]) -> Iterator[None]:
    """Hold off other runs of the same experiment while one judges its results: they read what it has kept."""
    from benchsuite.store import Leases, tables_key

    key, about = tables_key(plan.name), f"the tables of {plan.name}"
    with Leases(store.root) as leases, leases.alone("tables", key, about, say):
        yield


def _perform(
    experiment: Experiment,
    store: Store,
    place: DataLocations,
    options: Options,
    watcher: ProgressListener,
    planned: Callable[[Plan], None],
) -> tuple[Plan, RunSummary]:
    """Prepare and run an experiment, and remember its plan whatever happens."""
    from benchsuite.analysis import remember_plan
    from benchsuite.benchmark.pins import check_pins
    from benchsuite.benchmark.places import benchmark_of
    from benchsuite.functions.benchmark_run import refuse_empty_search
    from benchsuite.runner import prepare, with_finished_studies
    from benchsuite.runner import run as work
    from benchsuite.runner.running_now import Heartbeat

    plan = prepare(experiment, store, place, place.say)
    if experiment.benchmark is not None and (name := benchmark_of(experiment.name)):
        if experiment.tune is not None:
            refuse_empty_search(plan)
        check_pins(name, plan, store)
    # a run that is stopped at once hides nothing that is finished
    remember_plan(store, with_finished_studies(plan, store))
    try:
        with Heartbeat(store, plan.name, watcher) as pulse:
            done, outcome = work(plan, store, options, pulse, planned)
    except BaseException:
        with contextlib.suppress(StoreError, OSError):  # the store may be what stopped the run
            remember_plan(store, with_finished_studies(plan, store))
        raise
    remember_plan(store, done)
    return done, outcome


def load(
    experiment: RunName = "quick", *, store: StoreFolder = None, against: Words = (), trust: Trust = ()
) -> Results:
    """Return the stored results of an experiment; nothing is fitted.

    Args:
        experiment: the name of an experiment that was run.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        against: labels of models that all others are held against, besides the best reference of each table.
        trust: plugin files, such as ``"./my_metric.py:Mine"``, that may run where the results name them.

    Raises:
        StoreError: when there is no such store or run.
        UsageError: when a model of ``against`` is unknown.

    Example:
        >>> import benchsuite
        >>> results = benchsuite.load("quick")  # doctest: +SKIP
        >>> results.results.query("metric == 'ndcg@10'")  # doctest: +SKIP
    """
    from benchsuite.analysis import build, latest_plan
    from benchsuite.functions.results import Results

    root = store_folder(store)
    if not root.is_dir():
        raise StoreError("no such store", where=str(root), remedy="name one with store=, or run the experiment first")
    kept = read_store(root)
    found = latest_plan(kept, experiment).trusting(several(trust))
    return Results(found, kept, build(found, kept, against=model_labels(found, against)))


def model_labels(plan: Plan, labels: Words) -> list[str]:
    """Return labels of models as a list.

    Raises:
        UsageError: when the plan lacks one; names the closest.
    """
    known, named = [model.label for model in plan.models], several(labels)
    for label in named:
        if label not in known:
            raise UsageError(f'no model "{label}" in {plan.name}', remedy=did_you_mean(label, known))
    return named
