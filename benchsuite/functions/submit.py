"""Write the result folder of one model in a benchmark, checked, ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.arguments import StoreFolder, Trust
from benchsuite.errors import StoreError, UsageError, closest
from benchsuite.functions.run_arguments import read_store
from benchsuite.interface import Frames, FunctionResult, Option, PathLike, Style, count, frame, plain, several

if TYPE_CHECKING:
    from benchsuite.plan import Plan
    from benchsuite.store import Store

_SHOWN = 10
_OTHER = "name a new folder"
_ALIKE = 0.6
"""How much alike a label and the name of a model must be for the one to be a slip for the other."""


@dataclass(repr=False, eq=False)
class Submission(FunctionResult):
    """A result folder that was written, or why it was not.

    Attributes:
        folder: where it lies.
        benchmark: its name.
        model: the row's label.
        cells: how many cells it holds.
        faults: what must be mended before it can be entered, a line each; nothing was written where there are some.
        failed: how many of the cells failed.
        failures: a line on them with the reason of the first, "" where none failed.
        file: of the model and its class, "" where it is installed.
        whole: whether it holds all cells, not those of the short form alone.
        taken: a line on the row of other code whose place it takes, "" where it takes none.
    """

    folder: Path
    benchmark: str
    model: str
    cells: int
    faults: Sequence[str]
    failed: int = 0
    file: str = ""
    whole: bool = True
    failures: str = ""
    taken: str = ""

    @property
    def ok(self) -> bool:
        """True when the folder was written and can be entered."""
        return not self.faults

    def text(self, style: Style = plain) -> str:
        """Return what was written, or what must be mended."""
        if not self.faults:
            head = f"{self.folder}: {self.model} in {self.benchmark}, {count(self.cells, 'cell')}"
            return f"{head}; {self.failures}" if self.failures else f"{head}, nothing is wrong with it"
        shown = [*self.faults[:_SHOWN]]
        shown += [f"and {count(len(self.faults) - _SHOWN, 'more fault')}"] if len(self.faults) > _SHOWN else []
        return "\n".join([*shown, f"nothing written: {self.model} cannot enter {self.benchmark} yet"])

    def advice(self) -> Sequence[str]:
        """Return what a pull request needs."""
        from benchsuite.plan.benchmark_rules import slug

        if self.faults:
            return []
        if not self.whole:
            return [
                "it holds the short form, for a first look: to enter the benchmark, run and submit without --lite",
                f"to check it again: benchsuite verify {quote(str(self.folder))} --lite",
            ]
        place = f"reports/results/{self.benchmark}/{slug(self.model)}"
        trust = f" --trust {quote(self.file)}" if self.file else ""
        return [
            *([self.taken] if self.taken else []),
            f"to enter it, open a pull request that adds this folder as {place}/",
            "and leaves leaderboard.json as it is: whoever merges it makes that anew",
            "it needs: a model that others can install or read (package or file), its paper where there is one, and",
            "what its pretrained weights were trained on, as far as that is known",
            f"whoever reviews it runs: benchsuite verify {place} --rerun 3{trust}",
        ]

    def frames(self) -> Frames:
        """Return ``faults``."""
        return {"faults": frame(({"fault": fault} for fault in self.faults), ("fault",))}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**super().to_dict(), "ok": self.ok}


def submit(
    benchmark: Annotated[str, Option(metavar="BENCHMARK", complete="experiments")],
    model: Annotated[str, Option(metavar="MODEL")],
    *,
    out: Annotated[PathLike, Option(metavar="DIR")],
    lite: bool = False,
    store: StoreFolder = None,
    trust: Trust = (),
) -> Submission:
    """Write the result of one model in a benchmark as a small folder, after checking it. Nothing is fitted.

    Args:
        benchmark: such as films.v1.
        model: the row's label, as the run printed it.
        out: a new or empty folder.
        lite: the short form is enough: for a first look, not for the leaderboard.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        trust: run this plugin file where stored results name it, such as ./my_metric.py:Mine; may be repeated.

    Raises:
        ConfigError: when there is no such benchmark.
        StoreError: when the model was not run in it, or the folder cannot be written.
        UsageError: when the folder is not empty.
    """
    from benchsuite.benchmark.asked import read_asked
    from benchsuite.benchmark.model_result import collect
    from benchsuite.benchmark.pins import check_pins
    from benchsuite.benchmark.places import read_benchmark, results_root
    from benchsuite.benchmark.result_checks import differences, failures, result_faults
    from benchsuite.benchmark.result_folder import write_result
    from benchsuite.benchmark.result_history import write_row
    from benchsuite.plan.benchmark_rules import slug

    read_benchmark(benchmark)
    kept, folder = read_store(store), Path(out)
    _check_free(folder)
    plan = _plan(kept, benchmark, model, lite=lite).trusting(several(trust))
    pins = check_pins(benchmark, plan, kept)
    result = collect(plan, kept, model, pins.digest)
    asked = read_asked(results_root() / benchmark)
    faults = [*result_faults(result, asked, lite=lite)]
    whole = not any(result_faults(result, asked))
    faults += [f"as stored: {line}" for line in differences(result, collect(plan, kept.without_caches(), model, ""))]
    faults += _trial_faults(plan, model)
    files = (cell.identity["model"]["plugin"] for cell in plan.cells if cell.model == model)
    file = next(files, result.identity["plugin"])
    faults += _version_faults(result.identity, file)
    taken = ""
    if not faults and whole:
        taken = write_row(result, folder, row=results_root() / benchmark / slug(model))
    elif not faults:
        write_result(result, folder)
    failed = sum(cell.state == "failed" for cell in result.cells)
    told = str(file) if "code" in result.identity else ""
    return Submission(folder, benchmark, model, len(result.cells), faults, failed, told, whole, failures(result), taken)


def _check_free(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        UsageError: when it does, or is a file.
        StoreError: when nobody may look.
    """
    try:
        fault = "" if not folder.exists() else "is no folder" if not folder.is_dir() else "is not empty"
        if fault == "is not empty" and not any(folder.iterdir()):
            return
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror or error}", where=str(folder), remedy=_OTHER) from None
    if fault:
        raise UsageError(fault, where=str(folder), remedy=_OTHER)


def _plan(store: Store, benchmark: str, model: str, *, lite: bool) -> Plan:
    """Return the plan of the latest run of a model in a benchmark.

    Raises:
        StoreError: when there is none.
    """
    from benchsuite.analysis import latest_plan
    from benchsuite.benchmark.places import benchmark_of, is_lite

    def run_in(plan: Plan) -> list[str]:
        """Return the models with a result at least; a run that was stopped planned more."""
        kept = {cell.model for cell in plan.cells if not cell.reason and store.find("cell", cell.key)}
        return [about.label for about in plan.models if about.label in kept]

    names = [path.stem for path in sorted((store.root / "plans").glob("*.json"))]
    ours = [name for name in names if benchmark_of(name) == benchmark]
    found: list[Plan] = []
    others: list[Plan] = []
    for name in ours:
        if lite or not is_lite(name, benchmark):
            plan = latest_plan(store, name)
            others.append(plan)
            found += [plan] if model in [about.label for about in plan.models] else []
    short = [name for name in ours if not found and not lite and is_lite(name, benchmark)]
    if any(about.label == model for name in short for about in latest_plan(store, name).models):
        what = f'only the short form of {benchmark} was run with "{model}"'
        remedy = "run it without --lite, or submit with --lite, for a first look"
        raise StoreError(what, where=str(store.root), remedy=remedy)
    if not found:
        labels = list(dict.fromkeys(label for plan in others for label in run_in(plan)))
        known = f"; run in it: {', '.join(labels)}" if labels else ""
        remedy = f"{_nearest(benchmark, model, labels, lite=lite)}{known}"
        raise StoreError(f'no run of "{model}" in {benchmark}', where=str(store.root), remedy=remedy)
    return min(found, key=lambda plan: len(plan.models))


def _nearest(benchmark: str, model: str, run: Sequence[str], *, lite: bool) -> str:
    """Say what may have been meant by the label of a model that was not run: one that was, or one to run first."""
    from benchsuite.benchmark.places import read_benchmark
    from benchsuite.registry import entries

    if close := closest(model, run):
        return f'did you mean "{close}"?'
    rows = [spec.label for spec in read_benchmark(benchmark)[0].expanded("models")]
    plugins = {entry.name for entry in entries("models")}
    meant = model if model in {*rows, *plugins} else closest(model, {*rows, *plugins}, _ALIKE)
    slip = f'did you mean "{meant}"? ' if meant and meant != model else ""
    named = "" if meant in rows and meant not in plugins else f" --model {meant or 'MODEL'}"
    return f"{slip}run it first: benchsuite run {benchmark}{named}{' --lite' if lite else ''}"


def _trial_faults(plan: Plan, model: str) -> list[str]:
    """Return a line where trials of the tuning failed because the model opened what it is judged by."""
    from benchsuite.runner.withheld import was_opened

    found = [why for trials in plan.tuning if trials.model == model for why in trials.failures if was_opened(why)]
    return [f"{count(len(found), 'trial')}: {found[0]}, then run it again with --retry-failed"] if found else []


def _version_faults(identity: Any, file: str) -> list[str]:
    """Return a line where the plugin is of another version, or its file of other code, than what was run."""
    from benchsuite.errors import PluginError
    from benchsuite.keys import file_digest
    from benchsuite.registry import load_model

    if "code" in identity:
        path = Path(file.rpartition(":")[0])
        with suppress(OSError):  # it need not be where it was run any more
            if file_digest(path) != identity["code"]:
                return [f"{path} has changed since it was run: run it again"]
        return []
    try:
        version = load_model(identity["plugin"]).version
    except PluginError as error:
        return [f"the model is not installed any more: {error}"]
    if version != identity["version"]:
        return [f"it was run with version {identity['version']} of {identity['plugin']}, installed is {version}"]
    return []
