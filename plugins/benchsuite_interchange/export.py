"""Data sets and folds as files that other libraries read: Parquet, and RecBole's atomic files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from benchsuite.data import Bool, Dataset, Entities, Fold, Int32, Interactions
from benchsuite.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["parquet", "recbole"]

_UNSAFE = '\t\r\n"'
"""Characters that a cell of an atomic file cannot hold: its reader splits at tabs and line ends, and removes quotes."""

_ATOMIC = {
    "user": "user_id:token",
    "item": "item_id:token",
    "value": "rating:float",
    "label": "label:float",
    "timestamp": "timestamp:float",
    "behaviour": "behaviour:token",
    "part": "part:token",
}


def parquet(dataset: Dataset, folder: Path, about: Mapping[str, Any], fold: Fold | None = None) -> Mapping[str, int]:
    """Write a data set, or one fold of it, as Parquet; see :func:`export_dataset` and :func:`export_fold`."""
    return _write(dataset, folder, about, fold, "parquet")


def recbole(dataset: Dataset, folder: Path, about: Mapping[str, Any], fold: Fold | None = None) -> Mapping[str, int]:
    """Write a data set, or one fold of it, as RecBole's atomic files; see the two functions below."""
    return _write(dataset, folder, about, fold, "recbole")


def _write(
    dataset: Dataset, folder: Path, about: Mapping[str, Any], fold: Fold | None, form: Form
) -> Mapping[str, int]:
    if fold is not None:
        return export_fold(fold, dataset, folder, form, about)
    export_dataset(dataset, folder, form, about)
    return {}


def export_dataset(dataset: Dataset, folder: Path, form: Form, about: Mapping[str, Any]) -> None:
    """Write a whole data set under its raw ids, and ``about.json`` with its fingerprint and how it was prepared.

    Parquet: ``interactions``, ``users``, ``items`` and ``links``. RecBole: ``NAME.inter``, ``.user``, ``.item``,
    ``.net``.

    Raises:
        DataError: when the folder cannot be written, or an id does not fit the format.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _rows(dataset.interactions, dataset, _path(folder, dataset.name, "interactions", form), form)
        for kind, table in (("users", dataset.users), ("items", dataset.items)):
            _table(table, kind, _path(folder, dataset.name, kind, form), form)
        if dataset.links is not None:
            _links(dataset.links, dataset, _path(folder, dataset.name, "links", form), form)
        steps = [dataclasses.asdict(step) for step in dataset.steps]
        told = {"name": dataset.name, "fingerprint": dataset.fingerprint, "simulated": dataset.simulated}
        _json(folder / "about.json", told | dict(about) | {"steps": steps})
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror or error}", where=str(folder)) from None


def export_fold(fold: Fold, dataset: Dataset, folder: Path, form: Form, about: Mapping[str, Any]) -> dict[str, int]:
    """Write exactly one fold and return how many rows each file got.

    ``train`` and ``valid`` together are the rows that our models are fitted on, ``valid`` those of them that the
    validation fold asks for, ``test`` what is asked (each query's held-out items). ``history`` holds what each query
    shows, ``queries`` who asks and when, ``candidates`` the items that may be recommended where not all may be.
    RecBole reads ``NAME.train.inter``, ``NAME.valid.inter``, ``NAME.test.inter`` by
    ``benchmark_filename: [train, valid, test]``, with the user and item files beside them; it knows no histories and no
    candidates, so the folds of cold users or items need a reader that takes them from these files.

    Raises:
        DataError: when the folder cannot be written.
    """
    rows = fold.train.interactions
    valid = np.zeros(len(rows), np.bool_)
    if fold.validation is not None:
        valid = _is_asked(rows, fold.validation, len(dataset.items))
    parts = {"train": rows.take(~valid), "valid": rows.take(valid), "test": _asked(fold, dataset)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in parts.items():
            _rows(part, dataset, _path(folder, dataset.name, name, form), form)
        if form == "recbole":
            for kind, table in (("users", dataset.users), ("items", dataset.items)):
                _table(table, kind, _path(folder, dataset.name, kind, form), form)
        _queries(fold, dataset, folder)
        counts = {name: len(part) for name, part in parts.items()} | {"queries": len(fold.queries)}
        told = {"name": dataset.name, "fold": fold.name, "fingerprint": dataset.fingerprint}
        _json(folder / "about.json", told | dict(about) | {"files": counts, "counts": dict(fold.counts)})
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror or error}", where=str(folder)) from None
    return counts


def _is_asked(rows: Interactions, inner: Fold, items: int) -> Bool:
    """bool[n]: the rows whose pair a fold asks for."""
    wanted = inner.queries.user[inner.truth.rows].astype(np.int64) * items + inner.truth.item
    found: Bool = np.isin(rows.user.astype(np.int64) * items + rows.item, wanted)
    return found


def _asked(fold: Fold, dataset: Dataset) -> Interactions:
    """Return the ground truth as rows, without behaviours and parts."""
    truth, behaviours = fold.truth, dataset.interactions.behaviours[:1]
    user = fold.queries.user[truth.rows]
    nothing = np.zeros(len(user), np.int8)
    return Interactions(user, truth.item, truth.value, truth.label, truth.timestamp, nothing, behaviours)


def _queries(fold: Fold, dataset: Dataset, folder: Path) -> None:
    """Write queries, histories and candidates, always as Parquet: atomic files have no form for them."""
    import pandas as pd

    queries = fold.queries
    table = {"query": np.arange(len(queries)), "user": _names(dataset.users, queries.user)}
    table["group"] = np.asarray(queries.groups, dtype=object)[queries.group]
    if queries.when is not None:
        table["when"] = queries.when
    pd.DataFrame(table).to_parquet(folder / "queries.parquet", index=False)
    _frame(queries.history, dataset).assign(query=queries.rows).to_parquet(folder / "history.parquet", index=False)
    if fold.candidates is not None:
        names = _names(dataset.items, fold.candidates)
        pd.DataFrame({"item": names}).to_parquet(folder / "candidates.parquet", index=False)


def _path(folder: Path, name: str, what: str, form: Form) -> Path:
    if form == "parquet":
        return folder / f"{what}.parquet"
    ends = {"interactions": "inter", "users": "user", "items": "item", "links": "net"}
    return folder / f"{name}.{ends.get(what, f'{what}.inter')}"


def _names(table: Entities, codes: Int32) -> Any:
    return np.asarray(table.ids, dtype=object)[codes]


def _frame(rows: Interactions, dataset: Dataset) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {"user": _names(dataset.users, rows.user), "item": _names(dataset.items, rows.item)}
    columns["value"] = rows.value
    for name in ("label", "timestamp"):
        if getattr(rows, name) is not None:
            columns[name] = getattr(rows, name)
    if len(rows.behaviours) > 1:
        columns["behaviour"] = np.asarray(rows.behaviours, dtype=object)[rows.behaviour]
    if rows.part is not None:
        columns["part"] = np.asarray(rows.parts, dtype=object)[rows.part]
    return pd.DataFrame(columns)


def _rows(rows: Interactions, dataset: Dataset, path: Path, form: Form) -> None:
    frame = _frame(rows, dataset)
    if form == "parquet":
        frame.to_parquet(path, index=False)
    else:
        _atomic(frame.rename(columns=_ATOMIC), path)


def _table(table: Entities, kind: str, path: Path, form: Form) -> None:
    import pandas as pd

    columns: dict[str, Any] = {"id": table.ids}
    if form == "parquet":
        columns |= {"text": table.text} if table.text is not None else {}
        columns |= {f"text.{name}": column for name, column in table.columns.items()}
    else:
        columns = {f"{kind[:-1]}_id:token": table.ids}
        columns |= {f"{name}:token_seq": [_tidy(text) for text in column] for name, column in table.columns.items()}
    if table.features is not None:
        numbered = zip(table.feature_names, table.features.T, strict=True)
        ending = "" if form == "parquet" else ":float"
        columns |= {f"feature.{name}{ending}": column for name, column in numbered}
    frame = pd.DataFrame({name: list(column) for name, column in columns.items()})
    if form == "parquet":
        frame.to_parquet(path, index=False)
    else:
        _atomic(frame, path)


def _links(links: Int32, dataset: Dataset, path: Path, form: Form) -> None:
    import pandas as pd

    names = {"user": _names(dataset.users, links[:, 0]), "other": _names(dataset.users, links[:, 1])}
    frame = pd.DataFrame(names)
    if form == "parquet":
        frame.to_parquet(path, index=False)
    else:
        _atomic(frame.rename(columns={"user": "source_id:token", "other": "target_id:token"}), path)


def _tidy(text: str) -> str:
    """Return a text without the characters that an atomic file cannot hold."""
    return " ".join(text.replace('"', "'").split())


def _atomic(frame: pd.DataFrame, path: Path) -> None:
    """Write tab-separated cells; ids are never changed, so one that would break the file is refused."""
    import csv

    for name in frame:
        if str(name).endswith(":token"):
            for raw in frame[name].unique():
                if any(sign in str(raw) for sign in _UNSAFE):
                    what = f"{str(raw)[:40]!r} holds a tab, a line end or a quote"
                    remedy = "atomic files cannot hold it; export as parquet"
                    raise DataError(what, where=f"{path}, column {name}", remedy=remedy)
    frame.to_csv(path, sep="\t", index=False, quoting=csv.QUOTE_NONE, lineterminator="\n", encoding="utf-8")


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=str), "utf-8")
