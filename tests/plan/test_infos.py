"""What a plan says of its plugins: typed, written and read again, also as plans were written before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchsuite.analysis import plan_key
from benchsuite.api import Metric
from benchsuite.data import MetricInfo, Row, as_record, main_metric, split_cutoff
from benchsuite.data.dataset import Step
from benchsuite.keys import content_key
from benchsuite.plan import Plan
from benchsuite.plan.resolve import heading
from benchsuite.registry import entries

OLD = (Path(__file__).parent / "plan_before_titles.json").read_text("utf-8")
"""A plan as it was stored when metrics had no titles and plugins a bag of facts; only shortened."""


@pytest.fixture(scope="module")
def old() -> Plan:
    return Plan.from_json(OLD)


def test_an_old_plan_is_read_into_typed_fields(old: Plan) -> None:
    (data,) = old.datasets
    assert (data.simulated, data.users, data.version) == (True, 400, "1")
    assert data.steps
    assert all(isinstance(step, Step) for step in data.steps)
    cold = next(split for split in old.splits if split.name == "user-cold")
    assert (cold.cold, cold.groups) == (("users",), ("k=0", "k=1", "k=3", "k=5"))
    oracle = next(model for model in old.models if model.name == "oracle")
    assert (oracle.is_oracle, oracle.is_candidate, oracle.tuned) == (True, False, False)
    rmse = next(metric for metric in old.metrics if metric.label == "rmse")
    assert (rmse.task, rmse.higher_is_better, rmse.plugin, rmse.title) == ("rating", False, "benchsuite/rmse", "")
    assert rmse.heading == "rmse"


def test_an_old_plan_keeps_its_key(old: Plan) -> None:
    assert plan_key(old) == content_key("plan", json.loads(OLD))


def test_what_is_written_is_read_again(old: Plan) -> None:
    assert Plan.from_json(old.to_json()) == old


@pytest.mark.parametrize(
    ("label", "name", "wanted"),
    [
        ("ndcg@10", "ndcg@k", "nDCG@10"),
        ("ndcg@k (k=5)", "ndcg@k", "nDCG@k (k=5)"),
        ("ndcg", "ndcg@k", "nDCG"),
        ("the one that counts", "ndcg@k", "the one that counts"),
        ("ndcg-old", "ndcg@k", "ndcg-old"),
    ],
)
def test_the_title_stands_for_the_plugins_name_in_the_label(label: str, name: str, wanted: str) -> None:
    metric = next(entry for entry in entries("metrics") if entry.name == "ndcg@k").load()()
    assert isinstance(metric, Metric)
    assert heading(metric, label, name) == wanted


def test_every_metric_here_has_a_title_of_its_own() -> None:
    titles = {}
    for entry in entries("metrics"):
        cls = entry.load()
        assert issubclass(cls, Metric)
        assert cls.title, entry.name
        assert cls.unit, entry.name
        titles[entry.name] = cls.title + ("@k" if "@" in entry.name else "")
    assert len(set(titles.values())) == len(titles)
    assert titles["log-loss"] == "Log loss"
    assert titles["brier"] == "Brier score"


def metric(label: str, name: str = "", **more: object) -> MetricInfo:
    return MetricInfo(label, name or label, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metrics", "wanted"),
    [
        ((metric("recall@10", "recall@k"), metric("ndcg@10", "ndcg@k")), "ndcg@10"),
        ((metric("recall@10", "recall@k"), metric("quality", "ndcg@k", settings={"k": 10})), "quality"),
        (
            (metric("auc", task="classification"), metric("recall@10", "recall@k"), metric("ndcg@5", "ndcg@k")),
            "recall@10",
        ),
        ((metric("fit_seconds", task="cost"), metric("auc", task="classification")), "auc"),
        ((metric("fit_seconds", task="cost"),), None),
        ((), None),
    ],
)
def test_one_rule_says_which_metric_is_the_main_one(metrics: tuple[MetricInfo, ...], wanted: str | None) -> None:
    found = main_metric(metrics)
    assert (found.label if found else None) == wanted


def test_a_cutoff_is_read_in_one_place() -> None:
    assert [split_cutoff(name) for name in ("ndcg@10", "rmse", "ndcg@k")] == [
        ("ndcg", "10"),
        ("rmse", ""),
        ("ndcg", "k"),
    ]


def test_a_group_is_a_field_inside_and_part_of_the_splits_label_in_records() -> None:
    row = Row("data", "a/b", "als", "ndcg@10", 0.5, None, None, 3, "ok", group="k=1")
    assert row.split_label == "a/b/k=1"
    assert as_record(row) == {
        "dataset": "data",
        "split": "a/b/k=1",
        "model": "als",
        "metric": "ndcg@10",
        "mean": 0.5,
        "ci_low": None,
        "ci_high": None,
        "n": 3,
        "state": "ok",
        "reason": "",
    }
