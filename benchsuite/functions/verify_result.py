"""Check a result folder of a benchmark, and fit some of its cells again."""

from __future__ import annotations

import json
import platform
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.errors import ConfigError
from benchsuite.interface import Frames, FunctionResult, Style, count, frame, plain

if TYPE_CHECKING:
    from benchsuite.api import DataLocations
    from benchsuite.benchmark.model_result import CellValues, ModelResult


@dataclass(repr=False, eq=False)
class ResultVerification(FunctionResult):
    """What is wrong with a result folder.

    Attributes:
        folder: of the result.
        benchmark: its name.
        model: the row's label.
        cells: how many cells it holds.
        again: how many of them were fitted again.
        faults: one line each.
        moved: where the second fit gave other numbers, one line each, of a model that says itself that it may
            (``reproducibility``). They are no faults, but prove nothing either: the result gets no mark.
    """

    folder: Path
    benchmark: str
    model: str
    cells: int
    again: int
    faults: Sequence[str]
    moved: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.faults

    def text(self, style: Style = plain) -> str:
        """Return every fault and the counts."""
        fitted = f"{self.again} fitted again" if self.again else "none fitted again"
        last = count(len(self.faults), "fault") if self.faults else "nothing is wrong with it"
        head = f"{self.model} in {self.benchmark}: {count(self.cells, 'cell')}, {fitted}: {last}"
        moved = f"{count(len(self.moved), 'number')} moved, as the model says itself: it gets no mark"
        return "\n".join([*self.moved, *self.faults, head, *([moved] if self.moved else [])])

    def advice(self) -> Sequence[str]:
        """Return what was not looked at."""
        return [] if self.again else ["no cell was fitted again: --rerun 3 fits three, drawn at random, and compares"]

    def frames(self) -> Frames:
        """Return ``faults`` and ``moved``."""
        return {
            "faults": frame(({"fault": fault} for fault in self.faults), ("fault",)),
            "moved": frame(({"moved": line} for line in self.moved), ("moved",)),
        }


def verify_result(
    folder: Path, rerun: int, place: DataLocations, *, trust: Sequence[str] = (), quiet: bool = False
) -> ResultVerification:
    """Check a result folder; see :func:`benchsuite.functions.verify.verify`.

    Raises:
        DataError: when the folder is damaged: something in it has changed since it was written.
    """
    from benchsuite.benchmark.asked import read_asked
    from benchsuite.benchmark.pins import read_pins
    from benchsuite.benchmark.places import read_benchmark, results_root
    from benchsuite.benchmark.result_checks import differences, result_faults, value_differences
    from benchsuite.benchmark.result_folder import read_result
    from benchsuite.runner import THREADS
    from benchsuite.runner.refit import may_differ

    result = read_result(folder)
    read_benchmark(result.benchmark)  # tells of a wrong name
    faults = [*result_faults(result, read_asked(results_root() / result.benchmark))]
    faults += _row_faults(result)
    done, moved = 0, list[str]()
    if rerun:
        known = read_pins(result.benchmark).folds
        sound = [cell for cell in result.cells if cell.state == "ok" and cell.place in known]
        may_move = may_differ(_plugin(result, trust), THREADS, trust)
        chosen = random.SystemRandom().sample(sound, min(rerun, len(sound)))
        for cell in chosen:
            again = _again(result, cell, place, trust, quiet=quiet)
            faults += differences(result, again, values=not may_move)
            moved += value_differences(result, again) if may_move else ()
            done += 1
        if done and not faults and not moved:
            _mark(folder, done)
    return ResultVerification(folder, result.benchmark, result.label, len(result.cells), done, faults, moved)


def _row_faults(result: ModelResult) -> Iterator[str]:
    """Yield where a row of the benchmark has other settings than the benchmark gives it: scores are divided by it."""
    from benchsuite.benchmark.places import read_benchmark
    from benchsuite.plan.resolve import resolve

    experiment, _ = read_benchmark(result.benchmark)
    for spec in experiment.expanded("models"):
        if spec.label == result.label:
            row = resolve("models", spec, f"{result.benchmark}: models")
            given, wanted = result.identity["settings"], json.loads(json.dumps(row.plugin.settings()))
            for name in sorted({*given, *wanted}):
                if given.get(name) != wanted.get(name):
                    told = f"{name} = {given.get(name)}, the row {spec.label} has {wanted.get(name)}"
                    yield f"its settings are not those of {result.benchmark}: {told}"


def _again(
    result: ModelResult, cell: CellValues, place: DataLocations, trust: Sequence[str], *, quiet: bool
) -> ModelResult:
    """Fit one cell in a store of its own, with the settings that the result tells.

    Raises:
        PluginError: when the model is not installed, or a file that was not named.
        DataError: when the data is not that of the benchmark.
    """
    from benchsuite.benchmark.model_result import collect
    from benchsuite.benchmark.pins import check_pins
    from benchsuite.benchmark.places import read_benchmark
    from benchsuite.plan import PluginSpec
    from benchsuite.plan.benchmark_rules import with_model
    from benchsuite.progress import ProgressBars
    from benchsuite.runner import THREADS, Options, prepare, run
    from benchsuite.store import Store

    experiment, _ = read_benchmark(result.benchmark)
    dataset, split, seed, _ = cell.place
    some = {
        "sources": [spec for spec in experiment.expanded("sources") if spec.label == dataset],
        "splits": [spec for spec in experiment.expanded("splits") if spec.label == split],
        "seeds": [seed],
    }
    name = _plugin(result, trust)
    spec = PluginSpec.model_validate({"use": name, "with": dict(cell.settings), "label": result.label})
    single = with_model(experiment.model_copy(update=some), spec, None)
    with tempfile.TemporaryDirectory(prefix="benchsuite-") as folder, ProgressBars(quiet=quiet) as bars:
        store = Store(Path(folder))
        plan = prepare(single, store, place, place.say)
        check_pins(result.benchmark, plan, store)
        done, _ = run(plan, store, Options(1, THREADS, "auto", retry_failed=False), bars)
        return collect(done, store, result.label, result.pins)


def _plugin(result: ModelResult, trust: Sequence[str]) -> str:
    """Return the name by which the model is found: its package's, or the file that the user named.

    Raises:
        ConfigError: when it is a file that the user did not name.
    """
    plugin = str(result.identity["plugin"])
    if "code" not in result.identity and ":" not in plugin and not plugin.endswith(".py"):
        return plugin  # whatever the result says, no file runs that the user did not name
    named = next((name for name in trust if Path(name).name == Path(plugin).name), None)
    if named is None:
        file = Path(plugin).name
        raise ConfigError(f"its model is the file {file}", where=result.label, remedy=f"name it: --trust ./{file}")
    return named


def _mark(folder: Path, cells: int) -> None:
    """Write beside a result that some of its cells were fitted again and are the same."""
    from benchsuite.benchmark.result_folder import mark_verified
    from benchsuite.provenance import hardware, now

    told: dict[str, Any] = {"date": now()[:10], "cells": cells, "machine": hardware()}
    told["python"] = platform.python_version()
    mark_verified(folder, told)
