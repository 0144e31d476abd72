"""The report for a paper: a folder that compiles, with text, tables, figures and references to build on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchsuite.api import Report
from benchsuite.data import Comparison
from benchsuite.data.result_tables import TUNING, small_tables
from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.sections import Section, sections
from benchsuite_reports.model.tables import Table
from benchsuite_reports.render.bibliography import Bibliography
from benchsuite_reports.render.latex_tables import PREAMBLE, comment, fragments, meaning
from benchsuite_reports.render.latex_text import escape
from benchsuite_reports.render.paper_main import Layout, main_results
from benchsuite_reports.render.paper_setup import limitations, settings_table, setup
from benchsuite_reports.render.paper_text import MOST_STUDIES, TRIALS, details, missing
from benchsuite_reports.render.tidy import as_bytes

_LAYOUTS = {"article": Layout(345.0), "acmart": Layout(395.0), "sigconf": Layout(506.0, "*")}
_ARTICLE = """\
\\documentclass{article}
\\usepackage{array}
\\usepackage{booktabs}
\\usepackage{graphicx}
\\usepackage{url} % entries of references.bib may hold addresses
\\providecommand{\\Description}[2][]{} % for readers who cannot see a figure; acmart has it
"""
_ACM = """\
% Without the fonts of the ACM (libertine, in texlive-fonts-extra) the class sets fonts that do not stretch.
\\IfFileExists{libertine.sty}{}{\\PassOptionsToPackage{expansion=false}{microtype}}
\\documentclass[@form@,nonacm]{acmart}
\\settopmatter{printacmref=false}
\\usepackage{array}
"""
_OUTLINES = """\
% These signs are in fonts that some installations have as bitmaps only; those of the typewriter font are outlines.
\\ifdefined\\Umathchar\\else
  \\renewcommand{\\textdollar}{{\\fontencoding{OT1}\\fontfamily{cmr}\\fontshape{n}\\selectfont\\char36}}
  \\renewcommand{\\textquotesingle}{{\\fontencoding{OT1}\\fontfamily{cmtt}\\selectfont\\char13}}
  \\renewcommand{\\textasciigrave}{{\\fontencoding{OT1}\\fontfamily{cmtt}\\selectfont\\char18}}
\\fi
\\renewcommand{\\labelitemi}{$\\bullet$}
"""
_TABLES_A_PAGE = 8
_PLACES = 4
"""With more data sets and splits than this, only what is in ``_ALWAYS`` is printed."""
_ALWAYS = frozenset({"overview", "datasets", "warm", "cold", "novelty", "all", "ranking", "quality", "ranks"})
_CODES = """\
{\\raggedright Characters for which a font has no glyph are printed as their Unicode code point, such as [U+4E2D].\\par}
"""


@dataclass
class Paper(Report):
    """A folder that compiles: a main text of few pages, all other tables and figures as its appendix, references.

    Attributes:
        style: of the page: one column of article or of the ACM's manuscripts, or two of its conference papers.
    """

    style: Literal["article", "acmart", "sigconf"] = "article"

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``main.tex`` and all that it needs.

        ``pdflatex main; bibtex main; pdflatex main; pdflatex main`` makes the paper, as does ``latexmk -pdf main``.
        """
        from benchsuite_reports.figures.comparison_figures import figures
        from benchsuite_reports.figures.mpl_style import write

        view = ComparisonIndex(comparison)
        bibliography = Bibliography(comparison)
        layout = _LAYOUTS[self.style]
        drawn = figures(comparison)
        main = main_results(view, layout, list(drawn))
        tables = {**main.tables, "settings": settings_table(view, bibliography, layout.star)}
        files = {
            "main.tex": self._main(comparison, bibliography),
            "setup.tex": f"{setup(view, bibliography)}\n\\input{{tables/settings}}\n",
            "results.tex": main.source + "".join(_figure(stem, 0.27) for stem in main.figures),
            "limitations.tex": limitations(view),
            "appendix.tex": f"{details(view, bibliography)}\n{missing(view)}\n",
        }
        files["appendix.tex"] += _everything(view, tables, layout, [stem for stem in drawn if stem not in main.figures],
                                             main.shown)  # fmt: skip
        if any("\\benchsuitechar{" in line for line in (*files.values(), *tables.values())):
            files["appendix.tex"] += _CODES
        files |= {f"tables/{name}.tex": line for name, line in tables.items()}
        if bibliography:
            files["references.bib"] = bibliography.render()
        content = {name: line.encode() for name, line in files.items()}
        if len(comparison.tuning) > MOST_STUDIES:
            content[TRIALS] = as_bytes("csv", TUNING, small_tables(comparison)["tuning"])
        return content | {f"figures/{stem}.pdf": write(figure, "pdf") for stem, figure in drawn.items()}

    def _main(self, comparison: Comparison, bibliography: Bibliography) -> str:
        title = f"Results of the experiment \\emph{{{escape(text.clean(comparison.name))}}}"
        style = "plain" if self.style == "article" else "ACM-Reference-Format"
        author = (
            "\\author{}\n\\date{}\n"
            if self.style == "article"
            else "\\author{Author}\n\\affiliation{\\institution{Institution}\\city{City}\\country{Country}}\n"
        )
        form = "sigconf" if self.style == "sigconf" else "manuscript"
        lines = [
            f"% {comment(comparison.name)}: pdflatex main; bibtex main; pdflatex main; pdflatex main",
            (_ARTICLE if self.style == "article" else _ACM.replace("@form@", form)) + PREAMBLE.rstrip("\n"),
            _OUTLINES.rstrip("\n"),
            "% Numbers and long names may stand far from a place where a line can break.",
            "\\emergencystretch=3em",
            *([] if self.style == "article" else ["\\raggedbottom % tables of many heights share the pages"]),
            *(["\\hbadness=3000 % lines of narrow columns may be loose"] if self.style == "sigconf" else []),
            f"\\title{{{title}}}",
            author + "\\begin{document}",
            "\\maketitle",
            "\\input{setup}",
            "\\input{results}",
            "\\input{limitations}",
        ]
        if bibliography:
            lines += [f"\\bibliographystyle{{{style}}}", "\\bibliography{references}"]
        lines += [
            "\\clearpage",
            "\\appendix",
            *(["\\onecolumn"] if self.style == "sigconf" else []),
            "\\input{appendix}",
        ]
        return "\n".join([*lines, "\\end{document}"]) + "\n"


def _everything(
    view: ComparisonIndex, tables: dict[str, str], layout: Layout, stems: list[str], elsewhere: frozenset[str]
) -> str:
    """Return the section of the appendix on results, and put each table into ``tables`` by the name of its file.

    Args:
        view: the comparison.
        tables: what is there already, and what is added.
        layout: of the tables.
        stems: of the figures that are not in the main text.
        elsewhere: keys of tables that are in the main text.
    """
    out = ["\\section{All results}\n\\label{sec:all}\n"]
    parts = [
        dataclasses.replace(section, tables=tuple(table for table in section.tables if table.key not in elsewhere))
        for section in sections(view.comparison)
    ]
    parts = [section for section in parts if section.tables]
    many = len(series.wholes(view)) > _PLACES
    shown = [table for section in parts for table in section.tables if _shown(section, table, many=many)]
    legend = meaning(shown)
    out.append(f"{{\\raggedright In the tables: {legend}\\par}}\n" if legend else "")
    waiting = 0
    apart: list[str] = []
    for section in parts:
        found: list[str] = []
        for table in section.tables:
            pieces = fragments(table, (), layout.width, brief=True)
            pieces = [piece for piece in pieces if piece[0].removeprefix("tab:") not in tables]
            names = [label.removeprefix("tab:") for label, _ in pieces]
            tables |= dict(zip(names, (line for _, line in pieces), strict=True))
            (found if _shown(section, table, many=many) else apart).extend(names)
        if not found:
            continue
        if waiting + len(found) > _TABLES_A_PAGE:
            out.append("\\clearpage\n")
            waiting = 0
        waiting += len(found)
        named = ", ".join(f"\\ref{{tab:{name}}}" for name in found)
        heading = escape(section.heading, breaks=True)
        out.append(f"\\subsection*{{\\raggedright {heading}}}\n{'Table' if len(found) == 1 else 'Tables'}~{named}.\n")
        out += [f"\\input{{tables/{name}}}\n" for name in found]
    left = [stem for stem in stems if many and stem.partition("-")[0] not in _ALWAYS]
    out += _left_out(apart, left)
    kept = [stem for stem in stems if stem not in left]
    if kept:
        out.append("\\clearpage\n\\subsection*{Figures}\n")
    for index, stem in enumerate(kept):
        if index and index % _TABLES_A_PAGE == 0:
            out.append("\\clearpage\n")
        out.append(_figure(stem))
    return "".join(out) + "\\clearpage\n"


def _shown(section: Section, table: Table, *, many: bool) -> bool:
    """Whether a table is printed; the others are left for the author to take in, as a paper has no room for all."""
    if section.group or table.kind == "parts":
        return False
    return not many or table.kind in _ALWAYS


def _left_out(tables: Sequence[str], stems: Sequence[str]) -> list[str]:
    """Say what the folder holds beyond what is printed, with the lines that print it."""
    counts = [f"{len(names)} {noun}s" for names, noun in ((tables, "table"), (stems, "figure")) if names]
    if not counts:
        return []
    said = f"The folder of this report holds {' and '.join(counts)} more; the source of this section names each."
    out = [f"\n\\bigskip\\noindent {said}\n", "% What is not printed; take in what the paper needs:\n"]
    out += [f"% \\input{{tables/{name}}}\n" for name in tables]
    return out + [f"% \\includegraphics[width=\\linewidth]{{figures/{stem}.pdf}}\n" for stem in stems]


_CAPTIONS = {
    "quality": "Quality with 95\\% intervals",
    "cold": "Quality by number of history items",
    "cost": "Quality against the seconds to fit and to answer; no model is both better and cheaper than one on the "
    "dotted line",
    "curve": "Quality against the setting in which these splits differ; ticks are evenly spaced, not to scale",
    "tuning": "The best value on validation so far, trial by trial",
    "parts": "Quality on parts of the test, which are not tested apart",
    "ranks": "Mean ranks over data sets; bars join models that the Nemenyi test does not separate at 5\\%",
}


def _figure(stem: str, height: float = 0.4) -> str:
    kind = stem.partition("-")[0]
    return (
        "\\begin{figure}[tbp]\n  \\centering\n"
        f"  \\includegraphics[width=\\linewidth,height={height:g}\\textheight,keepaspectratio]{{figures/{stem}.pdf}}\n"
        f"  \\Description{{{_CAPTIONS[kind]}; the tables hold the numbers.}}\n"
        f"  \\caption{{{_CAPTIONS[kind]}.}}\n  \\label{{fig:{stem}}}\n\\end{{figure}}\n"
    )
