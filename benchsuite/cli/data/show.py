"""``benchsuite data show``: find or download a data set, prepare it, and say what came of it."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import tell
from benchsuite.cli.data.source import add_settings, read_source
from benchsuite.cli.places import add_data, make_place

if TYPE_CHECKING:
    from benchsuite.api import Source
    from benchsuite.data import Dataset


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the sub-verb."""
    parser = subparsers.add_parser(
        "show",
        help="find or download a data set and say what it holds",
        description="Find or download a data set, check and prepare it, and say what it holds.",
    )
    parser.add_argument("source", help="see: benchsuite list sources")
    add_settings(parser, "item_core = 5")
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the sub-verb."""
    source = read_source(args)
    dataset = source.load(make_place(args, tell))
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
        "published split": ", ".join(rows.parts) or "none",
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
