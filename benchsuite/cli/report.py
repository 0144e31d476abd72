"""``benchsuite report``: turn stored results into tables, files and figures."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from argparse import Namespace, _SubParsersAction
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import benchsuite
from benchsuite.cli.console import coloured, tell
from benchsuite.cli.options import add_settings, read_settings
from benchsuite.cli.places import add_store, open_store
from benchsuite.errors import StoreError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchsuite.data import Comparison
    from benchsuite.plan import Plan
    from benchsuite.store import Store


PROVENANCE = "provenance.json"
"""Beside every written report: what it rests on."""


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "report",
        help="turn stored results into tables and files",
        description="Turn the stored results of an experiment into a report. Nothing is fitted.",
    )
    parser.add_argument("experiment", nargs="?", default="quick", help="the name of an experiment that was run")
    parser.add_argument(
        "--as", dest="form", default="terminal", metavar="FORM", help="see: benchsuite list reports; or mlflow"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="write the files there (default: print); for mlflow a folder or a server's address"
    )
    add_settings(parser, 'style = "acmart"')
    parser.add_argument(
        "--full", action="store_true", help="print every table: each group of queries, parts by popularity and activity"
    )
    parser.add_argument(
        "--queries", action="store_true", help="every metric of every query too (with --as csv, json or parquet)"
    )
    parser.add_argument(
        "--rankings", action="store_true", help="every model's lists too (with --as csv, json or parquet)"
    )
    parser.add_argument(
        "--against",
        metavar="MODEL",
        action="append",
        default=[],
        help="test every model against this one too, besides the best classic; may be repeated",
    )
    parser.add_argument(
        "--country",
        metavar="CODE",
        default=os.environ.get("BENCHSUITE_COUNTRY", ""),
        help="estimate CO2e with this country's electricity, such as FRA (default: $BENCHSUITE_COUNTRY or the world)",
    )
    add_store(parser)
    parser.add_argument("--json", action="store_true", help="print all rows and tests as JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the verb; 1 when some planned cells failed or are missing."""
    from benchsuite.compare import build, latest_plan, plan_key
    from benchsuite.registry import load_report

    store = open_store(args)
    plan = latest_plan(store, args.experiment)
    known = [model.label for model in plan.models]
    for label in args.against:
        if label not in known:
            raise UsageError(f'no model "{label}" in {plan.name}', remedy=did_you_mean(label, known))
    track = args.form == "mlflow"
    report = None if track else load_report(args.form)
    settings = read_settings(args)
    if report is not None:
        report.from_settings(settings, "--with")
    elif settings:
        raise UsageError("--with has no place in mlflow", remedy="leave it out")
    large = [name for name, wanted in (("per_query", args.queries), ("rankings", args.rankings)) if wanted]
    if large:
        _check_large(args, None if report is None else report.tabular)
    if args.full and (report is None or "groups" not in report.fields() or args.out or args.json):
        raise UsageError("--full is for printed tables", remedy="leave it out: files hold every table")
    comparison = build(plan, store, against=args.against, users=report.users if report else 0, country=args.country)
    if track:
        from benchsuite.cli.track import track_runs

        counts = track_runs(comparison, plan, store, args.out)
        told = f"MLflow runs in {args.out}: {', '.join(f'{count} {kind}' for kind, count in counts.items())}"
        print(json.dumps(counts) if args.json else told)
    elif args.json:
        from benchsuite.data import as_record

        kinds = ("rows", "strata", "contrasts", "spreads", "standings", "tuning")
        tables = {kind: [as_record(one) for one in getattr(comparison, kind)] for kind in kinds}
        print(json.dumps({"experiment": comparison.name, **tables}, indent=1, default=dict))
    else:
        out = None if args.out is None else Path(args.out)
        rests_on: dict[str, Any] = {"plan": plan_key(plan), "against": args.against, "country": args.country}
        rests_on |= {"settings": settings} if settings else {}
        rests_on |= {"large": large} if large else {}
        if out is not None and large:
            rests_on["large_files"] = _write_large(args.form, large, plan, store, out)
        show_report(args.form, comparison, out, full=args.full, rests_on=rests_on, given=settings)
    return 1 if any(row.state in ("failed", "missing") for row in comparison.rows) else 0


def _check_large(args: Namespace, form: str | None) -> None:
    """Refuse ``--queries`` and ``--rankings`` where they have no place to go."""
    option = "--queries" if args.queries else "--rankings"
    if form is None:
        raise UsageError(f"{option} has no place in {args.form}", remedy="use --as csv, --as json or --as parquet")
    if args.out is None or args.json:
        raise UsageError(f"{option} makes files", remedy="say where with --out DIR, without --json")


def _write_large(form: str, large: Sequence[str], plan: Plan, store: Store, out: Path) -> dict[str, str]:
    from benchsuite.cli.large import write_large

    try:
        digests = write_large(form, large, plan, store, out)
    except OSError as error:
        raise _cannot_write(out, error) from None
    for name in digests:
        print(out / name)
    return digests


def _cannot_write(out: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(f"cannot be written: {reason}", where=str(out), remedy="choose another --out DIR")


def show_report(
    form: str,
    comparison: Comparison,
    out: Path | None = None,
    *,
    brief: bool = False,
    full: bool = False,
    rests_on: Mapping[str, Any] = {},
    given: Mapping[str, Any] = {},
) -> None:
    """Render a comparison and print it, or write it into a folder.

    Args:
        form: the name of a report.
        comparison: what to show.
        out: the folder, or None to print.
        brief: ask for what a reader wants first.
        full: ask for every table; printed reports only.
        rests_on: what ``provenance.json`` beside the files says, so that they can be verified.
        given: the report's settings.

    Raises:
        UsageError: when the report makes files and no folder is given.
        StoreError: when the folder cannot be written.
    """
    from benchsuite.registry import load_report

    report = load_report(form)
    settings: dict[str, Any] = {}
    if brief and "brief" in report.fields():
        settings["brief"] = True
    if full:
        settings["groups"] = True
    if out is None and report.printable:
        if "colour" in report.fields():
            settings["colour"] = coloured()
        if "width" in report.fields() and sys.stdout.isatty():
            settings["width"] = shutil.get_terminal_size().columns
    files = report.from_settings(settings | dict(given)).render(comparison)
    if out is not None:
        _write({**files, PROVENANCE: _provenance(files, form, comparison, rests_on)}, out)
    elif report.tabular in ("csv", "json") or (len(files) == 1 and (report.printable or form != "html")):
        sys.stdout.write(next(iter(files.values())).decode())
        if len(files) > 1:
            tell(f"{', '.join(list(files)[1:])}: with --out DIR")
    else:
        raise UsageError(f"{form} makes files", remedy="say where with --out DIR")


def _provenance(files: Mapping[str, bytes], form: str, comparison: Comparison, rests_on: Mapping[str, Any]) -> bytes:
    """Say what the files rest on, so that ``benchsuite verify`` can make them again."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    facts = {
        "benchsuite": benchsuite.__version__,
        "experiment": comparison.name,
        "form": form,
        **rests_on,
        "files": digests,
        "cells": comparison.provenance["cells"],
        "readings": comparison.provenance.get("readings", {}),
    }
    return (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()


def _write(files: Mapping[str, bytes], out: Path) -> None:
    try:
        for name, content in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            print(path)
    except OSError as error:
        raise _cannot_write(out, error) from None
