"""From a comparison to all its tables, in order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from benchsuite.data import Comparison
from benchsuite_reports import series, words
from benchsuite_reports.across import by_dataset, part_tables, warm_and_cold
from benchsuite_reports.against import against
from benchsuite_reports.facts import Place, View
from benchsuite_reports.maker import Maker
from benchsuite_reports.strata import novelty_table
from benchsuite_reports.tables import Kind, Table

_TOGETHER = 6
_TITLES: dict[Kind, str] = {
    "all": "Results",
    "ranking": "Ranking",
    "classification": "Classification",
    "rating": "Rating prediction",
    "cost": "Costs",
}


@dataclass(frozen=True)
class Section:
    """A heading, sentences under it, and tables; the places that they are about, none where they are about all."""

    heading: str
    level: int
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    places: tuple[Place, ...] = ()

    @property
    def group(self) -> bool:
        """Whether it is about one group of queries."""
        return len(self.places) == 1 and bool(self.places[0].group)

    @property
    def parts(self) -> bool:
        """Whether it is about parts of one test by popularity or activity."""
        return bool(self.tables) and all(table.kind == "parts" for table in self.tables)


def sections(comparison: Comparison) -> list[Section]:
    """Return everything that a report of tables shows, in order."""
    view = View(comparison)
    found: list[Section] = []
    overview = _overview(view)
    if overview:
        found.append(Section("Overview", 1, (), (overview,)))
    for base, several in by_dataset(view):
        under = tuple(place for place in series.wholes(view) if place.base == base)
        found.append(Section(f"Data sets under {words.clean(base)}", 2, (), several, under))
    for dataset in view.datasets:
        about = words.find(comparison.datasets, dataset)
        places = [place for place in view.places if place.dataset == dataset]
        if not places:
            continue
        found.append(Section(f"Data set {words.clean(dataset)}", 1, tuple(words.dataset_lines(about))))
        warm = warm_and_cold(view, places)
        if warm is not None:
            found.append(Section(f"Warm against cold: {words.clean(dataset)}", 2, (), (warm,), (*places,)))
        done: set[str] = set()
        for place in places:
            if place.base != place.split and place.base not in done:
                done.add(place.base)
                found.extend(_cold(view, place, [other for other in places if other.base == place.base]))
            line = words.split_line(words.find(comparison.splits, place.split), place.dataset)
            found.append(Section(words.place(place), 2, (line,), tuple(place_tables(view, place)), (place,)))
            warm_cold = tuple(novelty_table(view, place))
            if warm_cold:
                found.append(Section(f"{words.place(place)}, warm and cold", 3, (), warm_cold, (place,)))
            parts = tuple(part_tables(view, place))
            if parts:
                found.append(Section(f"{words.place(place)}, by part", 3, (), parts, (place,)))
    return found


def tables(comparison: Comparison) -> list[Table]:
    """Return all tables, in order."""
    return [table for section in sections(comparison) for table in section.tables]


def place_tables(view: View, place: Place) -> list[Table]:
    """Return the tables of one place."""
    metrics = view.metrics_at(place)
    main = view.main_at([place])
    kinds: list[Kind] = ["ranking", "classification", "rating", "cost"]
    if len(metrics) <= _TOGETHER:
        groups: list[tuple[Kind, list[str]]] = [("all", metrics)]
    else:
        groups = [(kind, [metric for metric in metrics if view.task(metric) == kind]) for kind in kinds]
    built = []
    for kind, members in groups:
        if not members:
            continue
        maker = Maker(view)
        for metric in members:
            maker.add(place, metric, words.heading(metric))
            if metric == main:
                maker.add_share(place, metric)
                maker.add_rank(metric)
        built.append(maker.table(f"{place.slug}-{kind}", kind, f"{_TITLES[kind]}: {words.place(place)}", [place]))
        if main in members:
            built.extend(against(view, place, main))
    return built


def _overview(view: View) -> Table | None:
    places = [place for place in view.places if place.base == place.split]
    main = view.main_at(places)
    places = [place for place in places if main in view.metrics_at(place)]
    if main is None or len(places) <= 1:
        return None
    maker = Maker(view)
    for place in places:
        maker.add(place, main, words.place(place))
    return maker.table("overview", "overview", f"Overview: {words.heading(main)}", places)


def _cold(view: View, first: Place, places: Sequence[Place]) -> list[Section]:
    main = view.main_at(places)
    places = [place for place in places if main in view.metrics_at(place)]
    places.sort(key=lambda place: not place.group)
    if main is None or len(places) <= 1:
        return []
    maker = Maker(view)
    for place in places:
        maker.add(place, main, words.clean(place.group) or "all")
    whole = (place for place in view.places if (place.dataset, place.split) == (first.dataset, first.base))
    base = next(whole, dataclasses.replace(first, split=first.base))
    title = f"{words.heading(main)} by {view.grouping(places)}: {words.place(base)}"
    table = maker.table(f"{base.slug}-cold", "cold", title, places)
    return [Section(f"{words.place(base)}, all groups", 2, (), (table,), (*places,))]
