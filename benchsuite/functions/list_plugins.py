"""What is installed, from metadata alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from benchsuite.errors import PluginError
from benchsuite.interface import Frames, FunctionResult, Option, Style, frame, plain, table
from benchsuite.loading import plugin_code
from benchsuite.plugin_names import kind_of, singular
from benchsuite.registry import KINDS, PluginEntry, entries


@dataclass(repr=False, eq=False)
class PluginList(FunctionResult):
    """All installed plugins, by kind.

    Attributes:
        plugins: by kind, each as plain values.
    """

    plugins: Mapping[str, Sequence[dict[str, Any]]]
    _loaded: bool

    def text(self, style: Style = plain) -> str:
        """Return a table for each kind."""
        return "\n\n".join(self._kind(kind, rows, style) for kind, rows in self.plugins.items())

    def _kind(self, kind: str, rows: Sequence[dict[str, Any]], style: Style) -> str:
        if not rows:
            return f"{style(kind, 'bold')}\nnone is installed"
        headers = ["name", "package", *(["summary"] if self._loaded else [])]
        body = [[row["name"], row["package"], *([_summary(row, style)] if self._loaded else [])] for row in rows]
        several = [
            f'"{row["name"]}" is brought by several packages; write {row["distribution"]}/{row["name"]}'
            for row in rows
            if row["ambiguous"]
        ]
        return "\n".join([style(kind, "bold"), table(headers, body), *several])

    def to_dict(self) -> list[dict[str, Any]]:
        """Return every plugin as plain values."""
        return [row for rows in self.plugins.values() for row in rows]

    def frames(self) -> Frames:
        """Return ``plugins``."""
        names = ("kind", "name", "package", "version", "target", *(("state", "summary") if self._loaded else ()))
        return {"plugins": frame(({name: row[name] for name in names} for row in self.to_dict()), names)}


def list_plugins(
    kind: Annotated[str | None, Option(metavar="KIND", complete="kinds")] = None, *, load: bool = False
) -> PluginList:
    """List all installed plugins, without importing any.

    Args:
        kind: models, sources, splits, metrics or reports (default: all).
        load: import each plugin and tell its summary, or why it fails.

    Raises:
        UsageError: when there is no such kind.
    """
    kinds = KINDS if kind is None else (kind_of(kind),)
    return PluginList({one: _rows(entries(one), load=load) for one in kinds}, load)


def _rows(found: tuple[PluginEntry, ...], *, load: bool) -> list[dict[str, Any]]:
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


def _loaded(entry: PluginEntry) -> dict[str, str]:
    """Return the summary of the plugin, or why it cannot be had."""
    try:
        cls = entry.load()
        with plugin_code(""):
            return {"state": "ok", "summary": cls.summary(), "reason": ""}
    except PluginError as error:
        return {"state": "broken", "summary": "", "reason": f"{error.what}; {error.remedy}".rstrip("; ")}


def _summary(row: Mapping[str, Any], style: Style) -> str:
    return str(row["summary"]) if row["state"] == "ok" else style(f"broken: {row['reason']}", "red")
