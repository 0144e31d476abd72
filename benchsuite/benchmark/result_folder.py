"""A result folder: one model in one benchmark as small files, the same bytes for the same results.

``result.json`` says what was run and every mean, ``values.npz`` holds the kept metrics query by query in single
precision, ``costs.json`` what depends on the machine and the day. ``verified.json`` is added by whoever fitted some
cells again.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.atomic_writes import replaced_file
from benchsuite.benchmark.asked import packed
from benchsuite.benchmark.model_result import CellValues, ModelResult, Value
from benchsuite.data import Float32, ModelInfo
from benchsuite.errors import DataError, StoreError
from benchsuite.keys import file_digest
from benchsuite.store import misfit, read_json
from benchsuite.store.json_files import SUM, sum_of, with_sum

RESULT, VALUES, COSTS, VERIFIED = "result.json", "values.npz", "costs.json", "verified.json"
FORMAT = 1
_DIGITS = 9
_AGAIN = "get the folder again from whoever made it"
_VALUE = [(str, float, None)]
"""Metric, group, mean, how many queries or pairs, share of the fallback, share that ties decided."""

_RESULT = {
    "format": frozenset({"1"}),
    "benchmark": str,
    "pins": str,
    "model": {"label": str, "name": str, "settings": {}, "facts": {}},
    "identity": {"plugin": str, "version": str, "settings": {}},
    "tuned": ({}, None),
    "facts": {},
    "cells": [
        {
            **dict.fromkeys(("dataset", "split", "fold", "key", "validation", "reason"), str),
            "seed": int,
            "state": frozenset({"ok", "failed", "not applicable", "missing"}),
            "settings?": {},
            "values": [_VALUE],
        }
    ],
    "values_sha256": str,
    SUM: str,
}
_COSTS = {"cells": {str: {str: float}}, "provenance": {}, "finished": str}


def write_result(result: ModelResult, folder: Path) -> None:
    """Write a result folder; each file is there whole or not at all.

    Raises:
        StoreError: when it cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for number, cell in enumerate(result.cells):
        arrays |= {f"{number}/q/{metric}": values for metric, values in cell.queries.items()}
        order = list(cell.values)
        arrays |= {f"{number}/r/{order.index(place)}": values for place, values in cell.replicates.items()}
    costs: dict[str, Any] = {"cells": {cell.key: dict(cell.costs) for cell in result.cells if cell.costs}}
    costs |= {"provenance": dict(result.provenance), "finished": result.finished}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replaced_file(folder / VALUES) as draft:
            draft.write_bytes(packed(arrays))
        digest = file_digest(folder / VALUES)
        _write_json(folder / COSTS, costs)
        _write_json(folder / RESULT, with_sum(_record(result) | {"values_sha256": digest}))
    except OSError as error:
        remedy = "choose another folder"
        raise StoreError(f"cannot be written: {error.strerror or error}", where=str(folder), remedy=remedy) from None


def read_result(folder: Path) -> ModelResult:
    """Read a result folder and check its sums.

    Raises:
        DataError: when there is none, or something in it has changed since it was written.
    """
    table = _table(folder / RESULT, _RESULT)
    if table[SUM] != sum_of(table):
        raise DataError("it has changed since it was written", where=str(folder / RESULT), remedy=_AGAIN)
    costs = _table(folder / COSTS, _COSTS)
    arrays = _arrays(folder / VALUES, table["values_sha256"])
    verified = _table(folder / VERIFIED, {"date": str}) if (folder / VERIFIED).is_file() else {}
    given = table["identity"]["settings"]
    told = [{"settings": given} | cell for cell in table["cells"]]
    cells = [_cell(number, cell, arrays, costs["cells"]) for number, cell in enumerate(told)]
    return ModelResult(
        benchmark=table["benchmark"],
        pins=table["pins"],
        model=ModelInfo.from_record(table["model"]),
        identity=table["identity"],
        tuned=table["tuned"],
        facts=table["facts"],
        cells=cells,
        provenance=costs["provenance"],
        finished=costs["finished"],
        verified=verified,
    )


def _record(result: ModelResult) -> dict[str, Any]:
    return {
        "format": str(FORMAT),
        "benchmark": result.benchmark,
        "pins": result.pins,
        "model": result.model.record(),
        "identity": dict(result.identity),
        "tuned": None if result.tuned is None else dict(result.tuned),
        "facts": dict(result.facts),
        "cells": [_cell_record(cell, result.identity["settings"]) for cell in result.cells],
    }


def _cell_record(cell: CellValues, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell; its settings only where tuning chose others than were given."""
    dataset, split, seed, fold = cell.place
    told = {"dataset": dataset, "split": split, "seed": seed, "fold": fold}
    told |= {"key": cell.key, "validation": cell.validation, "state": cell.state, "reason": cell.reason}
    values = [
        [metric, group, _short(one.mean), one.n, _short(one.fallback), _short(one.ties)]
        for (metric, group), one in cell.values.items()
    ]
    own = {} if dict(cell.settings) == dict(given) else {"settings": dict(cell.settings)}
    return told | own | {"values": values}


def _short(value: float | None) -> float | None:
    """Return a number with as many digits as mean something, so that files stay small."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _cell(
    number: int, table: Mapping[str, Any], arrays: Mapping[str, Float32], costs: Mapping[str, Mapping[str, float]]
) -> CellValues:
    values = {(metric, group): Value(*numbers) for metric, group, *numbers in table["values"]}
    order = list(values)
    queries, replicates = {}, {}
    for name, array in arrays.items():
        owner, kind, rest = name.split("/", 2)
        if owner == str(number) and kind == "q":
            queries[rest] = array
        elif owner == str(number):
            replicates[order[int(rest)]] = array
    return CellValues(
        place=(table["dataset"], table["split"], table["seed"], table["fold"]),
        key=table["key"],
        validation=table["validation"],
        state=table["state"],
        reason=table["reason"],
        settings=table["settings"],
        values=values,
        queries=queries,
        replicates=replicates,
        costs=costs.get(table["key"], {}),
    )


def _table(path: Path, shape: Any) -> dict[str, Any]:
    try:
        table: dict[str, Any] = read_json(path, _AGAIN)
    except StoreError as error:
        raise DataError(error.what, where=str(path), remedy="name a result folder") from None
    if fault := misfit(table, shape):
        raise DataError(fault, where=str(path), remedy=_AGAIN)
    return table


def _arrays(path: Path, digest: str) -> dict[str, Float32]:
    try:
        if file_digest(path) != digest:
            raise DataError("it has changed since it was written", where=str(path), remedy=_AGAIN)
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"cannot be read: {error}", where=str(path), remedy=_AGAIN) from None


def _write_json(path: Path, table: Mapping[str, Any]) -> None:
    with replaced_file(path) as draft:
        draft.write_text(_lines(table), "utf-8")


def _lines(table: Mapping[str, Any]) -> str:
    """Return JSON with a line for each field, and for each cell: small, and a difference shows where it is."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ":"))

    fields = []
    for name, value in table.items():
        if isinstance(value, list) and value:
            fields.append(f"{line(name)}: [\n" + ",\n".join(map(line, value)) + "]")
        elif isinstance(value, dict) and value:
            fields.append(f"{line(name)}: {{\n" + ",\n".join(f"{line(k)}: {line(v)}" for k, v in value.items()) + "}")
        else:
            fields.append(f"{line(name)}: {line(value)}")
    return "{\n" + ",\n".join(fields) + "}\n"
