"""What ``leaderboard.json`` keeps of a benchmark's standings, and when it may be believed.

It holds the digest of everything that the standings rest on, and one of each row's folder. All must be right; but where
a row is damaged now, the standings of the others are still those that were computed while it was whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.benchmark.asked import ASKED
from benchsuite.benchmark.board_rows import result_folders
from benchsuite.benchmark.pins import Pins
from benchsuite.benchmark.places import pins_path
from benchsuite.benchmark.result_folder import COSTS, RESULT, VERIFIED
from benchsuite.benchmark.values_together import VALUES, values_digest
from benchsuite.errors import StoreError
from benchsuite.keys import file_digest
from benchsuite.store import read_json
from benchsuite.store.json_files import SUM, sum_of

SUMMARY = "leaderboard.json"
_VERSION = 5
"""Raised when the statistics or what is kept of them change, so that older standings are not shown as new ones."""

_UNSOUND = (StoreError, OSError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Kept:
    """Kept standings that may be believed.

    Attributes:
        forms: ``whole`` and ``lite``, each as a board's record.
        gone: labels of rows that stand in them and are damaged now.
    """

    forms: Mapping[str, Any]
    gone: frozenset[str] = frozenset()

    def form(self, *, lite: bool) -> Mapping[str, Any]:
        """Return the record of one form."""
        found: Mapping[str, Any] = self.forms["lite" if lite else "whole"]
        return found


def read_kept(folder: Path, pins: Pins) -> Kept | None:
    """Return the kept standings, None where there are none of these very results or somebody changed them."""
    try:
        table = _table(folder)
        return Kept(table) if table is not None and table["digest"] == _digest(_files(folder), folder, pins) else None
    except _UNSOUND:
        return None


def read_kept_without(folder: Path, pins: Pins, damaged: Collection[str]) -> Kept | None:
    """Return the kept standings where all results are those they rest on but damaged ones, else None.

    Args:
        folder: of the benchmark's results.
        pins: of the benchmark.
        damaged: names of result folders that cannot be read now, or were added and cannot stand in the table.
    """
    try:
        table = _table(folder)
        if table is None:
            return None
        rows = table["rows"]
        sound = {path.name for path in result_folders(folder)}.difference(damaged)
        gone = rows.keys() - sound  # a row that somebody took out is no damaged one
        if table["base"] != _digest([folder / ASKED], folder, pins) or not gone <= set(damaged):
            return None
        if any(rows[name]["digest"] != _digest(_files_of(folder / name), folder, pins) for name in sound):
            return None
        return Kept(table, frozenset(rows[name]["label"] for name in gone))
    except _UNSOUND:
        return None


def read_kept_before(folder: Path, pins: Pins) -> tuple[Kept, tuple[str, ...]] | None:
    """Return the kept standings and the names of result folders that were added since; None where more has changed.

    Whoever adds a result leaves ``leaderboard.json`` as it is, so that what two people add merges.
    """
    try:
        table = _table(folder)
        added = () if table is None else {path.name for path in result_folders(folder)} - table["rows"].keys()
    except _UNSOUND:
        return None
    kept = read_kept_without(folder, pins, added)
    return None if kept is None else (kept, tuple(sorted(added)))


def digests(folder: Path, pins: Pins, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what is kept beside standings so that they are believed: version and digests.

    Args:
        folder: of the benchmark's results.
        pins: of the benchmark.
        labels: of the rows, by the name of the folder.
    """
    rows = {
        name: {"label": label, "digest": _digest(_files_of(folder / name), folder, pins)}
        for name, label in labels.items()
    }
    base = _digest([folder / ASKED], folder, pins)
    return {"version": _VERSION, "digest": _digest(_files(folder), folder, pins), "base": base, "rows": rows}


def _table(folder: Path) -> Mapping[str, Any] | None:
    table = read_json(folder / SUMMARY)
    return table if table["version"] == _VERSION and table[SUM] == sum_of(table) else None


def _files(folder: Path) -> Iterator[Path]:
    yield folder / ASKED
    for path in result_folders(folder):
        yield from _files_of(path)


def _files_of(folder: Path) -> list[Path]:
    return [folder / name for name in (RESULT, VALUES, COSTS, VERIFIED)]


def _digest(files: Iterator[Path] | list[Path], folder: Path, pins: Pins) -> str:
    """Return a digest of files that standings rest on, of the folds, and of the benchmark, which names the rows."""
    rules = pins_path(folder.name).with_name(f"{folder.name}.toml")
    digest = hashlib.sha256(f"{_VERSION} {pins.digest} {file_digest(rules) if rules.is_file() else ''}".encode())
    for path in files:
        if one := _digest_of(path):
            digest.update(f"{path.relative_to(folder).as_posix()} {one}\n".encode())
    return digest.hexdigest()


def _digest_of(path: Path) -> str:
    """Return the sha256 (hex) of a file, "" where it is not there; a row's values may lie with those of the others."""
    if path.name == VALUES:
        return values_digest(path.parent)
    return file_digest(path) if path.is_file() else ""
