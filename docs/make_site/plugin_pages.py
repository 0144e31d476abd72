"""What the pages of all kinds of plugins have in common, read from the classes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from benchsuite.functions.show_plugin import describe
from benchsuite.registry import OWN, Kind, PluginEntry
from benchsuite.registry import entries as installed
from make_site.markdown import citation, code, prose, stacked


@functools.cache
def entries(kind: Kind) -> dict[str, PluginEntry]:
    """Return the plugins of a kind that come with the package, by name, in order of names."""
    return {entry.name: entry for entry in installed(kind) if entry.distribution == OWN}


@functools.cache
def about(kind: Kind, name: str) -> dict[str, Any]:
    """Return everything about a plugin as plain values, as ``benchsuite show`` has it."""
    return describe(entries(kind)[name])


def slug(name: str) -> str:
    """Return the name of a plugin's page: ``ndcg@k`` becomes ``ndcg-at-k``."""
    return name.replace("@", "-at-")


def settings(told: Mapping[str, Any]) -> str:
    """Return the settings of a plugin as a table, or a sentence where it has none."""
    if not told["settings"]:
        return "It has no settings.\n"
    searched = any(one["search"] for one in told["settings"])
    head = ("setting", "type", "default", *(("search range",) if searched else ()), "meaning")
    rows = [
        (code(one["name"]), code(one["type"]), code(one["default"]) or "empty")
        + ((one["search"],) if searched else ())
        + (prose(one["meaning"]),)
        for one in told["settings"]
    ]
    return stacked(head, rows)


def citations(told: Mapping[str, Any]) -> str:
    """Return the papers of a plugin with their BibTeX, "" where there are none."""
    if not told["cite"]:
        return ""
    said = "".join(f"- {citation(entry)}\n" for entry in told["cite"])
    entries_text = "\n\n".join(told["cite"])
    return f"{said}\n```bibtex\n{entries_text}\n```\n"
