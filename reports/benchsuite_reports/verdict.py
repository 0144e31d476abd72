"""What the numbers say about the question of the benchmark, in sentences that repeat the tables and add nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchsuite.data import Contrast
from benchsuite_reports import series, words
from benchsuite_reports.facts import Place, View
from benchsuite_reports.maker import sign
from benchsuite_reports.numbers import form, half_width, p_value, percent

_PLAIN = ("popular", "item-knn")
"""Plugins that every proposed model should beat."""


@dataclass(frozen=True)
class Said:
    """A sentence, and what it says of the language model: better, worse, level, or a warning about the comparison."""

    text: str
    kind: Literal["better", "worse", "level", "warning"]


def verdicts(view: View) -> list[Said]:
    """Return a sentence for each data set and split on the best language model against the best classic, then warnings.

    A warning says where the most popular items or item-kNN beat the best language model, and which tuned winner lies
    at an end of its search range.
    """
    said: list[Said] = []
    warnings: list[Said] = []
    for place in series.wholes(view):
        metric = view.main_at([place])
        if metric is None:
            continue
        points = [point for point in series.points(view, place, metric) if point.model not in view.ceiling]
        tested = [point for point in points if point.model in view.proposed]
        classics = [point for point in points if point.model in view.classics]
        if not tested or not classics:
            continue
        best = max if view.higher_is_better(metric) else min
        proposed, classic = best(tested, key=_value), best(classics, key=_value)
        said.append(_sentence(view, place, metric, proposed, classic))
        winners = [
            point
            for point in classics
            if words.find(view.comparison.models, point.model).name in _PLAIN
            and best(point.value, proposed.value) == point.value != proposed.value
        ]
        beaten = f"beats {words.clean(proposed.model)} on {words.place(place)}."
        warnings += [Said(f"Warning: {words.clean(point.model)} {beaten}", "warning") for point in winners]
    return said + warnings + _edges(view)


def _value(point: series.Point) -> float:
    return point.value


def _sentence(view: View, place: Place, metric: str, proposed: series.Point, classic: series.Point) -> Said:
    both = (proposed, classic)
    halves = [half_width(point.value, point.low, point.high) for point in both]
    shape = form([point.value for point in both], [half for half in halves if half is not None], cost=False)
    texts = [
        shape.number(point.value) + (f" \N{PLUS-MINUS SIGN}{shape.margin(half)}" if half is not None else "")
        for point, half in zip(both, halves, strict=True)
    ]
    simulated = " (simulated)" if words.simulated(view.comparison, [place.dataset]) else ""
    sentence = (
        f"{words.place(place)}{simulated}: the best proposed model is {words.clean(proposed.model)} with "
        f"{words.heading(metric)} {texts[0]}; the best classic is {words.clean(classic.model)} with {texts[1]}"
    )
    if view.higher_is_better(metric) and classic.value > 0:
        sentence += f" ({percent(proposed.value / classic.value)} of it)"
    contrast = view.contrast(place, proposed.model, metric)
    if contrast is None:
        return Said(f"{sentence}.", "level")
    return Said(f"{sentence}; {_tested(contrast)}.", sign(contrast) or "level")


def _tested(contrast: Contrast) -> str:
    verdict = {
        "better": "it is better",
        "worse": "it is worse",
        "not separated": "the test does not separate them",
        "not tested": "not tested",
    }[contrast.verdict]
    return verdict if contrast.p_holm is None else f"{verdict} (p {_p(contrast.p_holm)} after Holm)"


def _p(p: float) -> str:
    text = p_value(p)
    return f"< {text[1:]}" if text.startswith("<") else f"= {text}"


def _edges(view: View) -> list[Said]:
    said = []
    for trials in view.comparison.tuning:
        if trials.edges:
            names = ", ".join(map(words.clean, trials.edges))
            said.append(
                f"Warning: {words.clean(trials.model)} won at an end of its search range ({names}) on "
                f"{words.place(trials)}; a wider search may find better."
            )
    return [Said(text, "warning") for text in dict.fromkeys(said)]
