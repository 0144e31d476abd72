"""Warns when the code of an installed source, split or metric changed while its version did not.

Results are stored under the version that a plugin declares. If its numbers change under the same version, old and new
results have the same key, and the key does not show it. So the user is warned. The code of models is kept with each of
their results: see :mod:`benchsuite.analysis.model_code`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from benchsuite.atomic_writes import replaced_file
from benchsuite.plan.resolve import ResolvedPlugin, ResolvedPlugins
from benchsuite.plugin_files import PluginFilesReader
from benchsuite.store import Store

_FOLDER = "code"
_SHOWN = 5


def warn_of_changed_code(picked: ResolvedPlugins, store: Store, say: Callable[[str], None]) -> None:
    """Compare the code of the installed plugins with their code in the last run on this store, and record it.

    Args:
        picked: everything an experiment picks.
        store: keeps the sha256 of each plugin's code, with the version it told, in a file for each package.
        say: shows one line for each package that changed.
    """
    reader = PluginFilesReader()
    packages: dict[str, list[ResolvedPlugin]] = {}
    for pick in (*picked.sources, *picked.splits, *picked.metrics):
        if not pick.entry.is_file:
            packages.setdefault(pick.entry.target.partition(".")[0].partition(":")[0], []).append(pick)
    for package, picks in packages.items():
        now = {
            f"{pick.entry.kind[:-1]} {pick.entry.name}": [pick.plugin.version, _digest(pick, reader)] for pick in picks
        }
        path = store.root / _FOLDER / f"{package}.json"
        before = _read(path)
        changed = [
            name
            for name, (version, found) in now.items()
            if name in before and before[name][0] == version and before[name][1] != found
        ]
        if changed:
            names = ", ".join(changed[:_SHOWN]) + (f" and {len(changed) - _SHOWN} more" if changed[_SHOWN:] else "")
            say(
                f"the code of {package} changed since this store saw it last, but not the version of {names}: results "
                "stored before count as theirs; if their numbers change, raise their version or name another --store"
            )
        if any(before.get(name) != pair for name, pair in now.items()):
            _write(path, before | now)


def _digest(pick: ResolvedPlugin, reader: PluginFilesReader) -> str:
    files = reader.read(pick.entry.kind, f"{pick.entry.distribution}/{pick.entry.name}")
    return "" if files is None else files.digest


def _read(path: Path) -> dict[str, list[str]]:
    """Return [version, sha256] by plugin; empty where the record is missing or damaged."""
    try:
        table = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    pairs = table.items() if isinstance(table, dict) else ()
    return {name: pair for name, pair in pairs if isinstance(pair, list) and list(map(type, pair)) == [str, str]}


def _write(path: Path, table: dict[str, list[str]]) -> None:
    """Replace the file in one move."""
    path.parent.mkdir(exist_ok=True)
    with replaced_file(path) as draft:
        draft.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", "utf-8")
