"""What the numbers say about the question of the benchmark, in sentences that repeat the tables and add nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchsuite.data import Contrast
from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.leads import Gain, Lead, did_not_compete, gains, leads, sureness
from benchsuite_reports.model.numbers import form, half_width, p_value, percent
from benchsuite_reports.model.table_builder import sign

_PLAIN = ("random", "popular", "item-knn")
"""Plugins that every proposed model should beat."""


@dataclass(frozen=True)
class Statement:
    """A sentence, what it says of the model that is put to the test, and where.

    Attributes:
        text: the whole sentence.
        kind: ``better``, ``worse``, ``level``: the best proposed model against the best reference; ``lead``: nothing is
            put to the test here; ``gain``: what fine-tuning adds; ``warning``: about the comparison.
        lead: the facts behind a sentence on who leads, None for all others.
        short: the same in as few words as a screen has room for, "" where the whole sentence is short.
    """

    text: str
    kind: Literal["better", "worse", "level", "lead", "gain", "warning"]
    lead: Lead | None = None
    short: str = ""


def verdicts(view: ComparisonIndex) -> list[Statement]:
    """Return a sentence for each data set and split, what fine-tuning adds there, then warnings.

    The sentence says who leads, who is not separated from the leader, how the best proposed model stands to the best
    reference, and who did not compete. A warning says where chance, the most popular items or item-kNN are above the
    best proposed model, where one of the two sides has no value, that nothing was tuned, and which tuned winner lies at
    an end of its search range.
    """
    said: list[Statement] = []
    gained: list[Statement] = []
    warnings: list[Statement] = []
    for lead in leads(view):
        if lead.leader is not None:
            said.append(_sentence(view, lead, lead.leader))
            gained += _gains(view, lead)
        elif lead.idle:
            line = f"Warning: nothing competes on {text.place(lead.place)}. {did_not_compete(lead)}"
            warnings.append(Statement(line, "warning"))
        warnings += _one_sided(view, lead)
        warnings += _beaten(view, lead)
    return said + gained + warnings + (_untuned(view) if said else []) + _edges(view)


def _one_sided(view: ComparisonIndex, lead: Lead) -> list[Statement]:
    """Say that one side has no value of its own here, although the experiment has models of both."""
    if not view.candidates or not view.references:
        return []
    place = text.place(lead.place)
    there = {point.model for point in series.points(view, lead.place, lead.metric)}
    sides = (
        ("proposed model", lead.proposed, view.candidates),
        ("reference", lead.reference, view.references),
    )
    lines = []
    for side, best, members in sides:
        if best is None and members & there:
            lines.append(f"Warning: no {side} competes on {place}.")
        elif best is None:
            lines.append(f"Warning: no {side} has a value on {place}; the reasons are in the table.")
    return [Statement(line, "warning") for line in lines]


def _beaten(view: ComparisonIndex, lead: Lead) -> list[Statement]:
    """Say which plain models are above the best proposed one, and what the test says where there is one.

    Their values count whatever decided them.
    """
    proposed = lead.proposed
    if proposed is None:
        return []
    names = {info.label: info.name for info in view.comparison.models}
    better = max if view.higher_is_better(lead.metric) else min
    winners = [
        point
        for point in series.points(view, lead.place, lead.metric)
        if point.model in view.references
        and names.get(point.model) in _PLAIN
        and better(point.value, proposed.value) == point.value != proposed.value
    ]
    beaten = f"has a better value than {text.clean(proposed.model)} on {text.place(lead.place)}"
    contrast = view.contrast(lead.place, proposed.model, lead.metric)
    found = []
    for point in winners:
        tested = contrast is not None and contrast.reference == point.model and contrast.verdict == "not separated"
        doubt = "; the test does not separate them" if tested else ""
        found.append(Statement(f"Warning: {text.clean(point.model)} {beaten}{doubt}.", "warning"))
    return found


def _untuned(view: ComparisonIndex) -> list[Statement]:
    """Say that nothing was tuned, where that is known of all models that compete."""
    known = [info.tuned for info in view.comparison.models if not info.is_oracle]
    if any(tuned is not False for tuned in known):
        return []
    if view.comparison.tuning:
        what = "nothing was searched here: all have the settings that were given, or their defaults."
        return [Statement(f"Warning: {what}", "warning", short=what.capitalize())]
    too = ", the best reference too" if view.candidates and view.references else ""
    line = f"Warning: no model was tuned here; all have their default settings{too}."
    return [Statement(line, "warning", short="No model was tuned here: all have their default settings.")]


def _sentence(view: ComparisonIndex, lead: Lead, leader: series.Point) -> Statement:
    reference, proposed = lead.reference, lead.proposed
    told = [leader, *(point for point in (proposed, reference) if point is not None)]
    write = _writer(told)
    simulated = " (simulated)" if text.simulated(view.comparison, [lead.place.dataset]) else ""
    alone = len(view.comparison.models) == 1
    verb, sure = ("has", "the only model of this run") if alone else ("leads with", sureness(lead)[1])
    line = (
        f"{text.place(lead.place)}{simulated}: {_named(view, lead.place, leader)} {verb} "
        f"{view.heading(lead.metric)} {write(leader)}, {sure}"
    )
    brief = f"{_brief(view, lead.place)}: {text.clean(leader.model)} {verb} {write(leader)}, {sure}"
    kind: Literal["better", "worse", "level", "lead"] = "lead"
    if proposed is not None and reference is not None:
        contrast = view.contrast(lead.place, proposed.model, lead.metric)
        whose = f"the best proposed model is {_named(view, lead.place, proposed)} with {write(proposed)}"
        against = f"the best reference is {_named(view, lead.place, reference)} with {write(reference)}"
        parts = [part for part, point in ((whose, proposed), (against, reference)) if point is not leader]
        line += f"; {'; '.join(parts)}"
        share = _share(view, lead.metric, proposed, reference)
        line += f"; {text.clean(proposed.model)} has {share}the reference: " if share else "; "
        line += _tested(contrast)
        brief += f"; {_held(lead, leader, proposed, reference, share)}: {_outcome(contrast)}"
        kind = sign(contrast) or "level"
    idle = did_not_compete(lead)
    return Statement(f"{line}.{f' {idle}' if idle else ''}", kind, lead, f"{brief}.")


def _brief(view: ComparisonIndex, place: Place) -> str:
    """Return how a place is called where a title already names the only data set."""
    return text.place(place) if len(view.datasets) > 1 else text.clean(place.split_label)


def _held(lead: Lead, leader: series.Point, proposed: series.Point, reference: series.Point, share: str) -> str:
    """Return what is held against what: the best proposed model against the best reference, the leader as "it"."""
    one = "it" if leader is proposed else text.clean(proposed.model)
    if leader is reference:
        return f"{one} has {share}it" if share else f"{one} against it"
    other = text.clean(reference.model)
    if len(lead.ranking) > 2:  # noqa: PLR2004 - of two, the other is told already
        other += ", the best reference"
    return f"{one} has {share}{other}" if share else f"{one} against {other}"


def _gains(view: ComparisonIndex, lead: Lead) -> list[Statement]:
    """Say what fine-tuning adds: against the frozen twin, and against the best row on frozen vectors."""
    by_model: dict[str, list[Gain]] = {}
    for gain in gains(view, lead):
        by_model.setdefault(gain.model.model, []).append(gain)
    said = []
    for model, own in by_model.items():
        write = _writer([own[0].model, *(gain.other for gain in own)])
        names: dict[str, str] = {"frozen twin": "its frozen twin", "frozen vectors": "the best on frozen vectors"}
        parts = [
            f"{_share(view, lead.metric, gain.model, gain.other) or 'against '}{names[gain.role]}, "
            f"{text.clean(gain.other.model)} with {write(gain.other)}: {_tested(gain.contrast)}"
            for gain in own
        ]
        heading = f"{view.heading(lead.metric)} {write(own[0].model)}"
        line = f"{text.place(lead.place)}, fine-tuning: {text.clean(model)} has {heading}; {'; '.join(parts)}."
        told = [
            f"{_share(view, lead.metric, gain.model, gain.other) or 'against '}{text.clean(gain.other.model)} "
            f"({gain.role}): {_outcome(gain.contrast)}"
            for gain in own
        ]
        brief = f"{_brief(view, lead.place)}, fine-tuning: {text.clean(model)} has {'; '.join(told)}."
        said.append(Statement(line, "gain", short=brief))
    return said


def _writer(points: Sequence[series.Point]) -> Callable[[series.Point], str]:
    """Return what writes values with their intervals, all with as many digits as these support."""
    halves = {point: half_width(point.value, point.low, point.high) for point in points}
    shape = form([point.value for point in points], [half for half in halves.values() if half is not None], cost=False)

    def write(point: series.Point) -> str:
        half = halves[point]
        return shape.number(point.value) + (f" \N{PLUS-MINUS SIGN}{shape.margin(half)}" if half is not None else "")

    return write


def _share(view: ComparisonIndex, metric: str, one: series.Point, other: series.Point) -> str:
    """Return how much of another value one is, "" where a share says nothing."""
    if view.higher_is_better(metric) and other.value > 0:
        return f"{percent(one.value / other.value)} of "
    return ""


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


def _tested(contrast: Contrast | None) -> str:
    if contrast is None:
        return "not tested"
    verdict = {
        "better": "it is better",
        "worse": "it is worse",
        "not separated": "the test does not separate them",
        "not tested": "not tested",
    }[contrast.verdict]
    if contrast.p_holm is None:
        return verdict
    draws = "" if contrast.p_draws is None else f"; over the draws of new items p {_p(contrast.p_draws)}"
    return f"{verdict} (p {_p(contrast.p_holm)} after Holm{draws})"


def _outcome(contrast: Contrast | None) -> str:
    """Return the same in a word."""
    if contrast is None or contrast.p_holm is None:
        return "not tested" if contrast is None else contrast.verdict
    draws = "" if contrast.p_draws is None else f", over draws of items p {_p(contrast.p_draws)}"
    return f"{contrast.verdict} (p {_p(contrast.p_holm)}{draws})"


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
