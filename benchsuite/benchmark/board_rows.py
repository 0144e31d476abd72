"""The rows of a leaderboard: its result folders, read one by one, so that a damaged one hides none of the others."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchsuite.benchmark.asked import Asked, read_asked
from benchsuite.benchmark.model_result import ModelResult
from benchsuite.benchmark.pins import FoldPlace
from benchsuite.benchmark.places import read_benchmark
from benchsuite.benchmark.result_checks import result_damage
from benchsuite.benchmark.result_folder import RESULT, read_result
from benchsuite.errors import BenchsuiteError, DataError
from benchsuite.plan.benchmark_rules import row_labels, slug

_NO_ROW = "__pycache__"


@dataclass(frozen=True)
class LeftOut:
    """A result folder that cannot stand in a table.

    Attributes:
        folder: its name.
        rows: labels of the benchmark's own rows that it is by its name, or by what is left of it; mostly one or none.
        what: is wrong.
        where: the file.
        remedy: what to do.
    """

    folder: str
    rows: tuple[str, ...]
    what: str
    where: str
    remedy: str

    @property
    def error(self) -> DataError:
        """The same as an error, for whoever goes on with sound rows only."""
        return DataError(self.what, where=self.where, remedy=self.remedy)

    def __str__(self) -> str:
        """Return one line."""
        return f"left out: {self.error}"


def result_folders(folder: Path) -> list[Path]:
    """Return the result folders of a benchmark, in the order of their names.

    A folder without its ``result.json`` is one, too: a row that lost it shall be missed. Empty ones are none, as git
    and other tools leave such.
    """
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _holds_something(path))


def read_rows(name: str, folder: Path) -> tuple[dict[str, ModelResult], tuple[LeftOut, ...]]:
    """Read all results of a benchmark; return those that can stand in one table, and what is wrong with the others.

    Args:
        name: of the benchmark.
        folder: of its results.

    Returns:
        the sound results by the names of their folders, and the others.

    Raises:
        DataError: when who asks cannot be read: no row means anything then.
    """
    asked, sound, left = read_asked(folder), dict[Path, ModelResult](), dict[Path, LeftOut]()
    own = row_labels(read_benchmark(name)[0])
    for path in sorted({*result_folders(folder), *_hollow(folder, own)}):
        try:
            sound[path] = _read(path, name, asked)
        except BenchsuiteError as error:
            left[path] = LeftOut(path.name, _claimed(path, own), error.what, error.where or str(path), error.remedy)
    for path in _twice(folder, sound, left):
        label = sound.pop(path).label
        what = f'there is another result of "{label}"'
        left[path] = LeftOut(path.name, (label,) if label in own else (), what, str(path), _take_out(name))
    return {path.name: result for path, result in sound.items()}, tuple(left[path] for path in sorted(left))


def read_results(name: str, folder: Path) -> list[ModelResult]:
    """Read all results of a benchmark, for whoever needs them all.

    Raises:
        DataError: when one cannot stand in the table.
    """
    results, left = read_rows(name, folder)
    if left:
        raise left[0].error
    return list(results.values())


def _hollow(folder: Path, own: Collection[str]) -> list[Path]:
    """Return what stands where a result of the benchmark's own rows should: files, and folders with nothing in them."""
    return [path for label in own if os.path.lexists(path := folder / slug(label))]


def _holds_something(path: Path) -> bool:
    if path.name.startswith(".") or path.name == _NO_ROW:
        return False
    try:
        return any(path.iterdir()) if path.is_dir() else path.is_symlink()
    except OSError:
        return True  # nobody may look: it is told


def _read(path: Path, name: str, asked: dict[FoldPlace, Asked]) -> ModelResult:
    """Read one result folder.

    Raises:
        DataError: when it is damaged, rests on other folds, or is another benchmark's.
    """
    try:
        (path / RESULT).lstat()
        result = read_result(path)
    except FileNotFoundError:
        remedy = f"get it again, or {_take_out(name)}"
        raise DataError("it is not there", where=str(path / RESULT), remedy=remedy) from None
    except OSError as error:  # a folder that nobody may look into
        remedy = "ask its owner to let you read it (chmod -R a+rX)"
        raise DataError(f"cannot be read: {error.strerror or error}", where=str(path), remedy=remedy) from None
    what = f"it is a result of {result.benchmark}" if result.benchmark != name else ""
    if what := what or next(result_damage(result, asked), ""):
        raise DataError(what, where=str(path), remedy=_take_out(name))
    return result


def _take_out(name: str) -> str:
    return f"take it out of the results of {name}"


def _claimed(path: Path, own: Collection[str]) -> tuple[str, ...]:
    """Return which of a benchmark's own rows a damaged folder is, as far as its name and its JSON tell."""
    try:
        told = json.loads((path / RESULT).read_text("utf-8"))["model"]["label"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        told = None
    return tuple(label for label in own if label == told or slug(label) == path.name)


def _twice(folder: Path, sound: Mapping[Path, ModelResult], left: Collection[Path]) -> list[Path]:
    """Return results whose label another has; the one in the folder of that name stands, though it be damaged."""
    times = Counter(result.label for result in sound.values())
    homes = {path: folder / slug(result.label) for path, result in sound.items()}
    return [path for path, home in homes.items() if path != home and (home in left or times[sound[path].label] > 1)]
