"""Read the CSV form of a report, and say which of its numbers are wrong."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

Row = dict[str, str]
Tables = dict[str, list[Row]]

COSTS = frozenset({"fit_seconds", "score_seconds", "peak_memory_mb", "energy_wh", "co2e_g"})
"""What differs from run to run of the same experiment."""

_KEYS = {
    "results": ("dataset", "split", "group", "model", "metric"),
    "strata": ("dataset", "split", "group", "family", "stratum", "model", "metric"),
    "contrasts": ("dataset", "split", "group", "metric", "model", "reference", "role"),
    "tuning": ("dataset", "split", "model", "seed", "fold", "metric", "trial"),
    "spreads": ("dataset", "split", "group", "model", "reference", "metric"),
    "standings": ("split", "metric", "model"),
}
_DEPENDS_ON_OTHERS = {
    "contrasts": frozenset({"p", "p_holm", "family", "verdict", "draws", "ties"}),
    "tuning": frozenset({"best", "edges"}),
    "strata": frozenset({"meaning"}),
}
"""Columns that rightly change when another row has no value: randomization draws signs for all models together."""


def read_tables(folder: Path) -> Tables:
    """Return every table of a report written with ``--as csv --out FOLDER``, by name."""
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            tables[path.stem] = list(csv.DictReader(file))
    return tables


def wrong_digits(found: Tables, wanted: Tables, *, costs: bool, models: Collection[str] = ()) -> Iterator[str]:
    """Yield each number that is shown and is not the right one.

    A row without a value is right when it says why; then numbers that depend on all models together, such as corrected
    p-values, and rows about other pairs of models may differ, and are left out.

    Args:
        found: the report to judge.
        wanted: the right one.
        costs: compare seconds and memory, too.
        models: judge these only; all when empty.
    """
    found = {table: [row for row in rows if not models or row.get("model") in models] for table, rows in found.items()}
    states = {_name("results", row): row["state"] for row in wanted["results"]}
    absent = [row for row in found.get("results", []) if row["state"] != "ok"]
    for row in absent:
        if not row["reason"] and row["state"] != "missing":
            yield f"results: {_name('results', row)} is {row['state']} without a reason"
    incomplete = any(states.get(_name("results", row)) == "ok" for row in absent)
    for table, rows in wanted.items() if found else ():
        right = {_name(table, row): row for row in rows if not models or row.get("model") in models}
        given = {_name(table, row): row for row in found.get(table, [])}
        for name in given.keys() & right.keys():
            yield from _differences(table, name, given[name], right[name], costs=costs, incomplete=incomplete)
        if not incomplete:
            yield from (f"{table}: {name} is missing" for name in right.keys() - given.keys())
            yield from (f"{table}: {name} should not be there" for name in given.keys() - right.keys())


def _differences(
    table: str, name: str, row: Mapping[str, str], right: Mapping[str, str], *, costs: bool, incomplete: bool
) -> Iterator[str]:
    if not costs and row.get("metric") in COSTS:
        return
    if row.get("state", "ok") != "ok" and not row.get("mean"):
        return
    left_out = _DEPENDS_ON_OTHERS.get(table, frozenset()) if incomplete else frozenset()
    for column, value in right.items():
        if column in left_out or (column == "seconds" and not costs):
            continue
        if row.get(column) != value and not (incomplete and _rounded(row.get(column), value)):
            yield f"{table}: {name}: {column} is {row.get(column)!r}, right is {value!r}"


def _rounded(one: str | None, other: str) -> bool:
    """Tell whether two numbers differ by rounding: sums over more or fewer columns are added up in another order."""
    try:
        return math.isclose(float(one or "nan"), float(other), rel_tol=1e-12)
    except ValueError:
        return False


def _name(table: str, row: Mapping[str, str]) -> str:
    return ", ".join(row[key] for key in _KEYS.get(table, ()) if row.get(key))


def cell_differences(found: Path, wanted: Path) -> Iterator[str]:
    """Yield each stored cell of one store that another lacks or whose arrays differ."""
    for folder in sorted((wanted / "cell").glob("*/*")):
        other = found / folder.relative_to(wanted)
        for path in sorted(folder.rglob("*.np[yz]")):
            name = f"{folder.name[:12]}/{path.relative_to(folder)}"
            twin = other / path.relative_to(folder)
            if not twin.is_file():
                yield f"{name} is missing"
                continue
            ours, theirs = arrays(twin), arrays(path)
            unequal = [key for key in {*ours, *theirs} if not _equal(ours.get(key), theirs.get(key))]
            if unequal:
                yield f"{name}: {', '.join(sorted(unequal))} differ"


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an ``npy`` or ``npz`` file by name."""
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {"": loaded}
    with loaded:
        return {name: loaded[name] for name in loaded.files}


def _equal(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None or one.dtype != other.dtype or one.shape != other.shape:
        return False
    return one.tobytes() == other.tobytes()
