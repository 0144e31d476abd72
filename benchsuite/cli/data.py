"""``benchsuite data``: find or download a data set, prepare it, and say what came of it."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from typing import TYPE_CHECKING, Any

from benchsuite.cli.places import add_data, make_place

if TYPE_CHECKING:
    from benchsuite.api import Source
    from benchsuite.data import Dataset


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "data",
        help="find or download a data set and say what it holds",
        description="Find or download a data set, check and prepare it, and say what it holds.",
    )
    parser.add_argument("source", help="see: benchsuite list sources")
    parser.add_argument("--with", dest="settings", metavar="TOML", default="", help="settings, e.g. 'item_core = 5'")
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the verb."""
    import tomllib

    from benchsuite.errors import ConfigError
    from benchsuite.registry import load_source

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    try:
        settings = tomllib.loads(args.settings.replace(";", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not valid TOML: {error}", where="--with") from None
    source = load_source(args.source).from_settings(settings, where=f"source {args.source}")
    dataset = source.load(make_place(args, say))
    facts = _facts(source, dataset)
    if args.json:
        import json

        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        lines = value if isinstance(value, list) else [value]
        for j, line in enumerate(lines or ["none"]):
            print(f"{name if not j else '':<{width}}  {_step(line) if isinstance(line, dict) else line}")
    return 0


def _facts(source: Source, dataset: Dataset) -> dict[str, Any]:
    """Gather what a user wants to know."""
    import dataclasses

    rows = dataset.interactions
    density = len(rows) / max(len(dataset.users) * len(dataset.items), 1)
    times = "none" if rows.timestamp is None else f"{rows.timestamp.min()} to {rows.timestamp.max()} (UTC seconds)"
    return {
        "name": dataset.name + (" (simulated)" if dataset.simulated else ""),
        "summary": source.summary(),
        "domain": source.domain,
        "licence": source.licence,
        "url": source.url,
        "users": len(dataset.users),
        "items": len(dataset.items),
        "interactions": len(rows),
        "density": f"{density:.2%}",
        "behaviours": ", ".join(rows.behaviours),
        "labels": "none"
        if rows.label is None
        else f"{int(rows.label.sum())} liked, {int((rows.label == 0).sum())} not",
        "timestamps": times,
        "item text": "none" if dataset.items.text is None else dataset.items.text[0],
        "user text": "none" if dataset.users.text is None else dataset.users.text[0],
        "links": 0 if dataset.links is None else len(dataset.links),
        "fingerprint": dataset.fingerprint,
        "steps": [dataclasses.asdict(step) for step in dataset.steps],
        "cite": [entry.replace("\n", " ") for entry in source.cite],
    }


def _step(step: dict[str, Any]) -> str:
    note = f" ({step['note']})" if step["note"] else ""
    return f"{step['after']:,} of {step['before']:,} rows kept: {step['name']}{note}"
