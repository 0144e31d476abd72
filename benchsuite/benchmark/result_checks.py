"""What must be true of a result before it stands in a leaderboard, told from the result alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchsuite.benchmark.asked import Asked
from benchsuite.benchmark.leaderboard import asked_of
from benchsuite.benchmark.model_result import CellValues, ModelResult
from benchsuite.benchmark.pins import FoldPlace, read_pins
from benchsuite.benchmark.places import read_benchmark

_MEAN = 1e-5
"""Values by query are kept in single precision: their mean says the value to so much."""


def result_faults(result: ModelResult, asked: dict[FoldPlace, Asked], *, lite: bool = False) -> Iterator[str]:
    """Yield what is wrong with a result, a line each.

    Args:
        result: to be checked.
        asked: who asks in each fold of the benchmark.
        lite: only the short form is asked for.
    """
    _, rules = read_benchmark(result.benchmark)
    if result.pins != read_pins(result.benchmark).digest:
        yield f"it rests on other folds than {result.benchmark} pins"
    wanted = asked_of(rules, asked, lite=lite)
    cells = {cell.place: cell for cell in result.cells}
    for place in wanted:
        if place not in cells:
            yield f"{_where(place)}: the cell is missing"
    for cell in result.cells:
        if cell.place in wanted:
            yield from _cell_faults(cell, wanted[cell.place], rules.metrics)
    if result.tuned is not None and (result.tuned.get("trials"), result.tuned.get("seconds")) != (rules.trials, None):
        told = ", ".join(f"{name} = {value}" for name, value in result.tuned.items())
        yield f"its budget is {told}; that of every tuned row of {result.benchmark} is trials = {rules.trials} alone"


def _cell_faults(cell: CellValues, asked: Asked, kept: tuple[str, ...]) -> Iterator[str]:
    where = _where(cell.place)
    if cell.state == "missing":
        yield f"{where}: not run yet"
    if cell.state != "ok":
        return
    for metric in kept:
        queries = cell.queries.get(metric)
        if queries is None or len(queries) != len(asked.user):
            found = "none" if queries is None else f"{len(queries):,}"
            yield f"{where}: {found} values of {metric} by query, {len(asked.user):,} ask"
            continue
        for group in asked.groups if len(asked.groups) > 1 else ("",):
            mask = asked.group == asked.groups.index(group) if group else np.ones(len(queries), np.bool_)
            value = cell.values.get((metric, group))
            if value is None or value.mean is None or (metric, group) in cell.replicates:
                continue
            known = queries[mask & ~np.isnan(queries)].astype(np.float64)
            if not len(known) or abs(known.mean() - value.mean) > _MEAN:
                mean = f"{known.mean():.6f}" if len(known) else "nothing"
                named = f"{metric} of {group}" if group else metric
                yield f"{where}: {named} is {value.mean:.6f}, its values by query have the mean {mean}"


def differences(one: ModelResult, other: ModelResult) -> Iterator[str]:
    """Yield where two results of the same cells differ, a line each; only cells of ``other`` are compared."""
    first = {cell.place: cell for cell in one.cells}
    for cell in other.cells:
        told = first.get(cell.place)
        if told is None or told.key != cell.key:
            yield f"{_where(cell.place)}: {'no such cell' if told is None else 'another cell: settings or code differ'}"
            continue
        if told.state != cell.state:
            yield f"{_where(cell.place)}: {told.state}, now {cell.state} ({cell.reason})"
            continue
        for place, value in cell.values.items():
            mean = told.values[place].mean if place in told.values else None
            if (mean is None) != (value.mean is None) or abs((mean or 0.0) - (value.mean or 0.0)) > _MEAN:
                name = f"{place[0]} of {place[1]}" if place[1] else place[0]
                yield f"{_where(cell.place)}: {name} is {mean}, now {value.mean}"
        for metric, values in cell.queries.items():
            was = told.queries[metric]
            different = ~((values == was) | (np.isnan(values) & np.isnan(was)))
            if different.any():
                gap = float(np.nanmax(np.abs(values - was)[different], initial=0.0))
                share = f"{int(different.sum()):,} of {len(values):,} queries"
                yield f"{_where(cell.place)}: {metric} differs for {share}, by up to {gap:.3g}"


def _where(place: FoldPlace) -> str:
    dataset, split, seed, fold = place
    return f"{dataset}, {split}, seed {seed}, fold {fold}"
