"""Who competes, who leads, and what others are held against: one rule for tests, tables, verdict and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from benchsuite.analysis import build
from benchsuite.data import Contenders, MetricInfo, ModelInfo, Row

Filled = Callable[..., Any]

METRICS = (
    MetricInfo("ndcg@10", "ndcg"),
    MetricInfo("accuracy", "accuracy", task="classification"),
    MetricInfo("rmse", "rmse", task="rating", higher_is_better=False),
    MetricInfo("fit_seconds", "fit_seconds", task="cost", higher_is_better=False),
)
INFOS = (
    ModelInfo("luck", "random"),
    ModelInfo("als", "als"),
    ModelInfo("vectors", "content-lm", uses_language_model=True),
    ModelInfo("flm", "flm", uses_language_model=True, is_candidate=True),
    ModelInfo("twin", "flm-frozen", uses_language_model=True, is_candidate=True),
    ModelInfo("truth", "oracle", is_oracle=True),
)


def contenders(values: Mapping[str, float | None], metric: str = "ndcg@10", **more: Mapping[str, float]) -> Contenders:
    """Return the contenders of one table; ``more`` holds shares by model."""
    rows = [
        Row("d", "s", model, metric, value, None, None, 9, "ok" if value is not None else "failed",
            **{name: shares.get(model) for name, shares in more.items() if name != "lists"})
        for model, value in values.items()
    ]  # fmt: skip
    lists = more.get("lists", {})
    rows += [Row("d", "s", model, "fallback_share", share, None, None, 1, "ok") for model, share in lists.items()]
    return Contenders(rows, INFOS, METRICS)


def key(metric: str = "ndcg@10") -> tuple[str, str, str, str]:
    return "d", "s", "", metric


VALUES = {"luck": 0.5, "als": 0.2, "vectors": 0.3, "flm": 0.4, "twin": 0.1, "truth": 0.9}


def test_a_reference_is_not_put_to_the_test_no_oracle_and_no_chance_whatever_it_reads() -> None:
    assert contenders(VALUES).reference(key()) == "vectors"
    assert contenders(VALUES).leader(key()) == "luck"


def test_the_direction_counts_and_costs_have_no_reference() -> None:
    assert contenders(VALUES, "rmse").reference(key("rmse")) == "als"
    assert contenders(VALUES, "rmse").leader(key("rmse")) == "twin"
    assert contenders(VALUES, "fit_seconds").reference(key("fit_seconds")) is None


@pytest.mark.parametrize("shares", [{"fallback_share": {"vectors": 0.6}}, {"tie_share": {"vectors": 0.6}},
                                    {"fallback_share": {"vectors": 0.3}, "tie_share": {"vectors": 0.3}},
                                    {"lists": {"vectors": 0.6}}])  # fmt: skip
def test_a_row_of_fallback_or_ties_competes_for_nothing(shares: dict[str, dict[str, float]]) -> None:
    assert contenders({"als": 0.2, "vectors": 0.3}, **shares).reference(key()) == "als"
    assert contenders({"vectors": 0.3}, **shares).leader(key()) is None


def test_the_lists_say_nothing_of_labelled_pairs() -> None:
    found = contenders({"als": 0.2, "vectors": 0.3}, "accuracy", lists={"vectors": 1.0})
    assert found.reference(key("accuracy")) == "vectors"


def test_fine_tuning_is_held_against_its_twin_and_the_best_on_frozen_vectors() -> None:
    pairs = [("flm", "twin", "frozen twin"), ("flm", "vectors", "frozen vectors")]
    assert contenders(VALUES).frozen(key()) == pairs
    assert contenders({**VALUES, "vectors": None}).frozen(key()) == pairs[:1]
    assert contenders({**VALUES, "twin": None}).frozen(key()) == []


def test_the_tests_are_against_the_reference_of_the_rule(filled: Filled) -> None:
    comparison = build(*filled({"random": 0.6, "als": 0.2, "ease": 0.3, "flm": 0.5}, language=["flm"]))
    references = {one.reference for one in comparison.contrasts if one.metric == "ndcg@10"}
    assert references == {"ease"}


def test_the_leader_is_tested_against_all_that_are_no_oracles_in_the_main_metric(filled: Filled) -> None:
    models = {"als": 0.2, "ease": 0.3, "flm-frozen": 0.4, "flm": 0.9, "oracle": 2.0}
    made = filled(models, language=["flm", "flm-frozen"], ceilings=["oracle"])
    leads = build(*made).leads
    roles = {(one.model, one.reference, one.role) for one in leads}
    assert {one.metric for one in leads} == {"ndcg@10"}
    assert {("als", "flm", "leader"), ("ease", "flm", "leader"), ("flm-frozen", "flm", "leader")} <= roles
    assert ("flm", "flm-frozen", "frozen twin") in roles
    assert {one.family for one in leads if one.role == "leader"} == {3}
    assert build(*made).leads == leads, "read from the store"


def test_a_leader_that_is_the_reference_needs_no_tests_of_its_own(filled: Filled) -> None:
    assert build(*filled({"als": 0.2, "ease": 0.5, "flm": 0.1}, language=["flm"])).leads == ()
