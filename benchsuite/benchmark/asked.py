"""Who asks in each fold of a benchmark: with it, results are tested against each other without any data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchsuite.atomic_writes import replaced_file
from benchsuite.benchmark.npz_files import Arrays, packed, read_npz
from benchsuite.benchmark.packed_values import joined, planes
from benchsuite.benchmark.pins import FoldPlace, read_pins
from benchsuite.data import Int8, Int32, Queries
from benchsuite.plan.benchmark_rules import BenchmarkRules

ASKED = "queries.npz"


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
    arrays: Arrays = {
        "places": np.array([[str(part) for part in place] for place in folds]),
        "counts": np.array([(len(asked.user), asked.users) for asked in told], np.int64).reshape(-1, 2),
        "groups": np.array([json.dumps(asked.groups) for asked in told]),
        "user": planes(np.concatenate([np.diff(asked.user, prepend=0).astype(np.int32) for asked in told] or none)),
        "group": planes(np.concatenate([asked.group for asked in told] or none).astype(np.int8)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with replaced_file(folder / ASKED) as draft:
        draft.write_bytes(packed(arrays))


def read_asked(folder: Path) -> dict[FoldPlace, Asked]:
    """Read ``queries.npz`` of the benchmark by whose name a folder of results is called.

    Raises:
        DataError: when it is not there, or not the file that the benchmark pins.
    """
    remedy = "install benchsuite again, or name a folder of results with BENCHSUITE_RESULTS"
    return read_npz(folder / ASKED, read_pins(folder.name).queries, _folds, remedy)


def _folds(stored: Arrays) -> dict[FoldPlace, Asked]:
    """Return what :func:`write_asked` was given: the sum of the file is pinned, so nothing else can stand in it."""
    steps, group = joined(stored, "user", np.int32), joined(stored, "group", np.int8)
    found: dict[FoldPlace, Asked] = {}
    end = 0
    for place, groups, (queries, users) in zip(stored["places"], stored["groups"], stored["counts"], strict=True):
        data, split, seed, fold = place.tolist()
        part = slice(end, end := end + int(queries))
        user = np.cumsum(steps[part], dtype=np.int32)
        found[data, split, int(seed), fold] = Asked(user, group[part], tuple(json.loads(str(groups))), int(users))
    return found


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
