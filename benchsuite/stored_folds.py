"""Folds in a store: what models may see and the truth are separate entries of one key; a worker gets the first.

A fold is two entries: ``fold`` (training part, queries, blocked items, candidates, and the whole validation fold) and
``truth``. Older stores have the truth inside the entry ``fold``; such a fold is read as it is, and its truth is
moved to an entry of its own before anything is fitted on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.data import Dataset, Fold, GroundTruth, Relevance, explicit_negatives
from benchsuite.data.files import (
    VALIDATION,
    holds_truth,
    load_dataset,
    load_fold,
    load_truth,
    save_truth,
    save_view,
)
from benchsuite.errors import BenchsuiteError
from benchsuite.store import Entry, Store

_TOLD = ("identity", "data", "guard", "counts")
"""The fields that the runner writes into the manifest of a fold."""


class StoredFolds:
    """Whole folds of a store; each fold and each data set is loaded once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folds: dict[str, Fold] = {}
        self._data: dict[str, Dataset] = {}
        self._truths: dict[tuple[str, str], GroundTruth | None] = {}
        self._entries: dict[Path, Entry] = {}

    def fold(self, key: str) -> Fold:
        """Return a fold.

        Raises:
            StoreError: when it is not there.
        """
        if key not in self._folds:
            data = self._store.get("fold", key).manifest["data"]
            if data not in self._data:
                self._data[data] = load_dataset(self._store.get("data", data).folder)
            self._folds[key] = read_fold(self._store, key, self._data[data])
        return self._folds[key]

    def part(self, key: str, stage: str) -> Fold:
        """Return the fold whose queries a stage answers: the fold itself, or its validation fold.

        Raises:
            StoreError: when the fold is not there.
            BenchsuiteError: when it has no validation fold.
        """
        fold = self.fold(key)
        part = fold if stage == "test" else fold.validation
        if part is None:
            raise BenchsuiteError("the split makes no validation fold")
        return part

    def relevance_identity(self, relevance: Relevance, key: str, *stages: str) -> dict[str, Any]:
        """Return what the rule of relevance, applied to these stages of a fold, adds to the key of numbers."""
        found = [self._truth(key, stage) for stage in stages]
        negatives = any(one is not None and bool(explicit_negatives(one.value).any()) for one in found)
        return relevance.identity(negatives=negatives)

    def relevant_counts(self, relevance: Relevance, key: str) -> tuple[int, int] | None:
        """Return how many held-out rows of a fold are relevant, and how many there are; None where it is not there.

        Raises:
            DataError: when the rule needs labels and the data has none.
            StoreError: when the fold is damaged.
        """
        found = self._truth(key, "test")
        if found is None:
            return None
        return int(np.count_nonzero(relevance.rows(found.value, found.label))), len(found.value)

    def _truth(self, key: str, stage: str) -> GroundTruth | None:
        """Return what a stage is judged by, without the rest of its fold; None where it is not there."""
        if (key, stage) not in self._truths:
            self._truths[key, stage] = self._read_truth(key, stage)
        return self._truths[key, stage]

    def _read_truth(self, key: str, stage: str) -> GroundTruth | None:
        """Read a truth; only its own files are checked, as a report needs nothing else of most folds."""
        within = "" if stage == "test" else f"{VALIDATION}/"
        kind = "fold" if within or holds_truth(self._store.folder("fold", key)) else "truth"
        if not self._store.exists(kind, key):
            return None
        place = self._store.folder(kind, key)
        if place not in self._entries:
            self._entries[place] = Entry(place)
        entry = self._entries[place]
        for name in entry.manifest["files"]:
            if name.startswith(f"{within}truth."):
                entry.path(name)
        folder = entry.folder / within
        return load_truth(folder) if holds_truth(folder) else None


def read_fold(store: Store, key: str, dataset: Dataset) -> Fold:
    """Return a whole fold of this data set.

    Raises:
        StoreError: when it is not there.
    """
    folder = store.get("fold", key).folder
    return load_fold(folder, dataset, None if holds_truth(folder) else store.get("truth", key).folder)


def damaged(store: Store, key: str) -> list[str]:
    """Return the files of a fold and its truth that are missing or have changed since they were written."""
    return [
        str(store.folder(kind, key) / name) for kind in kinds_of(store, key) for name in store.get(kind, key).damaged()
    ]


def kinds_of(store: Store, key: str) -> tuple[str, ...]:
    """Return the kinds of entries that a fold is made of in this store."""
    return ("fold",) if holds_truth(store.folder("fold", key)) else ("fold", "truth")


def complete(store: Store, key: str) -> bool:
    """Return whether a fold is there, with its truth in either place."""
    return all(store.has(kind, key) for kind in kinds_of(store, key))


def write_fold(store: Store, key: str, fold: Fold, manifest: Mapping[str, Any]) -> None:
    """Store a fold; an entry that exists stays.

    Args:
        store: where to write.
        key: of both entries.
        fold: the whole fold.
        manifest: of the entry that models see; it names the data set's fingerprint as ``data``.
    """
    _write_truth(store, key, fold, manifest)
    if not store.has("fold", key):
        with store.write("fold", key) as draft:
            save_view(fold, draft.folder)
            draft.manifest = dict(manifest)


def separate_truth(store: Store, key: str, dataset: Dataset) -> None:
    """Move the truth of a fold that an older version wrote into an entry of its own; others are left alone."""
    entry = store.get("fold", key)
    if not holds_truth(entry.folder):
        return
    manifest = {name: value for name, value in entry.manifest.items() if name in _TOLD}
    fold = read_fold(store, key, dataset)
    _write_truth(store, key, fold, manifest)
    with store.write("fold", key) as draft:
        save_view(fold, draft.folder)
        draft.manifest = manifest
        store.drop("fold", key)  # after a kill between the two steps the fold is cut again, and its truth stays


def link_fold(store: Store, other: Store, key: str) -> None:
    """Link a fold, without its truth, and its data set into another store; copy where links are impossible."""
    manifest = {name: value for name, value in store.get("fold", key).manifest.items() if name in _TOLD}
    if kinds_of(store, key) == ("fold",):
        write_fold(
            other, key, StoredFolds(store).fold(key), {name: manifest[name] for name in _TOLD if name in manifest}
        )
    shown = [("data", manifest["data"]), *((kind, key) for kind in kinds_of(store, key) if not other.has(kind, key))]
    for kind, name in shown:
        folder = other.folder(kind, name)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(store.get(kind, name).folder.resolve(), target_is_directory=True)


def _write_truth(store: Store, key: str, fold: Fold, manifest: Mapping[str, Any]) -> None:
    if not store.has("truth", key):
        with store.write("truth", key) as draft:
            save_truth(fold.truth, draft.folder)
            draft.manifest = {"data": manifest["data"]}


def view_folder(store: Store, key: str, stage: str) -> Path:
    """Return the folder of what models may see in a stage."""
    folder = store.folder("fold", key)
    return folder if stage == "test" else folder / VALIDATION
