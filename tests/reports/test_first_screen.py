"""The first screen: short, complete in what matters, sorted, and without a number that nobody earned."""

from __future__ import annotations

import dataclasses

import pytest

from benchsuite.data import Comparison
from benchsuite_reports.model.comparison_index import FALLBACK, ComparisonIndex
from benchsuite_reports.model.first_screen import overview
from benchsuite_reports.model.leads import leads
from benchsuite_reports.render.terminal import Terminal


def screen(comparison: Comparison, **more: object) -> list[str]:
    return Terminal(brief=True, **more).render(comparison)["report.txt"].decode().splitlines()


def only(comparison: Comparison, *splits: str, dataset: str = "invented-real") -> Comparison:
    """Return the part of a comparison that is about some splits of one data set."""
    here = [one for one in comparison.rows if one.dataset == dataset and one.split in splits]
    return dataclasses.replace(
        comparison,
        rows=tuple(here),
        contrasts=tuple(c for c in comparison.contrasts if c.dataset == dataset and c.split in splits),
        datasets=tuple(info for info in comparison.datasets if info.label == dataset),
        splits=tuple(info for info in comparison.splits if info.label in splits),
        strata=(),
        standings=(),
        tuning=(),
    )


def with_fallback(comparison: Comparison, split: str, *models: str) -> Comparison:
    """Return a comparison in which only the fallback answered for some models, all with one value."""
    rows = [
        dataclasses.replace(row, mean=1.0 if row.metric == FALLBACK else 0.25, ci_low=0.25, ci_high=0.25)
        if row.split == split and row.model in models
        else row
        for row in comparison.rows
    ]
    return dataclasses.replace(comparison, rows=tuple(rows))


@pytest.mark.parametrize("lines", [12, 18, 25])
@pytest.mark.parametrize("width", [60, 100])
def test_it_never_exceeds_its_lines_and_columns(invented, lines, width):
    for comparison in (invented, only(invented, "random-holdout"), only(invented, "random-holdout", "user-cold")):
        drawn = screen(comparison, lines=lines, width=width)
        assert len(drawn) <= lines
        assert max(map(len, drawn)) <= width


def test_each_split_is_judged_in_a_sentence_and_its_best_is_marked(invented):
    comparison = only(invented, "random-holdout", "user-cold")
    drawn = screen(comparison)
    text = " ".join(" ".join(drawn).split())
    for split in ("random-holdout", "user-cold"):
        assert f"{split}: knn leads with ." in text
    assert "\xb1: the larger side of the 95% interval." in text
    assert text.count("not separated") == 4, "the lead and the best proposed model, in each"
    table = drawn[drawn.index("") :]
    assert "".join(table).count("*") >= 3  # one in each column, one in the legend


def test_rows_are_sorted_by_place_and_the_ceiling_comes_last(invented):
    view = ComparisonIndex(only(invented, "random-holdout"))
    table = overview(view, margins=True)
    values = [line.cells[0].value for line in table.groups[0].lines if line.cells[0].number]
    assert values == sorted(values, reverse=True)
    assert [group.ceiling for group in table.groups] == [False] * len(table.groups[:1]) + [True] * len(table.groups[1:])
    assert table.columns[0].key == view.main_at(view.places)


def test_what_only_the_fallback_answered_is_in_brackets_has_no_mark_and_is_one_line(invented):
    comparison = only(invented, "random-holdout")
    models = [info.label for info in comparison.models if not info.is_oracle][:4]
    rows = tuple(
        dataclasses.replace(row, metric=FALLBACK)
        for row in comparison.rows
        if row.model in models and row.metric == "ndcg@10"
    )
    comparison = dataclasses.replace(comparison, rows=(*comparison.rows, *rows))
    comparison = with_fallback(comparison, "random-holdout", *models)
    view = ComparisonIndex(comparison)
    table = overview(view, margins=True)
    (folded,) = [line for line in table.groups[0].lines if line.cells[0].words.startswith("(")]
    assert folded.model == f"{models[0]}, {models[1]}, 2 more"
    assert {cell.mark for cell in folded.cells} == {""}
    assert table.groups[0].lines[-1] == folded or not table.groups[0].lines[-1].cells[0].number
    assert "its fallback or by ties" in " ".join(screen(comparison))


def test_what_ties_decided_is_in_brackets_too_and_has_no_place(invented):
    comparison = only(invented, "random-holdout")
    rows = tuple(dataclasses.replace(row, tie_share=1.0 if row.model == "knn" else 0.0) for row in comparison.rows)
    tied = dataclasses.replace(comparison, rows=rows)
    known = {line.model: line.cells for line in overview(ComparisonIndex(comparison), margins=True).groups[0].lines}
    assert all(cell.number for cell in known["knn"])
    lines = overview(ComparisonIndex(tied), margins=True).groups[0].lines
    cells = next(line.cells for line in lines if line.model == "knn")
    assert [cell.words for cell in cells] == [f"({cell.number})" for cell in known["knn"]]
    assert not any(cell.number or cell.mark for cell in cells)
    assert "its fallback or by ties" in " ".join(screen(tied))


def test_more_places_than_columns_become_rows(invented):
    drawn = screen(invented, width=80)
    assert any(line.split()[:3] == ["data", "set,", "split"] for line in drawn)
    assert any("first" in line and "second" in line for line in drawn)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_whoever_sees_only_the_screen_knows_who_leads_where_and_whether_that_is_sure(invented, width):
    """Either every place has its sentence, or the table has a row for each that says so."""
    for splits in (("random-holdout",), ("random-holdout", "item-cold"), ("random-holdout", "item-cold", "user-cold")):
        comparison = only(invented, *splits)
        view = ComparisonIndex(comparison)
        drawn = screen(comparison, lines=20, width=width)
        text = " ".join(" ".join(drawn).split())
        for lead in leads(view):
            told = f"{lead.place.split_label}: {lead.leader.model} leads with"
            row = [line for line in drawn if line.startswith(f"invented-real, {lead.place.split_label} ")]
            known = told in text or (row and f" {lead.leader.model} " in row[0] and "sure?" in text)
            assert known, (splits, lead.place)


def test_chosen_settings_stand_on_the_screen_which_stays_a_screen(invented):
    comparison = dataclasses.replace(only(invented, "random-holdout", "item-cold"), tuning=invented.tuning)
    drawn = screen(comparison, width=80)
    text = " ".join(" ".join(drawn).split())
    assert "Chosen by search (default): als: factors 256 (64); ease: factors 256 (64); flm: factors 256 (64)." in text
    assert len(drawn) <= 25
    assert "Chosen" not in "".join(screen(only(invented, "random-holdout")))
    apart = [dataclasses.replace(one, best=index % 2) for index, one in enumerate(comparison.tuning)]
    ranges = "\n".join(screen(dataclasses.replace(comparison, tuning=tuple(apart)), width=80))
    assert "als: factors 16 to 64 (64)" in ranges, "over folds and places, their range"


def test_nothing_measured_is_a_title_alone(invented):
    empty = dataclasses.replace(only(invented, "random-holdout"), rows=(), contrasts=())
    assert len(screen(empty)) <= 3
