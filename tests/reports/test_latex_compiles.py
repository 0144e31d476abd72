"""The LaTeX of a report compiles, and nothing overflows."""

from __future__ import annotations

import re

import pytest

from benchsuite_reports.render.latex import Latex

MAIN = b"""\\documentclass{article}
\\usepackage{booktabs}
\\begin{document}
\\input{results.tex}
\\end{document}
"""
LATEX = ("pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex")
DRAFT = (*LATEX[:-1], "-draftmode", "main.tex")


@pytest.mark.parametrize("which", ["invented", "naughty"])
def test_latex_compiles_and_nothing_overflows(which, request, compiled):
    comparison = request.getfixturevalue(which)
    log, text, _ = compiled({**Latex().render(comparison), "main.tex": MAIN}, (DRAFT, LATEX))
    assert not [line for line in log.split("\n") if line.startswith(("Overfull", "LaTeX Warning", "Missing"))]
    for row in comparison.rows:
        if row.metric == "ndcg@10" and row.mean is not None:
            assert f"{row.mean:.3f}".removeprefix("0") in text
    if which == "naughty":
        # An underscore is set as a rule, not as a letter, so no name with one is looked for.
        for name in (
            "=1+1",
            "@SUM(A1)",
            "<script>alert(1)</script>",
            "[U+540D]",
            "[U+05E9]",
            "b&c%d#e$f",
            "\\i{j}k<l>m",
        ):
            assert name in text, name
        assert "[U+1F680]" in re.sub(r"\s", "", text)
