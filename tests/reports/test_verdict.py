"""The gate of strong baselines: how the proposed model stands to the best classic, and what must be warned of."""

from __future__ import annotations

import dataclasses

import pytest

from benchsuite.data import Comparison, DatasetInfo, MetricInfo, ModelInfo, Row, SplitInfo, Trials
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.verdict import verdicts

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
    assert said(comparison)[1:] == ["Warning: simple beats flm on d, s."]
    assert said(given({"simple": 0.1, "als": 0.3, "flm": 0.2}, names={"simple": plain}))[1:] == []
    assert said(given({"simple": 0.2, "als": 0.3, "flm": 0.2}, names={"simple": plain}))[1:] == []


def test_the_best_tuned_classic_is_named_with_what_was_tried() -> None:
    comparison = given({"als": 0.4, "ease": 0.3, "flm": 0.2}, tuned=True)
    tuning = (trials("als", 5, "0"), trials("als", 7, "1"), trials("flm", 7))
    (one,) = said(dataclasses.replace(comparison, tuning=tuning))
    assert "the best proposed model is flm (best of 7 settings) with nDCG@10 .200" in one
    assert "the best classic is als (best of 5 to 7 settings) with .400" in one
    assert "(50.0% of it)" in one


def test_untuned_experiments_say_so() -> None:
    warning = "Warning: no model was tuned here; all have their default settings, the best classic too."
    assert said(given({"als": 0.4, "flm": 0.2}, tuned=False))[1:] == [warning]
    assert said(given({"als": 0.4, "flm": 0.2}, tuned=True))[1:] == []
    assert said(given({"als": 0.4, "flm": 0.2}))[1:] == []


def test_a_side_without_a_value_is_not_passed_over() -> None:
    assert said(given({"als": 0.4, "flm": None})) == [
        "Warning: no proposed model has a value on d, s; the reasons are in the table."
    ]
    assert said(given({"als": None, "flm": 0.2})) == [
        "Warning: no classic has a value on d, s; the reasons are in the table."
    ]
    assert said(given({"als": 0.4, "ease": None})) == []


def test_the_verdict_repeats_the_tables(invented):
    said = [one.text for one in verdicts(ComparisonIndex(invented))]
    assert said[1] == (
        "invented-real, item-cold: the best proposed model is flm with nDCG@10 .273 \xb1.016; the best classic is "
        "content-tfidf with .193 \xb1.015 (141.4% of it); it is better (p < .001 after Holm)."
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
    assert "Warning: popular beats flm on d, s." in [one.text for one in verdicts(ComparisonIndex(comparison))]
    comparison = given({"popular": 0.1, "flm": 0.2, "als": 0.3})
    assert not any("popular" in one.text for one in verdicts(ComparisonIndex(comparison)))


def test_no_verdict_without_two_sides():
    assert verdicts(ComparisonIndex(given({"popular": 0.3, "als": 0.1}))) == []
