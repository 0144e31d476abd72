"""Compares two runs number by number, with a test where both answered the same queries."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchsuite.analysis.cell_evaluation import CellEvaluator
from benchsuite.analysis.comparison_builder import build
from benchsuite.analysis.contrasts import contrast, holm_corrected
from benchsuite.analysis.run_refs import RunRef
from benchsuite.analysis.stored_statistics import ComparisonTable
from benchsuite.data import Contrast, MetricInfo, Row

SAME = "the same cells: nothing was fitted anew"
COST = "a cost, measured once"

_Measurers = tuple[CellEvaluator, CellEvaluator]


@dataclass(frozen=True)
class MetricDiff:
    """One number on both sides.

    Attributes:
        dataset: label.
        split: label, group included.
        metric: label.
        models: the model's label on each side.
        a: the first side's row.
        b: the second side's.
        contrast: B against A, paired by user, None where there is no test.
        why: why there is no test, else "".
        higher_is_better: the metric's direction.
    """

    dataset: str
    split: str
    metric: str
    models: tuple[str, str]
    a: Row
    b: Row
    contrast: Contrast | None
    why: str
    higher_is_better: bool

    @property
    def difference(self) -> float | None:
        """B minus A, None where one of them has no value."""
        return None if self.a.mean is None or self.b.mean is None else self.b.mean - self.a.mean


def metric_diffs(a: RunRef, b: RunRef, pairs: Sequence[tuple[str, str]]) -> list[MetricDiff]:
    """Compare every number that both sides have a row for, in the order of A.

    Where both sides answered the same queries, the difference is tested by the paired test of all reports, users as
    what was sampled, corrected by Holm over all tests of one data set and split. Elsewhere both numbers are given with
    the reason why there is no test.

    Args:
        a: the first side.
        b: the second.
        pairs: labels of the models to compare, as (in A, in B).
    """
    rows = [_index(build(side.plan, side.store).rows) for side in (a, b)]
    measurers = (CellEvaluator(a.plan, a.store), CellEvaluator(b.plan, b.store))
    directions = {about.label: about.higher_is_better for about in a.plan.metrics}
    found: list[MetricDiff] = []
    places = [(data.label, split.label) for data in a.plan.datasets for split in a.plan.splits]
    for dataset, split in places:
        contrasts: dict[tuple[str, str, tuple[str, str]], Contrast] = {}
        why: dict[tuple[str, str], str] = {}
        for pair in pairs:
            why[pair] = _untestable(a, b, measurers, dataset, split, pair)
            if not why[pair]:
                for made in _contrasts(a, b, measurers, (dataset, split), pair):
                    contrasts[made.split_label, made.metric, pair] = made
        keys = list(contrasts)
        contrasts = dict(zip(keys, holm_corrected(list(contrasts.values())), strict=True))
        for pair in pairs:
            for (place, metric), one in rows[0].get((dataset, pair[0]), {}).items():
                other = rows[1].get((dataset, pair[1]), {}).get((place, metric))
                if other is None or one.split != split:
                    continue
                tested = contrasts.get((place, metric, pair))
                reason = "" if tested else _reason(a, b, one, other, metric, why[pair])
                higher = directions.get(metric, False)
                found.append(MetricDiff(dataset, place, metric, pair, one, other, tested, reason, higher))
    return found


def _index(rows: Sequence[Row]) -> dict[tuple[str, str], dict[tuple[str, str], Row]]:
    found: dict[tuple[str, str], dict[tuple[str, str], Row]] = {}
    for row in rows:
        found.setdefault((row.dataset, row.model), {})[row.split_label, row.metric] = row
    return found


def _reason(a: RunRef, b: RunRef, one: Row, other: Row, metric: str, why: str) -> str:
    """Say why a number is not tested."""
    if _metric(a, metric) is None:
        return COST
    for row, side in ((one, "A"), (other, "B")):
        if row.mean is None:
            return f"no value in {side}: {row.state}{f', {row.reason}' if row.reason else ''}"
    return why or _redefined(a, b, metric) or "the metric has no interval to test with"


def _untestable(a: RunRef, b: RunRef, measurers: _Measurers, dataset: str, split: str, pair: tuple[str, str]) -> str:
    """Return why nothing of a place can be tested in pairs, or ""."""
    rows = (a.row(dataset, split, pair[0]), b.row(dataset, split, pair[1]))
    if rows[0] is None or rows[1] is None:
        return "not planned on both sides"
    cells = (rows[0].cells, rows[1].cells)
    for measurer, own, name in zip(measurers, cells, ("A", "B"), strict=True):
        if not all(map(measurer.cells.is_ok, own)):
            return f"no value in {name}"
    rules = ("relevant", "relevant_from", "threshold")
    same_rules = all(a.plan.settings.get(name) == b.plan.settings.get(name) for name in rules)
    if [cell.key for cell in cells[0]] == [cell.key for cell in cells[1]] and same_rules:
        return SAME
    folds = [[(test.seed, test.fold, test.fold_key) for test, _ in row.pairs] for row in rows if row is not None]
    if folds[0] != folds[1]:
        common = len(set(folds[0]) & set(folds[1]))
        return (
            f"not the same folds: {common} in common, of {len(folds[0])} in A and {len(folds[1])} in B, "
            "so users cannot be paired"
        )
    return ""


def _metric(side: RunRef, label: str) -> MetricInfo | None:
    return next((about for about in side.plan.metrics if about.label == label), None)


def _redefined(a: RunRef, b: RunRef, metric: str) -> str:
    """Return why a metric's numbers do not mean the same on both sides, or ""."""
    one, other = _metric(a, metric), _metric(b, metric)
    if one is None or other is None:
        return "not measured on both sides"
    facts = [(about.plugin, about.version, dict(about.settings)) for about in (one, other)]
    if facts[0] != facts[1]:
        return "the metric has other settings or another version, so its numbers do not mean the same"
    for rule in ("relevant", "relevant_from") if one.task == "ranking" else ("threshold",):
        if a.plan.settings.get(rule) != b.plan.settings.get(rule):
            return f'"{rule}" differs, so its numbers do not mean the same'
    return ""


def _contrasts(
    a: RunRef, b: RunRef, measurers: _Measurers, place: tuple[str, str], pair: tuple[str, str]
) -> Iterator[Contrast]:
    """Yield B against A for every metric of a place that means the same on both sides; p is not corrected yet."""
    columns = []
    for side, measurer, model in zip((a, b), measurers, pair, strict=True):
        row = side.row(*place, model)
        results = [measurer.result(*pair) for pair in row.pairs] if row is not None else []
        table = ComparisonTable(side.plan, measurer, *place, {model: results})
        columns.append({(column.split, column.group, column.metric): column for column in table.columns()})
    for key, one in columns[0].items():
        other = columns[1].get(key)
        if other is None or pair[0] not in one.models or pair[1] not in other.models or _redefined(a, b, one.metric):
            continue
        both = {"A": one.models[pair[0]], "B": other.models[pair[1]]}
        column = dataclasses.replace(one, models=both)
        for found in contrast(column, "A", "chosen"):
            yield dataclasses.replace(found, model=pair[1], reference=pair[0])


def summary(found: Sequence[MetricDiff]) -> Mapping[str, int]:
    """Count the outcomes: better, worse, not separated, not tested, equal."""
    counts = dict.fromkeys(("better", "worse", "not separated", "not tested", "the same cells"), 0)
    for one in found:
        if one.contrast is not None:
            counts[one.contrast.verdict] += 1
        else:
            counts["the same cells" if one.why == SAME else "not tested"] += 1
    return counts
