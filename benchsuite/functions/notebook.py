"""Tables for a notebook: one for each data set and split, in HTML that takes the notebook's own colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from benchsuite.data import Comparison, Contrast, DatasetInfo, MetricInfo, Row, SplitInfo

_MARKS = {
    "better": "\N{BLACK UP-POINTING TRIANGLE}",
    "worse": "\N{BLACK DOWN-POINTING TRIANGLE}",
    "not separated": "",
    "not tested": "",
}
_CELL = "text-align:right;white-space:nowrap"
_SMALL = 10


def page(comparison: Comparison) -> str:
    """Return HTML without scripts and without anything from elsewhere; every text is escaped."""
    parts = [f"<h3>{escape(comparison.name)}</h3>"]
    metrics = [about for about in comparison.metrics if about.task != "cost"]
    tested = {
        (c.dataset, c.split_label, c.metric, c.model): c for c in comparison.contrasts if c.role == "best classic"
    }
    for data in comparison.datasets:
        for split in comparison.splits:
            known = [metric for metric in metrics if _any(comparison, data, split, metric)]
            if known:
                parts.append(_table(comparison, data, split, known, tested))
    legend = (
        "Bold: best of its column, ceilings aside. "
        f"{_MARKS['better']} better, {_MARKS['worse']} worse than the best classic (p &lt; 0.05, Holm over the table). "
        "Hover over a value for its 95% interval and the number of queries."
    )
    notes = "".join(f"<br>{escape(note)}" for note in comparison.notes)
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
    heads = "".join(f'<th scope="col" style="{_CELL}">{_head(metric)}</th>' for metric in metrics)
    lines = []
    best = {metric.label: _best(comparison, data, split, metric) for metric in metrics}
    for model in comparison.models:
        rows = [comparison.row(data.label, split.label, model.label, metric.label, split.group) for metric in metrics]
        name = escape(model.label) + (" (ceiling)" if model.is_oracle else "")
        cells = "".join(_cells(rows, metrics, best, tested))
        lines.append(f'<tr><th scope="row" style="text-align:left">{name}</th>{cells}</tr>')
    title = f"{escape(data.label)}, {escape(split.split_label)}{simulated}"
    return (
        '<div style="overflow-x:auto;margin-bottom:1em"><table><caption style="text-align:left;white-space:nowrap">'
        f"<strong>{title}</strong></caption><thead><tr><th></th>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _head(metric: MetricInfo) -> str:
    arrow = "" if metric.higher_is_better else " \N{DOWNWARDS ARROW}"
    return f'<span title="{escape(metric.convention)}">{escape(metric.label)}{arrow}</span>'


def _best(comparison: Comparison, data: DatasetInfo, split: SplitInfo, metric: MetricInfo) -> float | None:
    compete = [model.label for model in comparison.models if not model.is_oracle]
    rows = [comparison.row(data.label, split.label, label, metric.label, split.group) for label in compete]
    values = [row.mean for row in rows if row is not None and row.mean is not None]
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
        text = f"{state}: {reason}" if reason and reason != state else state
        yield f'<td colspan="{len(rows)}" style="text-align:left"><em>{escape(text)}</em></td>'
        return
    for row, metric in zip(rows, metrics, strict=True):
        if row is None:
            yield "<td></td>"
        elif row.mean is None:
            yield f'<td style="{_CELL}" title="{escape(row.reason)}"><em>{escape(row.state)}</em></td>'
        else:
            contrast = tested.get((row.dataset, row.split_label, row.metric, row.model))
            mark = "" if contrast is None else _MARKS[contrast.verdict]
            value = number(row.mean)
            value = f"<strong>{value}</strong>" if row.mean == best[metric.label] else value
            yield f'<td style="{_CELL}" title="{_interval(row)}">{value}{mark}</td>'


def _interval(row: Row) -> str:
    if row.ci_low is None or row.ci_high is None:
        return f"n = {row.n:,}"
    return f"95% interval {number(row.ci_low)} to {number(row.ci_high)}, n = {row.n:,}"


def number(value: float) -> str:
    """Return four decimals, or four digits from ten up."""
    return f"{value:.4f}" if abs(value) < _SMALL else f"{value:,.4g}"
