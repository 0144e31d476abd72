"""The report for a notebook: a table for each data set and split, in HTML that takes the notebook's own colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchsuite.api import Report
from benchsuite.data import Comparison, Contrast, DatasetInfo, MetricInfo, Row, SplitInfo
from benchsuite.html_text import element, table_element
from benchsuite_reports.model import text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.verdict import verdicts
from benchsuite_reports.render.html_tables import BETTER, WORSE, escaped

_MARKS = {"better": BETTER, "worse": WORSE, "not separated": "", "not tested": ""}
_CELL = "text-align:right;white-space:nowrap"
_SMALL = 10


@dataclass
class Notebook(Report):
    """Tables that a notebook shows as they are."""

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``results.html``, a part of a page: without scripts, without styles of its own, every text escaped."""
        return {"results.html": _page(comparison).encode()}


def _page(comparison: Comparison) -> str:
    said = "".join(f"<li>{escaped(one.text)}</li>" for one in verdicts(ComparisonIndex(comparison)))
    parts = [f"<h3>{escaped(comparison.name)}</h3>", f"<ul>{said}</ul>" if said else ""]
    metrics = [about for about in comparison.metrics if about.task != "cost"]
    tested = {
        (c.dataset, c.split_label, c.metric, c.model): c for c in comparison.contrasts if c.role == "best reference"
    }
    for data in comparison.datasets:
        for split in comparison.splits:
            known = [metric for metric in metrics if _any(comparison, data, split, metric)]
            if known:
                parts.append(_table(comparison, data, split, known, tested))
    legend = (
        "Bold: best of its column, ceilings aside. "
        f"{BETTER} better, {WORSE} worse than the best reference (p &lt; 0.05, Holm over the table). "
        "Hover over a value for its 95% interval and the number of queries."
    )
    notes = "".join(f"<br>{escaped(note)}" for note in comparison.notes)
    return f"<div>{''.join(parts)}<p><small>{legend}{notes}</small></p></div>"


def _any(comparison: Comparison, data: DatasetInfo, split: SplitInfo, metric: MetricInfo) -> bool:
    return any(
        comparison.row(data.label, split.label, model.label, metric.label, split.group) for model in comparison.models
    )


def _table(
    comparison: Comparison,
    data: DatasetInfo,
    split: SplitInfo,
    metrics: Sequence[MetricInfo],
    tested: dict[tuple[str, str, str, str], Contrast],
) -> str:
    simulated = " (simulated data)" if data.simulated else ""
    heads = "".join(element("th", _head(metric), scope="col", style=_CELL) for metric in metrics)
    lines = []
    best = {metric.label: _best(comparison, data, split, metric) for metric in metrics}
    for model in comparison.models:
        rows = [comparison.row(data.label, split.label, model.label, metric.label, split.group) for metric in metrics]
        name = escaped(model.label) + (" (ceiling)" if model.is_oracle else "")
        cells = "".join(_cells(rows, metrics, best, tested))
        lines.append(element("tr", element("th", name, scope="row", style="text-align:left") + cells))
    title = element("strong", f"{escaped(data.label)}, {escaped(split.split_label)}{simulated}")
    drawn = table_element(
        element("tr", element("th") + heads),
        element("tbody", "".join(lines)),
        element("caption", title, style="text-align:left;white-space:nowrap"),
    )
    return element("div", drawn, style="overflow-x:auto;margin-bottom:1em")


def _head(metric: MetricInfo) -> str:
    arrow = "" if metric.higher_is_better else " \N{DOWNWARDS ARROW}"
    return element("span", escaped(metric.label) + arrow, title=text.clean(metric.convention))


def _best(comparison: Comparison, data: DatasetInfo, split: SplitInfo, metric: MetricInfo) -> float | None:
    compete = [model.label for model in comparison.models if not model.is_oracle]
    rows = [comparison.row(data.label, split.label, label, metric.label, split.group) for label in compete]
    values = [row.mean for row in rows if row is not None and row.mean is not None and row.competes]
    if not values:
        return None
    return max(values) if metric.higher_is_better else min(values)


def _cells(
    rows: Sequence[Row | None],
    metrics: Sequence[MetricInfo],
    best: dict[str, float | None],
    tested: dict[tuple[str, str, str, str], Contrast],
) -> Iterator[str]:
    """Yield one cell per metric; a reason that holds for all of them is one wide cell."""
    reasons = {(row.state, row.reason) for row in rows if row is not None and row.mean is None}
    if len(reasons) == 1 and all(row is not None and row.mean is None for row in rows):
        state, reason = next(iter(reasons))
        told = f"{state}: {reason}" if reason and reason != state else state
        yield element("td", element("em", escaped(told)), colspan=len(rows), style="text-align:left")
        return
    for row, metric in zip(rows, metrics, strict=True):
        if row is None:
            yield element("td")
        elif row.mean is None:
            yield element("td", element("em", escaped(row.state)), style=_CELL, title=text.clean(row.reason))
        else:
            contrast = tested.get((row.dataset, row.split_label, row.metric, row.model))
            mark = "" if contrast is None or not row.competes else _MARKS[contrast.verdict]
            value = _number(row.mean)
            value = f"<strong>{value}</strong>" if row.competes and row.mean == best[metric.label] else value
            yield element("td", value + mark, style=_CELL, title=_interval(row))


def _interval(row: Row) -> str:
    if row.ci_low is None or row.ci_high is None:
        return f"n = {row.n:,}"
    return f"95% interval {_number(row.ci_low)} to {_number(row.ci_high)}, n = {row.n:,}"


def _number(value: float) -> str:
    """Return four decimals, or four digits from ten up."""
    return f"{value:.4f}" if abs(value) < _SMALL else f"{value:,.4g}"
