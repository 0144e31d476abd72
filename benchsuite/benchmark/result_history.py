"""What earlier versions of a row reached: ``history.json`` in its result folder, a line for each of them.

It lies in the folder of its row, so that folders of different rows still merge. No standings rest on it, and no sum of
a result covers it: what it tells was checked when it was the result, and git holds that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.benchmark.model_result import CellValues, ModelResult
from benchsuite.benchmark.places import read_benchmark
from benchsuite.benchmark.result_folder import RESULT, read_result, write_result
from benchsuite.benchmark.result_json import write_lines
from benchsuite.errors import DataError, StoreError
from benchsuite.store import misfit, read_json

HISTORY = "history.json"
_FORMAT = "1"
_MADE_BY = ("plugin", "version", "code")
"""What of a row's identity makes another version of it."""

_AGAIN = "get it again from git, or delete it: it tells of earlier versions only"
_SHAPE = {
    "format": frozenset({_FORMAT}),
    "earlier": [
        {
            **dict.fromkeys(("plugin", "version", "finished", "metric"), str),
            "tasks": [{**dict.fromkeys(("dataset", "split", "group"), str), "mean": float, "folds": int}],
        }
    ],
}


@dataclass(frozen=True)
class EarlierTask:
    """What an earlier version reached in one task.

    Attributes:
        dataset: label.
        split: label.
        group: "" where the split makes none.
        mean: of the headline metric over the folds.
        folds: how many folds or seeds it rests on; an earlier version may not have been run in all of them.
    """

    dataset: str
    split: str
    group: str
    mean: float
    folds: int


@dataclass(frozen=True)
class Earlier:
    """One earlier version of a row.

    Attributes:
        plugin: the package that brought it, and its name.
        version: of the plugin.
        finished: the day when its last cell ended, "" where that is not known.
        metric: the headline metric.
        tasks: in the order of the benchmark.
    """

    plugin: str
    version: str
    finished: str
    metric: str
    tasks: tuple[EarlierTask, ...]


@dataclass(frozen=True)
class History:
    """The earlier versions of a row.

    Attributes:
        earlier: the oldest first.
        fault: why they cannot be read, or "".
    """

    earlier: tuple[Earlier, ...] = ()
    fault: str = ""


def read_history(folder: Path) -> tuple[Earlier, ...]:
    """Return the earlier versions of the row in a result folder, the oldest first.

    Raises:
        DataError: when its history is damaged.
    """
    path = folder / HISTORY
    if not path.is_file():
        return ()
    try:
        table = read_json(path)
    except StoreError as error:
        raise DataError(error.what, where=str(path), remedy=_AGAIN) from None
    if fault := misfit(table, _SHAPE):
        raise DataError(fault, where=str(path), remedy=_AGAIN)
    told = [{name: one[name] for name in ("plugin", "version", "finished", "metric")} for one in table["earlier"]]
    tasks = [tuple(map(_task, one["tasks"])) for one in table["earlier"]]
    return tuple(Earlier(**one, tasks=own) for one, own in zip(told, tasks, strict=True))


def read_histories(folder: Path, rows: Mapping[str, str]) -> dict[str, History]:
    """Return the histories of rows that have one; a damaged one says so, and hides no other.

    Args:
        folder: of the benchmark's results.
        rows: names of result folders, by the rows' labels.
    """
    found = {}
    for label, name in rows.items():
        try:
            history = History(read_history(folder / name))
        except DataError as error:
            history = History(fault=str(error))
        if history.earlier or history.fault:
            found[label] = history
    return found


def write_row(result: ModelResult, folder: Path, *, row: Path | None = None) -> str:
    """Write a result folder and, where it takes the place of another version, what that version reached.

    Args:
        result: the row's.
        folder: where it is written.
        row: the result folder whose place it takes; None where that is the same one.

    Returns:
        What :func:`replaced_line` says of the row whose place it takes.

    Raises:
        DataError: when the history of the row is damaged.
        StoreError: when the folder cannot be written.
    """
    replaced = row or folder
    earlier = read_history(replaced)
    was = _sound(replaced)
    if was is not None and _is_another_version(was, result) and (told := earlier_of(was)) not in earlier[-1:]:
        earlier = (*earlier, told)
    if earlier:  # first: whoever is stopped in between repeats it
        write_history(earlier, folder)
    write_result(result, folder)
    return replaced_line(result, was)


def write_history(earlier: tuple[Earlier, ...], folder: Path) -> None:
    """Write what earlier versions reached.

    Raises:
        StoreError: when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_lines(folder / HISTORY, {"format": _FORMAT, "earlier": [asdict(one) for one in earlier]})
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise StoreError(what, where=str(folder), remedy="choose another folder") from None


def earlier_of(result: ModelResult) -> Earlier:
    """Return what is kept of a result when another version takes its place."""
    _, rules = read_benchmark(result.benchmark)
    made_by, finished = str(result.identity["plugin"]), result.finished[:10]
    tasks = tuple(_tasks(result, rules.headline))
    return Earlier(made_by, str(result.identity["version"]), finished, rules.headline, tasks)


def _tasks(result: ModelResult, metric: str) -> Iterator[EarlierTask]:
    tables: dict[tuple[str, str], list[CellValues]] = {}
    for cell in result.cells:
        if cell.state == "ok":
            tables.setdefault((cell.place[0], cell.place[1]), []).append(cell)
    for (dataset, split), cells in tables.items():
        groups = dict.fromkeys(group for cell in cells for name, group in cell.values if name == metric and group)
        for group in groups if len(groups) > 1 else ("",):
            values = [cell.values.get((metric, group)) for cell in cells]
            known = [value.mean for value in values if value is not None and value.mean is not None]
            if known:
                yield EarlierTask(dataset, split, group, float(f"{np.mean(known):.6g}"), len(known))


def _task(table: Mapping[str, Any]) -> EarlierTask:
    names = ("dataset", "split", "group", "mean", "folds")
    return EarlierTask(**{name: table[name] for name in names})


def replaced_line(result: ModelResult, was: ModelResult | None) -> str:
    """Return one line where a row of the same label comes from a file of other code, which may be somebody else's."""
    if was is None or was.label != result.label or was.identity.get("code", "") in ("", result.identity.get("code")):
        return ""
    made = f"of {was.identity['plugin']}, other code, {was.finished[:10]}"
    return f'"{was.label}" ({made}) loses its place to this one: if it is not yours, give your class another name'


def _sound(folder: Path) -> ModelResult | None:
    """Return what a folder holds, None where it holds nothing that can be read: nobody knows then what it was."""
    try:
        return read_result(folder) if (folder / RESULT).is_file() else None
    except DataError:
        return None


def _is_another_version(was: ModelResult, result: ModelResult) -> bool:
    same = (was.benchmark, was.label) == (result.benchmark, result.label)
    return same and any(was.identity.get(name) != result.identity.get(name) for name in _MADE_BY)
