"""Make a written report again from the raw answers in the store, and say what differs."""

from __future__ import annotations

import difflib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.errors import DataError
from benchsuite.functions.arguments import StoreFolder, Trust, read_store
from benchsuite.functions.report import PROVENANCE
from benchsuite.interface import FunctionResult, Option, Style, frame, plain

if TYPE_CHECKING:
    from pandas import DataFrame

    from benchsuite.plan import Plan
    from benchsuite.store import Store

_SHOWN = 20


class Verification(FunctionResult):
    """What differs between a written report and what the store gives now.

    Attributes:
        folder: of the report.
        files: how many files were compared.
        cells: how many cells the report rests on.
        faults: one line each.
    """

    def __init__(self, folder: Path, files: int, cells: int, faults: Sequence[str]) -> None:
        self.folder, self.files, self.cells, self.faults = folder, files, cells, tuple(faults)

    @property
    def ok(self) -> bool:
        """True when nothing differs."""
        return not self.faults

    def text(self, style: Style = plain) -> str:
        """Return the first faults and the counts."""
        more = [f"... and {len(self.faults) - _SHOWN} more"] if len(self.faults) > _SHOWN else []
        last = f"{len(self.faults)} faults" if self.faults else "everything is as the store says"
        return "\n".join([*self.faults[:_SHOWN], *more, f"{self.files} files, {self.cells} cells: {last}"])

    def to_dict(self) -> dict[str, Any]:
        """Return counts and all faults."""
        return {"folder": str(self.folder), "cells": self.cells, "faults": list(self.faults)}

    def frames(self) -> Mapping[str, DataFrame]:
        """Return ``faults``."""
        return {"faults": frame(({"fault": fault} for fault in self.faults), ("fault",))}


def verify(
    folder: Annotated[Path, Option(metavar="FOLDER")], *, store: StoreFolder = None, trust: Trust = ()
) -> Verification:
    """Check that the store is whole, measure every cell again from its raw lists and scores, and make the report again.

    Says which lines of the report differ.

    Args:
        folder: what benchsuite report --out DIR wrote.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        trust: run this plugin file where stored results name it, such as ./my_metric.py:Mine; may be repeated.

    Raises:
        DataError: when the folder holds no report.
        StoreError: when there is no such store.
    """
    folder = Path(folder)
    facts = _facts(folder)
    kept = read_store(store)
    found = [*_store_faults(kept, facts["cells"]), *_report_faults(folder, kept, facts, trust)]
    files = len(facts["files"]) + len(facts.get("large_files", {}))
    return Verification(folder, files, len(facts["cells"]), found)


def _facts(folder: Path) -> dict[str, Any]:
    """Read what the report says it rests on.

    Raises:
        DataError: when there is nothing to read.
    """
    path = folder / PROVENANCE
    try:
        facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        remedy = "name a folder that benchsuite report --out DIR wrote"
        raise DataError(f"cannot be read: {error}", where=str(path), remedy=remedy) from None
    missing = [key for key in ("plan", "form", "against", "files", "cells") if key not in facts]
    if missing:
        raise DataError(f'"{missing[0]}" is missing', where=str(path), remedy="write the report again")
    return facts


def _store_faults(store: Store, cells: Mapping[str, str]) -> Iterator[str]:
    """Yield every cell that is gone, changed, or not in the state that the report says."""
    for key, state in cells.items():
        if not store.has("cell", key):
            if state != "missing":
                yield f"store: cell {key[:12]} is not there"
            continue
        entry = store.get("cell", key)
        for name in entry.damaged():
            yield f"store: cell {key[:12]}: {name} has changed since it was written"
        if entry.manifest["state"] != state:
            yield f"store: cell {key[:12]} is {entry.manifest['state']}, the report says {state}"


def _report_faults(folder: Path, store: Store, facts: Mapping[str, Any], trust: Sequence[str]) -> Iterator[str]:
    """Measure again in a store that has the raw answers only, render, and compare."""
    from benchsuite.compare import build, kept_plan
    from benchsuite.registry import load_report
    from benchsuite.store import Store

    report = load_report(facts["form"], trusted=trust)
    with tempfile.TemporaryDirectory(prefix="benchsuite-") as bare:
        other = Store(Path(bare))
        for kind in ("cell", "fold", "data", "plan"):
            (store.root / kind).mkdir(exist_ok=True)
            (other.root / kind).symlink_to((store.root / kind).resolve(), target_is_directory=True)
        plan = kept_plan(other, facts["plan"]).trusting(trust)
        files = report.from_settings(facts.get("settings", {})).render(
            build(plan, other, against=facts["against"], users=report.users, country=facts.get("country", ""))
        )
        if facts.get("large"):
            yield from _large_faults(folder, facts, plan, other, trust)
    for name in sorted({*files, *facts["files"]}):
        path = folder / name
        if name not in files:
            yield f"{name}: the store gives no such file"
        elif not path.is_file():
            yield f"{name}: is missing"
        elif (content := path.read_bytes()) != files[name]:
            yield from _lines(name, content, files[name])


def _large_faults(
    folder: Path, facts: Mapping[str, Any], plan: Plan, store: Store, trust: Sequence[str]
) -> Iterator[str]:
    """Yield every large table that differs; such files are compared by their sha256."""
    from benchsuite.functions.large_tables import write_large
    from benchsuite.store import file_digest

    with tempfile.TemporaryDirectory(prefix="benchsuite-") as scratch:
        digests = write_large(facts["form"], facts["large"], plan, store, Path(scratch), trust)
    for name, digest in digests.items():
        found = file_digest(folder / name)
        if found != digest:
            yield f"{name}: {'differs from what the store gives' if found else 'is missing'}"


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
            line, said = " | ".join(theirs[a:b])[:160], " | ".join(ours[c:d])[:160]
            yield f'{name}:{a + 1}: "{line}", the store says "{said}"'
