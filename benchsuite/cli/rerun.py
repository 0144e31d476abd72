"""``benchsuite rerun``: fit one stored cell again and compare."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from benchsuite.cli.options import add_trust
from benchsuite.cli.places import add_store, open_store


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "rerun",
        help="fit one stored cell again and compare",
        description="Fit one stored cell again, apart from the store, and say how its lists and scores compare.",
    )
    parser.add_argument("key", help="the beginning of a cell's key (see: benchsuite status EXPERIMENT --json)")
    add_store(parser)
    add_trust(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the verb; 1 when something differs."""
    import dataclasses
    import json

    from tabulate import tabulate

    from benchsuite.cli.watch import Watch
    from benchsuite.runner.again import again, find_key

    store = open_store(args)
    key = find_key(store, "cell", args.key)
    with Watch() as watch:
        watch.expect(1)
        new, differences = again(store, key, watch, args.trust)
    old = store.get("cell", key)
    states = {"before": old.manifest["state"], "now": new.manifest["state"]}
    same = states["before"] == states["now"] and not any(one.different for one in differences)
    if args.json:
        found = [dataclasses.asdict(one) for one in differences]
        print(json.dumps({"key": key, "states": states, "same": same, "differences": found}, indent=1))
    else:
        print(f"cell {key}: {states['before']} before, {states['now']} now")
        rows = [[one.what, one.compared, one.different, f"{one.largest:.3g}"] for one in differences]
        print(tabulate(rows, headers=["what", "compared", "different", "largest difference"]))
        print("the same" if same else "not the same")
    return 0 if same else 1
