"""Tables across places: models by data sets, warm against cold, and the parts of one test."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.data import MeanRanks, Stratum
from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place, unique
from benchsuite_reports.model.numbers import p_value, percent
from benchsuite_reports.model.table_builder import TableBuilder
from benchsuite_reports.model.tables import NOTHING, Table, TableCell

_CLASSES = ("accuracy", "precision", "recall", "f1")


def by_dataset(view: ComparisonIndex) -> list[tuple[str, tuple[Table, ...]]]:
    """Return, for each split that several data sets share, models by data sets: a table for each leading metric.

    The leading metrics are the main one, accuracy, precision, recall and F1, and the first for ratings.
    """
    found: list[tuple[str, tuple[Table, ...]]] = []
    taken: set[str] = set()
    for base in dict.fromkeys(place.split for place in series.wholes(view)):
        places = [place for place in series.wholes(view) if place.split == base]
        built = []
        for metric in leading(view, places):
            there = [place for place in places if metric in view.metrics_at(place)]
            if len(there) <= 1:
                continue
            builder = TableBuilder(view)
            for place in there:
                builder.add(place, metric, text.clean(place.dataset))
            standing = view.standing(base, metric)
            if standing is not None:
                builder.add_words("mean rank", "mean rank", _ranks(view, standing), note=_test(standing), lower=True)
            title = f"{view.heading(metric)} by data set: {text.clean(base)}"
            built.append(builder.table(unique(f"datasets {base} {metric}", taken), "datasets", title, there))
        if built:
            found.append((base, tuple(built)))
    return found


def leading(view: ComparisonIndex, places: Sequence[Place]) -> list[str]:
    """Return the metrics that stand for the others in these places."""
    metrics = [metric for metric in view.metrics if any(metric in view.metrics_at(place) for place in places)]
    rating = [metric for metric in metrics if view.task(metric) == "rating"][:1]
    main = view.main_at(places)
    return list(dict.fromkeys([*([main] if main else []), *(one for one in _CLASSES if one in metrics), *rating]))


def _ranks(view: ComparisonIndex, one: MeanRanks) -> list[TableCell]:
    ranks = dict(zip(one.models, one.ranks, strict=True))
    return [
        TableCell(f"{ranks[model]:.2f}", value=ranks[model]) if model in ranks else TableCell(words=NOTHING)
        for model in view.models
    ]


def _test(one: MeanRanks) -> str:
    said = (
        f"Mean rank over {len(one.datasets)} data sets, 1 is best. Friedman's test: p = {p_value(one.p)}; ranks "
        f"further apart than {one.critical_difference:.2f} differ at 5% (Nemenyi)."
    ).replace("p = <", "p < ")
    left = ", ".join(map(text.clean, one.left_out))
    return f"{said} Left out, having no value somewhere: {left}." if left else said


def warm_and_cold(view: ComparisonIndex, places: Sequence[Place]) -> Table | None:
    """Return the main metric and the rank of each model under the warm splits of a data set and then the cold ones.

    Values under different splits answer different questions, so ranks stand beside them: these can be compared.
    """
    wholes = [place for place in places if not place.group]
    main = view.main_at(wholes)
    wholes = [place for place in wholes if main in view.metrics_at(place)]
    cold = [place for place in wholes if view.cold(place)]
    warm = [place for place in wholes if not view.cold(place)]
    if main is None or not cold or not warm:
        return None
    builder = TableBuilder(view)
    for place in (*warm, *cold):
        builder.add(place, main, text.clean(place.split_label))
        builder.add_rank(main)
    names = [", ".join(text.clean(place.split_label) for place in several) for several in (warm, cold)]
    said = f"Warm: {names[0]}. Cold: {names[1]}."
    title = f"Warm against cold: {view.heading(main)}, {text.clean(warm[0].dataset)}"
    return builder.table(f"{warm[0].slug}-warm-and-cold", "warm", title, [*warm, *cold], said)


def part_tables(view: ComparisonIndex, place: Place) -> list[Table]:
    """Return a table of the main metric for each thing that the place's test was cut by, warm and cold apart."""
    built = []
    for cut in series.parts(view):
        if cut.base != place or cut.family in series.NOVELTY:
            continue
        main = view.main_at(cut.places)
        if main is None:
            continue
        builder = TableBuilder(view)
        if main in view.metrics_at(place):
            builder.add(place, main, "all")
        for part, stratum in zip(cut.places, cut.strata, strict=True):
            builder.add(part, main, text.clean(stratum.name), note=amount(stratum))
        title = f"{view.heading(main)} by {cut.family}: {text.place(place)}"
        key = f"{place.slug}-{cut.family.replace(' ', '-')}"
        built.append(builder.table(key, "parts", title, [place], "Parts of one test, not tested apart."))
    return built


def part_columns(view: ComparisonIndex, part: Place) -> list[Table]:
    """Return everything that is known of one part of a test, as one table of its own."""
    builder = TableBuilder(view)
    for metric in view.metrics_at(part):
        builder.add(part, metric, view.heading(metric))
    return [builder.table(part.slug, "parts", text.place(part), [part])]


def amount(stratum: Stratum) -> str:
    """Return what a part is and how much of the test is in it."""
    share = percent(stratum.held_out / stratum.of_held_out) if stratum.of_held_out else percent(0.0)
    return (
        f"{text.sentence(stratum.meaning)} {stratum.held_out:,} of {stratum.of_held_out:,} held-out rows ({share}), "
        f"{stratum.queries:,} of {stratum.of_queries:,} queries."
    )
