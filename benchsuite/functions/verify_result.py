"""Check a result folder of a benchmark, and fit some of its cells again."""

from __future__ import annotations

import json
import platform
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.errors import ConfigError, DataError
from benchsuite.interface import Frames, FunctionResult, Style, count, frame, plain

if TYPE_CHECKING:
    from benchsuite.api import DataLocations
    from benchsuite.benchmark.asked import Asked
    from benchsuite.benchmark.model_result import CellValues, ModelResult
    from benchsuite.benchmark.pins import FoldPlace


_SHOWN, _SHOWN_ELSEWHERE = 10, 5
"""How many numbers that differ are shown; on another processor than the result was made on."""

_LONGEST_CPU = 100


@dataclass(repr=False, eq=False)
class ResultVerification(FunctionResult):
    """What is wrong with a result folder.

    Attributes:
        folder: of the result.
        benchmark: its name, "" where the folder is damaged so that nothing else was looked at.
        model: the row's label, or "".
        cells: how many cells it holds.
        again: how many of them were fitted again.
        faults: one line each; numbers of the second fit that differ are the last of them.
        moved: where the second fit gave other numbers, one line each, of a model that says itself that it may
            (``reproducibility``). They are no faults, but prove nothing either: the result gets no mark.
        differing: how many of the faults are numbers that the second fit gave otherwise.
        made_on: the processor that the result was made on, "" where that is not known.
        fitted_on: the processor of the second fit, "" where there was none.
        failures: a line on cells that failed without a fault of the result, with the reason of the first, or "".
        comparable: how many cells have values that a second fit can be compared with.
        lite: whether it was checked as the short form of its benchmark.
    """

    folder: Path
    benchmark: str
    model: str
    cells: int
    again: int
    faults: Sequence[str]
    moved: Sequence[str] = ()
    differing: int = 0
    made_on: str = ""
    fitted_on: str = ""
    failures: str = ""
    comparable: int = 1
    lite: bool = False

    @property
    def elsewhere(self) -> bool:
        """True when cells were fitted again on another processor than the result was made on."""
        return bool(self.made_on and self.fitted_on) and self.made_on != self.fitted_on

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.faults

    def text(self, style: Style = plain) -> str:
        """Return what is wrong, some of the numbers that differ, and the counts."""
        if not self.benchmark:
            return "\n".join([*self.faults, f"{count(len(self.faults), 'fault')}: nothing else of it was looked at"])
        fitted = f"{self.again} fitted again" if self.again else "none fitted again"
        others = len(self.faults) - self.differing
        parts = [count(others, "fault")] if others else []
        parts += [f"{count(self.differing, 'number')} differ{'s' * (self.differing == 1)}"] if self.differing else []
        last = ", ".join(parts) or (self.failures or "nothing is wrong with it")
        form = " (short form)" if self.lite else ""
        head = f"{self.model} in {self.benchmark}{form}: {count(self.cells, 'cell')}, {fitted}: {last}"
        moved = f"{count(len(self.moved), 'number')} moved, as the model says itself: it gets no mark"
        most = _SHOWN_ELSEWHERE if self.elsewhere else _SHOWN
        values = any(" differs for " in line for line in self.faults[others:])  # means alone: no processor does that
        lines = [self._machines()] if values and self.elsewhere else []
        lines += [self.failures] if self.failures and parts else []
        lines += [*_some(self.moved, most), *self.faults[:others], *_some(self.faults[others:], most), head]
        return "\n".join([*lines, *([moved] if self.moved else [])])

    def _machines(self) -> str:
        """Return a line on what numbers of another processor say."""
        return (
            f"made on {self.made_on}, this is {self.fitted_on}: the same bytes are promised on one kind of processor "
            "only, and training makes last digits grow, so numbers that differ here neither prove that the row was "
            "changed nor confirm it: verify it on the processor it was made on"
        )

    def advice(self) -> Sequence[str]:
        """Return what was not looked at."""
        if not self.benchmark:
            return []
        if not self.comparable:
            return ["no cell can be fitted again and compared: none has values"]
        again = [] if self.again else ["no cell was fitted again: --rerun 3 fits three, drawn at random, and compares"]
        return [*again, *(["cells beyond the short form were not asked for: without --lite they are"] * self.lite)]

    def frames(self) -> Frames:
        """Return ``faults`` and ``moved``."""
        return {
            "faults": frame(({"fault": fault} for fault in self.faults), ("fault",)),
            "moved": frame(({"moved": line} for line in self.moved), ("moved",)),
        }


def _some(lines: Sequence[str], most: int) -> list[str]:
    """Return the first lines, and how many more there are."""
    more = len(lines) - most
    return [*lines[:most], f"... and {count(more, 'more number')}"] if more > 0 else list(lines)


def verify_result(
    folder: Path,
    rerun: int,
    place: DataLocations,
    *,
    lite: bool = False,
    trust: Sequence[str] = (),
    quiet: bool = False,
) -> ResultVerification:
    """Check a result folder; see :func:`benchsuite.functions.verify.verify`.

    Whatever is damaged in it is a fault, whether a file is missing, a byte of it or a mean was changed.
    """
    from benchsuite.benchmark.asked import read_asked
    from benchsuite.benchmark.pins import read_pins
    from benchsuite.benchmark.places import read_benchmark, results_root
    from benchsuite.benchmark.result_checks import differences, failures, result_faults, value_differences
    from benchsuite.benchmark.result_folder import read_result
    from benchsuite.benchmark.result_history import read_history
    from benchsuite.provenance import hardware
    from benchsuite.runner import THREADS
    from benchsuite.runner.refit import may_differ

    try:
        result = read_result(folder)
        read_history(folder)
    except DataError as error:
        return ResultVerification(folder, "", "", 0, 0, [str(error)])
    read_benchmark(result.benchmark)  # tells of a wrong name
    asked = read_asked(results_root() / result.benchmark)
    short = _is_short_form(result, asked)
    faults = [*result_faults(result, asked, lite=lite or short)]
    if short and not lite:
        held = sum(cell.place in asked for cell in result.cells)
        what = f"it holds the short form alone, {held} of {count(len(asked), 'cell')}"
        faults.append(f"{what}: run and submit without --lite to enter it, or check it as that with --lite")
    faults += _row_faults(result)
    done, moved, numbers = 0, list[str](), list[str]()
    if rerun:
        known = read_pins(result.benchmark).folds
        sound = [cell for cell in result.cells if cell.state == "ok" and cell.place in known]
        may_move = may_differ(_plugin(result, trust), THREADS, trust)
        chosen = random.SystemRandom().sample(sound, min(rerun, len(sound)))
        for cell in chosen:
            again = _again(result, cell, place, trust, quiet=quiet)
            faults += differences(result, again, values=False)
            (moved if may_move else numbers).extend(value_differences(result, again))
            done += 1
        if done and not [*faults, *numbers, *moved]:
            _mark(folder, done)
    machines = (_made_on(result), str(hardware()["cpu"])) if done else ("", "")
    told = (folder, result.benchmark, result.label, len(result.cells), done, [*faults, *numbers], moved)
    comparable = sum(cell.state == "ok" for cell in result.cells)
    return ResultVerification(*told, len(numbers), *machines, failures(result), comparable, lite=lite)


def _is_short_form(result: ModelResult, asked: Mapping[FoldPlace, Asked]) -> bool:
    """Return whether a result has the cells of its benchmark's short form and no others: as a whole it lacks many."""
    from benchsuite.benchmark.asked import asked_of
    from benchsuite.benchmark.places import read_benchmark

    short = asked_of(read_benchmark(result.benchmark)[1], asked, lite=True).keys()
    return short < asked.keys() and {cell.place for cell in result.cells if cell.place in asked} == short


def _made_on(result: ModelResult) -> str:
    """Return the processor that a result says it was made on, "" where it says none that can be shown."""
    table = result.provenance.get("hardware", {})
    name = table.get("cpu", "") if isinstance(table, Mapping) else ""
    return name if isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST_CPU else ""


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
