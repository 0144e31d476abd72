"""What the numbers say about the question of the benchmark, in sentences that repeat the tables and add nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from benchsuite.data import Contrast
from benchsuite_reports import series, words
from benchsuite_reports.facts import Place, View
from benchsuite_reports.maker import sign
from benchsuite_reports.numbers import form, half_width, p_value, percent

_PLAIN = ("random", "popular", "item-knn")
"""Plugins that every proposed model should beat."""


@dataclass(frozen=True)
class Said:
    """A sentence, and what it says of the language model: better, worse, level, or a warning about the comparison."""

    text: str
    kind: Literal["better", "worse", "level", "warning"]


def verdicts(view: View) -> list[Said]:
    """Return a sentence for each data set and split on the best language model against the best classic, then warnings.

    A warning says where chance, the most popular items or item-kNN beat the best proposed model, where one of the two
    sides has no value, that nothing was tuned, and which tuned winner lies at an end of its search range.
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
            warnings += _one_sided(view, place, bool(tested))
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
    return said + warnings + (_untuned(view) if said else []) + _edges(view)


def _one_sided(view: View, place: Place, tested: bool) -> list[Said]:
    """Say that one side has no value here, although the experiment has models of both."""
    if not view.proposed or not view.classics:
        return []
    side = "classic" if tested else "proposed model"
    return [Said(f"Warning: no {side} has a value on {words.place(place)}; the reasons are in the table.", "warning")]


def _untuned(view: View) -> list[Said]:
    """Say that nothing was tuned, where that is known of all models that compete."""
    known = [about.facts.get("tuned") for about in view.comparison.models if about.label not in view.ceiling]
    if any(tuned is not False for tuned in known):
        return []
    text = "Warning: no model was tuned here; all have their default settings, the best classic too."
    return [Said(text, "warning")]


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
        f"{words.place(place)}{simulated}: the best proposed model is {_named(view, place, proposed)} with "
        f"{words.heading(metric)} {texts[0]}; the best classic is {_named(view, place, classic)} with {texts[1]}"
    )
    if view.higher_is_better(metric) and classic.value > 0:
        sentence += f" ({percent(proposed.value / classic.value)} of it)"
    contrast = view.contrast(place, proposed.model, metric)
    if contrast is None:
        return Said(f"{sentence}.", "level")
    return Said(f"{sentence}; {_tested(contrast)}.", sign(contrast) or "level")


def _named(view: View, place: Place, point: series.Point) -> str:
    """Return a model's name, and how many settings were tried on each fold where it was tuned."""
    here = (place.dataset, place.split, point.model)
    tried = {len(one.values) for one in view.comparison.tuning if (one.dataset, one.split, one.model) == here}
    if not tried:
        return words.clean(point.model)
    low, high = min(tried), max(tried)
    if high == 1:
        return f"{words.clean(point.model)} (its defaults, the only trial)"
    return f"{words.clean(point.model)} (best of {low if low == high else f'{low} to {high}'} settings)"


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
    """Say once for each model which settings of its winners lie at an end of their range, and how often."""
    searches = Counter(trials.model for trials in view.comparison.tuning)
    flagged: dict[str, Counter[str]] = {}
    for trials in view.comparison.tuning:
        if trials.edges:
            flagged.setdefault(trials.model, Counter()).update(trials.edges)
    return [
        Said(
            f"Warning: {words.clean(model)} won at an end of its search range: "
            + ", ".join(f"{words.clean(name)} in {times} of {searches[model]}" for name, times in names.items())
            + f" {'search' if searches[model] == 1 else 'searches'}; a wider search may find better.",
            "warning",
        )
        for model, names in flagged.items()
    ]
