"""A fitted model as a folder: what the model wrote, ``benchsuite.json``, ``items.json`` and a model card.

The model's plugin is found by name when the folder is opened, as in an experiment; nothing is pickled, and no code that
lies in the folder is run. A folder is written beside its place and renamed into it, so it is whole or absent.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import benchsuite
from benchsuite.api import Model, Source
from benchsuite.atomic_writes import new_folder
from benchsuite.data import Dataset, Entities
from benchsuite.errors import DataError, NotApplicable, PluginError, StoreError
from benchsuite.keys import file_digest
from benchsuite.registry import PluginEntry, load_model
from benchsuite.store import sync
from benchsuite_saved.model_card import CARD, Benchmark, card

ABOUT = "benchsuite.json"
ITEMS = "items.json"
_FORMAT = 1
_OWN = (ABOUT, CARD)
_ADVICE = "make one with: benchsuite train MODEL --source SOURCE --out FOLDER"


@dataclass(frozen=True)
class Origin:
    """What a fitted model comes from.

    Attributes:
        entry: the model's plugin.
        source: the source of the data.
        source_name: its name.
        seed: of the fit.
        benchmark: its results in an experiment, None where it was not measured.
    """

    entry: PluginEntry
    source: Source
    source_name: str
    seed: int
    benchmark: Benchmark | None = None


@dataclass(frozen=True, eq=False)
class Saved:
    """An opened folder.

    Attributes:
        model: the fitted model.
        items: the catalogue, without features.
        about: the content of ``benchsuite.json``.
    """

    model: Model
    items: Entities
    about: Mapping[str, Any]

    @property
    def titles(self) -> tuple[str, ...]:
        """What to call each item: its title, or its id where it has none."""
        titles = self.items.titles or self.items.ids
        return tuple(title or name for title, name in zip(titles, self.items.ids, strict=True))


def check_savable(entry: PluginEntry, model: Model) -> None:
    """Refuse a model that cannot be saved, before it is fitted.

    Raises:
        NotApplicable: when its plugin has no ``save``.
        PluginError: when its code is in a file, which the saved folder would not hold.
    """
    if not entry.distribution:
        what = f"{entry.target} is a file, and only an installed model can be saved"
        raise PluginError(what, remedy="install it with save and load; benchsuite new model NAME writes a package")
    if type(model).save is Model.save:
        remedy = "only a model with save and load can; see benchsuite.api.Model"
        raise NotApplicable(f"{entry.name} cannot be saved", remedy=remedy)


def check_target(folder: Path) -> None:
    """Refuse a target that exists, unless it is an empty folder.

    Raises:
        StoreError: when it exists and is not an empty folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError("is not an empty folder", where=str(folder), remedy="name a new one with --out")


def with_unknown_user(dataset: Dataset) -> Dataset:
    """Return the data with one more user without rows, text or features: the user that later queries ask as.

    The true preferences of simulated data are removed.
    """
    users = dataset.users
    name = "nobody"
    while name in users.ids:
        name += "_"
    features = users.features
    if features is not None:  # the mean, so that a model that reads features learns nothing from it
        features = np.vstack([features, features.mean(axis=0, dtype=np.float64)]).astype(np.float32)
    more = dataclasses.replace(
        users,
        ids=(*users.ids, name),
        text=None if users.text is None else (*users.text, ""),
        columns={column: (*values, "") for column, values in users.columns.items()},
        features=features,
    )
    return dataclasses.replace(dataset, users=more, preferences=None)


def write_folder(folder: Path, model: Model, dataset: Dataset, origin: Origin) -> None:
    """Save a model that was fitted on ``with_unknown_user(dataset)``.

    Args:
        folder: does not exist yet, or is empty.
        model: fitted.
        dataset: the data without the user that :func:`with_unknown_user` adds.
        origin: for ``benchsuite.json`` and the model card.

    Raises:
        NotApplicable: when the model cannot be saved.
        StoreError: when the folder is not empty or cannot be written.
    """
    check_target(folder)
    about = _about(model, dataset, origin)
    try:
        with new_folder(folder) as draft:
            model.save(draft)
            _write_items(dataset.items, draft / ITEMS)
            encoder = (draft / "modules.json").is_file()
            (draft / CARD).write_text(card(model, dataset, about, origin.benchmark, encoder=encoder), "utf-8")
            about["files"] = {name: file_digest(draft / name) for name in _files(draft)}
            _write_json(draft / ABOUT, about)
            mask = _umask()
            for name in (*_files(draft), *_OWN):
                (draft / name).chmod(0o666 & ~mask)
                sync(draft / name)
            draft.chmod(0o777 & ~mask)
        sync(folder.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"cannot be written: {reason}", where=str(folder), remedy="name another --out") from None


def open_folder(folder: Path) -> Saved:
    """Open what :func:`write_folder` wrote.

    Raises:
        DataError: when the folder holds no saved model, a damaged one, or one of another version.
        PluginError: when its plugin is not installed.
    """
    try:
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        told, version, files = about["model"], about["format"], dict(about["files"])
        plugin, settings = str(told["plugin"]), dict(told["settings"])
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"no saved model: there is no {ABOUT}", where=str(folder), remedy=_ADVICE) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"cannot be read: {error}", where=str(folder / ABOUT), remedy=_ADVICE) from None
    if version != _FORMAT:
        raise DataError(f"has format {version}, not {_FORMAT}", where=str(folder), remedy="update benchsuite")
    if ".py:" in plugin:
        raise PluginError(f'names the file "{plugin}" as its model', where=str(folder / ABOUT), remedy=_ADVICE)
    for name, digest in files.items():
        if not (folder / name).is_file() or file_digest(folder / name) != digest:
            raise DataError("is missing or not as it was saved", where=str(folder / name), remedy="copy it again")
    cls = load_model(plugin)
    if cls.version != told["version"]:
        what = f"was fitted by version {told['version']} of {plugin}, and {cls.version} is installed"
        raise DataError(what, where=str(folder), remedy="train it again")
    items = _read_items(folder / ITEMS)
    model = cls.from_settings(settings, where=str(folder / ABOUT)).load(folder, items)
    return Saved(model, items, about)


def _about(model: Model, dataset: Dataset, origin: Origin) -> dict[str, Any]:
    entry, source, rows = origin.entry, origin.source, dataset.interactions
    liked = rows if rows.label is None or not rows.label.any() else rows.take(rows.label == 1)
    return {
        "format": _FORMAT,
        "benchsuite": benchsuite.__version__,
        "model": {
            "plugin": f"{entry.distribution}/{entry.name}",
            "name": entry.name,
            "version": model.version,
            "settings": model.settings(),
        },
        "seed": origin.seed,
        "data": {
            "name": dataset.name,
            "source": origin.source_name,
            "settings": source.settings(),
            "licence": source.licence,
            "url": source.url,
            "fingerprint": dataset.fingerprint,
            "users": len(dataset.users),
            "items": len(dataset.items),
            "interactions": len(rows),
        },
        # The columns of a history event: as in a typical event that users liked.
        "asker": {
            "user": len(dataset.users),
            "value": float(np.median(liked.value)) if len(liked) else 1.0,
            "label": None if rows.label is None else 1,
            "timestamp": None if rows.timestamp is None else int(rows.timestamp.max(initial=0)),
            "behaviour": int(np.bincount(liked.behaviour, minlength=1).argmax()),
            "behaviours": list(rows.behaviours),
        },
        "benchmark": None if origin.benchmark is None else origin.benchmark.facts,
    }


def _write_items(items: Entities, path: Path) -> None:
    _write_json(path, {"ids": items.ids, "text": items.text, "columns": dict(items.columns)})


def _read_items(path: Path) -> Entities:
    table = json.loads(path.read_text("utf-8"))
    return Entities(tuple(table["ids"]), None if table["text"] is None else tuple(table["text"]), table["columns"])


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def _files(folder: Path) -> list[str]:
    """Return the names of all files but our own two, which may be edited."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [name for name in names if name not in _OWN]


def _umask() -> int:
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
