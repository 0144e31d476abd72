"""The table that the page puts together is the one that ``benchsuite report`` writes, byte by byte."""

from __future__ import annotations

import dataclasses
import re

import pytest

from benchsuite_reports.render.html import Html
from benchsuite_reports.render.table import Table

PICKED = (
    {"models": ["popular", "als", "ease", "knn", "flm"], "metrics": ["accuracy", "precision@10", "recall@10", "f1@10"],
     "splits": ["random-holdout", "user-cold"], "datasets": ["invented-real"], "rename": {"flm": "FLM (ours)"}},
    {},
    {"datasets": ["invented-real"], "metrics": ["ndcg@10", "fit_seconds"], "intervals": True, "signs": True},
    {"datasets": ["invented-real"], "splits": ["item-cold"], "models": ["svd", "knn", "als", "flm"], "sort": "place"},
    {"models": ["flm", "random", "als", "oracle"], "metrics": ["recall@10", "ndcg@10"], "sort": "place", "signs": True},
    {"datasets": ["invented-demo"], "metrics": ["auc"], "splits": ["random-holdout", "random-holdout/head items"],
     "sort": "name", "rename": {"ease": "a_b's <x>", "auc": "https://x.org AUC", "invented-demo": "Dépôt 🚀"}},
    {"models": ["als", "ease"], "metrics": ["fit_seconds", "peak_memory_mb", "fallback_share"]},
    {"models": ["content-tfidf"], "datasets": ["invented-demo"], "splits": ["random-holdout"], "metrics": ["auc"]},
)  # fmt: skip

PICK = """(asked) => {
  const whole = (split) => PASTE.places.some((one) => one.split === split && one.kind === "whole");
  const all = (kind) => KINDS[kind]().map(([key]) => key).filter((key) => kind !== "splits" || whole(key));
  const index = (known, labels) => labels && labels.map((label) => known.indexOf(label));
  const { labels } = asked;
  const names = {};
  for (const [old, shown] of Object.entries(asked.rename || {})) {
    for (const [kind, known] of [["model", labels.models], ["metric", labels.metrics], ["dataset", labels.datasets]])
      if (known.includes(old)) names[`${kind} ${known.indexOf(old)}`] = shown;
    names[`split ${old}`] = shown;
  }
  const quality = all("metrics").filter((m) => DATA.metrics[m].task !== "cost");
  const table = pasted({
    models: index(labels.models, asked.models) || all("models"),
    metrics: index(labels.metrics, asked.metrics) || quality,
    splits: asked.splits || all("splits"), datasets: index(labels.datasets, asked.datasets) || all("datasets"), names,
    sort: asked.sort || "given", intervals: !!asked.intervals, signs: !!asked.signs,
  });
  return [asLatex(table, asked.points), asMarkdown(table)];
}"""


def unpadded(markdown: str) -> str:
    """Return Markdown without the blanks and dashes that only align its source."""
    return re.sub(r"-{3,}", "---", re.sub(r" *\| *", "|", markdown))


def labels(comparison):
    kinds = ("models", "metrics", "datasets")
    return {kind: [info.label for info in getattr(comparison, kind)] for kind in kinds}


def tied(comparison):
    """Return a comparison in which ties and the fallback decided much of some rows."""
    shares = {"popular": (0.0, 0.9), "als": (0.1, 0.2), "ease": (0.7, 0.0)}
    rows = [
        dataclasses.replace(row, tie_share=tie, fallback_share=filled) if row.metric == "ndcg@10" else row
        for row in comparison.rows
        for tie, filled in [shares.get(row.model, (0.0, 0.0))]
    ]
    return dataclasses.replace(comparison, rows=tuple(rows))


def same(page, comparison, asked):
    about = labels(comparison)
    # The page keeps the order of the experiment.
    told = {kind: tuple(sorted(asked[kind], key=known.index)) for kind, known in about.items() if kind in asked}
    settings = {**{name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()}, **told}
    points = settings.pop("points", 345)
    forms = page.evaluate(PICK, {**asked, **told, "labels": about, "points": points})
    (latex,) = Table(form="latex", points=points, **settings).render(comparison).values()
    (markdown,) = Table(form="markdown", **settings).render(comparison).values()
    assert forms[0] == latex.decode()
    assert unpadded(forms[1]) == unpadded(markdown.decode())


@pytest.fixture
def opened(visit, tmp_path):
    def go(comparison):
        path = tmp_path / "page.html"
        path.write_bytes(Html().render(comparison)["report.html"])
        return visit(url=path.as_uri())

    return go


def test_the_page_writes_what_the_report_writes(visit, invented):
    page = visit()
    for asked in PICKED:
        for points in (345, 241, 506):
            same(page, invented, {**asked, "points": points})


def test_ties_the_fallback_and_other_names_are_written_alike_too(opened, invented, naughty):
    page = opened(tied(invented))
    for asked in ({"metrics": ["ndcg@10", "auc"]}, {"metrics": ["ndcg@10"], "models": ["ease", "popular", "als"]}):
        same(page, tied(invented), asked)
    strange = naughty
    page = opened(strange)
    for asked in ({}, {"metrics": ["ndcg@10", "fit_seconds"], "intervals": True, "sort": "place"}):
        same(page, strange, asked)


def test_what_is_clicked_is_copied(visit, invented):
    page = visit()
    expect = pytest.importorskip("playwright.sync_api").expect
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.got = text; }")
    for kind, wanted in (
        ("models", ("popular", "als", "flm")),
        ("metrics", ("Accuracy", "Recall@10")),
        ("splits", ("random-holdout", "user-cold")),
    ):
        for button in page.locator(f"#pick-{kind} > button").all():
            if (button.inner_text() in wanted) != (button.get_attribute("aria-pressed") == "true"):
                # By keyboard: cards off the screen have only a guessed height until they are near, so that what
                # is below moves while the page is scrolled, and a mouse button pressed then may be released elsewhere.
                button.press("Space")
            expect(button).to_have_attribute("aria-pressed", str(button.inner_text() in wanted).lower())
    page.select_option("#paste-sort", "place")
    page.locator("#paste summary", has_text="Other names").click()
    page.locator("#pick-names label", has_text=re.compile("^flm$")).locator("input").fill("FLM (ours)")
    page.click("#copy-latex")
    assert page.inner_text("#copied") == "Copied as LaTeX."
    settings = {
        "models": ("popular", "als", "flm"), "metrics": ("recall@10", "accuracy"),
        "splits": ("random-holdout", "user-cold"), "datasets": ("invented-real",), "sort": "place",
        "rename": {"flm": "FLM (ours)"},
    }  # fmt: skip
    assert set(page.locator("#paste-preview tbody th bdi").all_inner_texts()) == {"popular", "als", "FLM (ours)"}
    order = [info.label for info in invented.metrics]
    assert order.index("recall@10") < order.index("accuracy"), "the page keeps the order of the experiment"
    (source,) = Table(form="latex", **settings).render(invented).values()
    assert page.evaluate("window.got") == source.decode() == page.input_value("#paste-text")
    page.click("#copy-markdown")
    assert page.evaluate("window.got").startswith("Results on invented-real.")
    while (on := page.locator("#pick-models > button[aria-pressed=true]")).count():
        on.first.press("Space")
    assert page.is_disabled("#copy-latex")
    assert page.inner_text("#copied") == "Pick at least one model, metric and split."
