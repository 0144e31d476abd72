"""What the numbers say: who leads, who is level with the leader, who did not compete, and what must be warned of."""

from __future__ import annotations

import dataclasses
from html import unescape

import pytest

from benchsuite.data import Comparison, Contrast, DatasetInfo, MetricInfo, ModelInfo, Row, SplitInfo, Trials
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.verdict import verdicts
from benchsuite_reports.render.html import Html
from benchsuite_reports.render.markdown import Markdown
from benchsuite_reports.render.notebook import Notebook
from benchsuite_reports.render.terminal import Terminal

PROPOSED = {"flm"}


def given(values: dict[str, float | None], *, tuned: bool | None = None, names: dict[str, str] | None = None):
    """Build a comparison of one metric; None is a failed model."""
    rows = tuple(
        Row("d", "s", model, "ndcg@10", value, value - 0.01, value + 0.01, 50, "ok")
        if value is not None
        else Row("d", "s", model, "ndcg@10", None, None, None, 0, "failed", "out of luck")
        for model, value in values.items()
    )
    models = tuple(
        ModelInfo(model, (names or {}).get(model, model), is_candidate=model in PROPOSED, tuned=tuned)
        for model in values
    )
    metrics = (MetricInfo("ndcg@10", "ndcg@k", title="nDCG@10"),)
    return Comparison("small", rows, (DatasetInfo("d", "d"),), (SplitInfo("s", "s"),), models, metrics)


def trials(model: str, count: int, fold: str = "0") -> Trials:
    settings = tuple({"k": number} for number in range(count))
    values, seconds, keys = (0.1,) * count, (1.0,) * count, ("x",) * count
    budget = {"trials": count, "seconds": None}
    return Trials("d", "s", model, 1, fold, "ndcg@10", budget, ("k",), settings, values, seconds, keys, 0, ())


def said(comparison: Comparison) -> list[str]:
    return [one.text for one in verdicts(ComparisonIndex(comparison))]


@pytest.mark.parametrize("plain", ["random", "popular", "item-knn"])
def test_a_plain_model_that_wins_is_warned_of_whatever_its_label(plain: str) -> None:
    comparison = given({"simple": 0.3, "als": 0.1, "flm": 0.2}, names={"simple": plain})
    assert said(comparison)[1:] == ["Warning: simple has a better value than flm on d, s."]
    assert said(given({"simple": 0.1, "als": 0.3, "flm": 0.2}, names={"simple": plain}))[1:] == []
    assert said(given({"simple": 0.2, "als": 0.3, "flm": 0.2}, names={"simple": plain}))[1:] == []


def test_the_best_tuned_reference_is_named_with_what_was_tried() -> None:
    comparison = given({"als": 0.4, "ease": 0.3, "flm": 0.2}, tuned=True)
    tuning = (trials("als", 5, "0"), trials("als", 7, "1"), trials("flm", 7))
    (one,) = said(dataclasses.replace(comparison, tuning=tuning))
    assert "als (best of 5 to 7 settings) leads with nDCG@10 .400" in one
    assert "the best proposed model is flm (best of 7 settings) with .200" in one
    assert "flm has 50.0% of the reference: not tested" in one


def test_untuned_experiments_say_so() -> None:
    warning = "Warning: no model was tuned here; all have their default settings, the best reference too."
    assert said(given({"als": 0.4, "flm": 0.2}, tuned=False))[1:] == [warning]
    assert said(given({"als": 0.4, "flm": 0.2}, tuned=True))[1:] == []
    assert said(given({"als": 0.4, "flm": 0.2}))[1:] == []


def test_an_experiment_that_searched_nothing_says_so() -> None:
    comparison = given({"als": 0.4, "flm": 0.2}, tuned=False)
    held = dataclasses.replace(trials("als", 1), searched=())
    warning = "Warning: nothing was searched here: all have the settings that were given, or their defaults."
    assert said(dataclasses.replace(comparison, tuning=(held,)))[1:] == [warning]


def test_a_side_without_a_value_is_not_passed_over() -> None:
    assert said(given({"als": 0.4, "flm": None}))[1:] == [
        "Warning: no proposed model has a value on d, s; the reasons are in the table."
    ]
    assert said(given({"als": None, "flm": 0.2}))[1:] == [
        "Warning: no reference has a value on d, s; the reasons are in the table."
    ]


def test_the_verdict_repeats_the_tables(invented):
    said = [one.text for one in verdicts(ComparisonIndex(invented))]
    assert said[1] == (
        "invented-real, item-cold: flm leads with nDCG@10 .273 \xb1.016, ahead of content-tfidf by test, not tested "
        "against flm-frozen, ease, als and 2 more; the best reference is content-tfidf with .193 \xb1.015; flm has "
        "141.4% of the reference: it is better (p < .001 after Holm)."
    )
    assert sum("(simulated)" in text for text in said) == 3


def test_a_winner_at_the_end_of_its_range_is_flagged(invented):
    flags = [
        one.text for one in verdicts(ComparisonIndex(invented)) if one.text.startswith("Warning: als won at an end")
    ]
    assert flags == [
        "Warning: als won at an end of its search range: factors in 2 of 2 searches; a wider search may find better."
    ]


def test_a_weak_language_model_is_flagged():
    comparison = given({"popular": 0.3, "flm": 0.2, "als": 0.1})
    assert "Warning: popular has a better value than flm on d, s." in [
        one.text for one in verdicts(ComparisonIndex(comparison))
    ]
    comparison = given({"popular": 0.1, "flm": 0.2, "als": 0.3})
    assert not any("popular has a better" in one.text for one in verdicts(ComparisonIndex(comparison)))


def contrast(model: str, reference: str, gap: float, p: float | None, role: str = "best reference") -> Contrast:
    kind = "none" if p is None else "t"
    counts = {"users": 50, "wins": 20, "ties": 10, "losses": 20}
    return Contrast(
        "d", "s", "ndcg@10", model, reference, role, gap, gap - 0.1, gap + 0.1, p, p, kind, 0, 2, gap, gap - 1, gap + 1,
        **counts,
    )  # fmt: skip


def test_a_warning_says_so_where_the_test_does_not_separate() -> None:
    comparison = given({"popular": 0.3, "flm": 0.2})
    warned = "Warning: popular has a better value than flm on d, s"
    for p, told in ((0.9, f"{warned}; the test does not separate them."), (0.01, f"{warned}.")):
        tested = dataclasses.replace(comparison, contrasts=(contrast("flm", "popular", -0.1, p),))
        assert told in said(tested)


def test_draws_of_items_are_told_where_they_decide() -> None:
    comparison = given({"als": 0.2, "flm": 0.3})
    tested = dataclasses.replace(contrast("flm", "als", 0.1, 0.01), p_draws=0.31)
    (one, *_) = verdicts(ComparisonIndex(dataclasses.replace(comparison, contrasts=(tested,))))
    assert one.kind == "level"
    assert "the test does not separate them (p = .010 after Holm; over the draws of new items p = .310)" in one.text
    assert "not separated (p = .010, over draws of items p = .310)" in one.short


def with_fallback(comparison: Comparison, shares: dict[str, float]) -> Comparison:
    rows = tuple(Row("d", "s", model, "fallback_share", share, None, None, 1, "ok") for model, share in shares.items())
    cost = MetricInfo("fallback_share", "fallback_share", task="cost", unit="share", higher_is_better=False)
    return dataclasses.replace(comparison, rows=comparison.rows + rows, metrics=(*comparison.metrics, cost))


def test_without_a_proposed_model_it_says_who_leads_and_who_is_level() -> None:
    comparison = given({"popular": 0.1, "ease": 0.32, "als": 0.31, "svd": 0.2})
    tests = (contrast("als", "ease", -0.01, 0.4), contrast("svd", "ease", -0.12, 0.01),
             contrast("popular", "ease", -0.22, 0.01))  # fmt: skip
    (one,) = verdicts(ComparisonIndex(dataclasses.replace(comparison, contrasts=tests)))
    assert one.text == "d, s: ease leads with nDCG@10 .320 \xb1.010, not separated from als."
    assert one.kind == "lead"
    alone = dataclasses.replace(comparison, contrasts=(contrast("als", "ease", -0.01, 0.04), *tests[1:]))
    assert said(alone) == ["d, s: ease leads with nDCG@10 .320 \xb1.010, ahead of all 3 others that compete, by test."]


def test_a_row_of_the_fallback_neither_leads_nor_is_a_reference() -> None:
    comparison = given({"als": 0.5, "content": 0.1, "flm": 0.2})
    lines = said(with_fallback(comparison, {"als": 1.0, "content": 0.1, "flm": 0.0}))
    assert lines == [
        (
            "d, s: flm leads with nDCG@10 .200 \xb1.010, not tested against content; the best reference is content "
            "with .100 \xb1.010; flm has 200.0% of the reference: not tested. Did not compete: als (mostly fallback)."
        )
    ]
    lines = said(with_fallback(given({"als": 0.02, "flm": 0.2}), {"als": 1.0, "flm": 0.0}))
    assert lines == [
        "d, s: flm leads with nDCG@10 .200 \xb1.010, nothing else competes. Did not compete: als (mostly fallback).",
        "Warning: no reference competes on d, s.",
    ]


def test_the_only_model_of_a_run_leads_nobody() -> None:
    assert said(given({"mine": 0.2})) == ["d, s: mine has nDCG@10 .200 \xb1.010, the only model of this run."]


def test_a_row_of_ties_did_not_compete() -> None:
    comparison = given({"als": 0.1, "zeros": 0.5})
    rows = tuple(dataclasses.replace(row, tie_share=1.0 if row.model == "zeros" else 0.0) for row in comparison.rows)
    assert said(dataclasses.replace(comparison, rows=rows)) == [
        "d, s: als leads with nDCG@10 .100 \xb1.010, nothing else competes. Did not compete: zeros (mostly ties)."
    ]
    rows = tuple(dataclasses.replace(row, tie_share=1.0) for row in comparison.rows)
    assert said(dataclasses.replace(comparison, rows=rows)) == [
        "Warning: nothing competes on d, s. Did not compete: als and zeros (mostly ties)."
    ]


def test_chance_is_no_reference() -> None:
    lines = said(given({"luck": 0.3, "flm": 0.4, "als": 0.2}, names={"luck": "random"}))
    assert "the best reference is als" in lines[0]


def test_the_gain_of_fine_tuning_is_told_against_twin_and_frozen_vectors() -> None:
    models = {"als": 0.3, "content-lm": 0.25, "flm-frozen": 0.32, "flm": 0.4}
    comparison = given(dict(models))
    infos = tuple(
        dataclasses.replace(info, is_candidate=info.label.startswith("flm"), uses_language_model=info.label != "als")
        for info in comparison.models
    )
    leads = (
        contrast("als", "flm", -0.1, 0.001, "leader"),
        contrast("content-lm", "flm", -0.15, 0.001, "leader"),
        contrast("flm-frozen", "flm", -0.08, 0.2, "leader"),
        contrast("flm", "flm-frozen", 0.08, 0.2, "frozen twin"),
        contrast("flm", "content-lm", 0.15, 0.001, "frozen vectors"),
    )
    tests = (contrast("flm", "als", 0.1, 0.01),)
    lines = said(dataclasses.replace(comparison, models=infos, leads=leads, contrasts=tests))
    assert lines == [
        (
            "d, s: flm leads with nDCG@10 .400 \xb1.010, not separated from flm-frozen; the best reference is als with "
            ".300 \xb1.010; flm has 133.3% of the reference: it is better (p = .010 after Holm)."
        ),
        (
            "d, s, fine-tuning: flm has nDCG@10 .400 \xb1.010; 125.0% of its frozen twin, flm-frozen with .320 "
            "\xb1.010: the test does not separate them (p = .200 after Holm); 160.0% of the best on frozen vectors, "
            "content-lm with .250 \xb1.010: it is better (p = .001 after Holm)."
        ),
    ]


def test_the_same_verdict_stands_in_every_form(invented) -> None:
    wanted = [one.text for one in verdicts(ComparisonIndex(invented))]
    forms = {
        "terminal": " ".join(Terminal().render(invented)["report.txt"].decode().split()),
        "markdown": Markdown().render(invented)["results.md"].decode().replace("\\", ""),
        "notebook": unescape(Notebook().render(invented)["results.html"].decode()),
    }
    for name, shown in forms.items():
        assert all(line in unescape(shown) for line in wanted), name
    page = unescape(Html().render(invented)["report.html"].decode())
    for line in wanted:
        assert line in page or line.partition(": ")[2] in page
