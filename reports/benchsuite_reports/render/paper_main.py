"""The results in a paper's main text: three tables and two figures, whatever the size of the experiment."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchsuite_reports.model import series, text
from benchsuite_reports.model.across_places import leading
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.sections import sections
from benchsuite_reports.model.selected_table import selected_table
from benchsuite_reports.model.table_selection import TableSelection
from benchsuite_reports.model.tables import Table, without_belonging
from benchsuite_reports.model.verdict import verdicts
from benchsuite_reports.model.versus_all import against_everywhere
from benchsuite_reports.render.latex_tables import fragments, meaning
from benchsuite_reports.render.latex_text import prose
from benchsuite_reports.render.selected_latex import environment

_SENTENCES = 6
_FEW_MODELS = 10
"""With more models, two pieces of a table would fill a page."""
_PIECES = 2
"""Pieces of one table, or tables of one kind, that the main text has room for."""

_LINES = 36
"""Lines of a table that leaves room for others on its page."""

_COLUMNS = 9
_METRICS = 4
"""Columns and metrics of an overview of several metrics."""

_WITH_INTERVALS = 4
"""Columns that have room for intervals."""


@dataclass(frozen=True)
class Layout:
    """How wide tables are, in points, and whether they and wide figures span both columns of a page."""

    width: float
    star: str = ""


@dataclass(frozen=True)
class MainResults:
    """The section on results.

    Attributes:
        source: its LaTeX.
        tables: the tables that it takes in, by name.
        shown: keys of abstract tables that stand here whole, so that the appendix does not repeat them.
        figures: stems of the figures that it takes in.
    """

    source: str
    tables: Mapping[str, str]
    shown: frozenset[str]
    figures: tuple[str, ...]


def main_results(view: ComparisonIndex, layout: Layout, stems: Sequence[str]) -> MainResults:
    """Return the section on results and what it takes in: overview, differences, warm and cold; cost and cold start."""
    parts = sections(view.comparison)
    every = [table for section in parts for table in section.tables]
    overview = _overview(view, layout)
    old = [table for table in every if table.kind == "overview"] if overview is None else []
    against = against_everywhere(view, series.wholes(view))
    kinds = (old, [] if against is None else [against], _warm(every))
    files = {} if overview is None else {"main-overview": overview}
    shown = set() if overview is None else {table.key for table in every if table.kind == "overview"}
    pointers = ["Table~\\ref{tab:main-overview} gives an overview."] if overview else []
    for tables, what in zip(kinds, ("gives an overview", "sets each model against the best reference of each place",
                                    "sets warm beside cold"), strict=True):  # fmt: skip
        pieces = [(table, name, source) for table in tables for name, source in _pieces(table, layout)]
        kept = pieces[: _PIECES if len(view.models) <= _FEW_MODELS else 1]
        files |= {name: source for _, name, source in kept}
        shown |= {table.key for table, *_ in kept} - {table.key for table, *_ in pieces[len(kept) :]}
        if kept:
            rest = "; the appendix has the rest" if len(kept) < len(pieces) else ""
            pointers.append(f"{_references('tab', [name for _, name, _ in kept])} {what}{rest}.")
    figures = _figures(stems)
    pointers += [f"Figure~\\ref{{fig:{stem}}} {_DRAWN[stem.partition('-')[0]]}." for stem in figures]
    legend = meaning([table for tables in kinds for table in tables])
    out = ["\\section{Results}\n\\label{sec:results}\n", *_said(view), " ".join(pointers), "\n\n"]
    out += [f"In the tables: {legend}\n\n"] if legend else []
    out += [f"\\input{{tables/{name}}}\n" for name in files]
    return MainResults("".join(out), files, frozenset(shown), figures)


_DRAWN = {
    "cost": "sets quality against cost",
    "cold": "follows quality with the history of new users",
    "curve": "follows quality with the setting in which splits differ",
    "quality": "shows each model with its interval",
}


def _overview(view: ComparisonIndex, layout: Layout) -> str | None:
    """Return one table of all places, with several metrics where there is room; None where it would fill a page."""
    places = series.wholes(view)
    main = view.main_at(places)
    if main is None:
        return None
    metrics = leading(view, places)[:_METRICS]
    metrics = metrics if len(places) * len(metrics) <= _COLUMNS else [main]
    few = len(places) * len(metrics) <= _WITH_INTERVALS
    selection = TableSelection(metrics=tuple(metrics), signs=True, intervals=few)
    shown = selected_table(view.comparison, selection)
    shown = dataclasses.replace(shown, table=dataclasses.replace(shown.table, key="main-overview"))
    source = environment(shown, layout.width, layout.star)
    return source if source.count("\\\\\n") <= _LINES and not source.startswith("%") else None


def _pieces(table: Table, layout: Layout) -> list[tuple[str, str]]:
    """Return the parts of a table by name; ranks and the like are left out before a table is cut."""
    found = fragments(table, (), layout.width, brief=True, star=layout.star)
    if len(found) > 1:
        # widths are estimates from above, so a point more or less is no reason to cut a table
        found = fragments(without_belonging(table), (), 1.01 * layout.width, brief=True, star=layout.star)
    return [(label.removeprefix("tab:"), source) for label, source in found]


def _warm(tables: Sequence[Table]) -> list[Table]:
    """Return the tables that set warm beside cold: of splits, else of parts of a test, else of groups of queries."""
    for kind in ("warm", "novelty", "cold"):
        found = [table for table in tables if table.kind == kind]
        if found:
            return found
    return []


def _figures(stems: Sequence[str]) -> tuple[str, ...]:
    """Return the first figure of cost and the first cold-start curve; what there is of quality where one is lacking."""
    found = []
    for kinds in (("cost",), ("cold", "curve", "quality")):
        found += [stem for kind in kinds for stem in stems if stem.partition("-")[0] == kind][:1]
    return tuple(found)


def _said(view: ComparisonIndex) -> Iterator[str]:
    """Yield what the numbers say, as a paragraph."""
    said = [one.text for one in verdicts(view) if one.kind != "warning"]
    if said:
        more = len(said) - _SENTENCES
        rest = ["The tables of the appendix tell the same of the other places."] if more > 0 else []
        lines = " ".join(prose(text.sentence(line), breaks=True) for line in [*said[:_SENTENCES], *rest])
        yield f"{{\\raggedright {lines}\\par}}\n\n"


def _references(kind: str, names: Sequence[str]) -> str:
    told = " and~".join(f"\\ref{{{kind}:{name}}}" for name in names)
    return f"{'Table' if len(names) == 1 else 'Tables'}~{told}"
