"""A result folder: one model in one benchmark as small files, the same bytes for the same results.

``result.json`` says what was run and every mean, ``values.npz`` holds the headline metric query by query in single
precision and ``other_values.npz`` the other kept metrics (see :mod:`benchsuite.benchmark.packed_values`),
``costs.json`` what depends on the machine and the day. ``verified.json`` is added by whoever fitted some cells again.

A leaderboard needs the headline alone: the results that come with the installed package lack ``other_values.npz``, and
their values lie together (see :mod:`benchsuite.benchmark.values_together`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os.path import lexists
from pathlib import Path
from typing import Any

from benchsuite.atomic_writes import replaced_file
from benchsuite.benchmark.model_result import CellValues, ModelResult, Value
from benchsuite.benchmark.npz_files import packed, read_npz
from benchsuite.benchmark.packed_values import pack, unpack
from benchsuite.benchmark.places import read_benchmark
from benchsuite.benchmark.result_json import write_lines
from benchsuite.benchmark.values_together import VALUES, read_values
from benchsuite.data import Float32, ModelInfo
from benchsuite.errors import DataError, StoreError, shortened
from benchsuite.keys import file_digest
from benchsuite.store import misfit, read_json
from benchsuite.store.json_files import SUM, sum_of, with_sum

RESULT, COSTS, VERIFIED = "result.json", "costs.json", "verified.json"
OTHER_VALUES = "other_values.npz"
FORMAT = "4"
_NAMED = 16
"""So many characters of a key name a cell in the file of costs; older files have whole keys."""

_DIGITS = 9
_LONGEST_LABEL = 1000
_UNMARK = "delete it, and verify again"
_AGAIN = "get the folder again from whoever made it"
_VALUE = [(str, float, None)]
_VALUE_ROW = (str, str, (float, None), int, (float, None), (float, None))
"""Metric, group, mean, how many queries or pairs, share of the fallback, share that ties decided."""

_MODEL_FACTS = {
    "needs?": [str],
    **dict.fromkeys(("uses_language_model?", "proposed?", "ceiling?", "predicts_values?", "network?"), bool),
    "tuned?": (bool, None),
    "space?": {str: {}},
    "held?": [str],
    "version?": str,
    "origin?": str,
}
_RESULT = {
    "format": frozenset({FORMAT}),
    "benchmark": str,
    "pins": str,
    "model": {"label": str, "name": str, "summary": str, "settings": {}, "cite": [str], "facts": _MODEL_FACTS},
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
    "other_values_sha256": str,
    SUM: str,
}
_COSTS = {"cells": {str: {str: float}}, "provenance": {"hardware?": {}}, "finished": str}
_VERIFIED = {"date": str, "cells": int, "result": str}


def write_result(result: ModelResult, folder: Path) -> None:
    """Write a result folder; each file is there whole or not at all.

    Raises:
        StoreError: when it cannot be written.
    """
    _, rules = read_benchmark(result.benchmark)
    headline, others = dict[str, Float32](), dict[str, Float32]()
    for number, cell in enumerate(result.cells):
        order = list(cell.values)
        for metric, values in cell.queries.items():
            (headline if metric == rules.headline else others)[f"{number}/q/{metric}"] = values
        for place, values in cell.replicates.items():
            (headline if place[0] == rules.headline else others)[f"{number}/r/{order.index(place)}"] = values
    costs: dict[str, Any] = {"cells": {cell.key[:_NAMED]: _brief(cell.costs) for cell in result.cells if cell.costs}}
    costs |= {"provenance": dict(result.provenance), "finished": result.finished}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sums = dict.fromkeys(("values_sha256", "other_values_sha256"), "")
        for name, arrays in ((VALUES, headline), (OTHER_VALUES, others)):
            if name == OTHER_VALUES and not rules.kept:
                continue
            with replaced_file(folder / name) as draft:
                draft.write_bytes(packed(pack(arrays)))
            sums[f"{Path(name).stem}_sha256"] = file_digest(folder / name)
        write_lines(folder / COSTS, costs)
        record = with_sum(_record(result) | sums)
        _forget_verified(folder, record[SUM])
        write_lines(folder / RESULT, record)
    except OSError as error:
        remedy = "choose another folder"
        raise StoreError(f"cannot be written: {error.strerror or error}", where=str(folder), remedy=remedy) from None


def mark_verified(folder: Path, told: Mapping[str, Any]) -> None:
    """Write beside a result who fitted some of its cells again; it holds for these very numbers only.

    Raises:
        StoreError: when it cannot be written.
    """
    try:
        write_lines(folder / VERIFIED, {**told, "result": _table(folder / RESULT, _RESULT)[SUM]})
    except OSError as error:
        what = f"cannot be marked as checked: {error.strerror or error}"
        raise StoreError(what, where=str(folder), remedy="copy the folder to where you may write") from None


def _forget_verified(folder: Path, digest: str) -> None:
    """Take away what was said of other numbers."""
    if not (folder / VERIFIED).is_file():
        return
    try:
        same = _table(folder / VERIFIED, _VERIFIED)["result"] == digest
    except DataError:
        same = False
    if not same:
        (folder / VERIFIED).unlink()


def read_result(folder: Path) -> ModelResult:
    """Read a result folder and check its sums; without ``other_values.npz`` it is not whole.

    Raises:
        DataError: when there is none, or something in it has changed since it was written.
    """
    table = _table(folder / RESULT, _RESULT)
    if table[SUM] != sum_of(table):
        raise DataError("it has changed since it was written", where=str(folder / RESULT), remedy=_AGAIN)
    label = table["model"]["label"]
    if not label.strip() or not label.isprintable() or len(label) > _LONGEST_LABEL:
        raise DataError(f"{label!r} is no label that can be shown", where=str(folder / RESULT), remedy=_AGAIN)
    costs = _table(folder / COSTS, _COSTS)
    if any(value < 0 for cost in costs["cells"].values() for value in cost.values()):
        raise DataError("a cost is below 0", where=str(folder / COSTS), remedy=_AGAIN)
    files = {VALUES: read_values(folder, table["values_sha256"], _AGAIN)}
    whole = not table["other_values_sha256"] or (folder / OTHER_VALUES).is_file()
    if whole and table["other_values_sha256"]:
        files[OTHER_VALUES] = read_npz(folder / OTHER_VALUES, table["other_values_sha256"], unpack, _AGAIN)
    verified = _table(folder / VERIFIED, _VERIFIED, _UNMARK) if (folder / VERIFIED).is_file() else {}
    if verified and verified["result"] != table[SUM]:
        raise DataError("it tells of another result", where=str(folder / VERIFIED), remedy=_UNMARK)
    given = table["identity"]["settings"]
    told = [{"settings": given} | cell for cell in table["cells"]]
    for number, cell in enumerate(told):
        if fault := next((one for place, row in enumerate(cell["values"]) if (one := _misfit(row, place))), ""):
            raise DataError(f'"cells[{number}].{fault}', where=str(folder / RESULT), remedy=_AGAIN)
    _, rules = read_benchmark(table["benchmark"])
    for file, arrays in files.items():
        if any((_metric(name, told) == rules.headline) != (file == VALUES) for name in arrays):
            what = f"it holds arrays that no cell has, or {rules.headline} in another file than {VALUES}"
            raise DataError(what, where=str(folder / file), remedy=_AGAIN)
    every = {name: array for arrays in files.values() for name, array in arrays.items()}
    cells = [_cell(number, cell, every, costs["cells"]) for number, cell in enumerate(told)]
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
        whole=whole,
    )


def _record(result: ModelResult) -> dict[str, Any]:
    return {
        "format": FORMAT,
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


def _metric(name: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """Return the metric whose values an array holds, "" where no cell has it."""
    owner, kind, rest = name.split("/", 2)
    if int(owner) >= len(cells):
        return ""
    if kind == "q":
        return rest
    values = cells[int(owner)]["values"]
    return str(values[int(rest)][0]) if int(rest) < len(values) else ""


def _misfit(row: list[Any], place: int) -> str:
    """Return how metric, group, mean, number and the two shares of a cell are not that, or ""."""
    if len(row) != len(_VALUE_ROW):
        return f'values[{place}]" has {len(row)} parts, not {len(_VALUE_ROW)}'
    fault = next((one for part, shape in zip(row, _VALUE_ROW, strict=True) if (one := misfit(part, shape))), "")
    if not fault and not all(share is None or 0 <= share <= 1 for share in row[-2:]):
        fault = "a share is outside 0 to 1"
    return f'values[{place}]": {fault}' if fault else ""


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
        costs=costs.get(table["key"][:_NAMED]) or costs.get(table["key"], {}),
    )


def _brief(costs: Mapping[str, float]) -> dict[str, float]:
    """Return seconds and megabytes to four digits, which is more than a second measurement agrees with."""
    return {name: float(f"{value:.4g}") for name, value in costs.items()}


def _other_format(table: Any) -> str:
    """Return the format that a result says it has, "" where it is ours or none is said."""
    told = table.get("format") if isinstance(table, dict) else None
    return shortened(told) if isinstance(told, str) and told != FORMAT else ""


def _table(path: Path, shape: Any, again: str = _AGAIN) -> dict[str, Any]:
    try:
        table: dict[str, Any] = read_json(
            path, "name a result folder" if shape is _RESULT and not lexists(path) else again
        )
    except StoreError as error:
        raise DataError(error.what, where=str(path), remedy=error.remedy) from None
    if shape is _RESULT and (told := _other_format(table)):
        remedy = f"update benchsuite where that is newer, or {again}"
        raise DataError(
            f"its format is {told}, this version of benchsuite reads {FORMAT}", where=str(path), remedy=remedy
        )
    if fault := misfit(table, shape):
        raise DataError(fault, where=str(path), remedy=again)
    try:
        json.dumps(table, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise DataError("it holds half a character, which nothing can show", where=str(path), remedy=again) from None
    found: dict[str, Any] = table
    return found
