"""Everything about one plugin."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.interface import Frames, FunctionResult, Option, Style, Words, frame, plain, prose, several, table
from benchsuite.plugin_names import find_plugin, kind_and_name, singular

if TYPE_CHECKING:
    from benchsuite.api import Plugin
    from benchsuite.registry import PluginEntry

_FACTS = {
    "models": (
        "needs",
        "uses_language_model",
        "is_candidate",
        "is_oracle",
        "is_personalized",
        "may_abstain",
        "reproducibility",
    ),
    "sources": ("domain", "licence", "url", "simulated"),
    "splits": ("needs", "cold_items", "draws_items", "cold_users", "ordered"),
    "metrics": ("task", "higher_is_better", "rewards_truth", "convention"),
    "reports": ("printable", "complete"),
}


@dataclass(repr=False, eq=False)
class PluginCard(FunctionResult):
    """Everything about one plugin.

    Attributes:
        about: as plain values: ``kind``, ``name``, ``summary``, ``facts``, ``settings``, ``cite`` and more.
    """

    about: dict[str, Any]

    def text(self, style: Style = plain) -> str:
        """Return the summary, facts, settings and citations."""
        about = self.about
        name = about["name"]
        said = [style(name, "bold") + prose(f"{name}  {about['summary']}").removeprefix(name)]
        if about["description"]:
            said += ["", prose(about["description"])]
        facts = {"kind": about["kind"], "package": about["origin"], "class": about["target"]}
        facts |= {"version": about["version"]}
        facts |= {fact.replace("_", " "): _plain(value) for fact, value in about["facts"].items()}
        said += ["", table((), [(fact, value) for fact, value in facts.items() if value != ""]), ""]
        said += [style("settings", "bold"), *map(_setting, about["settings"])] if about["settings"] else ["no settings"]
        for one in about.get("tables", []):
            columns = [(c["name"], c["dtype"], c["meaning"]) for c in one["columns"]]
            said += ["", f"{style(one['name'], 'bold')}: {one['about']}", table(("column", "type", "meaning"), columns)]
        for entry in about["cite"]:
            said += ["", entry]
        return "\n".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Return everything."""
        return self.about

    def frames(self) -> Frames:
        """Return ``settings``."""
        return {"settings": frame(self.about["settings"], ("name", "type", "default", "search", "meaning"))}


def show_plugin(words: Annotated[Words, Option(metavar="[KIND] NAME", complete="plugins")]) -> PluginCard:
    """Show one plugin: settings, ranges, needs, origin, citation.

    Args:
        words: such as als, or model als.

    Raises:
        PluginError: when there is no such plugin, or it cannot be loaded.
    """
    kind, name = kind_and_name(several(words))
    return PluginCard(describe(find_plugin(name, kind)))


def describe(entry: PluginEntry) -> dict[str, Any]:
    """Load a plugin and return everything about it as JSON-like values."""
    from benchsuite.loading import plugin_code

    cls: type[Plugin]
    cls, _ = entry.load_code(settings=[{}])
    with plugin_code(f"{singular(entry.kind)} {entry.name} ({entry.origin})"):
        return _describe(entry, cls)


def _describe(entry: PluginEntry, cls: type[Plugin]) -> dict[str, Any]:
    from benchsuite.functions.setting_text import range_text, type_text

    defaults, meanings = cls().settings(), meanings_of(cls)
    text = _without_attributes(inspect.getdoc(cls) or "")
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
            | {"meaning": meanings.get(name, "")}
            for name, hint in cls.fields().items()
        ],
        "cite": list(cls.cite),
        **_tables(entry, cls),
    }


def meanings_of(cls: type[Plugin]) -> dict[str, str]:
    """Return what the docstrings of a class and of its bases say of each setting, under ``Attributes:``."""
    found: dict[str, str] = {}
    for base in cls.__mro__:
        section = inspect.cleandoc(base.__dict__.get("__doc__") or "").partition("Attributes:\n")[2]
        own: dict[str, str] = {}
        name = ""
        for line in section.splitlines():
            start = re.match(r"    (\w+): (.*)", line)
            if line and not line.startswith("    "):
                break
            if start:
                name = start[1]
                own[name] = start[2]
            elif name and line.strip():
                own[name] += f" {line.strip()}"
        found = own | found
    return found


def _without_attributes(text: str) -> str:
    """Return a docstring without its section ``Attributes``, which stands beside the settings."""
    before, head, section = text.partition("Attributes:\n")
    if not head:
        return text
    rest = re.sub(r"\A(?:(?: {4}.*)?\n)*(?: {4}.*\Z)?", "", section)
    return f"{before.rstrip()}\n\n{rest}".strip()


def _setting(about: Mapping[str, Any]) -> str:
    """Return a setting's name, type, default and search range, and under it what it means."""
    searched = f"; search range {about['search']}" if about["search"] else ""
    head = prose(f"  {about['name']}: {about['type']}; default {_plain(about['default']) or 'empty'}{searched}")
    return f"{head}\n{prose('      ' + about['meaning'])}" if about["meaning"] else head


def _tables(entry: PluginEntry, cls: type[Plugin]) -> dict[str, Any]:
    """Return the schema of a report that writes tidy tables."""
    if entry.kind != "reports" or getattr(cls, "tabular", None) is None:
        return {}
    from benchsuite.data.result_tables import schema

    return {"tables": schema()}


def _jsonable(value: Any) -> Any:
    return sorted(str(one) for one in value) if isinstance(value, frozenset) else value


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    return "none" if value is None else str(value)
