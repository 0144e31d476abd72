"""``benchsuite show``: everything about one plugin."""

from __future__ import annotations

import inspect
from argparse import Namespace, _SubParsersAction
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import OK, say, say_json, style, table
from benchsuite.cli.options import add_json, add_verb, find_plugin, kind_and_name, singular

if TYPE_CHECKING:
    from benchsuite.api import Plugin
    from benchsuite.registry import Entry

_FACTS = {
    "models": ("needs", "uses_language_model", "proposed", "ceiling", "personal", "partial"),
    "sources": ("domain", "licence", "url", "simulated"),
    "splits": ("needs", "cold_items", "cold_users", "ordered"),
    "metrics": ("task", "higher_is_better", "rewards_truth", "convention"),
    "reports": ("printable", "complete"),
}


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "show", run, "show one plugin: settings, ranges, needs, origin, citation")
    parser.add_argument("words", nargs="+", metavar="[KIND] NAME", help="such as als, or model als")
    add_json(parser)


def run(args: Namespace) -> int:
    """Print what there is to know."""
    kind, name = kind_and_name(args.words)
    entry = find_plugin(name, kind)
    about = describe(entry)
    if args.json:
        say_json(about)
        return OK
    say(f"{style(entry.name, 'bold')}  {about['summary']}")
    if about["description"]:
        say()
        say(about["description"])
    say()
    facts = {"kind": about["kind"], "package": about["origin"], "class": about["target"], "version": about["version"]}
    facts |= {fact.replace("_", " "): _plain(value) for fact, value in about["facts"].items()}
    say(table((), [(fact, value) for fact, value in facts.items() if value != ""]))
    say()
    if about["settings"]:
        rows = [(s["name"], s["type"], _plain(s["default"]), s["search"]) for s in about["settings"]]
        say(table(("setting", "type", "default", "search range"), rows))
    else:
        say("no settings")
    for one in about.get("tables", []):
        say()
        say(f"{style(one['name'], 'bold')}: {one['about']}")
        say(table(("column", "type", "meaning"), [(c["name"], c["dtype"], c["meaning"]) for c in one["columns"]]))
    for entry_text in about["cite"]:
        say()
        say(entry_text)
    return OK


def describe(entry: Entry) -> dict[str, Any]:
    """Load a plugin and return everything about it as JSON-like values."""
    from benchsuite.loading import plugin_code

    cls: type[Plugin] = entry.load()
    with plugin_code(f"{singular(entry.kind)} {entry.name} ({entry.origin})"):
        return _describe(entry, cls)


def _describe(entry: Entry, cls: type[Plugin]) -> dict[str, Any]:
    from benchsuite.cli.types import range_text, type_text

    defaults = cls().settings()
    text = inspect.getdoc(cls) or ""
    return {
        "kind": singular(entry.kind),
        "name": entry.name,
        "summary": cls.summary(),
        "description": text.partition("\n")[2].strip(),
        "origin": entry.origin,
        "target": entry.target,
        "version": cls.version,
        "facts": {fact: _jsonable(getattr(cls, fact)) for fact in _FACTS[entry.kind]},
        "settings": [
            {"name": name, "type": type_text(hint), "default": defaults[name], "search": range_text(hint)}
            for name, hint in cls.fields().items()
        ],
        "cite": list(cls.cite),
        **_tables(entry, cls),
    }


def _tables(entry: Entry, cls: type[Plugin]) -> dict[str, Any]:
    """Return the schema of a report that writes tidy tables."""
    if entry.kind != "reports" or getattr(cls, "tabular", None) is None:
        return {}
    from benchsuite.data.tables import schema

    return {"tables": schema()}


def _jsonable(value: Any) -> Any:
    return sorted(str(one) for one in value) if isinstance(value, frozenset) else value


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    return "none" if value is None else str(value)
