"""Bring the results of a benchmark up to date: ``python benchmarks/refresh_results.py NAME``.

Lists what is missing or stale (made by another version of its plugin, or not whole), cheapest first, and with ``--run``
runs it, model by model, and of each model one data set, split and seed after another, of cheap models all at once. The
model's folder is written after each of them, so that the command can be stopped and called again at any time, on
another machine too: what the folder holds of the same version is not run again. The leaderboard is complete for what
has been run at any moment.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchsuite.analysis import remember_plan
from benchsuite.arguments import data_locations, store_folder
from benchsuite.benchmark.asked import read_asked
from benchsuite.benchmark.board import write_summary
from benchsuite.benchmark.board_rows import result_folders
from benchsuite.benchmark.model_result import ModelResult, collect
from benchsuite.benchmark.pins import FoldPlace, check_pins, read_pins
from benchsuite.benchmark.places import read_benchmark, results_root
from benchsuite.benchmark.result_checks import result_faults
from benchsuite.benchmark.result_folder import RESULT, read_result
from benchsuite.benchmark.result_history import write_row
from benchsuite.errors import BenchsuiteError, UsageError, did_you_mean
from benchsuite.plan import Experiment, PluginSpec, resolve_all
from benchsuite.plan.benchmark_rules import row_labels, slug, tuned_label, with_model
from benchsuite.plan.experiment_file import Tune
from benchsuite.progress import ProgressBars
from benchsuite.runner import THREADS, Options, prepare
from benchsuite.runner import run as work
from benchsuite.runner.typical_times import typical_seconds
from benchsuite.store import Store

_CHEAP = 20.0
"""Seconds a fit up to which all cells of a row run together: more can run at a time, and a kill loses little."""


@dataclass(frozen=True)
class Due:
    """A row of a benchmark that is to be run.

    Attributes:
        spec: the model, with the label of the row.
        why: ``not run yet``, or what is stale.
        seconds: how long a fit of it takes typically, or all its trials, for the order.
        tune: the budget of the search for its settings, None where they are as given.
    """

    spec: PluginSpec
    why: str
    seconds: float
    tune: Tune | None = None


def due(name: str, root: Path) -> list[Due]:
    """Return the rows that are missing or stale, the cheapest first."""
    experiment, _ = read_benchmark(name)
    there = {result.label: result for result in _results(root / name)}
    versions = {one.label: one.plugin.version for one in resolve_all(experiment).models}
    asked = read_asked(root / name)
    found = []
    for spec, tune in _rows(experiment):
        result = there.get(spec.label)
        version = versions[spec.label.removesuffix(tuned_label(""))]
        if result is None:
            why = "not run yet"
        elif result.identity["version"] != version:
            why = f"made by version {result.identity['version']}, this is {version}"
        else:
            why = next(iter(result_faults(result, asked)), "")
        if why:
            trials = 1 if tune is None or tune.trials is None else tune.trials + 1
            found.append(Due(spec, why, typical_seconds(spec.use) * trials, tune))
    return sorted(found, key=lambda one: one.seconds)


def _rows(experiment: Experiment) -> Iterator[tuple[PluginSpec, Tune | None]]:
    """Yield all rows of a benchmark, and the budget of those whose settings are searched."""
    models = {spec.label: spec for spec in experiment.expanded("models")}
    yield from ((spec, None) for spec in models.values())
    rules = experiment.benchmark
    if rules is not None:
        budget = Tune(on=rules.headline, trials=rules.trials)
        for label in rules.tuned:
            yield models[label].model_copy(update={"label": tuned_label(label)}), budget


def run_row(
    experiment: Experiment,
    spec: PluginSpec,
    store: Store,
    workers: int,
    folder: Path,
    tune: Tune | None = None,
    *,
    at_once: bool = False,
) -> None:
    """Run one model in a benchmark part by part, or all at once, and write its folder after each part.

    Where another version of the plugin was there, what that one reached goes into the row's history.

    Raises:
        BenchsuiteError: when data cannot be had or a fold is not the pinned one. A model that fails is a result.
    """
    there = _reusable(experiment, spec, folder)
    whole = with_model(experiment, spec, tune)
    for part in [whole] if at_once else _parts(whole):
        if there is not None and _holds(there, part):
            continue
        plan = prepare(part, store, data_locations((), offline=True, quiet=True), lambda _: None)
        pins = check_pins(experiment.name, plan, store)
        with ProgressBars() as bars:
            done, _ = work(plan, store, Options(workers, THREADS, "auto", retry_failed=False), bars)
        remember_plan(store, done)
        there = joined(there, collect(done, store, spec.label, pins.digest), list(pins.folds))
        write_row(there, folder)


def joined(one: ModelResult | None, other: ModelResult, order: Sequence[FoldPlace]) -> ModelResult:
    """Return two results of the same model as one; where both have a cell, that of ``other``.

    Args:
        one: what was there, None where there was nothing.
        other: what was run after it.
        order: places of all folds of the benchmark.
    """
    if one is None:
        return other
    cells = {cell.place: cell for cell in (*one.cells, *other.cells)}
    was, now = one.provenance.get("hardware", {}), other.provenance.get("hardware", {})
    both = {name: value if was.get(name, value) == value else f"{was[name]}; {value}" for name, value in now.items()}
    return dataclasses.replace(
        other,
        cells=sorted(cells.values(), key=lambda cell: order.index(cell.place)),
        facts=one.facts or other.facts,
        provenance={**other.provenance, "hardware": both} if both else other.provenance,
        finished=max(one.finished, other.finished),
    )


def _parts(experiment: Experiment) -> Iterator[Experiment]:
    """Yield an experiment's data sets, splits and seeds one by one."""
    for seed in experiment.seeds:
        for source in experiment.expanded("sources"):
            for split in experiment.expanded("splits"):
                yield experiment.model_copy(update={"seeds": [seed], "sources": [source], "splits": [split]})


def _reusable(experiment: Experiment, spec: PluginSpec, folder: Path) -> ModelResult | None:
    """Return what a folder holds, if the same version of the same plugin made it."""
    if not (folder / RESULT).is_file():
        return None
    result = read_result(folder)
    own = next(one for one in resolve_all(with_model(experiment, spec, None)).models if one.label == spec.label)
    fits = (
        result.whole
        and result.identity["version"] == own.plugin.version
        and result.pins == read_pins(experiment.name).digest
    )
    return result if fits else None


def _holds(result: ModelResult, part: Experiment) -> bool:
    states: dict[tuple[str, str, int], set[str]] = {}
    for cell in result.cells:
        states.setdefault(cell.place[:3], set()).add(cell.state)
    places = [(source.label, split.label) for source in part.expanded("sources") for split in part.expanded("splits")]
    wanted = [(*place, seed) for place in places for seed in part.seeds]
    return all(states.get(place, {"missing"}) <= {"ok", "not applicable"} for place in wanted)


def _results(folder: Path) -> Iterator[ModelResult]:
    for path in result_folders(folder):
        try:
            yield read_result(path)
        except BenchsuiteError as error:
            print(error, file=sys.stderr)


def refresh(name: str, store: Store, only: Sequence[str], workers: int) -> None:
    """Run what is due, write the result folders, and the leaderboard after each."""
    root = results_root()
    experiment, _ = read_benchmark(name)
    known = row_labels(experiment)
    for label in only:
        if label not in known:
            raise UsageError(f'no model "{label}" in {name}', remedy=did_you_mean(label, known))
    for one in due(name, root):
        if not only or one.spec.label in only:
            folder, at_once = root / name / slug(one.spec.label), one.seconds <= _CHEAP
            run_row(experiment, one.spec, store, workers, folder, one.tune, at_once=at_once)
            print(write_summary(name, root), flush=True)
    if not (root / name / "leaderboard.json").is_file():
        write_summary(name, root)


def main() -> int:
    """List or run what is due."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--run", action="store_true", help="run it, not only list it")
    parser.add_argument("--only", nargs="*", default=[], metavar="MODEL")
    parser.add_argument("--store", type=Path, default=store_folder(None))
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    try:
        if options.run:
            refresh(options.name, Store(options.store), options.only, options.workers)
        for one in due(options.name, results_root()):
            what = "a fit" if one.tune is None else "a fit and its trials"
            print(f"{one.spec.label}: {one.why} (about {one.seconds:.0f} s {what})")
    except BenchsuiteError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
