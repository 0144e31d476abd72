"""The table that holds each model against the best reference, user by user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchsuite.data import Contrast
from benchsuite_reports.model import text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.numbers import Form, form, half_width, p_value
from benchsuite_reports.model.table_builder import TableBuilder, sign
from benchsuite_reports.model.tables import NOTHING, Sign, Table, TableCell

_EFFECT = "Mean difference by its standard deviation over users."
_DRAWS = "Seeds draw other items: better and worse must hold over the draws, too. Two-sided t test; not corrected."
_USERS = "Users for whom the model is better, equal, worse."


def against(view: ComparisonIndex, place: Place, metric: str) -> list[Table]:
    """Return the table of paired comparisons in one place, or none where there are no comparisons."""
    found = {model: one for model in view.models if (one := view.contrast(place, model, metric)) is not None}
    if not found:
        return []
    contrasts = list(found.values())
    reference = contrasts[0].reference
    halves = {model: half_width(one.difference, one.ci_low, one.ci_high) for model, one in found.items()}
    effects = {model: one.effect for model, one in found.items()}
    sizes = {model: _effect_half(one) for model, one in found.items()}
    difference = _form([one.difference for one in contrasts], halves)
    effect = _form([value for value in effects.values() if value is not None], sizes)
    columns: list[list[TableCell]] = [[], [], [], [], []]
    for model in view.models:
        one = found.get(model)
        row = view.row(place, model, metric)
        if one is None:
            first = TableCell(words="reference") if model == reference else TableCell(words=NOTHING)
            cells = [first, *(TableCell(words=NOTHING) for _ in columns[1:])]
        else:
            cells = [
                _signed(difference, one.difference, halves[model], sign(one, row)),
                _signed(effect, effects[model], sizes[model]),
                _p(one.p_holm),
                _p(one.p_draws),
                TableCell(words=f"{one.wins:,}/{one.ties:,}/{one.losses:,}"),
            ]
        # A model without a value here has its reason in the table of values.
        if row is None or row.state != "ok" or model in view.oracles:
            cells = [TableCell(words=NOTHING) for _ in columns]
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
    builder = TableBuilder(view)
    builder.add_words("difference", "difference", columns[0])
    builder.add_words("effect", "effect size", columns[1], note=_EFFECT)
    builder.add_words("p", "p (Holm)", columns[2], note=_tests(view, place, contrasts))
    if any(one.p_draws is not None for one in contrasts):
        builder.add_words("p-draws", "p (draws)", columns[3], note=_DRAWS)
    builder.add_words("users", "users +/=/-", columns[4], note=_USERS)
    title = f"{view.heading(metric)} against {text.clean(reference)}, the best reference: {text.place(place)}"
    return [builder.table(f"{place.slug}-against", "against", title, [place])]


def _form(values: Sequence[float], halves: Mapping[str, float | None]) -> Form:
    return form(values, [half for half in halves.values() if half is not None], cost=False)


def _signed(shape: Form, value: float | None, half: float | None, told: Sign = "") -> TableCell:
    if value is None:
        return TableCell(words=NOTHING)
    return TableCell(shape.signed(value), "" if half is None else shape.margin(half), sign=told, value=value)


def _effect_half(one: Contrast) -> float | None:
    return None if one.effect is None else half_width(one.effect, one.effect_low, one.effect_high)


def _p(p: float | None) -> TableCell:
    return TableCell(words=NOTHING) if p is None else TableCell(p_value(p), value=p)


def _tests(view: ComparisonIndex, place: Place, found: Sequence[Contrast]) -> str:
    tests = ", ".join(dict.fromkeys(one.test for one in found if one.p is not None)) or "none"
    users, family = max(one.users for one in found), max(one.family for one in found)
    told = f"Two-sided test paired by user ({tests}; {users:,} users), Holm's correction over {family} tests."
    info = text.find_split(view.comparison.splits, place.split)
    if not info.draws_items:
        return told
    if all(one.p_draws is None for one in found):
        return f"{told} The items asked about were drawn once: better and worse speak of these very items."
    return told
