"""Says where results of one key were computed by other code: a model that changed and kept its version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchsuite.analysis.stored_cells import StoredCells
from benchsuite.interface import count
from benchsuite.plan import Plan
from benchsuite.plugin_files import PluginFilesReader
from benchsuite.store import Store

_REMEDY = "if its numbers change, raise its version, which computes them anew"


def code_notes(plan: Plan, stored: StoredCells) -> Iterator[str]:
    """Yield a sentence for each model whose results were computed by several codes of one version.

    Args:
        plan: what was planned.
        stored: its cells as they lie in the store.
    """
    for (plugin, version), codes in _codes(plan, stored).items():
        if len(codes) > 1:
            parts = ", ".join(f"{number} by {code[:8]}" for code, number in codes.items())
            name = plugin.rpartition("/")[2]
            yield f"Results of {name} were computed by different code of the same version {version}: {parts}."


def changed_models(plan: Plan, store: Store) -> Iterator[str]:
    """Yield a line for each model whose results were computed by other code than is installed now.

    Nothing is imported. A model that is not installed, or tells another version now, has no line.

    Args:
        plan: what was planned.
        store: where its cells are.
    """
    reader = PluginFilesReader()
    for (plugin, version), codes in _codes(plan, StoredCells(store)).items():
        now = reader.read("models", plugin)
        if now is None or now.version not in ("", version):
            continue
        if other := sum(number for code, number in codes.items() if code != now.digest):
            name = plugin.rpartition("/")[2]
            told = f"{count(other, 'result')} of {name} came from other code of the same version {version}"
            yield f"note: {told}; {_REMEDY}"


def _codes(plan: Plan, stored: StoredCells) -> dict[tuple[str, str], dict[str, int]]:
    """Return how many results each code has computed, by model and version; older results do not tell."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for key, manifest in {cell.key: stored.manifest(cell) for cell in plan.cells}.items():
        code = "" if manifest is None or not key else manifest.get("code", "")
        if manifest is not None and code:
            model: Mapping[str, Any] = manifest.get("identity", {}).get("model", {})
            codes = found.setdefault((str(model.get("plugin", "")), str(model.get("version", ""))), {})
            codes[code] = codes.get(code, 0) + 1
    return found
