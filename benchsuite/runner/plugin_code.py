"""Warns when an installed plugin's code changed while its version did not.

Results are stored under the version that a plugin declares. If its numbers change under the same version, old and new
results have the same key, and the key does not show it. So the user is warned.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchsuite.atomic_writes import replaced_file
from benchsuite.plan.resolve import ResolvedPlugin, ResolvedPlugins
from benchsuite.store import Store

_FOLDER = "code"
_SHOWN = 5


def warn_of_changed_code(picked: ResolvedPlugins, store: Store, say: Callable[[str], None]) -> None:
    """Compare the code of the installed plugins with their code in the last run on this store, and record it.

    Args:
        picked: everything an experiment picks.
        store: keeps the sha256 of each package's code, with the versions its plugins told.
        say: shows one line for each package that changed.
    """
    packages: dict[str, list[ResolvedPlugin]] = {}
    for pick in picked.all:
        if not pick.entry.is_file:
            packages.setdefault(pick.entry.target.partition(".")[0].partition(":")[0], []).append(pick)
    for package, picks in packages.items():
        found = _digest(_files(package, [pick.entry.target.partition(":")[0] for pick in picks]))
        versions = {f"{pick.entry.kind[:-1]} {pick.entry.name}": pick.plugin.version for pick in picks}
        path = store.root / _FOLDER / f"{package}.json"
        before = _read(path)
        same = [name for name, version in versions.items() if before.get(name) == [version, found]]
        changed = [name for name, version in versions.items() if before.get(name, ["", found])[1] != found]
        changed = [name for name in changed if before[name][0] == versions[name]]
        if changed:
            names = ", ".join(changed[:_SHOWN]) + (f" and {len(changed) - _SHOWN} more" if changed[_SHOWN:] else "")
            say(
                f"the code of {package} changed since this store saw it last, but not the version of {names}: results "
                "stored before count as theirs; if their numbers change, raise their version or name another --store"
            )
        if len(same) < len(versions):
            _write(path, before | {name: [version, found] for name, version in versions.items()})


def _files(package: str, modules: Iterable[str]) -> list[Path]:
    """Return the source files of a package that is imported, in order; of a shared namespace, the modules'."""
    whole = sys.modules.get(package)
    if whole is not None and getattr(whole, "__file__", None) and hasattr(whole, "__path__"):
        return sorted(path for folder in whole.__path__ for path in Path(folder).rglob("*.py"))
    files = {getattr(sys.modules.get(name), "__file__", None) for name in modules}
    return sorted(Path(file) for file in files if file is not None)


def _digest(files: Iterable[Path]) -> str:
    """Return the sha256 over names and contents; a file that cannot be read counts by its name."""
    whole = hashlib.sha256()
    for path in files:
        try:
            content = path.read_bytes()
        except OSError:
            content = b""
        whole.update(f"{path.name} {len(content)}\n".encode() + content)
    return whole.hexdigest()


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
