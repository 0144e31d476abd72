"""From a comparison to all its tables, in order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from benchsuite.data import Comparison
from benchsuite_reports.model import series, text
from benchsuite_reports.model.across_places import by_dataset, part_tables, warm_and_cold
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.table_builder import TableBuilder
from benchsuite_reports.model.tables import Kind, Table
from benchsuite_reports.model.versus_reference import against
from benchsuite_reports.model.warm_cold import novelty_table

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
    view = ComparisonIndex(comparison)
    found: list[Section] = []
    overview = _overview(view)
    if overview:
        found.append(Section("Overview", 1, (), (overview,)))
    for base, several in by_dataset(view):
        under = tuple(place for place in series.wholes(view) if place.split == base)
        found.append(Section(f"Data sets under {text.clean(base)}", 2, (), several, under))
    for dataset in view.datasets:
        about = text.find_dataset(comparison.datasets, dataset)
        places = [place for place in view.places if place.dataset == dataset]
        if not places:
            continue
        found.append(Section(f"Data set {text.clean(dataset)}", 1, tuple(text.dataset_lines(about))))
        warm = warm_and_cold(view, places)
        if warm is not None:
            found.append(Section(f"Warm against cold: {text.clean(dataset)}", 2, (), (warm,), (*places,)))
        done: set[str] = set()
        for place in places:
            if place.group and place.split not in done:
                done.add(place.split)
                found.extend(_cold(view, place, [other for other in places if other.split == place.split]))
            line = text.split_line(text.find_split(comparison.splits, place.split, place.group), place.dataset)
            found.append(Section(text.place(place), 2, (line,), tuple(place_tables(view, place)), (place,)))
            warm_cold = tuple(novelty_table(view, place))
            if warm_cold:
                found.append(Section(f"{text.place(place)}, warm and cold", 3, (), warm_cold, (place,)))
            parts = tuple(part_tables(view, place))
            if parts:
                found.append(Section(f"{text.place(place)}, by part", 3, (), parts, (place,)))
    return found


def tables(comparison: Comparison) -> list[Table]:
    """Return all tables, in order."""
    return [table for section in sections(comparison) for table in section.tables]


def place_tables(view: ComparisonIndex, place: Place) -> list[Table]:
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
        builder = TableBuilder(view)
        for metric in members:
            builder.add(place, metric, view.heading(metric))
            if metric == main:
                builder.add_share(place, metric)
                builder.add_rank(metric)
        built.append(builder.table(f"{place.slug}-{kind}", kind, f"{_TITLES[kind]}: {text.place(place)}", [place]))
        if main in members:
            built.extend(against(view, place, main))
    return built


def _overview(view: ComparisonIndex) -> Table | None:
    places = [place for place in view.places if not place.group]
    main = view.main_at(places)
    places = [place for place in places if main in view.metrics_at(place)]
    if main is None or len(places) <= 1:
        return None
    builder = TableBuilder(view)
    for place in places:
        builder.add(place, main, text.place(place))
    return builder.table("overview", "overview", f"Overview: {view.heading(main)}", places)


def _cold(view: ComparisonIndex, first: Place, places: Sequence[Place]) -> list[Section]:
    main = view.main_at(places)
    places = [place for place in places if main in view.metrics_at(place)]
    places.sort(key=lambda place: not place.group)
    if main is None or len(places) <= 1:
        return []
    builder = TableBuilder(view)
    for place in places:
        builder.add(place, main, text.clean(place.group) or "all")
    whole = (place for place in series.wholes(view) if (place.dataset, place.split) == (first.dataset, first.split))
    base = next(whole, dataclasses.replace(first, group=""))
    title = f"{view.heading(main)} by {view.grouping(places)}: {text.place(base)}"
    table = builder.table(f"{base.slug}-cold", "cold", title, places)
    return [Section(f"{text.place(base)}, all groups", 2, (), (table,), (*places,))]
