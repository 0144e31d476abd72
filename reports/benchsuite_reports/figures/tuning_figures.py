"""Figures of how models were tuned and how they rank over data sets. Importing this imports matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchsuite.data import MeanRanks, Trials
from benchsuite_reports.figures.mpl_style import Bare, ends, key, label, marker, wrapped
from benchsuite_reports.model import text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.palette import ModelStyle
from benchsuite_reports.model.series import best_so_far, joined

Places = Mapping[tuple[str, str], Sequence[Trials]]


def by_place(view: ComparisonIndex) -> Places:
    """Return the tuning of every model by data set and split, in order."""
    found: dict[tuple[str, str], list[Trials]] = {}
    for trials in view.comparison.tuning:
        if any(value is not None for value in trials.values):
            found.setdefault((trials.dataset, trials.split), []).append(trials)
    return found


def tuning(view: ComparisonIndex, styles: Mapping[str, ModelStyle], several: Sequence[Trials]) -> Figure:
    """Draw the best validation value so far against the number of trials, one line per model, seed and fold."""
    figure = Figure(figsize=(4.6, 3.0), layout="constrained")
    axes = figure.add_subplot()
    last: dict[str, float] = {}
    longest = max(len(trials.values) for trials in several)
    for trials in several:
        style = styles[trials.model]
        curve = best_so_far(trials, higher=view.higher_is_better(trials.on))
        known = [(index + 1, value) for index, value in enumerate(curve) if value is not None]
        xs, ys = [index for index, _ in known], [value for _, value in known]
        weight = 1.8 if trials.model in view.language_models else 1.0
        axes.step(xs, ys, where="post", linewidth=weight, linestyle=style.dash, color=style.light)
        axes.plot(xs[-1:], ys[-1:], **marker(style, 4.5))
        last.setdefault(trials.model, ys[-1])
    axes.set_xlim(0.7, longest + 0.3)
    axes.set_xlabel("trials")
    axes.set_ylabel(f"best {label(view.heading(several[0].on))} on validation")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_formatter(Bare())
    simulated = " (simulated)" if text.simulated(view.comparison, [several[0].dataset]) else ""
    axes.set_title(wrapped(f"Tuning: {text.study(several[0])}{simulated}", 60))
    ends(figure, axes, last, longest, styles)
    key(figure, view)
    return figure


def standing(view: ComparisonIndex, styles: Mapping[str, ModelStyle], one: MeanRanks) -> Figure:
    """Draw mean ranks on a line; a bar joins models that the test does not separate (critical-difference diagram)."""
    count = len(one.models)
    half = (count + 1) // 2
    figure = Figure(figsize=(5.6, 0.9 + 0.2 * half + 0.1 * len(joined(one))), layout="constrained")
    axes = figure.add_subplot()
    low, high = 1.0, max(float(count), *one.ranks)
    bars = joined(one)
    top = 1.0
    axes.plot([low, high], [0.0, 0.0], color="#444444", linewidth=0.8)
    for tick in range(1, count + 1):
        axes.plot([tick, tick], [0, 0.18], color="#444444", linewidth=0.8)
        axes.text(tick, 0.3, str(tick), ha="center", va="bottom", fontsize=7)
    axes.plot([low, min(low + one.critical_difference, high)], [top + 0.35] * 2, color="#444444", linewidth=1.2)
    axes.text(low, top + 0.5, f"critical difference {one.critical_difference:.2f}", fontsize=7, va="bottom")
    for level, (first, final) in enumerate(bars):
        under = -0.35 - 0.3 * level
        axes.plot([one.ranks[first] - 0.04, one.ranks[final] + 0.04], [under, under], color="#222222", linewidth=2.4)
    start = -0.7 - 0.3 * len(bars)
    margin = 0.06 * (high - low + 1)
    for index, (model, rank) in enumerate(zip(one.models, one.ranks, strict=True)):
        left = index < half
        row = index if left else count - 1 - index
        height = start - 0.6 * row
        edge = low - margin if left else high + margin
        colour = styles[model].light
        axes.plot([rank, rank, edge], [0.0, height, height], color=colour, linewidth=0.8)
        axes.plot([rank], [0], zorder=5, **marker(styles[model], 4.5))
        line = f"{label(model)} {rank:.2f}" if left else f"{rank:.2f} {label(model)}"
        axes.text(edge + (-0.5 if left else 0.5) * margin, height, line, ha="right" if left else "left", va="center",
                  color=colour, fontsize=7.5)  # fmt: skip
    axes.set_axis_off()
    sets = f"{len(one.datasets)} data sets"
    axes.set_title(wrapped(f"Mean rank of {view.heading(one.metric)} over {sets}: {text.clean(one.split)}", 70), pad=10)
    return figure
