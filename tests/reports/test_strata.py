"""Warm and cold parts of a test side by side, in every form; and what metrics beyond accuracy say of themselves."""

from __future__ import annotations

import dataclasses

import pytest

from benchsuite.data import Comparison, DatasetInfo, MetricInfo, ModelInfo, Row, SplitInfo, Stratum
from benchsuite_protocol.metrics.beyond_accuracy import GiniAtK, NoveltyAtK, PopularityLiftAtK
from benchsuite_protocol.metrics.diversity import DiversityAtK
from benchsuite_protocol.metrics.ranking import CoverageAtK
from benchsuite_reports.model.sections import sections, tables
from benchsuite_reports.render.html import Html
from benchsuite_reports.render.latex import Latex
from benchsuite_reports.render.markdown import Markdown
from benchsuite_reports.render.paper import Paper
from benchsuite_reports.render.terminal import Terminal

VALUES = {"all": (0.31, 0.21), "warm items": (0.412, 0.212), "cold items": (0.013, 0.113), "tail items": (0.02, 0.24)}
FAMILY = {"warm items": "item novelty", "cold items": "item novelty", "tail items": "item popularity"}
HELD = {"warm items": 880, "cold items": 120, "tail items": 300}


def rows(split: str, values: tuple[float, float], group: str = "") -> tuple[Row, ...]:
    found = [
        Row("shop", split, model, "ndcg@10", value, value - 0.01, value + 0.01, 50, "ok", group=group)
        for model, value in zip(("als", "flm"), values, strict=True)
    ]
    return (*found, Row("shop", split, "ease", "ndcg@10", None, None, None, 0, "failed", "out of memory", group))


@pytest.fixture
def cut() -> Comparison:
    strata = tuple(
        Stratum(
            "shop",
            "by-time",
            family,  # type: ignore[arg-type]  # names of families
            name,
            f"what {name} are",
            HELD[name],
            1000,
            90,
            100,
            rows("by-time", VALUES[name], name),
            {"als": 1.0, "flm": 0.0} if name == "cold items" else {"als": 0.0, "flm": 0.0},
        )
        for name, family in FAMILY.items()
    )
    return Comparison(
        "cut",
        rows("by-time", VALUES["all"]),
        (DatasetInfo("shop", "shop"),),
        (SplitInfo("by-time", "global-temporal"),),
        tuple(ModelInfo(name, name, is_candidate=name == "flm") for name in ("als", "flm", "ease")),
        (MetricInfo("ndcg@10", "ndcg@k", title="nDCG@10", convention="as ever"),),
        strata=strata,
    )


def test_all_warm_and_cold_stand_side_by_side_with_counts(cut: Comparison) -> None:
    (table,) = [table for table in tables(cut) if table.kind == "novelty"]
    assert [column.heading for column in table.columns] == ["all", "warm items", "cold items"]
    cells = {line.model: [cell.number for cell in line.cells] for line in table.lines()}
    assert cells["als"] == [".310", ".412", ".013"]
    assert cells["flm"] == [".210", ".212", ".113"]
    assert next(line.span for line in table.lines() if line.model == "ease") == "failed: out of memory"
    notes = {note.letter: note.text for note in table.notes}
    told = {column.heading: notes[column.notes[0]] for column in table.columns if column.notes}
    assert told == {
        "warm items": "what warm items are. 880 of 1,000 held-out rows (88.0%), 90 of 100 queries.",
        "cold items": "what cold items are. 120 of 1,000 held-out rows (12.0%), 90 of 100 queries. "
        "Of its labelled pairs the fallback answered: als 100.0%.",
    }


@pytest.mark.usefixtures("undrawn")
def test_every_form_shows_the_cold(cut: Comparison) -> None:
    for report in (Terminal(), Markdown(), Latex(), Paper(), Html()):
        files = report.render(cut)
        text = " ".join(content.decode("utf-8", "ignore") for name, content in files.items() if "pdf" not in name)
        assert "cold items" in text
        assert "120 of 1,000" in text
        assert ".113" in text


def test_the_terminal_shows_popularity_when_asked(cut: Comparison) -> None:
    first, full = (Terminal(groups=groups).render(cut)["report.txt"].decode() for groups in (False, True))
    assert "tail items" not in first
    assert "here with --full: shop, by-time, by part." in first
    assert "tail items" in full
    assert "More tables" not in full


def test_without_cold_rows_there_is_no_such_table(cut: Comparison) -> None:
    only = tuple(stratum for stratum in cut.strata if stratum.family == "item popularity")
    found = sections(dataclasses.replace(cut, strata=only))
    assert not any("warm and cold" in section.heading for section in found)
    assert any(section.parts for section in found)
    assert not any(section.parts for section in sections(dataclasses.replace(cut, strata=())))


def test_metrics_beyond_accuracy_print_their_conventions() -> None:
    kinds = (CoverageAtK, GiniAtK, NoveltyAtK, PopularityLiftAtK, DiversityAtK)
    names = [f"m{place}@10" for place, _ in enumerate(kinds)]
    metrics = tuple(
        MetricInfo(name, name, task=kind.task, convention=kind.convention)
        for name, kind in zip(names, kinds, strict=True)
    )
    found = tuple(Row("shop", "s", "als", name, 0.5, None, None, 9, "ok") for name in names)
    comparison = Comparison(
        "said", found, (DatasetInfo("shop", "shop"),), (SplitInfo("s", "s"),), (ModelInfo("als", "als"),), metrics
    )
    for report, name in ((Terminal(), "report.txt"), (Markdown(), "results.md"), (Latex(), "results.tex")):
        text = " ".join(report.render(comparison)[name].decode().split())
        for kind in kinds:
            for piece in kind.convention.replace("(", ",").replace("-", ",").replace("/", ",").split(","):
                assert " ".join(piece.split()) in text.replace("$-$", "-"), (name, kind)
