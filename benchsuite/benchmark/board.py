"""The leaderboard of a benchmark: all result folders, judged together; what was computed once is kept beside them.

``leaderboard.json`` beside the result folders holds the standings with the digest of everything that they rest on. It
is read when that digest is right, and computed anew in memory otherwise.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.atomic_writes import replaced_file
from benchsuite.benchmark.asked import ASKED, asked_of, read_asked
from benchsuite.benchmark.model_result import ModelResult
from benchsuite.benchmark.pins import Pins, read_pins
from benchsuite.benchmark.places import read_benchmark, results_root
from benchsuite.benchmark.result_checks import result_damage
from benchsuite.benchmark.result_folder import COSTS, RESULT, VALUES, VERIFIED, read_result
from benchsuite.benchmark.standings import Standing, Task, TaskScore, standings
from benchsuite.errors import DataError, StoreError
from benchsuite.keys import file_digest
from benchsuite.plan.benchmark_rules import slug
from benchsuite.store import read_json
from benchsuite.store.json_files import SUM, sum_of, with_sum

SUMMARY = "leaderboard.json"
_VERSION = 3
"""Raised when the statistics or what is kept of them change, so that older standings are not shown as new ones."""


@dataclass(frozen=True)
class Entrant:
    """What a reader wants to know of a row, besides its scores.

    Attributes:
        label: the row's name.
        kind: ``chance``, ``classic``, ``reads text``, ``language model, frozen`` or ``language model, fine-tuned``.
        summary: what it does.
        plugin: the package that brings it, and its name.
        version: of the plugin.
        settings: as given; tuned ones are in the cells.
        tuned: the budget of its search, None where its settings are as given.
        cite: BibTeX entries.
        facts: of the fitted model, such as the sha256 of pretrained weights.
        machine: on which its cells ran.
        finished: when, ISO 8601.
        verified: who fitted some cells again; empty where nobody did.
        folder: of the result, relative to the benchmark's.
    """

    label: str
    kind: str
    summary: str
    plugin: str
    version: str
    settings: Mapping[str, Any]
    tuned: Mapping[str, Any] | None
    cite: tuple[str, ...]
    facts: Mapping[str, Any]
    machine: Mapping[str, Any]
    finished: str
    verified: Mapping[str, Any]
    folder: str


@dataclass(frozen=True)
class Board:
    """The standings of a benchmark or its short form.

    Attributes:
        name: of the benchmark.
        title: what it asks.
        lite: whether it is the short form.
        metric: the headline metric.
        seeds: how many.
        tasks: in the benchmark's order.
        rows: best first; rows without a headline come last.
        entrants: what is known of each row, by label.
        absent: labels of the benchmark's own models that have no result yet.
    """

    name: str
    title: str
    lite: bool
    metric: str
    seeds: int
    tasks: tuple[Task, ...]
    rows: tuple[Standing, ...]
    entrants: Mapping[str, Entrant]
    absent: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Return JSON-like values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_record(cls, table: Mapping[str, Any]) -> Board:
        """Read what :meth:`record` returned, written as JSON."""
        rows = [{**row, "scores": tuple(TaskScore(**one) for one in row["scores"])} for row in table["rows"]]
        entrants = {label: Entrant(**{**one, "cite": tuple(one["cite"])}) for label, one in table["entrants"].items()}
        own = {
            "tasks": tuple(Task(**one) for one in table["tasks"]),
            "rows": tuple(Standing(**row) for row in rows),
            "entrants": entrants,
            "absent": tuple(table["absent"]),
        }
        return cls(**{**table, **own})


def read_board(name: str, *, lite: bool = False, root: Path | None = None) -> Board:
    """Return the leaderboard of a benchmark from the results that come with the package, or lie in a folder.

    Args:
        name: of the benchmark.
        lite: only the cells of the short form.
        root: the folder of all results (default: that of the package, or ``$BENCHSUITE_RESULTS``).

    Raises:
        ConfigError: when there is no such benchmark.
        DataError: when its results are not there or damaged.
    """
    read_benchmark(name)  # tells of a wrong name
    folder = (root or results_root()) / name
    kept = _kept(folder, name, lite=lite)
    if kept is not None:
        return kept
    return make_board(name, read_results(name, folder), lite=lite, folder=folder)


def make_board(name: str, results: Sequence[ModelResult], *, lite: bool = False, folder: Path | None = None) -> Board:
    """Judge results together.

    Args:
        name: of the benchmark.
        results: one for each model; a later one takes the place of an earlier one of the same label.
        lite: only the cells of the short form.
        folder: where it is kept who asks.
    """
    experiment, rules = read_benchmark(name)
    asked = asked_of(rules, read_asked(folder or results_root() / name), lite=lite)
    by_label = {result.label: result for result in results}
    metric = rules.headline
    tasks, rows = standings(list(by_label.values()), asked, metric, rules.references, higher_is_better=_higher(metric))
    own = [choice.label for choice in experiment.expanded("models")]
    return Board(
        name=name,
        title=rules.title,
        lite=lite,
        metric=metric,
        seeds=len(rules.lite.seeds if lite else experiment.seeds),
        tasks=tasks,
        rows=rows,
        entrants={label: _entrant(result) for label, result in by_label.items()},
        absent=tuple(label for label in own if label not in by_label),
    )


def read_results(name: str, folder: Path) -> list[ModelResult]:
    """Read all results of a benchmark, and check that they can stand in one table.

    Raises:
        DataError: when one is damaged, rests on other folds, or has the label of another.
    """
    asked, found = read_asked(folder), dict[str, ModelResult]()
    for path in result_folders(folder):
        result = read_result(path)
        what = f"it is a result of {result.benchmark}" if result.benchmark != name else ""
        what = what or next(result_damage(result, asked), "")
        if result.label in found:
            what = f'there is another result of "{result.label}"'
        if what:
            raise DataError(what, where=str(path), remedy=f"take it out of the results of {name}")
        found[result.label] = result
    return list(found.values())


def result_folders(folder: Path) -> list[Path]:
    """Return the result folders of a benchmark, in the order of their names."""
    return sorted(path.parent for path in folder.glob(f"*/{RESULT}"))


def write_summary(name: str, root: Path | None = None) -> Path:
    """Compute the standings of a benchmark and keep them beside its results; return the file.

    Raises:
        DataError: when a result is damaged.
        StoreError: when it cannot be written.
    """
    folder = (root or results_root()) / name
    results = read_results(name, folder)
    table = {"version": _VERSION, "digest": _digest(folder, read_pins(name))}
    for form, lite in (("whole", False), ("lite", True)):
        table[form] = make_board(name, results, lite=lite, folder=folder).record()
    try:
        with replaced_file(folder / SUMMARY) as draft:
            draft.write_text(json.dumps(with_sum(_rounded(table)), ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        remedy = "name a folder where you may write with BENCHSUITE_RESULTS"
        raise StoreError(f"cannot be written: {error.strerror or error}", where=str(folder), remedy=remedy) from None
    return folder / SUMMARY


def _kept(folder: Path, name: str, *, lite: bool) -> Board | None:
    """Return the kept standings, None where there are none of these results or somebody changed them."""
    try:
        table = read_json(folder / SUMMARY)
        if table["version"] != _VERSION or table["digest"] != _digest(folder, read_pins(name)):
            return None
        return Board.from_record(table["lite" if lite else "whole"]) if table[SUM] == sum_of(table) else None
    except (StoreError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _digest(folder: Path, pins: Pins) -> str:
    """Return a digest of everything that the standings rest on."""
    digest = hashlib.sha256(f"{_VERSION} {pins.digest}".encode())
    files = [folder / ASKED]
    files += [path / name for path in result_folders(folder) for name in (RESULT, VALUES, COSTS, VERIFIED)]
    for path in files:
        if path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()} {file_digest(path)}\n".encode())
    return digest.hexdigest()


def _entrant(result: ModelResult) -> Entrant:
    model = result.model
    return Entrant(
        label=result.label,
        kind=kind_of(result),
        summary=model.summary,
        plugin=str(result.identity["plugin"]),
        version=str(result.identity["version"]),
        settings=dict(model.settings),
        tuned=result.tuned,
        cite=tuple(model.cite),
        facts=dict(result.facts),
        machine=_machine(result.provenance),
        finished=result.finished,
        verified=dict(result.verified),
        folder=slug(result.label),
    )


def kind_of(result: ModelResult) -> str:
    """Return what kind of model a row is, from what its plugin declares and, for a language model, what was trained."""
    model = result.model
    if model.uses_language_model:
        weights = result.facts.get("parameters")
        frozen = isinstance(weights, Mapping) and weights.get("encoder_trained") == 0
        trained = model.is_candidate and not frozen
        return "language model, fine-tuned" if trained else "language model, frozen"
    if "item text" in model.needs or "user text" in model.needs:
        return "reads text"
    return "chance" if model.name == "random" else "classic"


def _machine(provenance: Mapping[str, Any]) -> dict[str, Any]:
    hardware = provenance.get("hardware", {})
    return {name: hardware[name] for name in ("cpu", "cores", "gpu", "memory_gib") if name in hardware}


def _higher(metric: str) -> bool:
    from benchsuite.cutoff import split_cutoff
    from benchsuite.registry import load_metric

    base, k = split_cutoff(metric)
    return load_metric(f"{base}@k" if k else base).higher_is_better


def _rounded(value: Any) -> Any:
    """Return JSON-like values with numbers of six digits: more mean nothing, and equal results are equal bytes."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
