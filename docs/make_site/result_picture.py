"""What the main job found, as a picture and a table, drawn from the published run's own numbers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from make_site.markdown import escaped, table

METRIC = "ndcg@10"
SHOWN = {
    "popular": "popular",
    "ease": "EASE",
    "als-content": "ALS with texts",
    "flm-frozen": "language model, frozen",
    "flm": "language model, fine-tuned",
}
"""The models of the picture, in its order, and what they are called there."""

PLACES = {"random-holdout": "Every item is known", "item-cold": "Every item is new"}
"""The splits of the picture, and what they ask."""

_MOSTLY = 0.5
"""From this share of filled places on, a number is that of the fallback."""

_SIGNS = 36
"""How long the longest bar of the picture in letters is."""

_LEFT, _WIDTH, _ROW, _HEAD, _BAR, _RIGHT = 178, 460, 24, 30, 14, 40


@dataclass(frozen=True)
class Result:
    """One number of the run.

    Attributes:
        mean: of the metric.
        low: lower end of its 95% interval.
        high: upper end.
        own: whether the model filled most places itself.
    """

    mean: float
    low: float
    high: float
    own: bool


def results(run: Path) -> dict[tuple[str, str], Result]:
    """Return the main metric of a published run by split and model.

    Args:
        run: the folder of the run, with its form ``csv``.
    """
    with (run / "csv" / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["split"], row["model"], row["metric"]): row for row in csv.DictReader(file)}
    return {
        (split, model): Result(
            float(row["mean"]),
            float(row["ci_low"]),
            float(row["ci_high"]),
            float(rows[split, model, "fallback_share"]["mean"]) <= _MOSTLY,
        )
        for (split, model, metric), row in rows.items()
        if metric == METRIC
    }


def number(value: float) -> str:
    """Return a share as tables write it: three decimals, no zero before the point."""
    return f"{value:.3f}".removeprefix("0")


def picture(run: Path) -> str:
    """Return the picture: a bar for each model with its interval, once for each split."""
    found = results(run)
    most = max(found[split, model].high for split in PLACES for model in SHOWN)
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    parts, top = [], 0
    for split, asked in PLACES.items():
        best = max((model for model in SHOWN if found[split, model].own), key=lambda model: found[split, model].mean)
        parts.append(f'<text class="asked" x="0" y="{top + 19}">{escaped(asked)}</text>')
        top += _HEAD
        for model, name in SHOWN.items():
            parts.append(_bar(found[split, model], name, top, scale, best=model == best))
            top += _ROW
    said = "; ".join(
        f"{asked.lower()}: " + ", ".join(f"{name} {number(found[split, model].mean)}" for model, name in SHOWN.items())
        for split, asked in PLACES.items()
    )
    drawn = "".join(parts)
    return (
        f'<figure class="result"><svg viewBox="0 0 {_WIDTH} {top + 4}" role="img" aria-label="nDCG@10, {said}">'
        f"{drawn}</svg></figure>"
    )


def _bar(result: Result, name: str, top: int, scale: float, *, best: bool) -> str:
    kind = "best" if best else "own" if result.own else "fallback"
    middle = top + _BAR / 2
    low, high = (_LEFT + end * scale for end in (result.low, result.high))
    shown = number(result.mean) if result.own else f"({number(result.mean)})"
    return (
        f'<g class="{kind}"><text class="who" x="{_LEFT - 8}" y="{top + 12}">{escaped(name)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{result.mean * scale:.1f}" height="{_BAR}"/>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<text class="value" x="{high + 5:.1f}" y="{top + 12}">{shown}</text></g>'
    )


def text_picture(run: Path) -> str:
    """Return the picture in letters: a line for each model, its bar and its number."""
    found = results(run)
    most = max(found[split, model].mean for split in PLACES for model in SHOWN)
    wide = max(map(len, SHOWN.values()))
    lines: list[str] = []
    for split, asked in PLACES.items():
        lines += ["", asked, ""] if lines else [asked, ""]
        for model, name in SHOWN.items():
            bar = "#" * round(_SIGNS * found[split, model].mean / most)
            lines.append(f"{name:<{wide}}  {bar} {_with_half(found[split, model])}")
    return "```text\n" + "\n".join(lines) + "\n```"


def _with_half(one: Result) -> str:
    """Return a mean with half of its interval, in parentheses where it is the fallback's."""
    text = f"{number(one.mean)} ±{number(max(one.high - one.mean, one.mean - one.low))}"
    return text if one.own else f"({text})"


def numbers(run: Path) -> str:
    """Return the picture's numbers as a table, the best of each split in bold."""
    found = results(run)
    rows = []
    for model, name in SHOWN.items():
        cells = []
        for split in PLACES:
            one = found[split, model]
            text = _with_half(one)
            top = max(other.mean for (place, _), other in found.items() if place == split)
            cells.append(f"**{text}**" if one.mean == top else text)
        rows.append((name, *cells))
    return table(("model", *(asked.lower() for asked in PLACES.values())), rows)
