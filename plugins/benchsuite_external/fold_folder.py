"""Writes what a model may see as a folder of .npy and JSON that any language can read; see the documentation.

``docs/model-in-another-process.md`` says what lies where. Nothing here is ever read back but scores.
"""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Fold, Int32, Interactions, Queries
from benchsuite.errors import BenchsuiteError

PROTOCOL = 1
"""The number of the protocol; raised when a program that speaks the earlier one would not understand."""

_COLUMNS = ("user", "item", "value", "label", "timestamp", "behaviour")
_HEADER_BYTES = 4096
_LONGEST_SCORE = 8
_FACTS_BYTES = 2**16


def write_fold(folder: Path, train: Dataset, context: Context, options: Mapping[str, Any]) -> None:
    """Write all that a model may see when it is fitted.

    Args:
        folder: exists and is empty.
        train: the training part, with the whole tables of users and items.
        context: seed, threads, deadline, validation fold.
        options: of the program, as the user gave them.
    """
    for name, table in (("users", train.users), ("items", train.items)):
        _write_table(folder, name, table)
    _write_rows(folder / "train", train.interactions)
    if train.links is not None:
        np.save(folder / "links.npy", train.links)
    if context.validation is not None:
        _write_validation(folder / "validation", context.validation)
    (folder / "model").mkdir()
    (folder / "blocks").mkdir()
    _write_json(folder / "options.json", dict(options))
    about = {
        "protocol": PROTOCOL,
        "users": len(train.users),
        "items": len(train.items),
        "rows": len(train.interactions),
        "seed": context.seed,
        "threads": context.threads,
        "seconds": None if context.deadline is None else round(max(0.0, context.deadline - time.monotonic()), 1),
        "device": context.device,
        "ordered": train.ordered or train.interactions.timestamp is not None,
        "behaviours": list(train.interactions.behaviours),
        "data": train.name,
    }
    _write_json(folder / "about.json", about)


def write_block(folder: Path, queries: Queries, candidates: Int32 | None) -> None:
    """Write a block of queries; without ``candidates.npy`` the whole catalogue is asked for."""
    _write_queries(folder, queries)
    if candidates is not None:
        np.save(folder / "candidates.npy", candidates)


def read_scores(folder: Path, shape: tuple[int, int]) -> NDArray[Any]:
    """Return the scores that a program wrote for a block, of whatever shape and type: the harness checks these.

    Raises:
        BenchsuiteError: when there are none, or the file is no array or larger than its scores can be.
    """
    path = folder / "scores.npy"
    room = _LONGEST_SCORE * shape[0] * shape[1] + _HEADER_BYTES
    remedy = "write float32 scores, one row for each query, as a NumPy array in format 1.0"
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            raise BenchsuiteError("its scores.npy is no plain file", remedy=remedy)
        if about.st_size > room:
            what = f"its scores.npy has {about.st_size:,} bytes, where {shape[0]:,} x {shape[1]:,} scores have room in"
            raise BenchsuiteError(f"{what} {room:,}", remedy=remedy)
        scores: NDArray[Any] = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise BenchsuiteError("it wrote no scores.npy into the block's folder", remedy=remedy) from None
    except OSError as error:
        raise BenchsuiteError(f"its scores.npy cannot be read: {error.strerror or error}", remedy=remedy) from None
    except (ValueError, EOFError):  # what NumPy says of it is advice to open it unsafely
        raise BenchsuiteError("its scores.npy is no array of numbers, or damaged", remedy=remedy) from None
    return scores


def read_facts(folder: Path) -> dict[str, Any]:
    """Return what a program told of its fit in ``facts.json``, {} where it told nothing.

    Raises:
        BenchsuiteError: when the file is no JSON object, or a long one.
    """
    path = folder / "facts.json"
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            content = file.read(_FACTS_BYTES + 1)
        facts = json.loads(content) if len(content) <= _FACTS_BYTES else None
    except (OSError, ValueError, RecursionError) as error:
        raise BenchsuiteError(f"its facts.json cannot be read: {error}") from None
    if not isinstance(facts, dict):
        raise BenchsuiteError(f"its facts.json is no JSON object of at most {_FACTS_BYTES:,} bytes")
    return facts


def _write_validation(folder: Path, fold: Fold) -> None:
    """Write the validation fold, truth included: it is cut from the training part."""
    _write_rows(folder / "train", fold.train.interactions)
    _write_queries(folder / "queries", fold.queries)
    columns = ("start", "item", "value", "label", "timestamp")
    _save(folder / "truth", {name: getattr(fold.truth, name) for name in columns})
    if fold.candidates is not None:
        np.save(folder / "candidates.npy", fold.candidates)


def _write_rows(folder: Path, rows: Interactions) -> None:
    _save(folder, {name: getattr(rows, name) for name in _COLUMNS})


def _write_queries(folder: Path, queries: Queries) -> None:
    columns = {name: getattr(queries.history, name) for name in _COLUMNS if name != "user"}
    _save(folder, {"user": queries.user, "start": queries.start, "when": queries.when, **columns})


def _write_table(folder: Path, name: str, table: Entities) -> None:
    text = None if table.text is None else list(table.text)
    columns = {column: list(values) for column, values in table.columns.items()}
    told = {"ids": list(table.ids), "text": text, "columns": columns, "feature_names": list(table.feature_names)}
    _write_json(folder / f"{name}.json", told)
    if table.features is not None:
        np.save(folder / f"{name}_features.npy", table.features)


def _save(folder: Path, arrays: Mapping[str, ArrayLike | None]) -> None:
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        if array is not None:
            np.save(folder / f"{name}.npy", np.ascontiguousarray(array))


def _write_json(path: Path, table: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(table, ensure_ascii=False, indent=1), "utf-8")
