"""Pins: digests of a benchmark's data and folds, so that no version of the code judges models on another cut.

``benchsuite/experiments/NAME.pins.json`` lies beside the benchmark. A digest is over the content of a fold, not over
the files that a store made of it, so that it stays the same whatever compresses arrays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.atomic_writes import replaced_file
from benchsuite.benchmark.places import pins_path
from benchsuite.data import Fold, Ragged
from benchsuite.errors import ConfigError, DataError
from benchsuite.plan import Plan
from benchsuite.store import Store, misfit, read_json
from benchsuite.stored_folds import StoredFolds

FoldPlace = tuple[str, str, int, str]
"""Labels of data set and split, seed, the fold's name."""


@dataclass(frozen=True)
class Pins:
    """What a benchmark rests on.

    Attributes:
        data: fingerprint of each data set by its label.
        folds: digest of each fold by its place; ``""`` says that the split cannot cut this data set.
        queries: sha256 (hex) of ``queries.npz``, which tells who asks in these folds; "" where it is not written yet.
            No part of the digest, since it says nothing that the folds do not.
    """

    data: Mapping[str, str]
    folds: Mapping[FoldPlace, str]
    queries: str = ""

    @property
    def digest(self) -> str:
        """sha256 (hex) of data and folds."""
        return hashlib.sha256(json.dumps(self.record(), sort_keys=True).encode()).hexdigest()

    def record(self) -> dict[str, Any]:
        """Return what the digest is of, as JSON-like values."""
        folds = [[*place, digest] for place, digest in self.folds.items()]
        return {"data": dict(self.data), "folds": folds}

    def write(self, name: str) -> None:
        """Write the pins of a benchmark beside it."""
        with replaced_file(pins_path(name)) as draft:
            lines = [json.dumps(fold) for fold in self.record()["folds"]]
            body = ",\n  ".join(lines)
            head = f'"data": {json.dumps(self.data, indent=2)},\n "queries": {json.dumps(self.queries)}'
            draft.write_text(f'{{{head},\n "folds": [\n  {body}]}}\n', "utf-8")


def read_pins(name: str) -> Pins:
    """Read the pins of a benchmark.

    Raises:
        ConfigError: when it has none.
        StoreError: when they cannot be read.
    """
    path = pins_path(name)
    if not path.is_file():
        remedy = f"make them with: python benchmarks/pin_benchmark.py {name}"
        raise ConfigError(f"the benchmark {name} has no pins", where=str(path), remedy=remedy)
    table = read_json(path, "install benchsuite again")
    if fault := misfit(table, {"data": {str: str}, "queries": str, "folds": [list]}):
        raise ConfigError(f"the pins cannot be read: {fault}", where=str(path), remedy="install benchsuite again")
    folds = {(data, split, seed, fold): digest for data, split, seed, fold, digest in table["folds"]}
    return Pins(table["data"], folds, table["queries"])


def pins_of(plan: Plan, store: Store) -> Pins:
    """Return the pins of a plan, from the data and folds that a store holds of it."""
    folds = StoredFolds(store)
    found: dict[FoldPlace, str] = {}
    for cell in plan.cells:
        place = (cell.dataset, cell.split, cell.seed, cell.fold)
        if place not in found:
            found[place] = fold_digest(folds.fold(cell.fold_key)) if cell.fold_key else ""
    return Pins({data.label: data.fingerprint for data in plan.datasets}, found)


def check_pins(name: str, plan: Plan, store: Store) -> Pins:
    """Compare a plan of a benchmark, or of a part of it, with the pins of the benchmark; return the latter.

    Raises:
        DataError: when data or a fold differs from what the version pins.
        ConfigError: when the benchmark has no pins, or they lack something.
    """
    pinned, now = read_pins(name), pins_of(plan, store)
    remedy = f"results would not be comparable: get the pinned data, or the release of benchsuite that has {name}"
    for label, fingerprint in now.data.items():
        if label not in pinned.data:
            raise ConfigError(f"{name} pins no data set {label}", where=str(pins_path(name)), remedy=remedy)
        if pinned.data[label] != fingerprint:
            what = f"the data is not that of {name}: {fingerprint[:12]}, pinned is {pinned.data[label][:12]}"
            raise DataError(what, where=label, remedy=remedy)
    for place, digest in now.folds.items():
        wanted = pinned.folds.get(place)
        if wanted != digest:
            data, split, seed, fold = place
            said = "is not pinned" if wanted is None else f"is {digest[:12] or 'not cut'}, pinned is {wanted[:12]}"
            where = f"{data}, {split}, seed {seed}, fold {fold}"
            raise DataError(f"this fold is not that of {name}: it {said}", where=where, remedy=remedy)
    return pinned


def fold_digest(fold: Fold) -> str:
    """Return the sha256 (hex) of everything in a fold that decides numbers, its validation fold included."""
    digest = hashlib.sha256()
    for name, array in _arrays(fold):
        digest.update(f"{name}:{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _arrays(fold: Fold) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield all arrays of a fold by name."""
    queries, truth = fold.queries, fold.truth
    yield "train", np.frombuffer(fold.train.fingerprint.encode(), np.uint8)
    tables: dict[str, Any] = {"queries": queries, "history": queries.history, "truth": truth, "blocked": fold.blocked}
    for table, one in tables.items():
        names = ("start", "item") if isinstance(one, Ragged) else sorted(vars(one))
        for name in names:
            if isinstance(value := getattr(one, name), np.ndarray):
                yield f"{table}.{name}", value
    yield "groups", np.frombuffer("\n".join(queries.groups).encode(), np.uint8)
    if fold.candidates is not None:
        yield "candidates", fold.candidates
    if fold.validation is not None:
        inner = fold_digest(fold.validation)
        yield "validation", np.frombuffer(inner.encode(), np.uint8)
