"""What must be true of a result before it stands in a leaderboard, told from the result alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.analysis.cell_evaluation import REPLICATES
from benchsuite.api import Metric
from benchsuite.benchmark.asked import Asked, asked_of
from benchsuite.benchmark.model_result import CellValues, ModelResult, Value
from benchsuite.benchmark.packed_values import STEPS
from benchsuite.benchmark.pins import FoldPlace, read_pins
from benchsuite.benchmark.places import read_benchmark
from benchsuite.cutoff import split_cutoff
from benchsuite.data import Float32
from benchsuite.interface import count
from benchsuite.plan import PluginSpec
from benchsuite.registry import load_metric
from benchsuite.runner.logs import clip
from benchsuite.runner.withheld import was_opened

_MEAN = 1e-5
"""Values by query are kept in single precision: their mean says the value to so much."""

_STEPS = 2
"""Resamples are rounded to steps (of their range); what is the same may be rounded to the step before or after."""

_LONGEST_REASON = 500

_DECLARED = ("name", "needs", "uses_language_model", "is_candidate", "is_oracle", "is_network")
"""What a model says of itself and its row's kind rests on."""


def result_faults(result: ModelResult, asked: dict[FoldPlace, Asked], *, lite: bool = False) -> Iterator[str]:
    """Yield what is wrong with a result, a line each.

    Args:
        result: to be checked.
        asked: who asks in each fold of the benchmark.
        lite: only the short form is asked for.
    """
    _, rules = read_benchmark(result.benchmark)
    yield from result_damage(result, asked)
    if not result.whole:
        yield f"values by query of other metrics than {rules.headline} are missing: other_values.npz is not there"
    cells = {cell.place: cell for cell in result.cells}
    for place in asked_of(rules, asked, lite=lite):
        if place not in cells:
            yield f"{_where(place)}: the cell is missing"
        elif cells[place].state == "missing":
            yield f"{_where(place)}: not run yet"
    if silence := says_nothing(result, rules.headline):
        yield silence
    opened = [f"{_where(cell.place)}: {_told(cell.reason)}" for cell in _failed(result) if was_opened(cell.reason)]
    if opened:
        more = f" (and {count(len(opened) - 1, 'more cell')} for such a reason)" if len(opened) > 1 else ""
        yield f"{opened[0]}, then run it again with --retry-failed{more}"
    if result.tuned is not None and (result.tuned.get("trials"), result.tuned.get("seconds")) != (rules.trials, None):
        told = ", ".join(f"{name} = {value}" for name, value in result.tuned.items())
        yield f"its budget is {told}; that of every tuned row of {result.benchmark} is trials = {rules.trials} alone"


def says_nothing(result: ModelResult, headline: str) -> str:
    """Return one line where no number of a result is its model's, or ""."""
    if result.cells and all(cell.state == "not applicable" for cell in result.cells):
        return f"the model applies to no cell: {_told(result.cells[0].reason)}"
    values = [cell.values.get((headline, "")) for cell in result.cells]
    if values and all(one is not None and one.fallback is not None and one.fallback >= 1 for one in values):
        return f"the model answered nothing in any cell: the fallback gave all that {headline} looks at"
    return ""


def failures(result: ModelResult) -> str:
    """Return a line on the cells that failed without a fault of the result: how many, and why the first did; or ""."""
    honest = [cell for cell in _failed(result) if not was_opened(cell.reason)]
    if not honest:
        return ""
    many = f"{len(honest):,} of {count(len(result.cells), 'cell')} failed and {'has' if len(honest) == 1 else 'have'}"
    first = f"{_where(honest[0].place)}: {_told(honest[0].reason)}"
    return f"{many} no values{', the first' if len(honest) > 1 else ''}: {first}"


def _failed(result: ModelResult) -> list[CellValues]:
    return [cell for cell in result.cells if cell.state == "failed"]


def _told(reason: str) -> str:
    """Return a reason as one line: whoever made the folder may have written anything."""
    return clip(reason, _LONGEST_REASON) or "no reason is given"


def result_damage(result: ModelResult, asked: dict[FoldPlace, Asked]) -> Iterator[str]:
    """Yield why a result cannot stand in a table, though it need not be whole, a line each."""
    experiment, rules = read_benchmark(result.benchmark)
    pins = read_pins(result.benchmark)
    kept = rules.metrics if result.whole else (rules.headline,)
    if result.pins != pins.digest:
        yield f"it rests on other folds than {result.benchmark} pins"
    for spec in experiment.expanded("models"):
        if spec.label == result.label and not is_row(spec, str(result.identity["plugin"]), result.identity["settings"]):
            what = f"{result.identity['plugin']} with other settings or from elsewhere"
            yield f"{result.label} is a row of {result.benchmark}, and this is {what}: give it another label"
    places = [cell.place for cell in result.cells]
    for place in sorted({place for place in places if places.count(place) > 1}):
        yield f"{_where(place)}: the cell is there more than once"
    for cell in result.cells:
        if result.tuned is None and dict(cell.settings) != dict(result.identity["settings"]):
            yield f"{_where(cell.place)}: it was fitted with other settings than the row has, though nothing was tuned"
        if cell.place not in pins.folds:
            yield f"{_where(cell.place)}: {result.benchmark} has no such fold"
        elif cell.state == "ok":
            if cell.place in asked:
                yield from _cell_faults(cell, asked[cell.place], kept)
            else:
                yield f"{_where(cell.place)}: it has values, but nobody asks in this fold"


def is_row(spec: PluginSpec, plugin: str, settings: Mapping[str, Any]) -> bool:
    """Return whether a plugin, such as ``benchsuite/als``, with these settings is what a row of a benchmark names."""
    same = plugin.rpartition("/")[2] == spec.use.rpartition("/")[2]  # a file, x/als.py:als, is not
    return same and all(name in settings and settings[name] == value for name, value in spec.settings.items())


def _cell_faults(cell: CellValues, asked: Asked, kept: tuple[str, ...]) -> Iterator[str]:
    where = _where(cell.place)
    for metric in kept:
        queries = cell.queries.get(metric)
        if queries is None or len(queries) != len(asked.user):
            found = "none" if queries is None else f"{len(queries):,}"
            yield f"{where}: {found} values of {metric} by query, {len(asked.user):,} ask"
            continue
        for group in ("", *(asked.groups if len(asked.groups) > 1 else ())):
            mask = asked.group == asked.groups.index(group) if group else np.ones(len(queries), np.bool_)
            value = cell.values.get((metric, group))
            named = f"{where}: {metric} of {group}" if group else f"{where}: {metric}"
            if value is None:
                yield f"{named} is not there"
                continue
            yield from _value_faults(named, metric, value, queries[mask], cell.replicates.get((metric, group)))


def _value_faults(named: str, metric: str, value: Value, queries: Float32, replicates: Float32 | None) -> Iterator[str]:
    """Yield what is wrong with one value: with what it rests on, it must be possible, and the two must agree."""
    told = np.nan if value.mean is None else value.mean
    every = np.concatenate([queries, [told], () if replicates is None else replicates])
    if np.isinf(every).any():
        yield f"{named} has values that are infinite"
        return
    if len(odd := _outside(metric, every)):
        yield f"{named} has a value of {odd[0]:.3g}, and a share lies between 0 and 1"
        return
    if replicates is not None and not counts_queries(metric):
        yield from _replicate_faults(named, value, replicates)
        return
    if replicates is not None:
        yield f"{named} has resamples, though it is the mean of its values by query"
    known = queries[~np.isnan(queries)].astype(np.float64)
    mean = float(known.mean()) if len(known) else np.nan
    if np.isnan(mean) != np.isnan(told) or abs(mean - told) > _MEAN:
        both = ["nothing" if np.isnan(one) else f"{one:.6f}" for one in (told, mean)]
        yield f"{named} is {both[0]}, its values by query have the mean {both[1]}"
    elif len(known) != value.n and counts_queries(metric):
        yield f"{named} rests on {value.n:,} queries, {len(known):,} have a value"


def counts_queries(metric: str) -> bool:
    """Return whether values of a metric rest on queries, not on pairs."""
    return _kind(metric).task == "ranking"


def _kind(metric: str) -> type[Metric]:
    base, k = split_cutoff(metric)
    return load_metric(f"{base}@k" if k else base)


def _outside(metric: str, values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the values that no share can have; none where the metric is no share."""
    return values[(values < -_MEAN) | (values > 1 + _MEAN)] if _kind(metric).unit == "share" else values[:0]


def _replicate_faults(named: str, value: Value, replicates: Float32) -> Iterator[str]:
    if len(replicates) != REPLICATES:
        yield f"{named} has {len(replicates):,} resamples, {REPLICATES:,} are drawn"
    elif value.mean is None or not np.nanmin(replicates) <= value.mean + _MEAN <= np.nanmax(replicates) + 2 * _MEAN:
        yield f"{named} is {value.mean}, outside of all of its resamples"


def differences(one: ModelResult, other: ModelResult, *, values: bool = True) -> Iterator[str]:
    """Yield where two results of the same cells differ, a line each; only cells of ``other`` are compared.

    Args:
        one: a result.
        other: the same cells, fitted again.
        values: compare the numbers, too; False for a model that says itself that a second fit gives others.
    """
    for name in _DECLARED:
        before, now = getattr(one.model, name), getattr(other.model, name)
        if before != now and not (name == "is_network" and before is None):  # older results do not tell
            yield f"{name} of the model is {before}, now {now}"
    if one.identity["version"] != other.identity["version"]:
        yield f"the version of the model is {one.identity['version']}, now {other.identity['version']}"
    first = {cell.place: cell for cell in one.cells}
    for cell in other.cells:
        told = first.get(cell.place)
        if told is None or told.key != cell.key:
            yield f"{_where(cell.place)}: {'no such cell' if told is None else 'another cell: settings or code differ'}"
        elif told.state != cell.state:
            yield f"{_where(cell.place)}: {told.state}, now {cell.state} ({cell.reason})"
        elif values:
            yield from _cell_differences(told, cell)


def value_differences(one: ModelResult, other: ModelResult) -> Iterator[str]:
    """Yield where the numbers of the same cells differ, a line each."""
    first = {(cell.place, cell.key, cell.state): cell for cell in one.cells}
    for cell in other.cells:
        if (told := first.get((cell.place, cell.key, cell.state))) is not None:
            yield from _cell_differences(told, cell)


def _cell_differences(told: CellValues, cell: CellValues) -> Iterator[str]:
    where = _where(cell.place)
    for place in dict.fromkeys([*told.values, *cell.values]):
        name = f"{place[0]} of {place[1]}" if place[1] else place[0]
        if place not in told.values or place not in cell.values:
            yield f"{where}: {name} is {'not there' if place not in told.values else 'there'}, now the reverse"
            continue
        for part in ("mean", "n", "fallback", "ties"):
            was, now = getattr(told.values[place], part), getattr(cell.values[place], part)
            if (was is None) != (now is None) or abs((was or 0.0) - (now or 0.0)) > _MEAN:
                yield f"{where}: {name if part == 'mean' else f'{part} of {name}'} is {was}, now {now}"
    for metric in dict.fromkeys([*told.queries, *cell.queries]):
        yield from _array_differences(f"{where}: {metric}", told.queries.get(metric), cell.queries.get(metric))
    for place in dict.fromkeys([*told.replicates, *cell.replicates]):
        name = f"{where}: resamples of {' of '.join(part for part in place if part)}"
        was, now = told.replicates.get(place), cell.replicates.get(place)
        yield from _array_differences(name, was, now, _STEPS * _step(now))


def _step(replicates: Float32 | None) -> float:
    """Return the step to which resamples were rounded."""
    known = np.zeros(0) if replicates is None else replicates[np.isfinite(replicates)].astype(np.float64)
    return float(np.ptp(known)) / STEPS if len(known) else 0.0


def _array_differences(name: str, was: Float32 | None, now: Float32 | None, tolerance: float = 0.0) -> Iterator[str]:
    if was is None or now is None or len(was) != len(now):
        counts = ["no" if one is None else f"{len(one):,}" for one in (was, now)]
        yield f"{name} has {counts[0]} values, now {counts[1]}"
        return
    different = ~((now == was) | (np.isnan(now) & np.isnan(was)))
    different &= ~(np.abs(now.astype(np.float64) - was) <= tolerance)
    if different.any():
        gap = float(np.nanmax(np.abs(now - was)[different], initial=0.0))
        yield f"{name} differs for {int(different.sum()):,} of {len(now):,} queries, by up to {gap:.3g}"


def _where(place: FoldPlace) -> str:
    dataset, split, seed, fold = place
    return f"{dataset}, {split}, seed {seed}, fold {fold}"
