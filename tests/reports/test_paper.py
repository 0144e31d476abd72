"""The paper's folder: it compiles without a warning, and says what the comparison knows."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess

import pytest
from papers import blank_figures, rendered_once

from benchsuite.data import ModelInfo, SplitInfo
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.text import split_line
from benchsuite_reports.render.bibliography import Bibliography, key_of
from benchsuite_reports.render.paper import Paper
from benchsuite_reports.render.paper_setup import limitations
from benchsuite_reports.render.paper_text import MOST_STUDIES, gaps


@pytest.fixture(scope="module")
def files(invented, tmp_path_factory):
    """A paper of three sets; its figures are empty."""

    def render():
        with blank_figures():
            return Paper().render(invented)

    return rendered_once(tmp_path_factory, "invented-paper", render)


@pytest.fixture(scope="module")
def naughty_files(naughty, tmp_path_factory):
    """A small paper with its figures drawn."""
    return rendered_once(tmp_path_factory, "naughty-paper", lambda: Paper().render(naughty))


@pytest.fixture(scope="module")
def wide(invent):
    return invent(
        models=(*(f"classic-{index}" for index in range(9)), "flm", "flm-frozen", "oracle"),
        datasets=tuple(f"data-{index}" for index in range(6)),
        splits=("random-holdout", "item-cold"),
    )


@pytest.fixture(scope="module")
def wide_files(wide):
    with blank_figures():
        return Paper().render(wide)


def text_of(files, name):
    """Return a file's text as a reader sees it: no places to break a line."""
    return files[name].decode().replace("\\allowbreak{}", "")


@pytest.mark.parametrize("rendered", ["files", pytest.param("naughty_files", marks=pytest.mark.slow)])
def test_the_folder_holds_all_that_main_takes_in(rendered, request):
    found = request.getfixturevalue(rendered)
    for name, content in found.items():
        if name.endswith(".tex"):
            text = re.sub(r"(?m)^%.*$", "", content.decode())
            for taken in re.findall(r"\\input\{(.*?)\}", text):
                assert f"{taken}.tex" in found
            for taken in re.findall(r"\\includegraphics\[.*?\]\{(.*?)\}", text):
                assert found[taken].startswith(b"%PDF-")


def test_every_reference_has_its_label_once(files):
    whole = "\n".join(content.decode() for name, content in files.items() if name.endswith(".tex"))
    labels = re.findall(r"\\label\{(.*?)\}", whole)
    assert len(labels) == len(set(labels))
    assert set(re.findall(r"\\ref\{(.*?)\}", whole)) <= set(labels)
    cited = {key for keys in re.findall(r"\\cite\{(.*?)\}", whole) for key in keys.split(",")}
    assert cited == set(re.findall(r"@\w+\{(.*?),", files["references.bib"].decode()))


def test_the_appendix_says_what_was_done(files):
    text = text_of(files, "appendix.tex")
    for said in (
        "invented-real: 943 users, 1,682 items, 99,000 interactions.",
        "drop duplicates: 99,287 of 100,000 rows kept (the first of each pair is kept).",
        "random-holdout: Invented split random-holdout (share = 0.1; train: 90,000, queries: 943).",
        "\\textbf{flm}~\\cite{invented}: Invented model flm. It uses a language model. Settings: factors = 256 (chosen",
        "A ceiling, never competes.",
        "Search space: factors in 16 to 256 (log scale), kernel in \\{cosine, bm25\\}.",
        "budget 4 trials, 4 tried, searched factors, on nDCG@10; won: factors = 256 with",
        "; 1 of the trials failed",
        "at an end of the range of factors",
        "\\textbf{nDCG@10}: how ndcg@10 is computed: binary gain, ties to the smaller code. Higher is better.",
        "Holm'{}s correction over all tests of the table.",
        "packages: numpy: 2.0, benchsuite: 0.1",
        "every number here is invented to test reports.",
    ):
        assert said in text, said


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_many_studies_are_told_model_by_model(invented):
    """Three seeds of two sets under four splits are hundreds of studies; a reader wants to know what they came to."""
    several = [
        dataclasses.replace(one, seed=seed, fold=fold)
        for one in invented.tuning
        for seed in range(5)
        for fold in ("0", "1")
    ]
    assert len(several) > MOST_STUDIES
    several[0] = dataclasses.replace(several[0], values=(0.4, *several[0].values[1:]), best=0)
    files = Paper().render(dataclasses.replace(invented, tuning=tuple(several)))
    text = text_of(files, "appendix.tex")
    each = len(several) // 3
    for said in (
        "Budget of each model on each fold: 4 trials, on nDCG@10; every trial",
        f"als: {each} studies, 4 settings tried in each, searched factors; the first won in",
        f"; {each} trials failed of {4 * each}",
        f"at an end of its range: factors in {each}.",
    ):
        assert said in text, said
    assert sum(line.startswith("invented") for line in files["tuning.csv"].decode().splitlines()) == 4 * len(several)


def test_folds_of_one_set_are_told_together():
    counts = {f"set, seed {seed}, fold test": {"rows": 1000, "queries": 90 + seed, "none": 0} for seed in (1, 2)}
    about = SplitInfo("split", "split", "Cuts.", counts=counts)
    assert split_line(about) == "split: Cuts (set, 2 folds: rows: 1,000, queries: 91 to 92)."
    assert "seed 1, fold test" in split_line(dataclasses.replace(about, counts=dict([*counts.items()][:1])))


def test_limitations_say_what_is_not_there(files):
    text = text_of(files, "appendix.tex")
    for said in (
        "invented-demo is simulated: generated, not observed.",
        "svd failed on invented-real, random-holdout; invented-real, item-cold; invented-real, user-cold",
        "give it fewer factors",
        "content-tfidf is not applicable on invented-demo, random-holdout",
        "needs item text",
        "knn was not run on invented-real, item-cold; invented-demo, item-cold.",
        "On invented-real, random-holdout, the declared fallback filled list places of popular (3.2\\%).",
        "als won at an end of its search range: factors in 2 of 2 searches",
    ):
        assert said in text, said


def test_a_metric_that_no_model_has_is_no_models_fault(invent):
    comparison = invent(models=("ease", "svd", "flm"), datasets=("invented-real",), splits=("random-holdout",))
    bare = [
        dataclasses.replace(row, mean=None, state="not applicable", reason="needs values other than 1")
        for row in comparison.rows
        if row.metric == "recall@10" and row.state == "ok"
    ]
    kept = [row for row in comparison.rows if row.metric != "recall@10" or row.state != "ok"]
    plain = " ".join(gaps(ComparisonIndex(dataclasses.replace(comparison, rows=(*kept, *bare)))))
    assert "Recall@10 is not applicable on invented-real, random-holdout: needs values other than 1." in plain
    assert "svd failed on" in plain
    assert "ease is not applicable" not in plain
    only = [dataclasses.replace(row, mean=0.5, state="ok", reason="") if row.model == "flm" else row for row in bare]
    plain = " ".join(gaps(ComparisonIndex(dataclasses.replace(comparison, rows=(*kept, *only)))))
    assert "Recall@10 of ease is not applicable on" in plain


@pytest.mark.usefixtures("undrawn")
def test_no_limitation_is_made_up(invent):
    comparison = invent(models=("ease", "flm"), datasets=("invented-real",), splits=("item-cold",))
    files = Paper().render(comparison)
    assert gaps(ComparisonIndex(comparison)) == [
        "Every planned cell has a value, and no model left an answer to the fallback."
    ]
    assert "Every planned cell has a value" in files["limitations.tex"].decode()


def test_tables_of_groups_are_there_to_be_taken_in(files):
    assert "tables/invented-real-user-cold-k-1-against.tex" in files
    assert "% \\input{tables/invented-real-user-cold-k-1-against}" in files["appendix.tex"].decode()


@pytest.mark.usefixtures("undrawn")
def test_same_comparison_same_bytes(invent):
    """Of the text; that figures are the same twice is shown with them."""
    settings = {"datasets": ("invented-demo",), "splits": ("item-cold",)}
    assert Paper().render(invent(**settings)) == Paper().render(invent(**settings))


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ("@article{a2020, title={T}}", "a2020"),
        (" @InProceedings{x:y-1,\n title = {A {B} C}\n}\n", "x:y-1"),
        ("@article{a, title={T}} @article{b, title={U}}", None),
        ("@article{a, title={T}", None),
        ("@article{a, title={T}}}", None),
        ("@string{a, b}", None),
        ("Author (2020), a book", None),
        ("@article{a#b, title={T}}", None),
    ],
)
def test_only_whole_entries_have_a_key(entry, key):
    assert key_of(entry) == key


def test_what_is_no_entry_stands_as_a_remark(invented):
    broken = ModelInfo("x", "x", cite=("not\nBibTeX @article{", "@book{good, title={Good}}"))
    bibliography = Bibliography(dataclasses.replace(invented, models=(broken,), datasets=(), splits=(), metrics=()))
    assert bibliography.cite(broken) == "~\\cite{good}"
    assert bibliography.render() == (
        "@book{good, title={Good}}\nNot a BibTeX entry, so it is not cited: not BibTeX (at)article(\n"
    )


def pages(compiled, files, documentclass, engine="pdflatex"):
    """Compile the folder and return (log, text of the pages)."""
    needed = {"article": ["article.cls"], "acmart": ["acmart.cls", "hyperxmp.sty", "xstring.sty"]}[documentclass]
    if shutil.which("kpsewhich") is None:
        pytest.skip("no TeX on this machine: install texlive-latex-recommended")
    for name in needed:
        if subprocess.run(["kpsewhich", name], capture_output=True, check=False).returncode:  # noqa: S607 - fixed words
            pytest.skip(f"no {name} here: install texlive-publishers and texlive-latex-extra")
    latex = (engine, "-interaction=nonstopmode", "-halt-on-error", "main")
    draft = (*latex[:-1], "-draftmode", "main")  # the first two runs only look for references: they need no pages
    log, text, printed = compiled(files, (draft, ("bibtex", "main"), draft, latex))
    assert not any("Warning--" in said for said in printed), printed
    return log, text


def main_pages(text):
    """Return how many pages stand before the appendix."""
    return next(
        number
        for number, page in enumerate(text.split("\f"))
        if re.search("(?i)^ *A +details of the setup", page, re.MULTILINE)
    )


def warnings(log):
    signs = ("Overfull", "Underfull", "LaTeX Warning", "Missing character", "Package hyperref Warning")
    return [line for line in log.split("\n") if line.startswith(signs)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "rendered"), [("invented", "files"), ("naughty", "naughty_files"), ("wide", "wide_files")]
)
def test_it_compiles_without_a_warning(which, rendered, request, compiled):
    comparison, content = request.getfixturevalue(which), request.getfixturevalue(rendered)
    log, text = pages(compiled, content, "article")
    assert warnings(log) == []
    assert "??" not in text
    assert main_pages(text) <= 6
    assert "tcrm" not in log, "a font that some installations have as a bitmap only"
    for row in comparison.rows:
        if row.metric == "ndcg@10" and row.mean is not None:
            assert f"{row.mean:.3f}".removeprefix("0") in text


@pytest.mark.slow
@pytest.mark.parametrize("style", ["acmart", "sigconf"])
def test_it_compiles_in_the_styles_of_the_acm(style, invent, compiled):
    comparison = invent(splits=("random-holdout", "user-cold", "user-cold/k=0", "user-cold/k=1"))
    with blank_figures():
        files = Paper(style=style).render(comparison)
    log, text = pages(compiled, files, "acmart")
    # Without its own fonts the class warns of them, and Computer Modern has no bold italic sans serif.
    assert [line for line in warnings(log) if not line.startswith("LaTeX Font Warning")] == []
    assert "possible image without description" not in log
    assert "Experimental setup" in text or "EXPERIMENTAL SETUP" in text
    assert "??" not in text
    assert main_pages(text) <= 6


@pytest.mark.slow
def test_no_character_is_lost_where_the_engine_reads_unicode(naughty_files, compiled):
    log, text = pages(compiled, naughty_files, "article", "lualatex")
    assert [line for line in log.split("\n") if line.startswith(("Overfull", "Underfull", "Missing character"))] == []
    for name in ("\u540d\u5b57", "\u05e9\u05dc\u05d5\u05dd", "\U0001f680"):
        codes = "".join(f"[U+{ord(character):04X}]" for character in name)
        assert name in text or name[::-1] in text or codes in re.sub(r"\s", "", text), name


def test_code_points_are_explained_where_they_stand(files, naughty):
    with blank_figures():
        naughty_files = Paper().render(naughty)
    assert "Unicode code point" not in text_of(files, "appendix.tex")
    assert "printed as their Unicode code point" in text_of(naughty_files, "appendix.tex")


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_a_large_paper_prints_the_main_things_and_names_the_rest(invent):
    files = Paper().render(invent(metrics=("ndcg@10", "fit_seconds", "score_seconds"), datasets=tuple("abc")))
    text = files["appendix.tex"].decode()
    commented = set(re.findall(r"(?m)^% .*\{((?:tables|figures)/[^}]*)\}$", text))
    source = "\n".join(files[f"{name}.tex"].decode() for name in ("setup", "results", "appendix"))
    printed = set(re.findall(r"(?m)^\s*\\\w+(?:\[.*\])?\{((?:tables|figures)/[^}]*)\}$", source))
    there = {name.removesuffix(".tex") for name in files if name.startswith(("tables/", "figures/"))}
    assert commented | printed == there
    assert not commented & printed
    assert {"tables/main-against-1", "tables/settings", "figures/quality-a.pdf"} <= printed
    assert "figures/cost-a-item-cold.pdf" in commented
    numbers = [sum(name.startswith(kind) for name in commented) for kind in ("tables/", "figures/")]
    assert f"holds {numbers[0]} tables and {numbers[1]} figures more" in text


def test_the_main_text_has_three_tables_and_two_figures(files):
    """What a reviewer looks for stands in the main text, everything else in the appendix."""
    text = files["results.tex"].decode()
    assert re.findall(r"\\input\{tables/([a-z-]*)", text) == [
        "main-overview", "main-against-", "main-against-", "invented-real-random-holdout-warm-and-cold",
        "invented-demo-random-holdout-warm-and-cold",
    ]  # fmt: skip
    assert re.findall(r"\\includegraphics.*\{figures/(\w+)-", text) == ["cost", "cold"]
    assert "\\item" not in text + files["setup.tex"].decode() + files["limitations.tex"].decode()


def test_settings_stand_in_one_table(files, invented):
    table = text_of(files, "tables/settings.tex")
    for about in invented.models:
        assert re.search(rf"(?m)^ *{about.label}\b.* & .*factors", table), about.label
    assert "als~\\cite{invented} & factors = 256 (chosen by search; default 64)" in table


def test_what_is_too_much_for_the_limitations_is_in_the_appendix(invented):
    view = ComparisonIndex(invented)
    said = limitations(view)
    assert len(gaps(view)) > 6
    assert f"{len(gaps(view)) - 6} more are told in the appendix." in said
