"""``benchsuite verify``: make a written report again from the raw answers in the store, and say what differs."""

from __future__ import annotations

import difflib
import json
import tempfile
from argparse import Namespace, _SubParsersAction
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.cli.places import add_store, read_store
from benchsuite.cli.report import PROVENANCE
from benchsuite.errors import DataError, StoreError

if TYPE_CHECKING:
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
    from benchsuite.compare.soundness import store_faults

    facts = _facts(args.folder)
    store = read_store(args)
    found = [*store_faults(store, facts["plan"], facts["cells"]), *_report_faults(args.folder, store, facts)]
    if args.json:
        print(json.dumps({"folder": str(args.folder), "cells": len(facts["cells"]), "faults": found}, indent=1))
    else:
        for fault in found:
            print(fault)
        told = f"{len(facts['files']) + len(facts.get('large_files', {}))} files, {len(facts['cells'])} cells"
        print(f"{told}: {f'{len(found)} faults' if found else 'everything is as the store says'}")
    return 1 if found else 0


def _facts(folder: Path) -> dict[str, Any]:
    """Read what the report says it rests on.

    Raises:
        DataError: when there is nothing to read.
    """
    from benchsuite.store import misfit, read_json

    path = folder / PROVENANCE
    try:
        facts: dict[str, Any] = read_json(path)
    except StoreError as error:
        remedy = "name a folder that benchsuite report --out DIR wrote"
        raise DataError(error.what, where=str(path), remedy=remedy) from None
    if fault := misfit(facts, _FACTS):
        raise DataError(fault, where=str(path), remedy="write the report again")
    return facts


def _report_faults(folder: Path, store: Store, facts: Mapping[str, Any]) -> Iterator[str]:
    """Measure again from the raw answers only, render, and compare."""
    from benchsuite.compare.soundness import cache_faults
    from benchsuite.store import file_digest

    bare = store.without_caches()
    try:
        files, large = _render(bare, facts)
    except StoreError as error:
        yield f"the report cannot be made again: {error}"
        return
    yield from cache_faults(store, bare)
    for name, digest in large.items():
        found = file_digest(folder / name)
        if found != digest:
            yield f"{name}: {'differs from what the store gives' if found else 'is missing'}"
    for name in sorted({*files, *facts["files"]}):
        path = folder / name
        if name not in files:
            yield f"{name}: the store gives no such file"
        elif not path.is_file():
            yield f"{name}: is missing"
        elif (content := path.read_bytes()) != files[name]:
            yield from _lines(name, content, files[name])


def _render(store: Store, facts: Mapping[str, Any]) -> tuple[Mapping[str, bytes], Mapping[str, str]]:
    """Make the report's files, and the sha256 of its large tables, from a store."""
    from benchsuite.cli.large import write_large
    from benchsuite.compare import build, kept_plan
    from benchsuite.registry import load_report

    report = load_report(facts["form"])
    plan = kept_plan(store, facts["plan"])
    files = report.from_settings(facts.get("settings", {})).render(
        build(plan, store, against=facts["against"], users=report.users, country=facts.get("country", ""))
    )
    if not facts.get("large"):
        return files, {}
    with tempfile.TemporaryDirectory(prefix="benchsuite-") as scratch:
        return files, write_large(facts["form"], facts["large"], plan, store, Path(scratch))


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
