"""Make a written report again from the raw answers in the store, and say what differs."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.arguments import DataFolders, Quiet, StoreFolder, Trust, data_locations
from benchsuite.errors import DataError, StoreError, UsageError
from benchsuite.functions.report import PROVENANCE
from benchsuite.functions.run_arguments import read_store
from benchsuite.interface import Frames, FunctionResult, Option, PathLike, Style, count, frame, plain, several

if TYPE_CHECKING:
    from benchsuite.functions.verify_result import ResultVerification
    from benchsuite.store import Store

_FACTS = {
    "plan": str,
    "form": str,
    "against": [str],
    "files": {str: str},
    "cells": {str: str},
    "settings?": {},
    "country?": str,
    "large?": [str],
    "large_files?": {str: str},
}
"""What is read of the file beside a report."""

_RESULT = "result.json"
"""The file that a result folder of a benchmark has."""

_SHOWN, _BEFORE = 160, 40
"""Characters that are shown of a line that differs, and how many of them stand before the difference."""


@dataclass(repr=False, eq=False)
class Verification(FunctionResult):
    """What differs between a written report and what the store gives now.

    Attributes:
        folder: of the report.
        files: how many files were compared.
        cells: how many cells the report rests on.
        faults: one line each.
    """

    folder: Path
    files: int
    cells: int
    faults: Sequence[str]

    @property
    def ok(self) -> bool:
        """True when nothing differs."""
        return not self.faults

    def text(self, style: Style = plain) -> str:
        """Return every fault and the counts."""
        last = count(len(self.faults), "fault") if self.faults else "everything is as the store says"
        return "\n".join([*self.faults, f"{count(self.files, 'file')}, {count(self.cells, 'cell')}: {last}"])

    def frames(self) -> Frames:
        """Return ``faults``."""
        return {"faults": frame(({"fault": fault} for fault in self.faults), ("fault",))}


def verify(
    folder: Annotated[PathLike, Option(metavar="FOLDER")],
    *,
    rerun: Annotated[int, Option(metavar="N")] = 0,
    lite: bool = False,
    store: StoreFolder = None,
    data: DataFolders = (),
    offline: bool = False,
    trust: Trust = (),
    quiet: Quiet = False,
) -> Verification | ResultVerification:
    """Check that the store is whole, measure every cell again from its raw lists and scores, and make the report again.

    Says which lines of the report differ. The result folder of a benchmark is checked by itself: its sums, that it
    rests on the pinned folds and is whole, that its means are those of its values by query, and its budget.

    Args:
        folder: what benchsuite report --out DIR or benchsuite submit wrote.
        rerun: of a result folder, fit so many cells again, drawn at random, and compare.
        lite: a result folder may hold the short form of its benchmark, as submit --lite writes it, and no more.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        trust: run this plugin file where stored results name it, such as ./my_metric.py:Mine; may be repeated.
        quiet: show no progress.

    Raises:
        DataError: when the folder holds no report and no result.
        StoreError: when there is no such store, or it holds nothing that the report rests on.
        UsageError: when ``rerun`` is below 0, or it or ``lite`` is given and the folder is no result of a benchmark, or
            the folder holds several.
    """
    from benchsuite.analysis.soundness import store_faults

    folder, trusted = Path(folder), several(trust)
    if rerun < 0:
        raise UsageError("is below 0", where="--rerun", remedy="say how many cells shall be fitted again")
    if (folder / _RESULT).is_file():
        from benchsuite.functions.verify_result import verify_result

        place = data_locations(data, offline=offline, quiet=quiet)
        return verify_result(folder, rerun, place, lite=lite, trust=trusted, quiet=quiet)
    if rerun and not _rows(folder):
        remedy = "for a report, fit single cells again with: benchsuite rerun KEY"
        raise UsageError("--rerun is for result folders of a benchmark", where=str(folder), remedy=remedy)
    if lite and not _rows(folder):
        remedy = "leave it out: a report is checked as it is"
        raise UsageError("--lite is for result folders of a benchmark", where=str(folder), remedy=remedy)
    facts = _facts(folder)
    kept = read_store(store)
    if not kept.exists("plan", facts["plan"]) and not any(kept.exists("cell", key) for key in facts["cells"]):
        what = f"holds nothing that {folder} rests on: neither its plan nor one of {count(len(facts['cells']), 'cell')}"
        raise StoreError(what, where=str(kept.root), remedy="name the report's own store with --store DIR")
    found = [*store_faults(kept, facts["plan"], facts["cells"]), *_report_faults(folder, kept, facts, trusted)]
    files = len(facts["files"]) + len(facts.get("large_files", {}))
    return Verification(folder, files, len(facts["cells"]), found)


def _facts(folder: Path) -> dict[str, Any]:
    """Read what the report says it rests on.

    Raises:
        DataError: when there is nothing to read.
        UsageError: when it is a folder of several results.
    """
    from benchsuite.store import misfit, read_json

    path = folder / PROVENANCE
    try:
        facts: dict[str, Any] = read_json(path)
    except StoreError as error:
        rows = _rows(folder)
        if rows and not path.exists():
            what = f"holds {count(len(rows), 'result')}, and one at a time is verified"
            remedy = f"name one row's folder, such as {rows[0]}"
            raise UsageError(what, where=str(folder), remedy=remedy) from None
        remedy = "name a folder that benchsuite report --out DIR or benchsuite submit wrote"
        raise DataError(error.what, where=str(path), remedy=remedy) from None
    if fault := misfit(facts, _FACTS):
        raise DataError(fault, where=str(path), remedy="write the report again")
    return facts


def _rows(folder: Path) -> list[Path]:
    """Return the result folders within a folder: of a benchmark, or of several."""
    if not folder.is_dir():
        return []
    return sorted(path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/{_RESULT}"))


def _report_faults(folder: Path, store: Store, facts: Mapping[str, Any], trust: Sequence[str]) -> Iterator[str]:
    """Measure again from the raw answers only, render, and compare."""
    from benchsuite.analysis.soundness import cache_faults
    from benchsuite.keys import file_digest

    bare = store.without_caches()
    try:
        files, large = _render(bare, facts, trust)
    except StoreError as error:
        yield f"the report cannot be made again: {error}"
        return
    yield from cache_faults(store, bare)
    for name, digest in large.items():
        if not (folder / name).is_file():
            yield f"{name}: is missing"
        elif file_digest(folder / name) != digest:
            yield f"{name}: differs from what the store gives"
    for name in sorted({*files, *facts["files"]}):
        path = folder / name
        if name not in files:
            yield f"{name}: the store gives no such file"
        elif not path.is_file():
            yield f"{name}: is missing"
        elif (content := path.read_bytes()) != files[name]:
            yield from _lines(name, content, files[name])


def _render(
    store: Store, facts: Mapping[str, Any], trust: Sequence[str]
) -> tuple[Mapping[str, bytes], Mapping[str, str]]:
    """Make the report's files, and the sha256 of its large tables, from a store."""
    from benchsuite.analysis import build, kept_plan
    from benchsuite.functions.large_tables import write_large
    from benchsuite.registry import load_report

    report = load_report(facts["form"], trusted=trust)
    plan = kept_plan(store, facts["plan"]).trusting(trust)
    files = report.from_settings(facts.get("settings", {})).render(
        build(plan, store, against=facts["against"], users=report.users, country=facts.get("country", ""))
    )
    if not facts.get("large"):
        return files, {}
    with tempfile.TemporaryDirectory(prefix="benchsuite-") as scratch:
        return files, write_large(facts["form"], facts["large"], plan, store, Path(scratch), trust)


def _lines(name: str, found: bytes, wanted: bytes) -> Iterator[str]:
    """Yield the lines that differ, with what the store says."""
    try:
        ours, theirs = wanted.decode().splitlines(), found.decode().splitlines()
    except UnicodeDecodeError:
        yield f"{name}: differs"
        return
    matcher = difflib.SequenceMatcher(None, theirs, ours, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            line, said = _where_they_differ(" | ".join(theirs[a:b]), " | ".join(ours[c:d]))
            yield f'{name}:{a + 1}: "{line}", the store says "{said}"'


def _where_they_differ(one: str, other: str) -> tuple[str, str]:
    """Return two texts from a little before their first difference on, cut to a readable length."""
    pairs = enumerate(zip(one, other, strict=False))
    equal = next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, equal - _BEFORE)
    end = start + _SHOWN
    before = "..." if start else ""
    first, second = (f"{before}{text[start:end]}{'...' if len(text) > end else ''}" for text in (one, other))
    return first, second
