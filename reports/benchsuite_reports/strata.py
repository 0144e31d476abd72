"""The table that sets warm and cold parts of one test beside the whole."""

from __future__ import annotations

from benchsuite.data import Stratum
from benchsuite_reports import series, words
from benchsuite_reports.across import amount
from benchsuite_reports.facts import Place, View
from benchsuite_reports.maker import Maker
from benchsuite_reports.numbers import percent
from benchsuite_reports.tables import Table

_SAID = (
    "Warm: with training rows; cold: without any. Cold rows stay in the test. Parts by item keep lists whole, so other "
    "items in them are misses. Parts are not tested apart."
)


def novelty_table(view: View, place: Place) -> list[Table]:
    """Return a table of the main metric: all, warm and cold items, warm and cold users; none where nothing is cold."""
    cuts = [cut for cut in series.parts(view) if cut.base == place and cut.family in series.NOVELTY]
    places = [part for cut in cuts for part in cut.places]
    main = view.main_at(places)
    if main is None:
        return []
    maker = Maker(view)
    if main in view.metrics_at(place):
        maker.add(place, main, "all")
    for cut in cuts:
        for part, stratum in zip(cut.places, cut.strata, strict=True):
            maker.add(part, main, words.clean(stratum.name), note=f"{amount(stratum)}{_fallback(view, stratum)}")
    title = f"{words.heading(main)}, warm and cold: {words.place(place)}"
    return [maker.table(f"{place.slug}-novelty", "novelty", title, [place], _SAID)]


def _fallback(view: View, stratum: Stratum) -> str:
    """Return a sentence on which models left how much of the part's labelled pairs to the declared fallback."""
    left = [(model, stratum.fallback.get(model, 0.0)) for model in view.models]
    told = ", ".join(f"{words.clean(model)} {percent(share)}" for model, share in left if share > 0)
    return f" Of its labelled pairs the fallback answered: {told}." if told else ""
