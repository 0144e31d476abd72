"""``benchsuite plan`` and ``benchsuite status``: what an experiment means, and how far it is."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from collections import Counter
from typing import TYPE_CHECKING, Any

from benchsuite.cli.places import add_data, add_store, make_place, open_store, read_store

if TYPE_CHECKING:
    from benchsuite.plan import Plan
    from benchsuite.store import Store


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add both verbs."""
    parser = subparsers.add_parser("plan", help="show every cell an experiment means, without fitting anything")
    parser.add_argument("experiment", nargs="?", default="quick", help="a bundled experiment or a TOML file")
    add_store(parser)
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.set_defaults(run=run_plan)
    parser = subparsers.add_parser("status", help="show how far an experiment is")
    parser.add_argument("experiment", nargs="?", default="quick", help="the name of an experiment that was run")
    add_store(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.set_defaults(run=run_status)


def run_plan(args: Namespace) -> int:
    """Load the data, make the folds, and show what would be done."""
    import sys

    from benchsuite.plan import read_experiment
    from benchsuite.runner import prepare

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    store = open_store(args)
    _show(prepare(read_experiment(args.experiment), store, make_place(args, say), say), store, args.json)
    return 0


def run_status(args: Namespace) -> int:
    """Show the latest run's cells; 1 when some failed."""
    from benchsuite.compare import latest_plan

    store = read_store(args)
    states = _show(latest_plan(store, args.experiment), store, args.json)
    return 1 if "failed" in states else 0


def _show(plan: Plan, store: Store, as_json: bool) -> set[str]:
    """Print a line for each row of the comparison, and the totals; return the states seen."""
    rows: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    keys: dict[tuple[str, str, str], list[str]] = {}
    for cell in plan.cells:
        state, reason = ("not applicable", cell.reason) if cell.reason else ("to do", "")
        if not cell.reason and store.has("cell", cell.key):
            manifest = store.get("cell", cell.key).manifest
            state, reason = ("done" if manifest["state"] == "ok" else "failed"), manifest.get("reason", "")
        rows.setdefault((cell.dataset, cell.split, cell.model), []).append((state, reason))
        keys.setdefault((cell.dataset, cell.split, cell.model), []).append(cell.key)
    totals = Counter(state for states in rows.values() for state, _ in states)
    if as_json:
        import json

        cells = [
            {"dataset": dataset, "split": split, "model": model, "states": dict(Counter(state for state, _ in states))}
            | {"reasons": sorted({reason for _, reason in states if reason}), "keys": keys[dataset, split, model]}
            for (dataset, split, model), states in rows.items()
        ]
        print(json.dumps({"experiment": plan.name, "totals": dict(totals), "rows": cells}, indent=1))
    else:
        from tabulate import tabulate

        table = []
        for names, states in rows.items():
            counts = Counter(state for state, _ in states)
            reasons = sorted({reason for _, reason in states if reason})
            table.append([*names, ", ".join(f"{n} {state}" for state, n in counts.items()), "; ".join(reasons)])
        print(tabulate(table, headers=["data set", "split", "model", "cells", "why"]))
        print(f"\n{plan.name}: {len(plan.cells)} cells: {', '.join(f'{n} {state}' for state, n in totals.items())}")
    return set(totals)
