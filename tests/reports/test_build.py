"""From a comparison to abstract tables: what is marked, grouped, noted and said."""

from __future__ import annotations

import dataclasses

import pytest

from benchsuite.data import Comparison, DatasetInfo, MetricInfo, ModelInfo, Row, SplitInfo
from benchsuite_reports.model import text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.sections import sections, tables
from benchsuite_reports.model.table_builder import RANK, SHARE
from benchsuite_reports.model.tables import NOTHING, narrow


def table_of(comparison, key):
    return next(table for table in tables(comparison) if table.key == key)


def cells_of(table, column_key):
    index = [column.key for column in table.columns].index(column_key)
    return {line.model: line.cells[index] for line in table.lines()}


def small(values, *, ceiling=(), language=(), higher=True, halves=0.01):
    """Build a comparison of one metric from model -> value."""
    rows = [
        Row("d", "s", model, "ndcg@10", value, value - halves, value + halves, 50, "ok")
        for model, value in values.items()
    ]
    return Comparison(
        "small",
        tuple(rows),
        (DatasetInfo("d", "d"),),
        (SplitInfo("s", "s"),),
        tuple(
            ModelInfo(
                model,
                model,
                uses_language_model=model in language,
                is_candidate=model in language,
                is_oracle=model in ceiling,
            )
            for model in values
        ),
        (MetricInfo("ndcg@10", "ndcg@k", title="nDCG@10", higher_is_better=higher),),
    )


def marks(comparison):
    return {model: cell.mark for model, cell in cells_of(tables(comparison)[0], "ndcg@10").items()}


def test_best_and_second_of_those_who_compete():
    comparison = small({"a": 0.3, "b": 0.2, "oracle": 0.9, "c": 0.25}, ceiling=("oracle",))
    assert marks(comparison) == {"a": "best", "b": "", "oracle": "", "c": "second"}


def test_smaller_is_better_where_the_metric_says_so():
    assert marks(small({"a": 0.3, "b": 0.2, "c": 0.25}, higher=False)) == {"a": "", "b": "best", "c": "second"}


def test_what_reads_equal_shares_a_mark():
    assert marks(small({"a": 0.30001, "b": 0.30002, "c": 0.25, "d": 0.2})) == {
        "a": "best",
        "b": "best",
        "c": "second",
        "d": "",
    }


def test_of_two_models_none_is_second_and_equal_models_are_not_best():
    assert marks(small({"a": 0.3, "b": 0.2})) == {"a": "best", "b": ""}
    assert marks(small({"a": 0.3, "b": 0.3, "c": 0.3})) == {"a": "", "b": "", "c": ""}


def test_percent_of_the_best_reference_leaves_out_language_models_and_ceilings():
    comparison = small({"a": 0.2, "flm": 0.3, "oracle": 0.5, "b": 0.25}, ceiling=("oracle",), language=("flm",))
    table = tables(comparison)[0]
    share = cells_of(table, f"ndcg@10 {SHARE}")
    assert {model: cell.number for model, cell in share.items()} == {
        "a": "80.0%",
        "flm": "120.0%",
        "oracle": "200.0%",
        "b": "100.0%",
    }
    assert any("100% is b" in note.text for note in table.notes)


def test_percent_of_the_best_reference_where_smaller_is_better():
    share = cells_of(tables(small({"a": 0.2, "b": 0.4}, higher=False))[0], f"ndcg@10 {SHARE}")
    assert {model: cell.number for model, cell in share.items()} == {"a": "100.0%", "b": "50.0%"}


def test_no_percent_without_a_reference():
    table = tables(small({"flm": 0.3}, language=("flm",)))[0]
    assert [column.key for column in table.columns] == ["ndcg@10"]
    table = tables(small({"flm": 0.3, "flm-frozen": 0.2}, language=("flm", "flm-frozen")))[0]
    assert [column.heading for column in table.columns] == ["nDCG@10", RANK]


def test_many_columns_become_a_table_of_each_kind(invented):
    found = {table.key: table for table in tables(invented)}
    assert [column.key for column in found["invented-real-random-holdout-classification"].columns] == [
        "accuracy",
        "precision",
        "recall",
        "f1",
        "auc",
    ]
    assert [column.key for column in found["invented-real-random-holdout-cost"].columns] == [
        "fit_seconds",
        "score_seconds",
        "peak_memory_mb",
        "parameters",
        "energy_wh",
        "co2e_g",
        "fallback_share",
    ]
    assert found["invented-real-random-holdout-ranking"].columns[1].heading == SHARE


def test_few_columns_stay_in_one_table(invent):
    comparison = invent(metrics=("ndcg@10", "accuracy", "fit_seconds"), splits=("random-holdout",))
    kinds = [table.kind for table in tables(comparison) if table.kind not in ("datasets", "parts")]
    assert kinds == ["overview", "all", "against", "all", "against"]


def test_models_and_columns_keep_their_order_and_ceilings_stand_last(invented):
    table = table_of(invented, "invented-demo-random-holdout-ranking")
    order = [about.label for about in invented.models]
    assert [line.model for line in table.groups[0].lines] == [name for name in order if name != "oracle"]
    assert [(group.ceiling, [line.model for line in group.lines]) for group in table.groups[1:]] == [(True, ["oracle"])]


def test_every_planned_cell_is_shown_with_its_value_or_its_reason(invented):
    shown = {
        (table.title.partition(": ")[2], line.model, column.key): cell
        for table in tables(invented)
        if table.kind not in ("overview", "datasets", "warm", "cold", "parts")
        for line in table.lines()
        for column, cell in zip(table.columns, line.cells, strict=True)
    }
    for row in invented.rows:
        cell = shown[f"{row.dataset}, {row.split_label}", row.model, row.metric]
        expected = {"ok": "", "failed": "failed: ", "not applicable": "n/a: ", "missing": "not run yet"}[row.state]
        assert bool(cell.number) == (row.state == "ok"), row
        assert cell.words.startswith(expected)


def test_a_long_reason_is_short_in_the_cell_and_whole_below(invented):
    table = table_of(invented, "invented-real-random-holdout-ranking")
    line = next(line for line in table.lines() if line.model == "svd")
    assert line.span == "failed: out of memory"
    letters = set(line.cells[0].notes)
    notes = [note.text for note in table.notes if note.letter in letters]
    assert len(notes) == 1
    assert "give it fewer factors | or <more> memory" in notes[0]


@pytest.mark.parametrize("stage", ["validation", "test"])
def test_a_failure_is_told_by_its_cause_and_not_by_the_fit_it_was(stage):
    assert text.short(f"{stage}: KeyError: 'x' (crash.py, line 7)") == "KeyError"
    assert text.short(f"{stage}: out of memory") == "out of memory"


def test_a_short_reason_needs_no_footnote(invented):
    table = table_of(invented, "invented-demo-random-holdout-ranking")
    line = next(line for line in table.lines() if line.model == "content-tfidf")
    assert line.span == "n/a: needs item text"
    assert line.cells[0].notes == ()


def test_groups_share_the_reason_of_their_split(invented):
    table = table_of(invented, "invented-real-user-cold-k-1-ranking")
    assert next(line.span for line in table.lines() if line.model == "svd") == "failed: out of memory"


def test_cold_start_is_seen_side_by_side(invented):
    table = table_of(invented, "invented-real-user-cold-cold")
    assert [column.heading for column in table.columns] == ["k=0", "k=1", "k=5", "all"]
    assert table.title == "nDCG@10 by number of history items: invented-real, user-cold"
    value = invented.row("invented-real", "user-cold", "flm", "ndcg@10", "k=1").mean
    cell = next(line.cells[1] for line in table.lines() if line.model == "flm")
    assert cell.number == f"{value:.3f}".removeprefix("0")


def test_overview_sets_places_side_by_side(invented):
    table = table_of(invented, "overview")
    assert [column.heading for column in table.columns] == [
        f"{dataset}, {split}"
        for dataset in ("invented-real", "invented-demo")
        for split in ("random-holdout", "item-cold", "user-cold")
    ]
    assert table.caption == (f"invented-demo: {text.SIMULATED}",)


def test_models_by_data_sets_for_each_leading_metric(invented):
    found = {table.key: table for table in tables(invented) if table.kind == "datasets"}
    assert [key for key in found if "item-cold" in key] == [
        f"datasets-item-cold-{metric}" for metric in ("ndcg-10", "accuracy", "precision", "recall", "f1")
    ]
    table = found["datasets-random-holdout-ndcg-10"]
    assert [column.heading for column in table.columns] == ["invented-real", "invented-demo", "mean rank"]
    assert cells_of(table, "mean rank")["flm"].number == "3.20"
    assert cells_of(table, "mean rank")["svd"].words == NOTHING
    assert any("Left out, having no value somewhere: svd, content-tfidf." in note.text for note in table.notes)


def test_warm_and_cold_stand_side_by_side_with_ranks(invented):
    table = table_of(invented, "invented-real-random-holdout-warm-and-cold")
    assert [column.heading for column in table.columns] == [
        "random-holdout", "rank", "item-cold", "rank", "user-cold", "rank",
    ]  # fmt: skip
    assert table.caption == ("Warm: random-holdout. Cold: item-cold, user-cold.",)


def test_what_a_split_promises_decides_what_is_cold(invented):
    splits = [
        dataclasses.replace(about, cold=("users",) if about.label == "random-holdout" else ())
        for about in invented.splits
    ]
    table = table_of(dataclasses.replace(invented, splits=tuple(splits)), "invented-real-item-cold-warm-and-cold")
    assert table.caption == ("Warm: item-cold, user-cold. Cold: random-holdout.",)


def test_ranks_are_places_by_the_numbers_as_shown():
    comparison = small({"a": 0.3, "b": 0.2, "oracle": 0.9, "c": 0.3001, "d": 0.1}, ceiling=("oracle",))
    ranks = cells_of(tables(comparison)[0], "ndcg@10 rank")
    assert {model: cell.number or cell.words for model, cell in ranks.items()} == {
        "a": "1", "b": "3", "oracle": NOTHING, "c": "1", "d": "4",
    }  # fmt: skip


def test_a_part_says_what_and_how_much_it_is(invented):
    table = table_of(invented, "invented-real-random-holdout-item-popularity")
    assert [column.heading for column in table.columns] == ["all", "head items", "tail items"]
    notes = {note.letter: note.text for note in table.notes}
    assert notes[table.columns[2].notes[0]] == (
        "items of the third of training rows that the most items fill. "
        "300 of 1,000 held-out rows (30.0%), 150 of 500 queries."
    )
    value = invented.strata[1].rows[2]
    assert (value.split_label, value.model, value.metric) == ("random-holdout/tail items", "popular", "ndcg@10")
    assert next(line.cells[2].value for line in table.lines() if line.model == "popular") == value.mean


def test_simulated_data_says_so_in_every_table(invented):
    for table in tables(invented):
        if table.key.startswith("invented-demo"):
            assert text.SIMULATED in table.caption
        if table.key.startswith("invented-real"):
            assert text.SIMULATED not in table.caption


def test_fallback_is_told_for_the_model_that_used_it(invented):
    table = table_of(invented, "invented-real-random-holdout-ranking")
    told = {line.model: line.notes for line in table.lines() if line.notes}
    assert list(told) == ["popular"]
    note = next(note.text for note in table.notes if note.letter == told["popular"][0])
    assert note == "3.2% of its list places were filled by the declared fallback."


def test_fallback_of_a_split_is_told_for_its_groups(invented):
    table = table_of(invented, "invented-real-user-cold-k-0-ranking")
    assert [line.model for line in table.lines() if line.notes] == ["popular"]


def test_fallback_is_no_competition(invented):
    cells = cells_of(table_of(invented, "invented-real-random-holdout-cost"), "fallback_share")
    assert {cell.mark for cell in cells.values()} == {""}
    assert cells["popular"].number == "3.2%"


def test_each_metric_states_its_convention_and_count(invented):
    table = table_of(invented, "invented-real-random-holdout-ranking")
    said = {one.metric: one.text for one in table.conventions}
    assert said["ndcg@10"] == "how ndcg@10 is computed: binary gain, ties to the smaller code (n = 943)."
    assert list(said) == [column.key for column in table.columns if column.heading not in (SHARE, RANK)]


def test_counts_that_differ_are_told_as_a_range():
    comparison = small({"a": 0.3, "b": 0.2})
    rows = (dataclasses.replace(comparison.rows[0], n=40), comparison.rows[1])
    table = tables(dataclasses.replace(comparison, rows=rows))[0]
    assert table.conventions[0].text == "n = 40 to 50."


def test_steps_of_preparation_are_counted(invented):
    text = next(section.text for section in sections(invented) if section.heading == "Data set invented-real")
    assert "drop duplicates: 99,287 of 100,000 rows kept (the first of each pair is kept)." in text
    assert text[0].startswith("invented-real: 943 users, 1,682 items, 99,000 interactions.")
    assert "Licence: made up for tests." in text[0]


def test_a_metric_that_exists_for_some_models_only_leaves_a_dash():
    comparison = small({"a": 0.3, "b": 0.2})
    extra = Row("d", "s", "a", "special", 0.5, None, None, 50, "ok")
    table = tables(dataclasses.replace(comparison, rows=(*comparison.rows, extra)))[0]
    assert cells_of(table, "special")["b"].words == NOTHING


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_value_that_is_none_is_never_a_number(value):
    comparison = small({"a": 0.3, "b": 0.2})
    row = dataclasses.replace(comparison.rows[0], mean=value, ci_low=None, ci_high=None, reason="no query counts")
    table = tables(dataclasses.replace(comparison, rows=(row, comparison.rows[1])))[0]
    assert cells_of(table, "ndcg@10")["a"].words == "undefined: no query counts"


def test_an_empty_comparison_has_no_tables():
    assert tables(Comparison("empty", (), (), (), (), ())) == []


def test_narrow_cuts_into_parts_that_hold_all_columns_once(invented):
    table = table_of(invented, "invented-real-random-holdout-ranking")
    parts = narrow(table, lambda piece: len(piece.columns) <= 4)
    assert [column for part in parts for column in part.columns] == list(table.columns)
    assert [len(part.columns) for part in parts] == [3, 4, 3]
    assert len({part.key for part in parts}) == 3
    for part in parts:
        letters = {letter for line in part.lines() for cell in line.cells for letter in cell.notes}
        letters |= {letter for line in part.lines() for letter in line.notes}
        letters |= {letter for column in part.columns for letter in column.notes}
        assert {note.letter for note in part.notes} == letters


def test_headings_read_as_in_papers(invent):
    view = ComparisonIndex(invent(metrics=("ndcg@10", "hit-rate@10", "fit_seconds", "energy_wh")))
    assert [view.heading(name) for name in ("ndcg@10", "hit-rate@10", "fit_seconds", "energy_wh", "my_metric")] == [
        "nDCG@10",
        "Hit rate@10",
        "Fit (s)",
        "Energy (Wh, est.)",
        "my_metric",
    ]


def test_direction_and_control_characters_cannot_rewrite_a_line():
    assert text.clean("a\x1b[31mb\u202ec\nd\x00") == "a\ufffd[31mb\ufffdc d\ufffd"
