"""``benchsuite data verify``: what the files hold against what was published of them."""

from __future__ import annotations

import dataclasses
from argparse import Namespace, _SubParsersAction
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import OK, SOME_FAILED, say, say_json, style, table, tell
from benchsuite.cli.places import add_data, make_place

if TYPE_CHECKING:
    from benchsuite.api import Check, Place

_HEADERS = ("set", "state", "rows", "users", "items", "links", "checksums", "licence")
_COUNTS = ("rows", "users", "items", "links")
_COLOURS = {"ok": "green", "not here": "dim", "nothing to check": "dim"}


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the sub-verb."""
    text = "count every set's rows, users and items and compare with what was published; check the files' checksums"
    parser = subparsers.add_parser("verify", help="published counts and checksums of every set", description=text)
    parser.add_argument("names", nargs="*", metavar="NAME", help="sets; none named means all")
    parser.add_argument("--all", action="store_true", help="all sets, also where some are named")
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the sub-verb; 1 when a set does not hold what was published. Nothing is downloaded."""
    from benchsuite.registry import entries, find

    every = [entry.name for entry in entries("sources")]
    for name in args.names:
        find("sources", name, trusted=[name])  # refuses an unknown name before the first set is read
    names = every if args.all or not args.names else args.names
    place = dataclasses.replace(make_place(args, tell), offline=True)
    facts = [_verify(name, place) for name in names]
    bad = [one for one in facts if one["state"] in {"MISMATCH", "damaged"}]
    if args.json:
        say_json(facts)
    else:
        say(table(_HEADERS, [_row(one) for one in facts]))
        here = sum(one["state"] not in {"not here", "nothing to check"} for one in facts)
        say(f"\n{len(facts)} sets, {here} here, {len(bad)} not as published; counts are found / expected")
        for one in bad:
            say(f"{one['set']}: {one['reason']}")
    return SOME_FAILED if bad else OK


def _verify(name: str, place: Place) -> dict[str, Any]:
    """Return one line of the table."""
    from benchsuite.errors import DataError
    from benchsuite.registry import load_source

    source = load_source(name, trusted=[name])
    facts: dict[str, Any] = {"set": name, "licence": source.licence}
    tell(f"checking {name}")
    try:
        check = source().check(place)
    except DataError as error:
        return facts | {"state": "damaged", "reason": str(error)}
    if check is None:
        return facts | {"state": "nothing to check", "reason": "has no published files"}
    facts |= {"checksums": check.checksums, "expected": dict(check.expected), "found": dict(check.found)}
    state, reason = _judge(check)
    return facts | {"state": state, "reason": reason}


def _judge(check: Check) -> tuple[str, str]:
    if not check.here:
        return "not here", "no local files"
    wrong = [
        f"{count:,} {name} expected, {check.found.get(name, 0):,} found"
        for name, count in check.expected.items()
        if check.found.get(name) != count
    ]
    if wrong:
        return "MISMATCH", "; ".join(wrong)
    return ("ok", "") if check.expected else ("nothing published", "")


def _row(facts: dict[str, Any]) -> list[str]:
    found, expected = facts.get("found", {}), facts.get("expected", {})
    state = style(facts["state"], _COLOURS.get(facts["state"], "red"))
    counts = [_pair(found.get(name), expected.get(name)) for name in _COUNTS]
    return [facts["set"], state, *counts, facts.get("checksums", ""), _short(facts["licence"])]


def _pair(found: int | None, expected: int | None) -> str:
    if found is None and expected is None:
        return ""
    left, right = ("-" if count is None else f"{count:,}" for count in (found, expected))
    return left if found == expected else f"{left} / {right}"


def _short(text: str, width: int = 48) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
