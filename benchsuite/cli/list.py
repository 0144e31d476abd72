"""``benchsuite list``: what is installed, from metadata alone."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from collections import Counter
from typing import Any

from benchsuite.cli.console import OK, say, say_json, style, table
from benchsuite.cli.options import add_json, add_verb, kind_of, singular
from benchsuite.errors import PluginError
from benchsuite.loading import plugin_code
from benchsuite.registry import KINDS, Entry, entries


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "list", run, "list all installed plugins, without importing any")
    parser.add_argument(
        "kind", nargs="?", type=kind_of, metavar="KIND", help="models, sources, splits, metrics or reports"
    )
    parser.add_argument("--load", action="store_true", help="import each plugin and tell its summary, or why it fails")
    add_json(parser)


def run(args: Namespace) -> int:
    """Print a table for each kind."""
    kinds = KINDS if args.kind is None else (args.kind,)
    found = {kind: _rows(entries(kind), load=args.load) for kind in kinds}
    if args.json:
        say_json([row for rows in found.values() for row in rows])
        return OK
    for number, (kind, rows) in enumerate(found.items()):
        if number:
            say()
        say(style(kind, "bold"))
        if not rows:
            say("none is installed")
            continue
        headers = ["name", "package", *(["summary"] if args.load else [])]
        body = [[row["name"], row["package"], *([_words(row)] if args.load else [])] for row in rows]
        say(table(headers, body))
        for row in rows:
            if row["ambiguous"]:
                say(f'"{row["name"]}" is brought by several packages; write {row["distribution"]}/{row["name"]}')
    return OK


def _rows(found: tuple[Entry, ...], *, load: bool) -> list[dict[str, Any]]:
    times = Counter(entry.name for entry in found)
    rows = []
    for entry in found:
        row: dict[str, Any] = {
            "kind": singular(entry.kind),
            "name": entry.name,
            "package": entry.origin,
            "distribution": entry.distribution,
            "version": entry.distribution_version,
            "target": entry.target,
            "ambiguous": times[entry.name] > 1,
        }
        rows.append(row | _loaded(entry) if load else row)
    return rows


def _loaded(entry: Entry) -> dict[str, str]:
    """Return the summary of the plugin, or why it cannot be had."""
    try:
        cls = entry.load()
        with plugin_code(""):
            return {"state": "ok", "summary": cls.summary(), "reason": ""}
    except PluginError as error:
        return {"state": "broken", "summary": "", "reason": f"{error.what}; {error.remedy}".rstrip("; ")}


def _words(row: dict[str, Any]) -> str:
    return str(row["summary"]) if row["state"] == "ok" else style(f"broken: {row['reason']}", "red")
