"""Fits one stored cell again, outside the store, and compares the results."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchsuite.api import Reproducibility
from benchsuite.errors import PluginError, StoreError
from benchsuite.programs import check_program
from benchsuite.registry import find, load_model
from benchsuite.runner import THREADS
from benchsuite.runner.jobs import Job, modules_for
from benchsuite.runner.pool import Pool, ProgressListener, StaticJobSource
from benchsuite.runner.scratch import scratch_folder
from benchsuite.store import MANIFEST, Entry, Store, misfit, unreadable
from benchsuite.stored_folds import link_fold


@dataclass(frozen=True)
class Difference:
    """How two fits of one cell compare.

    Attributes:
        what: the model's lists or its scores.
        compared: how many values were compared.
        different: how many differ at all.
        largest: the largest difference of two scores; 0 for lists.
    """

    what: str
    compared: int
    different: int
    largest: float


def threads_of(cell: Entry) -> int:
    """Return with how many threads a cell was fitted."""
    return int(cell.manifest.get("threads", THREADS))


def may_differ(plugin: str, threads: int, trusted: Collection[str] = ()) -> bool:
    """Return whether a model says itself that a second fit with so many threads gives other digits.

    False where it cannot be asked.
    """
    try:
        promise = load_model(plugin, trusted=trusted).reproducibility
    except PluginError:
        return False
    return promise is Reproducibility.NONE or (promise is Reproducibility.ONE_THREAD and threads > 1)


def find_key(store: Store, kind: str, start: str) -> str:
    """Return the one key that begins with ``start``.

    Raises:
        StoreError: when there is none, or more than one.
    """
    found = [key for key in store.keys(kind) if key.startswith(start.lower())]
    if len(found) != 1:
        reason = f"{len(found)} {kind}s have keys that begin so" if found else f"no {kind} has a key that begins so"
        raise StoreError(reason, where=start, remedy="see the keys with benchsuite status EXPERIMENT --json")
    return found[0]


def refit(
    store: Store, key: str, watcher: ProgressListener, trusted: Collection[str] = ()
) -> tuple[Entry, list[Difference]]:
    """Fit a stored cell once more and compare its lists and scores with what the store has.

    Args:
        store: where the cell lies; nothing in it is changed.
        key: of the cell.
        watcher: receives the progress.
        trusted: the file with a model, and the command of its program, that the user named.

    Returns:
        The new cell, and the differences; the state of a failed fit is in its manifest.

    Raises:
        PluginError: when the model is not installed, or a file or program that the user did not name, or that changed.
    """
    old, identity = stored_cell(store, key)
    find("models", identity["model"]["plugin"], trusted=trusted)
    _check_program(identity["model"], trusted)
    with scratch_folder() as folder:
        other = Store(folder)
        link_fold(store, other, identity["fold"])
        cell = {"key": key, "stage": identity["stage"], "identity": identity}
        threads = threads_of(old)
        modules = modules_for(identity["model"]["plugin"], trusted)
        label = f"cell {key[:12]}"
        job = Job(label, identity["fold"], (cell,), threads, "auto", 2 * 3600.0, modules, tuple(trusted))
        Pool(other, 1, watcher).run(StaticJobSource([job]))
        new = other.get("cell", key)
        states = (old.manifest["state"], new.manifest["state"])
        return new, _compare(old, new) if states == ("ok", "ok") else []


def _check_program(identity: Mapping[str, Any], trusted: Collection[str]) -> None:
    """Refuse a program before anything is copied; the worker refuses it in any case."""
    if "program" in identity:
        model = load_model(identity["plugin"], trusted=trusted).from_settings(identity["settings"])
        check_program(model, str(identity["program"]), trusted)


def stored_cell(store: Store, key: str) -> tuple[Entry, Mapping[str, Any]]:
    """Return a stored cell that can be fitted again, and its identity.

    Raises:
        StoreError: when it or its fold is not there or damaged, or its manifest lacks what is needed.
    """
    entry = store.get("cell", key)
    entry.check(whole=True)
    identity: dict[str, Any] = entry.manifest.get("identity", {})
    model = {"plugin": str, "settings": {}}
    if fault := misfit(identity, {"fold": str, "stage": str, "model": model, "seed": int, "k": int}, "identity"):
        raise unreadable(entry.folder / MANIFEST, fault)
    store.get("fold", identity["fold"])
    return entry, identity


def _compare(old: Entry, new: Entry) -> list[Difference]:
    before, after = old.arrays(), new.arrays()
    found = []
    for what, name in (("lists", "item"), ("list scores", "score"), ("pair scores", "pair_score")):
        one, two = before[name], after[name]
        if one.shape != two.shape:
            found.append(Difference(what, int(one.size), int(one.size), float("nan")))
            continue
        equal = (one == two) | ((one != one) & (two != two))  # noqa: PLR0124 - NaN is the value unequal to itself
        both = np.isfinite(one) & np.isfinite(two)
        gap = np.abs(one[both].astype(np.float64) - two[both].astype(np.float64)) if name != "item" else np.zeros(0)
        found.append(Difference(what, int(one.size), int((~equal).sum()), float(gap.max(initial=0.0))))
    return found
