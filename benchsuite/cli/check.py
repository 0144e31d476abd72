"""``benchsuite check``: run the conformance kit on one plugin."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import OK, SOME_FAILED, say, say_json, style, table
from benchsuite.cli.options import (
    add_json,
    add_settings,
    add_verb,
    cutoff,
    find_plugin,
    kind_and_name,
    kind_of,
    read_settings,
    singular,
)
from benchsuite.cli.places import add_data, make_place

if TYPE_CHECKING:
    from benchsuite.testing import CheckResult

_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "check", run, "check that a plugin keeps its contract")
    parser.add_argument(
        "words", nargs="+", metavar="[KIND] NAME", help="such as als, model als, or ./my_model.py:MyModel"
    )
    parser.add_argument("--kind", type=kind_of, help="model, source, split, metric or report, where the name has more")
    add_settings(parser)
    add_data(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    """Print a row for each check and the counts; 1 when a check failed."""
    from functools import partial

    from benchsuite.loading import plugin_code
    from benchsuite.testing import checks

    kind, name = kind_and_name(args.words)
    entry = find_plugin(name, args.kind or kind)
    plugin = entry.load()
    settings = cutoff(name) | read_settings(args)
    with plugin_code(f"{singular(entry.kind)} {entry.name} ({entry.origin})"):
        plugin.from_settings(settings, where=f"{singular(entry.kind)} {entry.name}")  # complains before anything runs
    make = partial(plugin.from_settings, settings) if settings else plugin
    results = [check.run() for check in checks(entry.kind, make, make_place(args, _quiet))]
    counts: dict[str, int] = {state: sum(result.state == state for result in results) for state in _COLOURS}
    if args.json:
        about = {"kind": singular(entry.kind), "name": entry.name, "origin": entry.origin, "settings": settings}
        say_json({**about, **counts, "checks": [result.to_dict() for result in results]})
    else:
        say(f"{singular(entry.kind)} {entry.name} ({entry.origin})")
        say()
        say(table(("check", "state", "seconds", "reason"), [_row(result) for result in results]))
        say()
        say(", ".join(f"{count} {state}" for state, count in counts.items()))
    return SOME_FAILED if counts["failed"] else OK


def _quiet(line: str) -> None:
    """Say nothing."""


def _row(result: CheckResult) -> tuple[str, ...]:
    state = style(result.state, _COLOURS[result.state])
    return (result.name.replace("_", " "), state, f"{result.seconds:.2f}", result.reason)
