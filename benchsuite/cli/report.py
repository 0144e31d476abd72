"""``benchsuite report``: turn stored results into tables, files and figures."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.cli.places import add_store, open_store
from benchsuite.errors import StoreError, UsageError, did_you_mean

if TYPE_CHECKING:
    from benchsuite.data import Comparison


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "report",
        help="turn stored results into tables and files",
        description="Turn the stored results of an experiment into a report. Nothing is fitted.",
    )
    parser.add_argument("experiment", nargs="?", default="quick", help="the name of an experiment that was run")
    parser.add_argument("--as", dest="form", default="terminal", metavar="FORM", help="see: benchsuite list reports")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the files there (default: print)")
    parser.add_argument(
        "--against",
        metavar="MODEL",
        action="append",
        default=[],
        help="test every model against this one too, besides the best classic; may be repeated",
    )
    add_store(parser)
    parser.add_argument("--json", action="store_true", help="print all rows and tests as JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the verb; 1 when some planned cells failed or are missing."""
    from benchsuite.compare import build, latest_plan
    from benchsuite.registry import load_report

    store = open_store(args)
    plan = latest_plan(store, args.experiment)
    known = [model.label for model in plan.models]
    for label in args.against:
        if label not in known:
            raise UsageError(f'no model "{label}" in {plan.name}', remedy=did_you_mean(label, known))
    comparison = build(plan, store, against=args.against, users=load_report(args.form).users)
    if args.json:
        import dataclasses
        import json

        kinds = ("rows", "contrasts", "spreads", "standings", "tuning")
        tables = {kind: [dataclasses.asdict(one) for one in getattr(comparison, kind)] for kind in kinds}
        print(json.dumps({"experiment": comparison.name, **tables}, indent=1, default=dict))
    else:
        show_report(args.form, comparison, args.out)
    return 1 if any(row.state in ("failed", "missing") for row in comparison.rows) else 0


def show_report(form: str, comparison: Comparison, out: Path | None = None, *, brief: bool = False) -> None:
    """Render a comparison and print it, or write it into a folder; ``brief`` asks for what a reader wants first.

    Raises:
        UsageError: when the report makes files and no folder is given.
        StoreError: when the folder cannot be written.
    """
    from benchsuite.registry import load_report

    report = load_report(form)
    settings: dict[str, Any] = {}
    if brief and "brief" in report.fields():
        settings["brief"] = True
    if out is None and report.printable:
        if "colour" in report.fields():
            settings["colour"] = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        if "width" in report.fields() and sys.stdout.isatty():
            settings["width"] = shutil.get_terminal_size().columns
    files = report.from_settings(settings).render(comparison)
    if out is not None:
        _write(files, out)
    elif len(files) == 1 and (report.printable or form != "html"):
        sys.stdout.write(next(iter(files.values())).decode())
    else:
        raise UsageError(f"{form} makes {len(files)} files", remedy="say where with --out DIR")


def _write(files: Any, out: Path) -> None:
    try:
        for name, content in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            print(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"cannot be written: {reason}", where=str(out), remedy="choose another --out DIR") from None
