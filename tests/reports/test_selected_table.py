"""One compact table of chosen models, metrics and splits, in each form."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from typing import Any

import pytest

from benchsuite.errors import UsageError
from benchsuite_reports.render.table import Table

FIVE = ("popular", "als", "ease", "knn", "flm")
PICKED: dict[str, Any] = {
    "models": FIVE,
    "metrics": ("accuracy", "precision@10", "recall@10", "f1@10"),
    "splits": ("random-holdout", "user-cold"),
    "datasets": ("invented-real",),
    "rename": {"flm": "FLM (ours)"},
}
MAIN = b"\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n\\input{table.tex}\n\\end{document}\n"
LATEX = ("pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex")


def drawn(comparison, form="json", **more):
    return next(iter(Table(form=form, **{**PICKED, **more}).render(comparison).values())).decode()


def told(comparison, **more):
    return json.loads(drawn(comparison, **more))


def test_it_has_what_was_picked_in_its_order_and_no_more(invented):
    table = told(invented)
    assert [line["model"] for line in table["lines"]] == list(FIVE)
    assert table["lines"][-1]["name"] == "FLM (ours)"
    assert [(one["split"], one["metric"]) for one in table["columns"]] == [
        (split, metric) for split in PICKED["splits"] for metric in PICKED["metrics"]
    ]
    for line in table["lines"]:
        for column, cell in zip(table["columns"], line["cells"], strict=True):
            row = invented.row("invented-real", column["split"], line["model"], column["metric"])
            assert cell["value"] == row.mean
            assert set(cell) <= {"value", "number", "mark"}, "nothing that was not asked for"


def test_best_and_second_are_those_of_the_models_in_it(invented):
    table = told(invented)
    for index in range(len(table["columns"])):
        cells = [line["cells"][index] for line in table["lines"]]
        ladder = sorted({float(cell["number"]) for cell in cells}, reverse=True)
        marks = {float(cell["number"]): cell.get("mark", "") for cell in cells}
        assert [marks[value] for value in ladder] == ["best", "second", *[""] * (len(ladder) - 2)]


def test_it_is_sorted_as_asked(invented):
    first = told(invented, sort="place", metrics=("recall@10", "ndcg@10"))
    column = next(i for i, one in enumerate(first["columns"]) if one["metric"] == "ndcg@10")
    values = [line["cells"][column]["value"] for line in first["lines"]]
    assert values == sorted(values, reverse=True), "nDCG@10 speaks for the others"
    names = [line["name"] for line in told(invented, sort="name")["lines"]]
    assert names == sorted(names, key=str.casefold)
    cheap = [line["cells"][0]["value"] for line in told(invented, sort="place", metrics=("fit_seconds",))["lines"]]
    assert cheap == sorted(cheap), "of a cost, less is better"


def test_more_is_shown_when_asked(invented):
    cells = [cell for line in told(invented, intervals=True, signs=True, digits=5)["lines"] for cell in line["cells"]]
    assert all("margin" in cell for cell in cells)
    assert {cell.get("sign") for cell in cells} > {None}
    assert all(re.fullmatch(r"\.\d{5}", cell["number"]) for cell in cells)


def test_ceilings_stand_apart_and_are_never_best(invented):
    lines = told(invented, models=("oracle", "als", "ease"))["lines"]
    assert [line["ceiling"] for line in lines] == [False, False, True]
    assert not any("mark" in cell for cell in lines[-1]["cells"])


def test_what_has_no_value_says_why(invented):
    table = told(invented, models=("svd", "knn"), splits=("random-holdout", "item-cold"))
    assert {cell["words"].partition(":")[0] for cell in table["lines"][0]["cells"]} == {"failed"}
    assert {cell.get("words", "") for cell in table["lines"][1]["cells"]} == {"", "not run yet"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"models": ("flmm",)}, 'no model "flmm" in invented; did you mean "flm"?'),
        (
            {"metrics": ("ndgc@10",)},
            'no metric "ndgc@10" in invented; did you mean "ndcg@10"? (invented measured ndcg@10, ',
        ),
        ({"splits": ("itemcold",)}, 'no split "itemcold" in invented; did you mean "item-cold"?'),
        ({"datasets": ("invented",)}, 'no data set "invented" in invented; did you mean'),
        ({"rename": {"flmm": "x"}}, 'rename: no "flmm" in invented; did you mean "flm"?'),
        ({"rename": {"flm": " "}}, "would have no name"),
        ({"metrics": ("fit_seconds",), "splits": ("user-cold/k=1",)}, "fit_seconds has no value under user-cold/k=1"),
    ],
)
def test_a_wrong_name_is_told_with_the_near_one(more, said, invented):
    with pytest.raises(UsageError) as caught:
        drawn(invented, **more)
    assert said in str(caught.value)


def test_a_heading_names_a_metric_too(invented):
    assert [one["metric"] for one in told(invented, metrics=("nDCG@10", "RECALL"))["columns"]][:2] == [
        "ndcg@10",
        "recall",
    ]


def test_csv_has_all_digits(invented):
    head, *rows = csv.reader(io.StringIO(drawn(invented, "csv")))
    assert head[:2] == ["model", "random-holdout Accuracy"]
    assert [row[0] for row in rows] == [*FIVE[:-1], "FLM (ours)"]
    assert float(rows[1][1]) == invented.row("invented-real", "random-holdout", "als", "accuracy").mean


def test_markdown_and_html_mark_best_and_second_and_say_so(invented):
    lines = drawn(invented, "markdown").split("\n")
    assert lines[0].startswith("Results on invented-real.")
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1
    assert "**Bold**: best, <ins>underlined</ins>: second best" in "\n".join(lines)
    page = drawn(invented, "html")
    assert page.count("<table") == 1
    assert '<th scope="colgroup" colspan="4"' in page
    assert "<strong>Bold</strong>: best, <u>underlined</u>: second best" in page


def test_a_name_breaks_no_form(naughty):
    model = naughty.models[0].label
    picked = {"models": (), "metrics": (), "splits": (), "datasets": (), "rename": {model: "<b>|*x*|\\n &"}}
    assert "<b>|" not in drawn(naughty, "html", **picked)
    assert "&lt;b&gt;&#124;\\*x\\*&#124;" in drawn(naughty, "markdown", **picked)
    assert "'=1+1" in drawn(naughty, "csv", **picked)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"intervals": True, "signs": True, "metrics": ("ndcg@10",)},
        {"models": (), "metrics": ("accuracy", "f1", "auc", "ndcg@10", "recall@10", "map@10"), "splits": ()},
        {"models": (), "datasets": (), "metrics": ("ndcg@10", "fit_seconds")},
    ],
)
def test_five_models_by_four_metrics_by_two_splits_compile_alone(more, invented, compiled):
    comparison = dataclasses.replace(invented, notes=())
    source = drawn(comparison, "latex", **more)
    log, text, _ = compiled({"table.tex": source.encode(), "main.tex": MAIN}, (LATEX, LATEX))
    assert not [line for line in log.split("\n") if line.startswith(("Overfull", "LaTeX Warning", "Missing"))]
    assert "tcrm" not in log, "a font that some installations have as a bitmap only"
    if not more:
        assert source.count("\\begin{tabular}") == 1
        assert "\\multicolumn{4}{c}{random-holdout} & \\multicolumn{4}{c}{user-cold}" in source
        assert "FLM (ours)" in text


def test_a_table_that_cannot_fit_says_so(invented):
    source = drawn(invented, "latex", metrics=(), splits=())
    assert "% Wider than 345 points: pick fewer metrics or splits" in source


def test_every_name_compiles(naughty, compiled):
    source = drawn(naughty, "latex", models=(), metrics=(), splits=(), datasets=(), rename={})
    log, text, _ = compiled({"table.tex": source.encode(), "main.tex": MAIN}, (LATEX, LATEX))
    assert "<script>alert(1)</script>" in text
    assert not [line for line in log.split("\n") if line.startswith(("LaTeX Warning", "Missing"))]
