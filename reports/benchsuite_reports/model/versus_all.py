"""One table of every place's paired comparisons: how much better or worse than the best reference each model is."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite_reports.model import text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.numbers import form, half_width
from benchsuite_reports.model.table_builder import TableBuilder, sign
from benchsuite_reports.model.tables import NOTHING, Table, TableCell


def against_everywhere(view: ComparisonIndex, places: Sequence[Place]) -> Table | None:
    """Return the differences of the main metric from the best reference, a column for each place; None without any."""
    metric = view.main_at(places)
    if metric is None:
        return None
    builder = TableBuilder(view)
    shown = []
    for place in places:
        found = {model: one for model in view.models if (one := view.contrast(place, model, metric)) is not None}
        if not found:
            continue
        reference = next(iter(found.values())).reference
        halves = {model: half_width(one.difference, one.ci_low, one.ci_high) for model, one in found.items()}
        known = [half for half in halves.values() if half is not None]
        shape = form([one.difference for one in found.values()], known, cost=False)
        cells = []
        for model in view.models:
            one, half = found.get(model), halves.get(model)
            if one is None or model in view.oracles:
                cells.append(TableCell(words="reference" if model == reference else NOTHING))
                continue
            margin = "" if half is None else shape.margin(half)
            cells.append(TableCell(shape.signed(one.difference), margin, sign=sign(one), value=one.difference))
        row = view.row(place, reference, metric)
        value = "" if row is None or row.mean is None else f", {view.heading(metric)} {shape.number(row.mean)}"
        builder.add_words(place.slug, text.place(place), cells, note=f"Reference: {text.clean(reference)}{value}.")
        shown.append(place)
    if not shown:
        return None
    title = f"{view.heading(metric)}: difference from the best reference of each place, paired by user"
    return builder.table("main-against", "against", title, shown)
