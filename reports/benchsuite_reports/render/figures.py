"""The report for a paper's figures: PDF, SVG and PNG in one house style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from benchsuite.api import Report
from benchsuite.data import Comparison


@dataclass
class Figures(Report):
    """Figures as PDF, SVG and PNG: quality, cold start, cost, tuning and ranks.

    Attributes:
        pdf: write each figure as PDF, for papers.
        svg: write it as SVG, for pages.
        png: write it as PNG, for slides.
    """

    complete: ClassVar[bool] = False

    pdf: bool = True
    svg: bool = True
    png: bool = True

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return each figure in each chosen format, with the same bytes each time."""
        from benchsuite_reports.figures.comparison_figures import figures
        from benchsuite_reports.figures.mpl_style import write

        formats = [name for name, wanted in (("pdf", self.pdf), ("svg", self.svg), ("png", self.png)) if wanted]
        return {
            f"{stem}.{form}": write(figure, form) for stem, figure in figures(comparison).items() for form in formats
        }
