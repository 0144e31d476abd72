"""The LaTeX of a report compiles, and nothing overflows."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from benchsuite_reports.render.latex import Latex


def compile_latex(content, folder):
    """Compile the fragments in a plain article and return (log, text of the pages)."""
    engine = shutil.which("pdflatex")
    if engine is None:
        pytest.skip("no TeX engine on this machine: install texlive-latex-recommended")
    (folder / "results.tex").write_bytes(content)
    (folder / "main.tex").write_text(
        "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n\\input{results.tex}\n\\end{document}\n"
    )
    for _ in range(2):
        done = subprocess.run(
            [engine, "-interaction=nonstopmode", "-halt-on-error", "main.tex"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (folder / "main.log").read_text(errors="replace")
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("no pdftotext on this machine: install poppler-utils")
    done = subprocess.run([reader, "-layout", "main.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return log, done.stdout.decode()


@pytest.mark.parametrize("which", ["invented", "naughty"])
def test_latex_compiles_and_nothing_overflows(which, request, tmp_path):
    comparison = request.getfixturevalue(which)
    log, text = compile_latex(Latex().render(comparison)["results.tex"], tmp_path)
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
