"""The table that sets warm and cold parts of one test beside the whole."""

from __future__ import annotations

from benchsuite.data import Stratum
from benchsuite_reports.model import series, text
from benchsuite_reports.model.across_places import amount
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.numbers import percent
from benchsuite_reports.model.table_builder import TableBuilder
from benchsuite_reports.model.tables import Table

_SAID = (
    "Warm: with training rows; cold: without any. Cold rows stay in the test. Parts by item keep lists whole, so other "
    "items in them are misses. Parts are not tested apart."
)


def novelty_table(view: ComparisonIndex, place: Place) -> list[Table]:
    """Return a table of the main metric: all, warm and cold items, warm and cold users; none where nothing is cold."""
    cuts = [cut for cut in series.parts(view) if cut.base == place and cut.family in series.NOVELTY]
    places = [part for cut in cuts for part in cut.places]
    main = view.main_at(places)
    if main is None:
        return []
    builder = TableBuilder(view)
    if main in view.metrics_at(place):
        builder.add(place, main, "all")
    for cut in cuts:
        for part, stratum in zip(cut.places, cut.strata, strict=True):
            builder.add(part, main, text.clean(stratum.name), note=f"{amount(stratum)}{_fallback(view, stratum)}")
    title = f"{view.heading(main)}, warm and cold: {text.place(place)}"
    return [builder.table(f"{place.slug}-novelty", "novelty", title, [place], _SAID)]


def _fallback(view: ComparisonIndex, stratum: Stratum) -> str:
    """Return a sentence on which models left how much of the part's labelled pairs to the declared fallback."""
    left = [(model, stratum.fallback.get(model, 0.0)) for model in view.models]
    told = ", ".join(f"{text.clean(model)} {percent(share)}" for model, share in left if share > 0)
    return f" Of its labelled pairs the fallback answered: {told}." if told else ""
