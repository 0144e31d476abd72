"""What lies in a store: how much of each kind, and what is damaged, unfinished or left over."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchsuite.errors import StoreError
from benchsuite.shared_folders import entries, entries_of, folder_bytes
from benchsuite.store.entry import MANIFEST, Entry
from benchsuite.store.leases import Leases, holders
from benchsuite.store.owners import dead_drafts, lives, release
from benchsuite.store.shapes import RESTS_ON
from benchsuite.store.store import Store

_NO_KINDS = frozenset({"checkpoints", "code", "damaged", "drafts", "jobs", "leases", "plans", "running"})
"""Folders of a store that hold no entries."""

Trouble = Literal["damaged", "unfinished", "left over"]
"""An entry that is not as it was written; a folder in the place of an entry that never was one; what a process that is
dead has left: a draft, a lease, the note of a run."""


@dataclass(frozen=True)
class Fault:
    """One thing in a store that is not as it should be.

    Attributes:
        trouble: of which sort.
        kind: of the entry, or ``draft``, ``lease``, ``run``.
        key: of the entry, or the name of the file.
        what: what is wrong, in one line.
        path: where it lies.
    """

    trouble: Trouble
    kind: str
    key: str
    what: str
    path: Path


@dataclass(frozen=True)
class Amount:
    """How much lies in one part of a store.

    Attributes:
        kind: of entries, or a folder of other files.
        entries: how many.
        bytes: of all their files together.
    """

    kind: str
    entries: int
    bytes: int


def kinds(store: Store) -> list[str]:
    """Return the kinds of entries that a store has, sorted."""
    return [path.name for path in entries(store.root) if path.is_dir() and path.name not in _NO_KINDS]


def folders(store: Store, kind: str) -> list[Path]:
    """Return all folders in the place of entries of a kind, complete or not, sorted."""
    return [path for path in entries_of(entries(store.root / kind)) if path.is_dir()]


def amounts(store: Store) -> list[Amount]:
    """Return how much each kind of entries takes, and each folder of other files that is there."""
    found = []
    for kind in kinds(store):
        there = folders(store, kind)
        found.append(Amount(kind, len(there), sum(folder_bytes(folder) for folder in there)))
    for name in sorted(_NO_KINDS):
        if (store.root / name).is_dir():
            files = entries(store.root / name)
            found.append(Amount(name, len(files), sum(folder_bytes(file) for file in files)))
    return found


def faults(store: Store) -> Iterator[Fault]:
    """Yield everything that is not as it should be; every file of the store is read."""
    for kind in kinds(store):
        for folder in folders(store, kind):
            key = folder.name
            if not (folder / MANIFEST).is_file():
                yield Fault("unfinished", kind, key, "it has no manifest", folder)
                continue
            if lines := store.faults(kind, key) or _support(store, kind, key):
                more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
                yield Fault("damaged", kind, key, lines[0] + more, folder)
    yield from _left_over(store)


def _left_over(store: Store) -> Iterator[Fault]:
    for draft in dead_drafts(store.root / "drafts"):
        yield Fault("left over", "draft", draft.name, "the process that wrote it is dead", draft)
    for holder in holders(store.root):
        if holder.alive is False:
            what = f"{holder.who} is dead; it computed {holder.about or holder.kind}"
            yield Fault("left over", "lease", f"{holder.kind}-{holder.key}", what, store.root / "leases")
    for note in sorted((store.root / "running").glob("*.json")):
        if _is_dead(note):
            yield Fault("left over", "run", note.name, "the run that wrote it is dead", note)


def mend(store: Store, fault: Fault) -> bool:
    """Move an entry that is damaged or unfinished to the folder ``damaged`` of its store; remove what is left over.

    Returns:
        False where a run holds the lease of the entry: it is left alone.

    Raises:
        StoreError: when it cannot be moved.
    """
    with Leases(store.root) as leases:
        if fault.kind == "lease":
            kind, _, key = fault.key.rpartition("-")
            return leases.take(kind, key, "repair") is None  # given back at once, and gone
        if fault.kind == "draft":
            release(fault.path)
            return True
        if fault.kind == "run":
            fault.path.unlink(missing_ok=True)
            return True
        if leases.take(fault.kind, fault.key, "repair") is not None:
            return False
        away = store.root / "damaged" / f"{fault.kind}-{fault.key}-{uuid.uuid4().hex[:8]}"
        try:
            away.parent.mkdir(exist_ok=True)
            shutil.move(fault.path, away)
        except OSError as error:
            what = f"cannot be moved to {away}: {error.strerror or error}"
            raise StoreError(what, where=str(fault.path), remedy="see who may write there") from None
        return True


def _support(store: Store, kind: str, key: str) -> list[str]:
    """Return what an entry rests on and is not there, a line each."""
    if kind not in RESTS_ON:
        return []
    other = RESTS_ON[kind]
    needed = Entry(store.folder(kind, key)).manifest[other]
    return [] if store.exists(other, needed) else [f"its {other} {needed[:12]} is not there"]


def _is_dead(note: Path) -> bool:
    try:
        return lives(json.loads(note.read_text("utf-8"))["process"]) is False
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
