"""Which entries of a store the plans of its runs still need; the others can go.

From a plan one comes to its cells, the trials of its searches, the folds they are fitted on, and the data these are
cut from; from cells and folds to the caches that reports computed from them. As a search need not be finished, every
validation cell of its models on its folds counts as one of its trials. An entry of a kind unknown here is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from benchsuite.analysis.energy import ENERGY
from benchsuite.analysis.kept_plans import kept_plan, latest_plan
from benchsuite.errors import StoreError
from benchsuite.keys import content_key
from benchsuite.plan import Plan
from benchsuite.store import CACHES, MANIFEST, Entry, Store, is_there

EntryId = tuple[str, str]
"""Kind and key."""

_BY_CELLS_AND_FOLDS = ("measure", "strata", "statistics", "strata-measure")
"""Caches, those first on which others rest."""

_KNOWN = CACHES | {"cell", "data", "fold", "plan", "split", "truth", "tune"}


def experiments(store: Store) -> list[str]:
    """Return the names of all experiments that were run in a store, sorted."""
    return sorted(path.stem for path in (store.root / "plans").glob("*.json"))


def plans(store: Store, names: Collection[str], *, old: bool) -> Iterator[tuple[str, Plan]]:
    """Yield key and plan of the latest run of each experiment, and of its older runs; "" for one without an entry.

    Raises:
        StoreError: when a plan is damaged: nobody can say what it needs.
    """
    newest = {name: latest_plan(store, name) for name in experiments(store) if name in names}
    for plan in newest.values():
        yield "", plan
    for key in store.keys("plan"):
        if store.get("plan", key).manifest["experiment"] in names:
            plan = kept_plan(store, key)
            if old or plan == newest.get(plan.name):
                yield key, plan


def unused(store: Store, names: Collection[str], held: Collection[EntryId], *, old: bool) -> list[EntryId]:
    """Return the entries that no run of these experiments needs, by kind and key.

    Args:
        store: where to look.
        names: of the experiments whose results are kept.
        held: what runs compute now; it is kept with all that it needs.
        old: keep what older runs of these experiments need, too.

    Raises:
        StoreError: when a plan is damaged.
    """
    needed: set[EntryId] = set(held)
    searched: set[tuple[str, str]] = set()
    for plan_key, plan in plans(store, names, old=old):
        needed |= {("plan", plan_key)} if plan_key else set()
        needed |= {("data", info.fingerprint) for info in plan.datasets}
        needed |= {("cell", key) for trials in plan.tuning for key in trials.keys}
        for cell in plan.cells:
            needed |= {("cell", cell.key), ("fold", cell.fold_key)}
        if plan.settings["tune"] is not None:
            searched |= {(cell.fold_key, cell.identity["model"]["plugin"]) for cell in plan.cells}
    found = {kind: {key: _manifest(store, kind, key) for key in store.keys(kind)} for kind in sorted(_KNOWN)}
    needed |= set(_of_cells(found["cell"], searched, held))
    needed |= set(_of_folds(found["fold"], needed, held))
    for kind, kind_of_part, parts in (("split", "fold", "folds"), ("tune", "cell", "trials")):
        for key, manifest in found[kind].items():
            if any((kind_of_part, part["key"]) in needed for part in manifest.get(parts, ())):
                needed.add((kind, key))
    for kind in _BY_CELLS_AND_FOLDS:
        known = {key for _, key in needed}
        for key, told in found[kind].items():
            identity = told.get("identity", {})
            if ENERGY in identity or known & set(_texts(identity)):  # tables of energy rest on no cell
                needed.add((kind, key))
    return [(kind, key) for kind, keys in found.items() for key in keys if (kind, key) not in needed]


Manifests = Mapping[str, Mapping[str, Any]]


def _of_cells(cells: Manifests, searched: Collection[tuple[str, str]], held: Collection[EntryId]) -> Iterator[EntryId]:
    """Yield the cells that may be trials of a search, by fold and model, and the folds of those that are held."""
    for key, manifest in cells.items():
        identity = manifest.get("identity", {})
        fold, plugin = identity.get("fold", ""), identity.get("model", {}).get("plugin", "")
        if identity.get("stage") == "validation" and (fold, plugin) in searched:
            yield "cell", key
        if ("cell", key) in held:
            yield "fold", fold


def _of_folds(folds: Manifests, needed: Collection[EntryId], held: Collection[EntryId]) -> Iterator[EntryId]:
    """Yield the folds whose cut is held, and the truth and the data of those and of the needed ones."""
    for key, manifest in folds.items():
        cut = {name: value for name, value in manifest.get("identity", {}).items() if name != "fold"}
        being_cut = bool(cut) and ("split", content_key("split", cut)) in held
        if being_cut or ("fold", key) in needed:
            yield "fold", key
            yield "truth", key
            yield "data", manifest.get("data", "")


def _manifest(store: Store, kind: str, key: str) -> Mapping[str, Any]:
    """Return an entry's manifest; empty where it is damaged, so that it seems to need nothing."""
    folder = store.folder(kind, key)
    try:
        return Entry(folder).manifest if is_there(folder / MANIFEST) else {}
    except StoreError:
        return {}


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value: those that are keys name what an entry was computed from."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
