"""The first screen of the page: the question, and for each data set and split who leads, by how much, how sure."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.leads import Lead, Sureness, sureness
from benchsuite_reports.model.numbers import form, half_width
from benchsuite_reports.model.verdict import Statement, verdicts
from benchsuite_reports.render.html_tables import escaped, name

_DRAWN = 5
_CHARTS = 6
_SURE: dict[Sureness, str] = {
    "sure": "Sure",
    "unsure": "Not sure",
    "partly": "Tested in part",
    "untested": "Not tested",
    "alone": "Alone",
}


def question(view: ComparisonIndex) -> str:
    """Return what the experiment asks: its own summary, or what its models, metric and data imply."""
    told = view.comparison.provenance.get("settings", {}).get("summary", "")
    if told:
        return escaped(told)
    main = view.main_at(series.wholes(view))
    if main is None:
        return ""
    where = ", ".join(map(text.clean, view.datasets))
    return escaped(f"Which of {len(view.models)} models has the best {view.heading(main)} on {where}?")


def answer(view: ComparisonIndex) -> str:
    """Return a card for each data set and split, and the other sentences of the verdict below; "" without results."""
    said = verdicts(view)
    cards = [_card(view, one, one.lead) for one in said if one.lead is not None]
    many = " many" if len(cards) > _CHARTS else ""
    rest = "".join(f'<li class="{one.kind}">{escaped(one.text)}</li>' for one in said if one.lead is None)
    if not said:
        return ""
    inside = f'<div class="cards{many}">{"".join(cards)}</div>' if cards else ""
    inside += f'<ul class="says">{rest}</ul>' if rest else ""
    return f'<section id="says"><h2>Who leads</h2>{inside}</section>'


def _card(view: ComparisonIndex, said: Statement, lead: Lead) -> str:
    leader = lead.ranking[0]
    halves = {point: half_width(point.value, point.low, point.high) for point in lead.ranking}
    shape = form(
        [point.value for point in lead.ranking], [half for half in halves.values() if half is not None], cost=False
    )
    half = halves[leader]
    margin = f" \N{PLUS-MINUS SIGN}{escaped(shape.margin(half))}" if half is not None else ""
    kind, words = sureness(lead)
    head = said.text.partition(": ")[0]
    simulated = ' <span class="simulated">simulated data</span>' if head.endswith("(simulated)") else ""
    whole = said.text.removeprefix(f"{head}: ")
    return (
        f'<article class="card {said.kind}" aria-label="{escaped(text.place(lead.place))}">'
        f"<h3>{escaped(text.place(lead.place))}{simulated}</h3>"
        f'<p class="leader"><span class="big">{escaped(shape.number(leader.value))}</span> '
        f'<span class="who">{name(leader.model)}<small>{escaped(view.heading(lead.metric))}{margin}</small>'
        "</span></p>"
        f'<p class="how {kind}"><b>{_SURE[kind]}:</b> {escaped(words)}</p>'
        f"<details open><summary>the others</summary>"
        f"{_drawing(view, lead, {point: shape.number(point.value) for point in lead.ranking})}"
        f'<p class="whole">{escaped(whole)}</p></details></article>\n'
    )


def _drawing(view: ComparisonIndex, lead: Lead, numbers: dict[series.Point, str]) -> str:
    """Return the first models as dots with intervals on one scale, the best proposed model and reference among them."""
    shown = [
        point for place, point in enumerate(lead.ranking) if place < _DRAWN or point in (lead.reference, lead.proposed)
    ]
    ends = [end for point in shown for end in (point.low, point.value, point.high) if end is not None]
    low, high = min(ends), max(ends)
    width = (high - low) or 1.0

    def at(value: float) -> str:
        return f"{4 + 92 * (value - low) / width:.1f}%"

    mark = ""
    if lead.reference is not None:
        x = at(lead.reference.value)
        mark = f'<line class="ref" x1="{x}" x2="{x}" y1="0" y2="100%"/>'
    rows = []
    for point in shown:
        index = view.models.index(point.model)
        bar = ""
        if point.low is not None and point.high is not None:
            bar = f'<line x1="{at(point.low)}" x2="{at(point.high)}" y1="50%" y2="50%"/>'
        which = _role(view, lead, point)
        rows.append(
            f'<li class="k{index}"><span class="label">{name(point.model)}{which}</span>'
            f'<svg aria-hidden="true" height="20">{mark}{bar}<circle cx="{at(point.value)}" cy="50%" r="5"/></svg>'
            f'<span class="value">{escaped(numbers[point])}</span></li>'
        )
    left = len(lead.ranking) - len(shown)
    more = f'<p class="more">{left} more below</p>' if left else ""
    return f'<ol class="mini">{"".join(rows)}</ol>{more}'


def _role(view: ComparisonIndex, lead: Lead, point: series.Point) -> str:
    words: Sequence[str] = [
        word
        for word, holds in (
            ("put to the test", point.model in view.candidates),
            ("best reference", point == lead.reference and bool(view.candidates)),
        )
        if holds
    ]
    return f" <small>{', '.join(words)}</small>" if words else ""
