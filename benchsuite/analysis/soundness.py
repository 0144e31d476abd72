"""Checks that everything in a store that a report rests on exists and is unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchsuite.analysis.kept_plans import kept_plan
from benchsuite.errors import StoreError
from benchsuite.plan import Plan
from benchsuite.store import Entry, Store
from benchsuite.stored_folds import kinds_of

_SHORT = 12
_NEAR = 1e-9
"""Relative tolerance of numbers: another machine may sum in another order."""


def store_faults(store: Store, plan: str, cells: Mapping[str, str]) -> Iterator[str]:
    """Yield every fault of the plan, its cells and trials, folds, splits, data and studies, a line each.

    Args:
        store: where they lie.
        plan: the plan's key.
        cells: the state that the report shows of each cell, by key.
    """
    yield from _faults(store, "plan", plan)
    for key, state in cells.items():
        if state != "missing" or store.exists("cell", key):
            faults = _faults(store, "cell", key)
            yield from faults
            if not faults and (now := store.get("cell", key).manifest["state"]) != state:
                yield f"{_name('cell', key)} is {now}, the report says {state}; write the report again"
    try:
        planned = kept_plan(store, plan)
    except StoreError:
        return  # told above
    trials = {key for study in planned.tuning for key in study.keys} - set(cells)
    folds = {cell.fold_key for cell in planned.cells if not cell.reason}
    data = {info.fingerprint for info in planned.datasets if info.fingerprint}
    for kind, keys in (("cell", trials), ("data", data)):
        for key in sorted(keys):
            yield from _faults(store, kind, key)
    for key in sorted(folds):
        for kind in kinds_of(store, key):
            yield from _faults(store, kind, key)
    yield from _split_faults(store, folds)
    yield from _study_faults(store, planned)


def cache_faults(store: Store, anew: Store) -> Iterator[str]:
    """Yield every cache of the store that differs from the one that was computed ``anew``."""
    for kind, key in anew.made_aside():
        if not store.exists(kind, key):
            continue
        faults = _faults(store, kind, key)
        yield from faults
        if not faults and (entry := store.get(kind, key)).signed and not _same(entry, anew.get(kind, key)):
            yield f"{_name(kind, key)} is not what its cells give; delete {entry.folder}"


def _faults(store: Store, kind: str, key: str) -> list[str]:
    if not store.exists(kind, key):
        return [f"{_name(kind, key)} is not there; run the experiment again"]
    return [f"{_name(kind, key)}: {fault}" for fault in store.faults(kind, key)]


def _name(kind: str, key: str) -> str:
    return f"store: {kind} {key[:_SHORT]}"


def _split_faults(store: Store, folds: set[str]) -> Iterator[str]:
    """Yield the faults of splits that made these folds; an unreadable split may have made them."""
    for key in store.keys("split"):
        faults = _faults(store, "split", key)
        if faults and folds.isdisjoint(_fold_keys(store, key) or folds):
            continue
        yield from faults


def _fold_keys(store: Store, split: str) -> set[str]:
    try:
        return {fold["key"] for fold in store.get("split", split).manifest["folds"]}
    except StoreError:
        return set()


def _study_faults(store: Store, plan: Plan) -> Iterator[str]:
    """Yield the faults of studies, and studies that differ from the plan's trials.

    Searches by other metrics may have the same trials, where there was one setting to try; one entry must say the same.
    """
    missing, damaged = {study.keys: study for study in plan.tuning}, False
    others: dict[tuple[str, ...], str] = {}
    for key in store.keys("tune"):
        faults = _faults(store, "tune", key)
        yield from faults
        if faults:
            damaged = True
            continue
        entry = store.get("tune", key)
        trials = entry.manifest["trials"]
        trial_keys = tuple(trial["key"] for trial in trials)
        if (study := missing.get(trial_keys)) is None:
            continue
        if [trial["value"] for trial in trials] == list(study.values) and entry.manifest["best"] == study.best:
            del missing[trial_keys]
        else:
            others[trial_keys] = f"{_name('tune', key)} is not what the plan says; delete {entry.folder} and run again"
    for keys, study in missing.items():
        if keys in others:
            yield others[keys]
        elif not damaged:  # a damaged one does not tell whose it is
            yield f"the study of {study.model} on {study.dataset}, {study.split} is not in the store; run again"


def _same(one: Entry, other: Entry) -> bool:
    """Return whether two caches are equal."""
    left, right = (
        {name: value for name, value in entry.manifest.items() if name not in ("files", "sha256")}
        for entry in (one, other)
    )
    if not _near(left, right) or set(one.manifest["files"]) != set(other.manifest["files"]):
        return False
    if not one.manifest["files"]:
        return True
    before, after = one.arrays(), other.arrays()
    return set(before) == set(after) and all(
        before[name].shape == after[name].shape and np.allclose(before[name], after[name], _NEAR, 0.0, equal_nan=True)
        for name in before
    )


def _near(one: Any, other: Any) -> bool:
    """Return whether two values are equal; the first may lack facts that the version which wrote it did not know."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) <= set(other) and all(_near(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_near(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return bool(np.isclose(one, other, _NEAR, 0.0))
    return bool(one == other)
