"""What our own plugins say of themselves, kept in a file so that a list need not import them.

``python -m benchsuite.functions.plugin_facts`` writes the file anew; a test holds it against the plugins. Of other
packages nothing is kept: their plugins are asked when the user says so.
"""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from benchsuite.registry import KINDS, OWN, PluginEntry, entries

if TYPE_CHECKING:
    from benchsuite.api import Plugin

_NAME = "plugin_facts.json"


def facts_of(cls: type[Plugin]) -> dict[str, Any]:
    """Return summary, needs, whether a fitted model of this class can be saved (None for other kinds), and networks."""
    from benchsuite.api import Model

    facts = {"summary": cls.summary(), "needs": sorted(map(str, getattr(cls, "needs", ())))}
    if not issubclass(cls, Model):
        return {**facts, "saved": None}
    return {**facts, "saved": cls.save is not Model.save, **({"network": True} if cls.is_network else {})}


def kept_facts() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what is kept, by kind and name."""
    text = (files("benchsuite.functions") / _NAME).read_text("utf-8")
    kept: dict[str, dict[str, dict[str, Any]]] = json.loads(text)
    return kept


def own_facts() -> dict[str, dict[str, dict[str, Any]]]:
    """Import our own plugins and return what they say, by kind and name."""
    return {kind: {one.name: facts_of(one.load()) for one in entries(kind) if is_own(one)} for kind in KINDS}


def is_own(entry: PluginEntry) -> bool:
    """Return whether a plugin is our own."""
    return entry.distribution == OWN


def experiments() -> list[dict[str, str]]:
    """Return the bundled experiments: name, summary, and about how long they take, "" where that was not measured."""
    times = json.loads((files("benchsuite") / "runner" / "typical_times.json").read_text("utf-8"))["experiments"]
    rows = []
    for path in sorted((files("benchsuite") / "experiments").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml"):
            table = tomllib.loads(path.read_text("utf-8"))
            name = path.name.removesuffix(".toml")
            rows.append({"kind": "experiment", "name": name, "summary": table["summary"], "time": times.get(name, "")})
    return rows


if __name__ == "__main__":
    from pathlib import Path

    content = json.dumps(own_facts(), indent=1, sort_keys=True, ensure_ascii=False)
    Path(__file__).with_name(_NAME).write_text(f"{content}\n", "utf-8")
