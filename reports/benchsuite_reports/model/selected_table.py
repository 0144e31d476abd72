"""One compact table of what a reader picked: pointwise and top-k metrics side by side, splits as groups of columns."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchsuite.data import Comparison
from benchsuite_reports.model import text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place, unique
from benchsuite_reports.model.numbers import Form
from benchsuite_reports.model.table_builder import TableBuilder, letter
from benchsuite_reports.model.table_selection import Chosen, Order, TableSelection, choose
from benchsuite_reports.model.tables import Group, Line, Note, Table, TableCell


@dataclass(frozen=True)
class Origin:
    """Where a column's values come from: labels as the comparison has them."""

    dataset: str
    split: str
    metric: str


@dataclass(frozen=True)
class SelectedTable:
    """A table whose columns stand in groups.

    Attributes:
        table: its cells, marks and footnotes; a line's model is its name as shown, a column's heading its last head.
        heads: for each column what stands over it, outermost first; as many for each.
        origins: where each column's values come from.
        models: by shown name the label.
    """

    table: Table
    heads: tuple[tuple[str, ...], ...]
    origins: tuple[Origin, ...]
    models: Mapping[str, str]

    def spans(self, level: int) -> Iterator[tuple[str, int]]:
        """Yield each head of one level with the number of columns it stands over."""
        for _, same in itertools.groupby(self.heads, key=lambda heads: heads[: level + 1]):
            members = list(same)
            yield members[0][level], len(members)

    @property
    def levels(self) -> int:
        """How many heads stand over one another."""
        return len(self.heads[0])


def selected_table(comparison: Comparison, selection: TableSelection) -> SelectedTable:
    """Return the table that a selection asks for; best and second are those of the models in it.

    Raises:
        UsageError: when a name is unknown, or nothing was measured there.
    """
    chosen = choose(comparison, selection)
    about = {info.label: info for info in comparison.models}
    kept = dataclasses.replace(
        comparison,
        models=tuple(about[label] for label in chosen.models if label in about),
        rows=tuple(row for row in comparison.rows if row.model in chosen.models),
    )
    view = ComparisonIndex(kept)
    builder = TableBuilder(view)
    places = list(dict.fromkeys(place for place, _ in chosen.columns))
    # Of all models: a number reads the same whichever rows stand beside it.
    shapes = _shapes(ComparisonIndex(comparison), chosen, selection)
    heads = _heads(view, chosen, selection.rename)
    for (place, metric), shape, over in zip(chosen.columns, shapes, heads, strict=True):
        builder.add(place, metric, over[-1], shape=shape)
    key = unique(comparison.name, set())
    table = builder.table(key, "selected", _title(view, chosen, selection.rename), places)
    names = _names(chosen.models, selection.rename)
    compact = _Compact(table.notes, names, selection)
    groups = tuple(
        Group(group.ceiling, tuple(map(compact.line, _sorted(group.lines, chosen, view, names, selection.sort))))
        for group in table.groups
    )
    rule = comparison.provenance.get("relevance", {}).get("rule", "")
    caption = (*table.caption, *([rule] if rule else []))  # it stands alone where it is pasted
    table = dataclasses.replace(table, groups=groups, notes=tuple(compact.notes), conventions=(), caption=caption)
    origins = tuple(Origin(place.dataset, place.split_label, metric) for place, metric in chosen.columns)
    return SelectedTable(table, heads, origins, {shown: label for label, shown in names.items()})


def _shapes(view: ComparisonIndex, chosen: Chosen, selection: TableSelection) -> list[Form]:
    """Return how each column is written: measures of quality with the same decimals, as one reads them together."""
    builder = TableBuilder(view)
    shapes = [builder.shape(place, metric) for place, metric in chosen.columns]
    quality = [view.task(metric) != "cost" for _, metric in chosen.columns]
    most = max((shape.decimals for shape, own in zip(shapes, quality, strict=True) if own), default=0)
    decimals = most if selection.digits is None else selection.digits
    return [
        dataclasses.replace(shape, decimals=decimals) if own else shape
        for shape, own in zip(shapes, quality, strict=True)
    ]


def _heads(view: ComparisonIndex, chosen: Chosen, rename: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Return what stands over each column: of data set, split and metric those that differ, else the metric."""
    told = [_told(view, place, metric, rename) for place, metric in chosen.columns]
    vary = [level for level in range(3) if len({heads[level] for heads in told}) > 1] or [2]
    return tuple(tuple(heads[level] for level in vary) for heads in told)


def _told(view: ComparisonIndex, place: Place, metric: str, rename: Mapping[str, str]) -> tuple[str, str, str]:
    names = (place.dataset, place.split_label)
    shown = [text.clean(rename.get(name, name)) for name in names]
    return shown[0], shown[1], text.clean(rename.get(metric, view.heading(metric)))


def _title(view: ComparisonIndex, chosen: Chosen, rename: Mapping[str, str]) -> str:
    """Return what the table shows: what is the same in every column is said here."""
    told = [set(several) for several in zip(*(_told(view, *one, rename) for one in chosen.columns), strict=True)]
    dataset, split, metric = (next(iter(several)) if len(several) == 1 else "" for several in told)
    if len(chosen.columns) == 1:
        metric = ""  # stands over the column
    title = metric or "Results"
    title += f" on {dataset}" if dataset else ""
    return title + (f", {split}" if split else "")


def _names(models: Sequence[str], rename: Mapping[str, str]) -> dict[str, str]:
    """Return each model's name as shown; two of one name are told apart by their labels."""
    shown = {label: text.clean(rename.get(label, label)) for label in models}
    several = list(shown.values())
    return {
        label: name if several.count(name) == 1 else f"{name} [{text.clean(label)}]" for label, name in shown.items()
    }


def _sorted(
    lines: Sequence[Line], chosen: Chosen, view: ComparisonIndex, names: Mapping[str, str], order: Order
) -> list[Line]:
    if order == "name":
        return sorted(lines, key=lambda line: names[line.model].casefold())
    if order == "given":
        return list(lines)
    index = next(index for index, (_, metric) in enumerate(chosen.columns) if metric == chosen.main)
    sign = -1.0 if view.higher_is_better(chosen.main) else 1.0
    return sorted(lines, key=lambda line: _place(line.cells[index].value, sign))


def _place(value: float | None, sign: float) -> float:
    return math.inf if value is None else sign * value


class _Compact:
    """Leaves out of lines what was not asked for; a reason inside a line becomes a footnote."""

    def __init__(self, notes: Sequence[Note], names: Mapping[str, str], selection: TableSelection) -> None:
        self._letters = {note.text: note.letter for note in notes}
        self._names = names
        self._selection = selection

    @property
    def notes(self) -> Iterator[Note]:
        """Every footnote, in the order of their letters."""
        return (Note(letter, line) for line, letter in self._letters.items())

    def line(self, line: Line) -> Line:
        """Return a line with its name as shown."""
        cells = tuple(self._cell(cell, spanned=bool(line.span)) for cell in line.cells)
        return dataclasses.replace(line, model=self._names[line.model], cells=cells, language_model=False)

    def _cell(self, cell: TableCell, *, spanned: bool) -> TableCell:
        margin = cell.margin if self._selection.intervals else ""
        sign = cell.sign if self._selection.signs else ""
        state, told = brief(cell)
        if spanned or state == cell.words:
            return dataclasses.replace(cell, margin=margin, sign=sign)
        if not told:
            return dataclasses.replace(cell, words=state)
        return TableCell(words=state, notes=(self._letters.setdefault(told, letter(len(self._letters))),))


def brief(cell: TableCell) -> tuple[str, str]:
    """Return what stands in a cell without a number, and the reason as a footnote, "" where it has that already."""
    state, colon, reason = cell.words.partition(": ")
    return state, text.sentence(f"{state}: {reason}") if colon and not cell.notes else ""
