"""Data sets and folds as folders of plain arrays and JSON: no pickle, memory-mapped when read."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.data.arrays import Ragged
from benchsuite.data.dataset import Dataset, Entities, Interactions, Step
from benchsuite.data.fold import Fold, FoldView, GroundTruth, Queries
from benchsuite.errors import DataError

VALIDATION = "validation"
"""The folder of the validation fold in the folder of its fold."""

MAPPED_FROM = 16 * 2**20
"""Files of so many bytes and more are mapped, so that processes share them. Smaller ones are read: where somebody cuts
a file that is mapped, the process that looks at it ends by a signal, and cannot say why."""


def save_dataset(dataset: Dataset, folder: Path) -> None:
    """Write a data set into an existing folder."""
    _save_interactions(dataset.interactions, folder, "interactions")
    _save_table(dataset.users, folder, "users")
    _save_table(dataset.items, folder, "items")
    _save(folder, "links", dataset.links)
    _save(folder, "preferences", dataset.preferences)
    steps = [dataclasses.asdict(step) for step in dataset.steps]
    about = {"name": dataset.name, "simulated": dataset.simulated, "ordered": dataset.ordered, "steps": steps}
    _write(folder / "dataset.json", about)


def load_dataset(folder: Path) -> Dataset:
    """Read what :func:`save_dataset` wrote.

    Raises:
        DataError: when a file is missing or damaged.
    """
    with _reading(folder):
        return _dataset(folder, _load_interactions(folder, "interactions"))


def load_tables(folder: Path) -> Dataset:
    """Read what :func:`save_dataset` wrote, without a single row: for those who must not see the held-out ones.

    Raises:
        DataError: when a file is missing or damaged.
    """
    none = np.zeros(0, np.int32)
    rows = Interactions(none, none, np.zeros(0, np.float32), None, None, np.zeros(0, np.int8), ())
    with _reading(folder):
        return _dataset(folder, rows)


def _dataset(folder: Path, rows: Interactions) -> Dataset:
    about = _read(folder / "dataset.json")
    return Dataset(
        name=about["name"],
        interactions=rows,
        users=_load_table(folder, "users"),
        items=_load_table(folder, "items"),
        links=_load(folder, "links"),
        preferences=_load(folder, "preferences"),
        simulated=about["simulated"],
        steps=tuple(Step(**step) for step in about["steps"]),
        ordered=about.get("ordered", False),  # folders of earlier versions do not say it
    )


def save_fold(fold: Fold, folder: Path) -> None:
    """Write a whole fold into an existing folder, the truth included."""
    save_view(fold, folder)
    save_truth(fold.truth, folder)


def save_view(fold: Fold, folder: Path) -> None:
    """Write what models may see of a fold into an existing folder: all but its truth, and the whole validation fold.

    Of its training part only the interactions are written, the tables stay with the data; a table with something
    derived from interactions is the fold's own and is written too.
    """
    _save_interactions(fold.train.interactions, folder, "train")
    for name, table in (("users", fold.train.users), ("items", fold.train.items)):
        if table.derived:
            _save_table(table, folder, name)
    queries = fold.queries
    _save_interactions(queries.history, folder, "history")
    for name, array in (
        ("queries.user", queries.user),
        ("queries.start", queries.start),
        ("queries.when", queries.when),
        ("queries.group", queries.group),
        ("blocked.start", fold.blocked.start),
        ("blocked.item", fold.blocked.item),
        ("candidates", fold.candidates),
    ):
        _save(folder, name, array)
    about = {"name": fold.name, "groups": queries.groups, "counts": dict(fold.counts)}
    _write(folder / "fold.json", about | {"validation": fold.validation is not None})
    if fold.validation is not None:
        (folder / VALIDATION).mkdir()
        save_fold(fold.validation, folder / VALIDATION)


def save_truth(truth: GroundTruth, folder: Path) -> None:
    """Write a truth into an existing folder."""
    for field in dataclasses.fields(truth):
        _save(folder, f"truth.{field.name}", getattr(truth, field.name))


def holds_truth(folder: Path) -> bool:
    """Return whether a fold's folder has the fold's truth in it."""
    return (folder / "truth.start.npy").is_file()


def load_fold(folder: Path, dataset: Dataset, truth: Path | None = None) -> Fold:
    """Read a whole fold, with the tables of ``dataset`` where the fold has none of its own.

    Args:
        folder: what :func:`save_fold` or :func:`save_view` wrote.
        dataset: the data it was cut from.
        truth: the folder that :func:`save_truth` wrote to; None where it is the same.

    Raises:
        DataError: when a file is missing or damaged.
    """
    view = load_view(folder, dataset)
    with _reading(folder):
        counts = _read(folder / "fold.json")["counts"]
    held = load_truth(folder if truth is None else truth)
    with _reading(folder):
        return Fold(view.name, view.train, view.queries, held, view.blocked, view.candidates, view.validation, counts)


def load_truth(folder: Path) -> GroundTruth:
    """Read what :func:`save_truth` wrote.

    Raises:
        DataError: when a file is missing or damaged.
    """
    with _reading(folder):
        return GroundTruth(
            _must(folder, "truth.start"),
            _must(folder, "truth.item"),
            _must(folder, "truth.value"),
            _load(folder, "truth.label"),
            _load(folder, "truth.timestamp"),
        )


def load_view(folder: Path, dataset: Dataset) -> FoldView:
    """Read what models may see of a fold, see :func:`load_fold`.

    Raises:
        DataError: when a file is missing or damaged.
    """
    with _reading(folder):
        return _view(folder, dataset)


def _view(folder: Path, dataset: Dataset) -> FoldView:
    about = _read(folder / "fold.json")
    train = dataclasses.replace(
        dataset,
        interactions=_load_interactions(folder, "train"),
        users=_load_table(folder, "users") if (folder / "users.json").is_file() else dataset.users,
        items=_load_table(folder, "items") if (folder / "items.json").is_file() else dataset.items,
    )
    queries = Queries(
        user=_must(folder, "queries.user"),
        start=_must(folder, "queries.start"),
        history=_load_interactions(folder, "history"),
        when=_load(folder, "queries.when"),
        group=_must(folder, "queries.group"),
        groups=tuple(about["groups"]),
    )
    return FoldView(
        name=about["name"],
        train=train,
        queries=queries,
        blocked=Ragged(_must(folder, "blocked.start"), _must(folder, "blocked.item")),
        candidates=_load(folder, "candidates"),
        validation=load_fold(folder / VALIDATION, dataset) if about["validation"] else None,
    )


def _save_table(table: Entities, folder: Path, name: str) -> None:
    _save(folder, f"{name}.features", table.features)
    text = {"ids": table.ids, "text": table.text, "columns": dict(table.columns), "features": table.feature_names}
    _write(folder / f"{name}.json", text | {"derived": dict(table.derived)})


def _load_table(folder: Path, name: str) -> Entities:
    text = _read(folder / f"{name}.json")
    return Entities(
        ids=tuple(text["ids"]),
        text=None if text["text"] is None else tuple(text["text"]),
        columns={column: tuple(values) for column, values in text["columns"].items()},
        features=_load(folder, f"{name}.features"),
        feature_names=tuple(text["features"]),
        derived=text.get("derived", {}),
    )


def _save_interactions(rows: Interactions, folder: Path, prefix: str) -> None:
    for name, column in rows.columns.items():
        _save(folder, f"{prefix}.{name}", column)
    parts = {"parts": rows.parts} if rows.parts else {}
    _write(folder / f"{prefix}.json", {"behaviours": rows.behaviours} | parts)


def _load_interactions(folder: Path, prefix: str) -> Interactions:
    names = [field.name for field in dataclasses.fields(Interactions) if field.name not in {"behaviours", "parts"}]
    columns: dict[str, Any] = {name: _load(folder, f"{prefix}.{name}") for name in names}
    names_of = _read(folder / f"{prefix}.json")
    return Interactions(**columns, behaviours=tuple(names_of["behaviours"]), parts=tuple(names_of.get("parts", ())))


def _save(folder: Path, name: str, array: NDArray[Any] | None) -> None:
    if array is not None:
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def _load(folder: Path, name: str) -> NDArray[Any] | None:
    """Return a read-only array, of a large file a memory map, or None where the column does not exist."""
    path = folder / f"{name}.npy"
    if not path.is_file():
        return None
    large = path.stat().st_size >= MAPPED_FROM
    array: NDArray[Any] = np.asarray(np.load(path, mmap_mode="r" if large else None, allow_pickle=False))
    array.flags.writeable = False
    return array


def _must(folder: Path, name: str) -> NDArray[Any]:
    array = _load(folder, name)
    if array is None:
        raise DataError("the file is missing", where=str(folder / f"{name}.npy"), remedy="delete its folder, run again")
    return array


def _write(path: Path, value: Any) -> None:
    """Write JSON; lone surrogates, which UTF-8 does not have, as JSON escapes."""
    path.write_bytes(json.dumps(value, ensure_ascii=False).encode("utf-8", errors="backslashreplace"))


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


@contextlib.contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Turn errors that damaged files cause into one line."""
    try:
        yield
    except DataError as error:
        remedy = error.remedy or "delete its folder, run again"
        raise DataError(error.what, where=error.where or str(folder), remedy=remedy) from None
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"cannot be read: {what}", where=str(folder), remedy="delete its folder, run again") from None
