"""One table in the making: where values become text, marks are given and footnotes get their letters."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from benchsuite.data import TIES_TOLD, Contrast, Row
from benchsuite_reports.model import text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place
from benchsuite_reports.model.numbers import Form, form, half_width, percent
from benchsuite_reports.model.tables import NOTHING, Column, Convention, Group, Kind, Line, Note, Sign, Table, TableCell

SHARE = "% of best reference"
RANK = "rank"
_RANKS = "Place among the models that compete, by the numbers as shown; equal numbers share the better place."


class TableBuilder:
    """Collects columns of one table, handing out footnote letters as they are needed."""

    def __init__(self, view: ComparisonIndex) -> None:
        self._view = view
        self._columns: list[Column] = []
        self._metrics: list[tuple[str, list[Row | None]]] = []
        self._cells: list[list[TableCell]] = []
        self._notes: dict[str, str] = {}

    def shape(self, place: Place, metric: str) -> Form:
        """Return how a metric's numbers are written in one place."""
        rows = [self._view.row(place, model, metric) for model in self._view.models]
        known = [(row, row.mean) for row in rows if row is not None and _has_value(row) and row.mean is not None]
        halves = [half_width(mean, row.ci_low, row.ci_high) for row, mean in known]
        cost, unit = self._view.task(metric) == "cost", self._view.info(metric).unit
        return form(
            [mean for _, mean in known],
            [half for half in halves if half is not None],
            cost=cost,
            share=cost and unit == "share",
            whole=cost and unit == "count",
        )

    def add(self, place: Place, metric: str, heading: str, *, note: str = "", shape: Form | None = None) -> None:
        """Add a metric's column in one place: one cell per model, in their order; a note is its footnote.

        ``shape`` is how its numbers are written, where that is not for the column itself to say.
        """
        rows = [self._view.row(place, model, metric) for model in self._view.models]
        lower = not self._view.higher_is_better(metric)
        shape = shape or self.shape(place, metric)
        cells = [
            dataclasses.replace(self._cell(row, shape), sign=sign(self._view.contrast(place, model, metric), row))
            for model, row in zip(self._view.models, rows, strict=True)
        ]
        self._columns.append(Column(metric, heading, lower, (self._letter(note),) if note else ()))
        self._metrics.append((metric, rows))
        self._cells.append(_marked(cells, self._competes(rows), lower) if self._view.marks_best(metric) else cells)

    def add_share(self, place: Place, metric: str) -> None:
        """Add the column that sets each model against the best reference."""
        rows = [self._view.row(place, model, metric) for model in self._view.models]
        higher = self._view.higher_is_better(metric)
        values = {row.model: row.mean for row in rows if row and _has_value(row) and row.mean is not None}
        best = self._view.reference(place, metric)
        if best is None or not values[best] > 0:
            return
        cells = []
        for row in rows:
            value = values.get(row.model) if row else None
            share = None if value is None else value / values[best] if higher else values[best] / (value or math.inf)
            cells.append(TableCell(words=NOTHING) if share is None else TableCell(percent(share), value=share))
        letter = self._letter(f"100% is {text.clean(best)}, the best reference here.")
        self._columns.append(Column(f"{metric} {SHARE}", SHARE, notes=(letter,), belongs=True))
        self._cells.append(cells)

    def add_rank(self, metric: str) -> None:
        """Add the places of the models in the metric's last column, where two or more compete in it."""
        column = max(index for index, column in enumerate(self._columns) if column.key == metric)
        lower = not self._view.higher_is_better(metric)
        competes = self._competes(next(rows for key, rows in reversed(self._metrics) if key == metric))
        shown = [
            float(cell.number) if may and cell.number else None
            for may, cell in zip(competes, self._cells[column], strict=True)
        ]
        known = [value for value in shown if value is not None]
        if len(known) <= 1:
            return
        cells = []
        for value in shown:
            before = None if value is None else sum(other < value if lower else other > value for other in known)
            cells.append(
                TableCell(words=NOTHING) if before is None else TableCell(f"{before + 1}", value=float(before + 1))
            )
        self._columns.append(Column(f"{metric} {RANK}", RANK, True, (self._letter(_RANKS),), belongs=True))
        self._cells.append(cells)

    def add_words(
        self, key: str, heading: str, cells: Sequence[TableCell], *, note: str = "", lower: bool = False
    ) -> None:
        """Add a column that is no metric, its cells given as they are to be shown."""
        self._columns.append(Column(key, heading, lower, notes=(self._letter(note),) if note else ()))
        self._cells.append(list(cells))

    def table(self, key: str, kind: Kind, title: str, places: Sequence[Place], *said: str) -> Table:
        """Return the finished table; ``said`` are sentences for its caption."""
        view = self._view
        caption = list(said)
        simulated = text.simulated(view.comparison, [place.dataset for place in places])
        if simulated and len(simulated) < len({place.dataset for place in places}):
            caption.append(f"{', '.join(map(text.clean, simulated))}: {text.SIMULATED}")
        elif simulated:
            caption.append(text.SIMULATED)
        lines = [self._line(index, places) for index in range(len(view.models))]
        present = [line for line in lines if line is not None]
        groups = [
            Group(ceiling, members)
            for ceiling in (False, True)
            if (members := tuple(line for line in present if (line.model in view.oracles) == ceiling))
        ]
        return Table(
            key=key,
            kind=kind,
            title=title,
            caption=tuple(caption),
            columns=tuple(self._columns),
            groups=tuple(groups),
            notes=tuple(Note(letter, line) for line, letter in self._notes.items()),
            conventions=tuple(self._conventions()),
        )

    def _line(self, index: int, places: Sequence[Place]) -> Line | None:
        model = self._view.models[index]
        cells = tuple(column[index] for column in self._cells)
        if all(cell.words == NOTHING for cell in cells):
            return None
        told = {(cell.words, cell.notes) for cell in cells if cell.words != NOTHING}
        span = ""
        # Of several places, each says it for itself: words across all of them leave the others blank in plain text.
        if len(places) == 1 and len(told) == 1 and all(not cell.number for cell in cells):
            span = next(iter(told))[0]
        own = [row for _, rows in self._metrics if (row := rows[index]) is not None]
        notes = (self._view.fallback_note(places, model), ties_note(own), idle_note(own))
        letters = sorted((self._letter(note) for note in notes if note), key=lambda one: (len(one), one))
        return Line(model, model in self._view.language_models, cells, tuple(letters), span)

    def _competes(self, rows: Sequence[Row | None]) -> list[bool]:
        """Return for each model whether its value in a column can be the best: no oracle, and decided by the model."""
        return [
            model not in self._view.oracles and (row is None or row.competes)
            for model, row in zip(self._view.models, rows, strict=True)
        ]

    def _cell(self, row: Row | None, shape: Form) -> TableCell:
        if row is None:
            return TableCell(words=NOTHING)
        if _has_value(row) and row.mean is not None:
            half = half_width(row.mean, row.ci_low, row.ci_high)
            return TableCell(shape.number(row.mean), "" if half is None else shape.margin(half), value=row.mean)
        state = {"failed": "failed", "not applicable": "n/a", "missing": "not run yet", "ok": "undefined"}[row.state]
        reason = text.clean(row.reason)
        for prefix in (row.state, state):
            reason = reason.removeprefix(f"{prefix}: ")
        if reason in ("", state):
            return TableCell(words=state)
        brief = text.short(reason)
        whole = brief == reason.rstrip(".")
        letter = () if whole else (self._letter(f"{state}: {text.sentence(reason)}"),)
        return TableCell(words=f"{state}: {brief}", notes=letter)

    def _letter(self, line: str) -> str:
        if line not in self._notes:
            self._notes[line] = letter(len(self._notes))
        return self._notes[line]

    def _conventions(self) -> Iterable[Convention]:
        known: dict[str, list[Row]] = {}
        for metric, rows in self._metrics:
            known.setdefault(metric, []).extend(row for row in rows if row and _has_value(row))
        for metric, measured in known.items():
            counts = sorted({row.n for row in measured})
            said = self._view.convention(metric)
            if self._view.task(metric) != "cost" and counts:
                size = f"n = {counts[0]:,}" if len(counts) == 1 else f"n = {counts[0]:,} to {counts[-1]:,}"
                said = f"{said} ({size})" if said else size
            if said:
                yield Convention(metric, self._view.heading(metric), text.sentence(said))


def sign(contrast: Contrast | None, row: Row | None = None) -> Sign:
    """Return what the corrected test says of a model; nothing of a value that the model itself did not decide."""
    if contrast is None or contrast.verdict not in ("better", "worse") or (row is not None and not row.competes):
        return ""
    return "better" if contrast.verdict == "better" else "worse"


def ties_note(rows: Sequence[Row]) -> str:
    """Return a sentence where ties decided much of a model's answers, else ""; ``rows`` are its values."""
    shares = [row.tie_share for row in rows if row.tie_share is not None]
    most = max(shares, default=0.0)
    if most <= TIES_TOLD:
        return ""
    amount = percent(most) if len(set(shares)) == 1 else f"up to {percent(most)}"
    return f"Ties decided {amount} of its answers: other candidates had the same score."


def idle_note(rows: Sequence[Row]) -> str:
    """Return a sentence where a model did not decide its answers itself, else ""; ``rows`` are its values."""
    judged = [row for row in rows if row.tie_share is not None]
    idle = [row for row in judged if not row.competes]
    if not idle:
        return ""
    if len(idle) == len(judged):
        return "It does not compete for best and second: it decided less than half of its answers itself."
    return "It does not compete for best and second where it decided less than half of its answers itself."


def _has_value(row: Row) -> bool:
    return row.state == "ok" and row.mean is not None and math.isfinite(row.mean)


def _marked(cells: list[TableCell], competes: list[bool], lower: bool) -> list[TableCell]:
    """Mark best and second by the numbers as shown, so that a reader can check each mark."""
    shown = {i: float(c.number) for i, (c, may) in enumerate(zip(cells, competes, strict=True)) if may and c.number}
    ladder = sorted(set(shown.values()), reverse=not lower)
    if len(ladder) <= 1:
        return cells
    marks: dict[float, str] = {ladder[0]: "best"}
    if len(shown) > 2:  # noqa: PLR2004 - of two models, the second is the last
        marks[ladder[1]] = "second"
    result = list(cells)
    for index, value in shown.items():
        if marks.get(value) == "best":
            result[index] = dataclasses.replace(cells[index], mark="best")
        elif marks.get(value) == "second":
            result[index] = dataclasses.replace(cells[index], mark="second")
    return result


def letter(index: int) -> str:
    """Return the letter of a footnote by its number from 0: a to z, then aa."""
    head, tail = divmod(index, 26)
    return (letter(head - 1) if head else "") + chr(ord("a") + tail)
