"""Who asks in each fold of a benchmark: with it, results are tested against each other without any data."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.atomic_writes import replaced_file
from benchsuite.benchmark.packed_values import Packed, joined, planes
from benchsuite.benchmark.pins import FoldPlace
from benchsuite.data import Int8, Int32, Queries
from benchsuite.errors import DataError
from benchsuite.plan.benchmark_rules import BenchmarkRules

try:
    from lzma import LZMAError
except ImportError:  # Python can be built without it; zipfile then says what is missing
    LZMAError = zlib.error  # type: ignore[assignment, misc]  # nothing can raise the real one

ASKED = "queries.npz"

UNREADABLE = (
    *(OSError, ValueError, TypeError, LookupError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error, LZMAError),
    RuntimeError,  # the archive says that it is encrypted, or packed in a way that this Python does not know
)
"""What numpy and zipfile raise for files that are none of theirs."""


@dataclass(frozen=True, eq=False)
class Asked:
    """The queries of one fold.

    Attributes:
        user: int32[q], codes of who asks.
        group: int8[q] index into ``groups``.
        groups: names of kinds of query; one where there are none.
        users: the size of the user table.
    """

    user: Int32
    group: Int8
    groups: tuple[str, ...]
    users: int

    @classmethod
    def of(cls, queries: Queries, users: int) -> Asked:
        """Return who asks in a fold."""
        group = np.zeros(len(queries), np.int8) if queries.group is None else queries.group
        return cls(queries.user, group, queries.groups, users)


def write_asked(folds: Mapping[FoldPlace, Asked], folder: Path) -> None:
    """Write ``queries.npz``: equal queries are equal bytes.

    Users are kept as steps from one query to the next: they come in order, and small steps are small when packed.
    """
    told = list(folds.values())
    none = [np.zeros(0, np.int32)]
    arrays: dict[str, NDArray[Any]] = {
        "places": np.array([[str(part) for part in place] for place in folds]),
        "counts": np.array([(len(asked.user), asked.users) for asked in told], np.int64).reshape(-1, 2),
        "groups": np.array([json.dumps(asked.groups) for asked in told]),
        "user": planes(np.concatenate([np.diff(asked.user, prepend=0).astype(np.int32) for asked in told] or none)),
        "group": planes(np.concatenate([asked.group for asked in told] or none).astype(np.int8)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with replaced_file(folder / ASKED) as draft:
        draft.write_bytes(packed(arrays))


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a compressed .npz; its bytes hold no date, so equal arrays are equal files.

    LZMA takes a tenth off what deflate leaves of values by query, and numpy reads both.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            one = io.BytesIO()
            np.save(one, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), one.getvalue(), zipfile.ZIP_LZMA)
    return buffer.getvalue()


def read_asked(folder: Path) -> dict[FoldPlace, Asked]:
    """Read ``queries.npz``.

    Raises:
        DataError: when it is not there or cannot be read.
    """
    path = folder / ASKED
    try:
        with np.load(path, allow_pickle=False) as stored:
            return _folds(dict(stored))
    except UNREADABLE as error:
        why = getattr(error, "strerror", None) or error
        remedy = "install benchsuite again, or name a folder of results with BENCHSUITE_RESULTS"
        raise DataError(f"cannot be read: {why}", where=str(path), remedy=remedy) from None


def _folds(stored: Packed) -> dict[FoldPlace, Asked]:
    steps, group = joined(stored, "user", np.int32), joined(stored, "group", np.int8)
    counts = stored["counts"]
    if counts.ndim != 2 or counts.shape[1] != 2 or counts.dtype.kind != "i" or (counts < 0).any():  # noqa: PLR2004 - as written
        raise ValueError("counts is no table of queries and users")
    ends = np.cumsum(counts[:, 0])
    if not len(steps) == len(group) == (ends[-1] if len(ends) else 0):
        raise ValueError(f"it holds {len(steps):,} users and {len(group):,} groups of queries")
    found: dict[FoldPlace, Asked] = {}
    for place, groups, own, end in zip(stored["places"], stored["groups"], counts.tolist(), ends.tolist(), strict=True):
        data, split, seed, fold = place.tolist()
        part = slice(end - own[0], end)
        user = np.cumsum(steps[part], dtype=np.int64).astype(np.int32)
        found[data, split, int(seed), fold] = Asked(user, group[part], tuple(json.loads(str(groups))), own[1])
    if fault := next((f"{place}: {fault}" for place, one in found.items() if (fault := _misfit(one))), ""):
        raise ValueError(fault)  # told as whatever else is wrong with the file
    return found


def _misfit(asked: Asked) -> str:
    """Return what is wrong with who asks, or ""."""
    for name, codes, size in (("user", asked.user, asked.users), ("group", asked.group, len(asked.groups))):
        if codes.dtype.kind != "i" or codes.shape != (len(asked.user),):
            return f"{name} is no list of codes, one for each query"
        if len(codes) and not 0 <= codes.min() <= codes.max() < size:
            return f"a code of {name} is outside 0 to {size - 1}"
    return ""


def asked_of(rules: BenchmarkRules, asked: Mapping[FoldPlace, Asked], *, lite: bool) -> dict[FoldPlace, Asked]:
    """Return who asks in the folds of a benchmark or its short form."""
    if not lite:
        return dict(asked)
    some = rules.lite
    return {
        place: one
        for place, one in asked.items()
        if place[0] in some.sources and place[1] in some.splits and place[2] in some.seeds
    }
