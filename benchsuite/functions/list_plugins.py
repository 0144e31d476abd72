"""What is installed, from metadata alone: plugins, and the experiments that come with the package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from benchsuite.errors import PluginError, UsageError, did_you_mean
from benchsuite.functions.plugin_facts import experiments, facts_of, is_own, kept_facts
from benchsuite.interface import Frames, FunctionResult, Option, Style, frame, plain, table
from benchsuite.loading import plugin_code
from benchsuite.plugin_names import kind_of, singular
from benchsuite.registry import KINDS, OWN, PluginEntry, entries

_EXPERIMENTS = "experiments"
_UNKNOWN: dict[str, Any] = {"state": "not loaded", "summary": "", "needs": [], "saved": None, "reason": ""}
_FACTS = ("state", "summary", "needs", "saved")


@dataclass(repr=False, eq=False)
class PluginList(FunctionResult):
    """All installed plugins, by kind, and bundled experiments.

    Attributes:
        plugins: by kind, each as plain values.
        experiments: each as plain values, with about how long it takes.
        hint: why nothing is listed, "" where something is.
    """

    plugins: Mapping[str, Sequence[dict[str, Any]]]
    experiments: Sequence[dict[str, str]] = ()
    hint: str = ""

    def text(self, style: Style = plain) -> str:
        """Return a table for each kind."""
        parts = [self._kind(kind, rows, style) for kind, rows in self.plugins.items()]
        if self.experiments:
            body = table(
                ["name", "time", "summary"],
                [[one[key] for key in ("name", "time", "summary")] for one in self.experiments],
            )
            said = "time: about, on two processor cores without a GPU; run one with benchsuite run NAME"
            parts.append(f"{style(_EXPERIMENTS, 'bold')}\n{body}\n{said}")
        return "\n\n".join([*parts, *_packages(self.to_dict())])

    def _kind(self, kind: str, rows: Sequence[dict[str, Any]], style: Style) -> str:
        if not rows:
            return f"{style(kind, 'bold')}\nnone"
        columns: list[tuple[str, list[str]]] = [("name", [row["name"] for row in rows])]
        if any(row["needs"] for row in rows):
            columns.append(("needs", [", ".join(row["needs"]) for row in rows]))
        if kind == "models":
            columns.append(("saved", [{True: "yes", False: "no", None: ""}[row["saved"]] for row in rows]))
        if any(row["distribution"] != OWN for row in rows):
            columns.append(("package", ["" if row["distribution"] == OWN else row["package"] for row in rows]))
        columns.append(("summary", [_summary(row, style) for row in rows]))
        body = list(zip(*(cells for _, cells in columns), strict=True))
        several = [
            f'"{row["name"]}" is brought by several packages; write {row["distribution"]}/{row["name"]}'
            for row in rows
            if row["ambiguous"]
        ]
        return "\n".join([style(kind, "bold"), table([head for head, _ in columns], body), *several])

    def advice(self) -> Sequence[str]:
        """Return how to learn what metadata does not say."""
        unknown = [row["name"] for row in self._rows() if row["state"] == "not loaded"]
        told = [f"what {', '.join(unknown)} can do is told with --load, which imports all"] if unknown else []
        return [*told, self.hint] if self.hint else told

    def to_dict(self) -> list[dict[str, Any]]:
        """Return every plugin and experiment as plain values."""
        return [*self._rows(), *self.experiments]

    def frames(self) -> Frames:
        """Return ``plugins`` and ``experiments``."""
        names = ("kind", "name", "package", "version", "target", *_FACTS)
        plugins = frame(({name: row[name] for name in names} for row in self._rows()), names)
        return {"plugins": plugins, _EXPERIMENTS: frame(self.experiments, ("kind", "name", "summary", "time"))}

    def _rows(self) -> list[dict[str, Any]]:
        return [row for rows in self.plugins.values() for row in rows]


def list_plugins(
    kind: Annotated[str | None, Option(metavar="KIND", complete="kinds")] = None,
    *,
    needs: Annotated[str, Option(metavar="WORD")] = "",
    load: bool = False,
) -> PluginList:
    """List all installed plugins with what they are, need and can, and the bundled experiments with their times.

    Nothing is imported: of our own plugins the facts are kept in a file.

    Args:
        kind: models, sources, splits, metrics, reports or experiments (default: all).
        needs: only plugins that need something of this name: text, timestamps, values. Plugins of other packages are
            imported for that.
        load: import each plugin and tell what it says itself, or why it fails.

    Raises:
        UsageError: when there is no such kind.
    """
    kinds = KINDS if kind is None else () if kind in (_EXPERIMENTS, "experiment") else (_kind(kind),)
    listed = [] if needs or (kind is not None and kinds) else experiments()
    plugins = {one: _rows(entries(one), load=load, ask=bool(needs)) for one in kinds}
    if needs:
        plugins = {one: [row for row in rows if _needs(row, needs)] for one, rows in plugins.items()}
        plugins = {one: rows for one, rows in plugins.items() if rows or kind is not None}
    empty = bool(needs) and not any(plugins.values())
    return PluginList(plugins, listed, _nothing_needs(needs) if empty else "")


def _nothing_needs(word: str) -> str:
    """Return a sentence with the nearest word of what plugins need."""
    kept = [facts for plugins in kept_facts().values() for facts in plugins.values()]
    words = {part for facts in kept for need in facts["needs"] for part in need.split() if len(part) > 3}  # noqa: PLR2004
    return f'nothing here needs "{word}"; {did_you_mean(word, words)}'


def _kind(word: str) -> Any:
    try:
        return kind_of(word)
    except UsageError as error:
        raise UsageError(error.what, remedy=did_you_mean(word, [*KINDS, _EXPERIMENTS])) from None


def _needs(row: Mapping[str, Any], word: str) -> bool:
    return any(word.lower() in need.lower() for need in row["needs"])


def _packages(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the line that says which package most plugins come from."""
    own = {row["package"] for row in rows if row.get("distribution") == OWN}
    return (
        [f"package, where none is said: {', '.join(sorted(own))}; everything about one: benchsuite show NAME"]
        if own
        else []
    )


def _rows(found: tuple[PluginEntry, ...], *, load: bool, ask: bool) -> list[dict[str, Any]]:
    times = Counter(entry.name for entry in found)
    kept = kept_facts()
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
        known = kept.get(entry.kind, {}).get(entry.name) if is_own(entry) else None
        if load or (ask and known is None):
            facts = _loaded(entry)
        else:
            facts = _UNKNOWN if known is None else {"state": "ok", "reason": "", **known}
        rows.append(row | facts)
    return rows


def _loaded(entry: PluginEntry) -> dict[str, Any]:
    """Return what the plugin says of itself, or why it cannot be had."""
    try:
        cls = entry.load()
        with plugin_code(""):
            return {"state": "ok", "reason": "", **facts_of(cls)}
    except PluginError as error:
        return _UNKNOWN | {"state": "broken", "reason": f"{error.what}; {error.remedy}".rstrip("; ")}


def _summary(row: Mapping[str, Any], style: Style) -> str:
    told = str(row["summary"]).replace("``", "")
    return style(f"broken: {row['reason']}", "red") if row["state"] == "broken" else told
