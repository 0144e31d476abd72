"""A worker's answers: arrays and JSON, as files in a folder of the cell.

The worker writes its lists first. Then the runner asks for pair scores. Until the runner has the lists, no code in the
worker's process can know which pairs will be asked.
"""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.atomic_writes import replaced_file
from benchsuite.data import Float32, Int32, Rankings
from benchsuite.errors import BenchsuiteError
from benchsuite.store import from_text

LISTS, PAIRS, SCORES, ABOUT = "lists.npz", "pairs.npy", "scores.npy", "about.json"

_MOST_BYTES = 10**6

_PAUSE = 0.002
"""Seconds between two checks for the pairs."""

TOLD = ("costs", "parameters", "power", "facts", "device", "threads", "started", "finished")
"""What a worker tells about a cell that went well."""


def answers_folder(folder: Path, key: str) -> Path:
    """Return where the answers of a cell lie in the folder of its job."""
    return folder / f"answers-{key[:16]}"


def write_lists(folder: Path, lists: Rankings) -> None:
    """Write the lists of a cell."""
    np.savez(folder / LISTS, allow_pickle=False, **lists.arrays())


def take_lists(folder: Path) -> Rankings:
    """Read the lists of a cell and remove the file.

    Raises:
        BenchsuiteError: when there are none that can be read.
    """
    path = folder / LISTS
    try:
        with np.load(path, allow_pickle=False) as stored:
            lists = Rankings.from_arrays(stored)
        path.unlink()
    except (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile, BenchsuiteError) as error:
        raise BenchsuiteError(f"the worker left no lists: {error}") from None
    return lists


def ask_pairs(folder: Path, query: Int32, item: Int32) -> None:
    """Ask for the scores of pairs."""
    with replaced_file(folder / PAIRS) as draft:
        np.save(draft, np.stack([query, item]), allow_pickle=False)


def wait_for_pairs(folder: Path) -> tuple[Int32, Int32]:
    """Wait until the runner asks, and return int32[p] queries and int32[p] items."""
    path = folder / PAIRS
    while not path.is_file():
        if not folder.is_dir():
            raise BenchsuiteError("the folder of temporary files is gone", where=str(folder))
        time.sleep(_PAUSE)
    query, item = np.load(path, allow_pickle=False)
    path.unlink()
    return query, item


def write_scores(folder: Path, scores: Float32) -> None:
    """Write the pair scores of a cell."""
    np.save(folder / SCORES, scores, allow_pickle=False)


def read_scores(folder: Path) -> NDArray[Any]:
    """Read the pair scores of a cell.

    Raises:
        BenchsuiteError: when there are none that can be read.
    """
    try:
        scores: NDArray[Any] = np.load(folder / SCORES, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise BenchsuiteError(f"the worker left no pair scores: {error}") from None
    return scores


def write_about(folder: Path, about: Mapping[str, Any]) -> None:
    """Write what else is reported of a cell: costs, facts, parameters.

    Raises:
        BenchsuiteError: when the model's facts are no JSON, or too large.
    """
    try:
        text = json.dumps(about, allow_nan=False, ensure_ascii=False)
        content = text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise BenchsuiteError(
            f"facts() returned what JSON cannot hold: {error}", remedy="return text, finite numbers, lists and dicts"
        ) from None
    if len(content) > _MOST_BYTES:
        raise BenchsuiteError(
            f"facts() returned {len(content) / 1e6:.1f} MB", remedy=f"keep them below {_MOST_BYTES / 1e6:g} MB"
        )
    (folder / ABOUT).write_bytes(content)


def read_about(folder: Path) -> dict[str, Any]:
    """Read what :func:`write_about` wrote; for a failed cell, parts are missing.

    Raises:
        BenchsuiteError: when it cannot be read.
    """
    try:
        about = from_text((folder / ABOUT).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BenchsuiteError(f"the worker left no facts: {error}") from None
    if not isinstance(about, dict):
        raise BenchsuiteError("the worker left no facts")
    return about
