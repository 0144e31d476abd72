"""The report for a paper: LaTeX tables that need booktabs and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import annotated_types

from benchsuite.api import Report
from benchsuite.data import Comparison
from benchsuite_reports.model import text
from benchsuite_reports.model.sections import tables
from benchsuite_reports.render.latex_tables import PREAMBLE, comment, fragments

_HEAD = """\
% Tables of {name}. Each fragment stands alone: paste one, or \\input this file.
% Needs \\usepackage{{booktabs}}. Works with pdfLaTeX, XeLaTeX and LuaLaTeX.
"""
_FLOATS = 12
_CLEAR = "\\clearpage % LaTeX holds only so many tables back; not needed once text stands between them\n"


@dataclass
class Latex(Report):
    """LaTeX tables (booktabs), best bold, second underlined.

    Attributes:
        width: points between the margins: 345 in article, 241 and 506 in a one- and two-column float of acmart.
    """

    width: Annotated[float, annotated_types.Ge(120)] = 345.0

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``results.tex``: one ``table`` environment per table, cut where it would be wider than the text."""
        out = [_HEAD.format(name=comment(comparison.name)) + PREAMBLE]
        out += [f"% {comment(key)}: {comment(text.plain(value))}\n" for key, value in comparison.provenance.items()]
        parts = [part for table in tables(comparison) for part in fragments(table, comparison.notes, self.width)]
        for index, (_, part) in enumerate(parts):
            if index and index % _FLOATS == 0:
                out.append(f"\n{_CLEAR}")
            out.append(f"\n{part}")
        return {"results.tex": "".join(out).encode()}
