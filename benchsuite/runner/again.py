"""Fit one stored cell again, apart from the store, and compare what comes out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchsuite.errors import StoreError
from benchsuite.folds import borrow
from benchsuite.provenance import cores
from benchsuite.runner.jobs import Job, modules_for
from benchsuite.runner.pool import Fixed, Pool, Watcher
from benchsuite.store import Entry, Store


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


def again(store: Store, key: str, watcher: Watcher) -> tuple[Entry, list[Difference]]:
    """Fit a stored cell once more and compare its lists and scores with what the store has.

    Args:
        store: where the cell lies; nothing in it is changed.
        key: of the cell.
        watcher: who shows it to the user.

    Returns:
        The cell made now, and the differences; the state of a failed fit is in its manifest.
    """
    old = store.get("cell", key)
    identity = old.manifest["identity"]
    with tempfile.TemporaryDirectory(prefix="benchsuite-") as folder:
        other = Store(Path(folder))
        borrow(store, other, identity["fold"])
        cell = {"key": key, "stage": identity["stage"], "identity": identity}
        threads = int(old.manifest.get("threads", cores()))
        modules = modules_for(identity["model"]["plugin"])
        job = Job(f"cell {key[:12]}", identity["fold"], (cell,), threads, "auto", 2 * 3600.0, modules)
        Pool(other, 1, watcher).run(Fixed([job]))
        new = other.get("cell", key)
        states = (old.manifest["state"], new.manifest["state"])
        return new, _compare(old, new) if states == ("ok", "ok") else []


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
