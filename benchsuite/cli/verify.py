"""``benchsuite verify``: make a written report again from the raw answers in the store, and say what differs."""

from __future__ import annotations

import difflib
import json
import tempfile
from argparse import Namespace, _SubParsersAction
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.cli.places import add_store, open_store
from benchsuite.cli.report import PROVENANCE
from benchsuite.errors import DataError

if TYPE_CHECKING:
    from benchsuite.plan import Plan
    from benchsuite.store import Store

_SHOWN = 20


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "verify",
        help="recompute a written report from the store and say what differs",
        description="Check that the store is whole, measure every cell again from its raw lists and scores, make the "
        "report again, and say which of its lines differ.",
    )
    parser.add_argument("folder", type=Path, help="what benchsuite report --out DIR wrote")
    add_store(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the verb; 1 when anything differs."""
    facts = _facts(args.folder)
    store = open_store(args)
    found = [*_store_faults(store, facts["cells"]), *_report_faults(args.folder, store, facts)]
    if args.json:
        print(json.dumps({"folder": str(args.folder), "cells": len(facts["cells"]), "faults": found}, indent=1))
    else:
        for fault in found[:_SHOWN]:
            print(fault)
        if len(found) > _SHOWN:
            print(f"... and {len(found) - _SHOWN} more")
        told = f"{len(facts['files']) + len(facts.get('large_files', {}))} files, {len(facts['cells'])} cells"
        print(f"{told}: {f'{len(found)} faults' if found else 'everything is as the store says'}")
    return 1 if found else 0


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


def _report_faults(folder: Path, store: Store, facts: Mapping[str, Any]) -> Iterator[str]:
    """Measure again in a store that has the raw answers only, render, and compare."""
    from benchsuite.compare import build, kept_plan
    from benchsuite.registry import load_report
    from benchsuite.store import Store

    report = load_report(facts["form"])
    with tempfile.TemporaryDirectory(prefix="benchsuite-") as bare:
        other = Store(Path(bare))
        for kind in ("cell", "fold", "truth", "data", "plan"):
            (store.root / kind).mkdir(exist_ok=True)
            (other.root / kind).symlink_to((store.root / kind).resolve(), target_is_directory=True)
        plan = kept_plan(other, facts["plan"])
        files = report.from_settings(facts.get("settings", {})).render(
            build(plan, other, against=facts["against"], users=report.users, country=facts.get("country", ""))
        )
        if facts.get("large"):
            yield from _large_faults(folder, facts, plan, other)
    for name in sorted({*files, *facts["files"]}):
        path = folder / name
        if name not in files:
            yield f"{name}: the store gives no such file"
        elif not path.is_file():
            yield f"{name}: is missing"
        elif (content := path.read_bytes()) != files[name]:
            yield from _lines(name, content, files[name])


def _large_faults(folder: Path, facts: Mapping[str, Any], plan: Plan, store: Store) -> Iterator[str]:
    """Yield every large table that differs; such files are compared by their sha256."""
    from benchsuite.cli.large import write_large
    from benchsuite.store import file_digest

    with tempfile.TemporaryDirectory(prefix="benchsuite-") as scratch:
        digests = write_large(facts["form"], facts["large"], plan, store, Path(scratch))
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
