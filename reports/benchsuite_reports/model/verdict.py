"""What the numbers say about the question of the benchmark, in sentences that repeat the tables and add nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from benchsuite.data import Contrast
from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.numbers import form, half_width, p_value, percent
from benchsuite_reports.model.table_builder import sign

_PLAIN = ("random", "popular", "item-knn")
"""Plugins that every proposed model should beat."""


@dataclass(frozen=True)
class Statement:
    """A sentence, and what it says of the language model: better, worse, level, or a warning about the comparison."""

    text: str
    kind: Literal["better", "worse", "level", "warning"]


def verdicts(view: ComparisonIndex) -> list[Statement]:
    """Return a sentence for each data set and split on the best language model against the best classic, then warnings.

    A warning says where chance, the most popular items or item-kNN beat the best proposed model, where one of the two
    sides has no value, that nothing was tuned, and which tuned winner lies at an end of its search range.
    """
    said: list[Statement] = []
    warnings: list[Statement] = []
    names = {info.label: info.name for info in view.comparison.models}
    for place in series.wholes(view):
        metric = view.main_at([place])
        if metric is None:
            continue
        points = [point for point in series.points(view, place, metric) if point.model not in view.oracles]
        tested = [point for point in points if point.model in view.candidates]
        classics = [point for point in points if point.model in view.classics]
        if not tested or not classics:
            warnings += _one_sided(view, place, bool(tested))
            continue
        best = max if view.higher_is_better(metric) else min
        proposed, classic = best(tested, key=_value), best(classics, key=_value)
        said.append(_sentence(view, place, metric, proposed, classic))
        winners = [
            point
            for point in classics
            if names.get(point.model) in _PLAIN and best(point.value, proposed.value) == point.value != proposed.value
        ]
        beaten = f"beats {text.clean(proposed.model)} on {text.place(place)}."
        warnings += [Statement(f"Warning: {text.clean(point.model)} {beaten}", "warning") for point in winners]
    return said + warnings + (_untuned(view) if said else []) + _edges(view)


def _one_sided(view: ComparisonIndex, place: Place, tested: bool) -> list[Statement]:
    """Say that one side has no value here, although the experiment has models of both."""
    if not view.candidates or not view.classics:
        return []
    side = "classic" if tested else "proposed model"
    return [
        Statement(f"Warning: no {side} has a value on {text.place(place)}; the reasons are in the table.", "warning")
    ]


def _untuned(view: ComparisonIndex) -> list[Statement]:
    """Say that nothing was tuned, where that is known of all models that compete."""
    known = [info.tuned for info in view.comparison.models if not info.is_oracle]
    if any(tuned is not False for tuned in known):
        return []
    line = "Warning: no model was tuned here; all have their default settings, the best classic too."
    return [Statement(line, "warning")]


def _value(point: series.Point) -> float:
    return point.value


def _sentence(
    view: ComparisonIndex, place: Place, metric: str, proposed: series.Point, classic: series.Point
) -> Statement:
    both = (proposed, classic)
    halves = [half_width(point.value, point.low, point.high) for point in both]
    shape = form([point.value for point in both], [half for half in halves if half is not None], cost=False)
    texts = [
        shape.number(point.value) + (f" \N{PLUS-MINUS SIGN}{shape.margin(half)}" if half is not None else "")
        for point, half in zip(both, halves, strict=True)
    ]
    simulated = " (simulated)" if text.simulated(view.comparison, [place.dataset]) else ""
    sentence = (
        f"{text.place(place)}{simulated}: the best proposed model is {_named(view, place, proposed)} with "
        f"{view.heading(metric)} {texts[0]}; the best classic is {_named(view, place, classic)} with {texts[1]}"
    )
    if view.higher_is_better(metric) and classic.value > 0:
        sentence += f" ({percent(proposed.value / classic.value)} of it)"
    contrast = view.contrast(place, proposed.model, metric)
    if contrast is None:
        return Statement(f"{sentence}.", "level")
    return Statement(f"{sentence}; {_tested(contrast)}.", sign(contrast) or "level")


def _named(view: ComparisonIndex, place: Place, point: series.Point) -> str:
    """Return a model's name, and how many settings were tried on each fold where it was tuned."""
    here = (place.dataset, place.split_label, point.model)
    tried = {len(one.values) for one in view.comparison.tuning if (one.dataset, one.split, one.model) == here}
    if not tried:
        return text.clean(point.model)
    low, high = min(tried), max(tried)
    if high == 1:
        return f"{text.clean(point.model)} (its defaults, the only trial)"
    return f"{text.clean(point.model)} (best of {low if low == high else f'{low} to {high}'} settings)"


def _tested(contrast: Contrast) -> str:
    verdict = {
        "better": "it is better",
        "worse": "it is worse",
        "not separated": "the test does not separate them",
        "not tested": "not tested",
    }[contrast.verdict]
    return verdict if contrast.p_holm is None else f"{verdict} (p {_p(contrast.p_holm)} after Holm)"


def _p(p: float) -> str:
    line = p_value(p)
    return f"< {line[1:]}" if line.startswith("<") else f"= {line}"


def _edges(view: ComparisonIndex) -> list[Statement]:
    """Say once for each model which settings of its winners lie at an end of their range, and how often."""
    searches = Counter(trials.model for trials in view.comparison.tuning)
    flagged: dict[str, Counter[str]] = {}
    for trials in view.comparison.tuning:
        if trials.edges:
            flagged.setdefault(trials.model, Counter()).update(trials.edges)
    return [
        Statement(
            f"Warning: {text.clean(model)} won at an end of its search range: "
            + ", ".join(f"{text.clean(name)} in {times} of {searches[model]}" for name, times in names.items())
            + f" {'search' if searches[model] == 1 else 'searches'}; a wider search may find better.",
            "warning",
        )
        for model, names in flagged.items()
    ]
