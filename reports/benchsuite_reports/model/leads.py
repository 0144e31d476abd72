"""Who leads a place, who is not separated from the leader, and who did not compete there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchsuite.data import NOT_ITS_OWN, Contrast
from benchsuite.data.comparison import Role
from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place

_NAMED = 3

Standing = Literal["behind", "level", "untested"]
Sureness = Literal["sure", "unsure", "partly", "untested", "alone"]


@dataclass(frozen=True)
class Lead:
    """What one place says of its main metric.

    Attributes:
        place: the data set and split.
        metric: label of the metric.
        ranking: models that compete, best first, with values and intervals.
        behind: of these, the models that the test puts behind the leader.
        level: those that it does not separate from the leader.
        untested: those that nobody tested against the leader.
        reference: the best reference, None where none competes.
        proposed: the best of the models that are put to the test, None where none competes.
        idle: models with a value that mostly the fallback or the order of ties decided, with what decided it.
    """

    place: Place
    metric: str
    ranking: tuple[series.Point, ...]
    behind: tuple[str, ...]
    level: tuple[str, ...]
    untested: tuple[str, ...]
    reference: series.Point | None
    proposed: series.Point | None
    idle: tuple[tuple[str, str], ...]

    @property
    def leader(self) -> series.Point | None:
        """The best of those that compete."""
        return self.ranking[0] if self.ranking else None


def leads(view: ComparisonIndex) -> list[Lead]:
    """Return the lead of each data set and split that has numbers, in the order of the experiment."""
    return [lead_at(view, place, metric) for place in series.wholes(view) if (metric := view.main_at([place]))]


def lead_at(view: ComparisonIndex, place: Place, metric: str) -> Lead:
    """Return who leads one place in one metric."""
    points = series.points(view, place, metric)
    sign = -1 if view.higher_is_better(metric) else 1
    ranking = sorted(
        (point for point in points if view.competes(place, point.model, metric)), key=lambda point: sign * point.value
    )
    standing: dict[Standing, list[str]] = {"behind": [], "level": [], "untested": []}
    for point in ranking[1:]:
        standing[_standing(view, place, metric, ranking[0].model, point.model)].append(point.model)
    reference = view.reference(place, metric)
    return Lead(
        place,
        metric,
        tuple(ranking),
        tuple(standing["behind"]),
        tuple(standing["level"]),
        tuple(standing["untested"]),
        next((point for point in ranking if point.model == reference), None),
        next((point for point in ranking if point.model in view.candidates), None),
        tuple(
            (point.model, _decided(view, place, point.model, metric))
            for point in points
            if point.model not in view.oracles and point not in ranking
        ),
    )


def _standing(view: ComparisonIndex, place: Place, metric: str, leader: str, model: str) -> Standing:
    """Return what the tests say of a model and the leader; the table's own test goes before all others."""
    pairs = ((leader, model), (model, leader))
    known = [one for pair in pairs if (one := view.contrast(place, pair[0], metric)) and one.reference == pair[1]]
    known += [one for pair in pairs if (one := view.lead_contrast(place, *pair, metric, "leader")) is not None]
    tested = [one for one in known if one.verdict != "not tested"]
    if not tested:
        return "untested"
    return "level" if tested[0].verdict == "not separated" else "behind"


def _decided(view: ComparisonIndex, place: Place, model: str, metric: str) -> str:
    row = view.row(place, model, metric)
    fallback = 0.0 if row is None else view.contenders.fallback(row)
    ties = 0.0 if row is None or row.tie_share is None else row.tie_share
    if max(fallback, ties) <= NOT_ITS_OWN:
        return "fallback and ties"
    return "fallback" if fallback >= ties else "ties"


def sureness(lead: Lead) -> tuple[Sureness, str]:
    """Return whether the lead is sure, and the same in words."""
    others = len(lead.ranking) - 1
    if not others:
        return "alone", "nothing else competes"
    if lead.level:
        return "unsure", f"not separated from {named(lead.level)}"
    if lead.untested:
        but = f"ahead of {named(lead.behind)} by test, " if lead.behind else ""
        return "partly" if lead.behind else "untested", f"{but}not tested against {named(lead.untested)}"
    if others == 1:
        return "sure", f"ahead of {named(lead.behind)}, the only other that competes, by test"
    return "sure", f"ahead of all {others} others that compete, by test"


def named(models: Sequence[str]) -> str:
    """Return the first names of a list of models, and how many more there are."""
    shown = models if len(models) <= _NAMED + 1 else models[:_NAMED]
    names = [text.clean(model) for model in shown]
    if len(models) > len(shown):
        names.append(f"{len(models) - len(shown)} more")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def did_not_compete(lead: Lead) -> str:
    """Return a sentence on the models whose values are not their own, "" where there are none."""
    if not lead.idle:
        return ""
    kinds: dict[str, list[str]] = {}
    for model, what in lead.idle:
        kinds.setdefault(what, []).append(model)
    return f"Did not compete: {'; '.join(f'{named(models)} (mostly {what})' for what, models in kinds.items())}."


@dataclass(frozen=True)
class Gain:
    """What fine-tuning adds in a place: the model, what it is held against, and the paired comparison if there is one.

    Attributes:
        model: the fine-tuned model.
        other: the frozen one.
        role: ``frozen twin`` or ``frozen vectors``.
        contrast: the model against the other, None where nobody tested.
    """

    model: series.Point
    other: series.Point
    role: Role
    contrast: Contrast | None


def gains(view: ComparisonIndex, lead: Lead) -> list[Gain]:
    """Return what fine-tuning adds to each kind of model that has a frozen twin here."""
    points = {point.model: point for point in lead.ranking}
    found = []
    for model, other, role in view.frozen(lead.place, lead.metric):
        own = view.contrast(lead.place, model, lead.metric)
        if own is None or own.reference != other:
            own = view.lead_contrast(lead.place, model, other, lead.metric, role)
        found.append(Gain(points[model], points[other], role, own))
    return found
