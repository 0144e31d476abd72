"""``benchsuite run``: run an experiment and print its tables."""

from __future__ import annotations

import contextlib
from argparse import Namespace, _SubParsersAction
from collections import Counter
from typing import TYPE_CHECKING, Any

from benchsuite.cli.places import add_data, add_store, make_place, open_store
from benchsuite.runner import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchsuite.api import Place
    from benchsuite.cli.watch import Watch
    from benchsuite.plan import Experiment, Plan
    from benchsuite.runner import Options, Outcome
    from benchsuite.store import Store


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "run",
        help="run an experiment and print its tables",
        description="Run an experiment: what is in the store already is not done again. Ctrl-C loses at most the "
        "cells in flight; the same command goes on where it stopped.",
    )
    parser.add_argument(
        "experiment", nargs="?", default="quick", help="a bundled experiment or a TOML file (default: quick)"
    )
    add_store(parser)
    add_data(parser)
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes at a time (default: 1)")
    parser.add_argument(
        "--threads",
        type=int,
        default=THREADS,
        metavar="N",
        help=f"threads of each model (default: {THREADS}, on every machine and with any number of workers; another "
        "number may move the last digits of some models)",
    )
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="default: auto")
    parser.add_argument("--retry-failed", action="store_true", help="do failed cells and failed trials again")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON instead of tables")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the verb; 0 when every possible cell and trial has a value, 1 when some failed."""
    from benchsuite.cli.report import show_report
    from benchsuite.cli.watch import Watch
    from benchsuite.compare import build
    from benchsuite.errors import UsageError
    from benchsuite.plan import read_experiment
    from benchsuite.runner import Options
    from benchsuite.runner.group import launched

    if launched() > 1:
        raise UsageError("run starts its own processes", remedy="call it without a launcher; only train shares a fit")
    if args.workers < 1 or args.threads < 1:
        raise UsageError("--workers must be 1 or more and --threads 1 or more")
    experiment = read_experiment(args.experiment)
    store = open_store(args)
    with Watch() as watch:
        options = Options(args.workers, args.threads, args.device, args.retry_failed)
        place = lambda say: make_place(args, say)  # noqa: E731 - one line of laziness
        plan, outcome = perform(experiment, store, place, options, watch)
        comparison = None if args.json else build(plan, store, watch.measured)
    if comparison is None:
        _print_json(plan, outcome)
    else:
        show_report("terminal", comparison, brief=True)
        _print_outcome(outcome, args, plan)
    return 1 if outcome.failed or outcome.failed_trials else 0


def perform(
    experiment: Experiment,
    store: Store,
    place: Callable[[Callable[[str], None]], Place],
    options: Options,
    watch: Watch,
) -> tuple[Plan, Outcome]:
    """Prepare and run an experiment.

    Args:
        experiment: what to compare.
        store: where results are found and kept.
        place: says where data may be found, given a function that shows one line.
        options: how to run.
        watch: shows it.
    """
    from benchsuite.compare import remember_plan
    from benchsuite.errors import StoreError
    from benchsuite.runner import known, prepare
    from benchsuite.runner import run as work

    plan = prepare(experiment, store, place(watch.say), watch.say)
    remember_plan(store, known(plan, store))  # a run that is stopped at once hides nothing that is finished
    try:
        done, outcome = work(plan, store, options, watch)
    except BaseException:
        with contextlib.suppress(StoreError, OSError):  # the store may be what stopped the run
            remember_plan(store, known(plan, store))
        raise
    remember_plan(store, done)
    return done, outcome


def _print_outcome(outcome: Outcome, args: Namespace, plan: Plan) -> None:
    """Say what was done, what failed, and what to do next."""
    parts = [f"{outcome.done} done now", f"{outcome.found} found in {args.store}"]
    parts += [f"{len(outcome.failed)} failed"] if outcome.failed else []
    parts += [f"{outcome.not_applicable} not applicable"] if outcome.not_applicable else []
    if outcome.trials:
        lost = f", {len(outcome.failed_trials)} of which failed" if outcome.failed_trials else ""
        parts += [f"after {outcome.trials} tuning trials{lost}"]
    print(f"{outcome.planned} cells: {', '.join(parts)}.")
    for (place, reason), times in Counter((*outcome.failed, *outcome.failed_trials)).items():
        print(f"  failed: {place}: {reason}" + (f" ({times} times)" if times > 1 else ""))
    if outcome.failed or outcome.failed_trials:
        print("  try them again with --retry-failed")
    store = "" if str(args.store) == "runs" else f" --store {args.store}"
    print(f"Next: benchsuite report {plan.name}{store}    (everything; --as html, latex, markdown, csv --out DIR)")


def _print_json(plan: Plan, outcome: Outcome) -> None:
    import dataclasses
    import json

    print(json.dumps({"experiment": plan.name, **dataclasses.asdict(outcome)}, indent=1))
