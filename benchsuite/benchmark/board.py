"""The leaderboard of a benchmark: all result folders, judged together; what was computed once is kept beside them.

``leaderboard.json`` beside the result folders holds the standings with the digest of everything that they rest on. It
is read when that digest is right, and computed anew in memory otherwise.

A damaged row is left out and told; it moves no number of another. Scores are divided by references: where one of these
is damaged and what is kept does not tell whether it is a task's best, the task has no ratios.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchsuite.atomic_writes import replaced_file
from benchsuite.benchmark.asked import asked_of, read_asked
from benchsuite.benchmark.board_rows import LeftOut, read_rows
from benchsuite.benchmark.entrants import Entrant, entrant_of, speaker
from benchsuite.benchmark.kept_standings import SUMMARY, Kept, digests, read_kept, read_kept_without
from benchsuite.benchmark.model_result import ModelResult
from benchsuite.benchmark.pins import read_pins
from benchsuite.benchmark.places import read_benchmark, results_root
from benchsuite.benchmark.result_history import History, read_histories
from benchsuite.benchmark.scores import Against, Standing, Task, TaskScore
from benchsuite.benchmark.standings import standings
from benchsuite.errors import StoreError
from benchsuite.plan import Experiment
from benchsuite.plan.benchmark_rules import row_labels, slug
from benchsuite.store.json_files import with_sum

_OF_TODAY = ("left_out", "lost", "as_kept", "histories")
"""What is not kept: what is true only as long as a row is damaged, and what is read beside the rows."""


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
        against: the language model, a fine-tuned one where there is one, against the best row without one in each task.
        left_out: result folders that cannot stand in it, and why.
        lost: references among these without which some ratios, and so the headlines, cannot be told.
        as_kept: the numbers of the others are those that were kept while what is left out was whole; who is behind was
            tested against the leader then.
        histories: earlier versions of rows that have some, by label; of the whole benchmark only.
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
    against: Against | None = None
    left_out: tuple[LeftOut, ...] = ()
    lost: tuple[str, ...] = ()
    as_kept: bool = False
    histories: Mapping[str, History] = field(default_factory=dict)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Folders of damaged rows that might stand anywhere in the table; a copy of a row that stands is none."""
        return tuple(one.folder for one in self.left_out if not one.rows or not self.entrants.keys() >= set(one.rows))

    def record(self) -> dict[str, Any]:
        """Return JSON-like values."""
        return dataclasses.asdict(self)

    def kept_record(self) -> dict[str, Any]:
        """Return what is kept of it, of sound rows only."""
        return {name: value for name, value in self.record().items() if name not in _OF_TODAY}

    @classmethod
    def from_record(cls, table: Mapping[str, Any]) -> Board:
        """Read what :meth:`kept_record` returned, written as JSON."""
        rows = [{**row, "scores": tuple(map(_score, row["scores"]))} for row in table["rows"]]
        entrants = {
            label: Entrant(**{**one, "cite": tuple(one["cite"]), "needs": tuple(one["needs"])})
            for label, one in table["entrants"].items()
        }
        own = {
            "tasks": tuple(Task(**one) for one in table["tasks"]),
            "rows": tuple(Standing(**row) for row in rows),
            "entrants": entrants,
            "absent": tuple(table["absent"]),
            "against": _against(table["against"]),
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
        DataError: when its results are not there; a row that is damaged is left out.
    """
    read_benchmark(name)  # tells of a wrong name
    folder = (root or results_root()) / name
    board = _read(name, folder, lite=lite)
    if lite:
        return board  # means of all folds stand beside no mean of some
    return dataclasses.replace(
        board, histories=read_histories(folder, {label: slug(label) for label in board.entrants})
    )


def _read(name: str, folder: Path, *, lite: bool) -> Board:
    """Return the kept board, or the one that is made of the results."""
    if (kept := read_kept(folder, read_pins(name))) is not None and (board := _as_kept(kept, lite=lite)) is not None:
        return board
    results, left = read_rows(name, folder)
    if left and (found := _before(folder, name, left, lite=lite)) is not None:
        board, gone = found
        rows = tuple(row for row in board.rows if row.model not in gone)
        entrants = {label: one for label, one in board.entrants.items() if label not in gone}
        return dataclasses.replace(board, rows=rows, entrants=entrants, left_out=left, as_kept=True)
    return make_board(name, list(results.values()), lite=lite, folder=folder, left_out=left)


def make_board(
    name: str,
    results: Sequence[ModelResult],
    *,
    lite: bool = False,
    folder: Path | None = None,
    left_out: Sequence[LeftOut] = (),
) -> Board:
    """Judge results together.

    Args:
        name: of the benchmark.
        results: one for each model; a later one takes the place of an earlier one of the same label.
        lite: only the cells of the short form.
        folder: where it is kept who asks.
        left_out: what is damaged of its results.
    """
    experiment, rules = read_benchmark(name)
    folder = folder or results_root() / name
    asked = asked_of(rules, read_asked(folder), lite=lite)
    by_label = {result.label: result for result in results}
    metric, own = rules.headline, row_labels(experiment)
    damaged = {label for one in left_out for label in one.rows if label not in by_label}
    lost = [label for label in rules.references if label in damaged]
    doubted = _doubted(folder, name, left_out, lost, lite=lite) if lost else ()
    found = standings(
        list(by_label.values()),
        asked,
        metric,
        rules.references,
        higher_is_better=_higher(metric),
        drawn=_draws_items(experiment),
        own=own,
        doubted=doubted,
    )
    entrants = {label: entrant_of(result) for label, result in by_label.items()}
    model = None if damaged else speaker(found.rows, entrants)
    without = [label for label, one in entrants.items() if not one.reads_with_language_model]
    return Board(
        name=name,
        title=rules.title,
        lite=lite,
        metric=metric,
        seeds=len(rules.lite.seeds if lite else experiment.seeds),
        tasks=found.tasks,
        rows=found.rows,
        entrants=entrants,
        absent=tuple(label for label in own if label not in by_label and label not in damaged),
        against=None if model is None else found.against(model, without),
        left_out=tuple(left_out),
        lost=tuple(lost) if doubted is None or doubted else (),
    )


def _doubted(
    folder: Path, name: str, left: Sequence[LeftOut], lost: Sequence[str], *, lite: bool
) -> frozenset[tuple[str, str, str]] | None:
    """Return the tasks whose best reference is one of those lost, None where nothing tells: it may be any of them."""
    if (found := _before(folder, name, left, lite=lite)) is None:
        return None
    return frozenset((task.dataset, task.split, task.group) for task in found[0].tasks if task.reference in lost)


def write_summary(name: str, root: Path | None = None) -> Path:
    """Compute the standings of a benchmark and keep them beside its results; return the file.

    Raises:
        DataError: when a result is damaged: what is kept stays as it is then.
        StoreError: when it cannot be written.
    """
    folder = (root or results_root()) / name
    rows, left = read_rows(name, folder)
    if left:
        raise left[0].error
    table = digests(folder, read_pins(name), {place: result.label for place, result in rows.items()})
    for form, lite in (("whole", False), ("lite", True)):
        table[form] = make_board(name, list(rows.values()), lite=lite, folder=folder).kept_record()
    try:
        with replaced_file(folder / SUMMARY) as draft:
            draft.write_text(json.dumps(with_sum(_rounded(table)), ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        remedy = "name a folder where you may write with BENCHSUITE_RESULTS"
        raise StoreError(f"cannot be written: {error.strerror or error}", where=str(folder), remedy=remedy) from None
    return folder / SUMMARY


def _as_kept(kept: Kept, *, lite: bool) -> Board | None:
    """Return the board of kept standings, None where it is none."""
    try:
        return Board.from_record(kept.form(lite=lite))
    except (KeyError, TypeError, AttributeError):
        return None


def _before(folder: Path, name: str, left: Sequence[LeftOut], *, lite: bool) -> tuple[Board, frozenset[str]] | None:
    """Return the board kept while all was whole, and the rows of it that are damaged now; None where nobody knows."""
    kept = read_kept_without(folder, read_pins(name), [one.folder for one in left])
    board = None if kept is None else _as_kept(kept, lite=lite)
    return None if kept is None or board is None else (board, kept.gone)


def _draws_items(experiment: Experiment) -> set[str]:
    """Return the labels of the splits of which each seed draws other items to be new."""
    from benchsuite.registry import load_split

    return {choice.label for choice in experiment.expanded("splits") if load_split(choice.use).draws_items}


def _against(table: Mapping[str, Any] | None) -> Against | None:
    return None if table is None else Against(**{**table, "rivals": tuple(table["rivals"])})


def _score(table: Mapping[str, Any]) -> TaskScore:
    return TaskScore(**{**table, "differences": tuple(table["differences"])})


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
