"""The report for what people paste: one compact table of the models, metrics and splits that they name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import annotated_types

from benchsuite.api import Report
from benchsuite.data import Comparison
from benchsuite_reports.model.selected_table import selected_table
from benchsuite_reports.model.table_selection import Order, TableSelection
from benchsuite_reports.render.selected_latex import document
from benchsuite_reports.render.selected_markup import html_table, markdown_document
from benchsuite_reports.render.selected_plain import csv_text, json_text, plain_text


@dataclass
class Table(Report):
    """One compact table of chosen models, metrics and splits; best bold, second underlined.

    Attributes:
        form: in which form.
        models: labels of the rows; all where none is named.
        metrics: the columns; all that were measured where none is named.
        splits: the groups of columns; all where none is named.
        datasets: the same for data sets.
        rename: other names for models, metrics, splits and data sets.
        sort: order of the rows: as given, by place, or by name.
        intervals: show 95% intervals.
        signs: mark what differs from the best reference by test.
        digits: decimals of all numbers; None for what each metric needs.
        points: between the margins, for LaTeX: 345 in article, 241 and 506 in a one- and two-column float of acmart.
    """

    printable: ClassVar[bool] = True

    form: Literal["terminal", "latex", "markdown", "html", "csv", "json"] = "terminal"
    models: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    rename: dict[str, str] = field(default_factory=dict)
    sort: Order = "given"
    intervals: bool = False
    signs: bool = False
    digits: Annotated[int, annotated_types.Interval(ge=0, le=8)] | None = None
    points: Annotated[float, annotated_types.Ge(120)] = 345.0

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return one file, named ``table`` with the ending of its form, UTF-8.

        Raises:
            UsageError: when a name is unknown, or nothing was measured there; tells the near name.
        """
        names = (one.name for one in dataclasses.fields(TableSelection))
        shown = selected_table(comparison, TableSelection(**{name: getattr(self, name) for name in names}))
        if self.form == "latex":
            content = document(shown, comparison.name, self.points)
        else:
            make = {
                "terminal": plain_text,
                "markdown": markdown_document,
                "html": html_table,
                "csv": csv_text,
                "json": json_text,
            }[self.form]
            content = make(shown)
        ending = {"terminal": "txt", "latex": "tex", "markdown": "md"}.get(self.form, self.form)
        return {f"table.{ending}": content.encode()}
