"""A cache of prepared data sets under the key of their recipe, so that a large set is read and prepared once."""

from __future__ import annotations

import glob
import hashlib
import json
import shutil
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import benchsuite
from benchsuite.api import DataLocations
from benchsuite.atomic_writes import new_folder
from benchsuite.data import Dataset
from benchsuite.data.files import load_dataset, save_dataset
from benchsuite.errors import DataError
from benchsuite_datasets.card import Card
from benchsuite_datasets.fetch import sha256
from benchsuite_datasets.file_lookup import LocatedFiles

MIN_CACHED_ROWS = 50_000
"""Sets with fewer rows are read again each time. From here on a copy is faster: it needs no library of tables, whose
import alone takes a second."""

_FINGERPRINT_FILE = "fingerprint.json"


def load_or_prepare(
    card: Card, settings: dict[str, Any], found: LocatedFiles, place: DataLocations, make: Callable[[], Dataset]
) -> Dataset:
    """Return the data set from the cache, as memory-mapped arrays, or make it and store it there.

    The key is made of everything that decides the content: the bytes of the files, the card, the settings, and the
    code that reads and prepares. A copy whose content has changed is reported, removed and made again.

    Args:
        card: what the files mean.
        settings: how they are prepared.
        found: the files.
        place: where the cache is.
        make: reads and prepares the files.
    """
    folder = place.cache / "prepared" / f"{card.name}-{_key(card, settings, found)[:32]}"
    cached = _load(folder, place)
    if cached is not None:
        place.say(f"{card.name}: prepared before, taken from {folder}")
        return cached
    dataset = make()
    if len(dataset.interactions) >= MIN_CACHED_ROWS:
        _save(dataset, folder, place)
    return dataset


def prepared_rows(name: str, place: DataLocations) -> list[Path]:
    """Return the files with the rows of all cached copies of a set of this name."""
    return sorted((place.cache / "prepared").glob(f"{glob.escape(name)}-*/interactions.*"))


def _key(card: Card, settings: dict[str, Any], found: LocatedFiles) -> str:
    files = {file.name: sha256(found.path(file.name)) for file in found.layout.files}
    extra = {}
    for features in filter(None, (found.layout.item_features, found.layout.user_features)):
        beside = found.path(features).with_suffix(".ids")
        if beside.is_file():
            extra[beside.name] = sha256(beside)
    recipe = {
        "card": card.model_dump(mode="json"),
        "layout": found.layout.name,
        "settings": settings,
        "files": files | extra,
        "code": _code_hash(),
    }
    return hashlib.sha256(json.dumps(recipe, sort_keys=True, default=str).encode()).hexdigest()


@cache
def _code_hash() -> str:
    """Return a hash of all code that reads and prepares: changed code never finds an old copy."""
    digest = hashlib.sha256(benchsuite.__version__.encode())
    for package in ("benchsuite_datasets", "benchsuite_tables", "benchsuite.data"):
        for file in sorted(resources.files(package).iterdir(), key=lambda one: one.name):
            if file.name.endswith(".py"):
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _load(folder: Path, place: DataLocations) -> Dataset | None:
    """Return the cached copy, or None where there is no intact one."""
    if not folder.is_dir():
        return None
    try:
        told = json.loads((folder / _FINGERPRINT_FILE).read_text("utf-8"))
        dataset = load_dataset(folder)
        if dataset.fingerprint == told:
            return dataset
        why = "its content has changed"
    except (OSError, ValueError, KeyError, TypeError, DataError) as error:
        why = " ".join(str(error).split())[:200]
    place.say(f"the prepared copy {folder} is damaged ({why}); it is made again")
    shutil.rmtree(folder, ignore_errors=True)
    return None


def _save(dataset: Dataset, folder: Path, place: DataLocations) -> None:
    """Write a copy beside its place and move it there in one go; no half-written copy is ever found."""
    try:
        with new_folder(folder) as draft:
            save_dataset(dataset, draft)
            (draft / _FINGERPRINT_FILE).write_text(json.dumps(dataset.fingerprint), "utf-8")
    except OSError as error:
        if not folder.is_dir():  # else somebody else was faster with the same content
            place.say(f"{dataset.name}: no prepared copy is kept: {error.strerror or error}")
