"""Kernels: selection, seen filter, each metric, splits, candidates, bootstrap."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from data import evidence_of

from benchsuite.api import Context
from benchsuite.data import EvaluationInput, Fold
from benchsuite.evaluate import labelled_pairs, measure
from benchsuite.evaluate.topk_prefilter import finalists
from benchsuite.registry import load_metric, load_split

LISTS = (
    "accuracy precision recall f1 ndcg map mrr hit-rate coverage gini novelty popularity-lift".split()  # noqa: SIM905
)
SPLITS = {
    "random-holdout": {},
    "item-cold": {},
    "user-cold": {},
    "k-fold": {"folds": 5},
    "strong-generalization": {},
}


@pytest.fixture(scope="module")
def scores(fold: Fold) -> Any:
    """A block of scores as a model of vectors gives them."""
    rows = min(256, len(fold.queries))
    return np.random.default_rng(0).normal(size=(rows, len(fold.train.items))).astype(np.float32)


def test_selection(benchmark: Any, scores: Any) -> None:
    nothing = np.zeros(0, np.int64)
    found = benchmark(finalists, scores, 20, nothing, nothing)
    assert found.settled.all()


def test_selection_and_seen_filter(benchmark: Any, scores: Any, fold: Fold) -> None:
    blocked = fold.blocked.slice(0, len(scores))
    column = blocked.item.astype(np.int64)
    found = benchmark(finalists, scores, 20, blocked.rows, column)
    assert not np.isin(blocked[0], found.column[0]).any()


@pytest.mark.parametrize("name", LISTS)
def test_metric(benchmark: Any, name: str, evidence: EvaluationInput) -> None:
    metric = load_metric(f"{name}@k").from_settings({"k": 10})

    def work(fresh: EvaluationInput) -> float:
        return float(metric.estimate(fresh, metric.measure(fresh), np.ones((1, len(fresh))))[0])

    # A copy each time, so that nothing is remembered.
    value = benchmark.pedantic(work, setup=lambda: ((dataclasses.replace(evidence),), {}), rounds=10)
    assert np.isfinite(value)


def test_metrics_together(benchmark: Any, evidence: EvaluationInput) -> None:
    """Ten metrics at three cutoffs, which share what is counted of the lists."""
    metrics = [load_metric(f"{name}@k").from_settings({"k": k}) for name in LISTS[:10] for k in (5, 10, 20)]

    def work(fresh: EvaluationInput) -> list[float]:
        one = np.ones((1, len(fresh)))
        return [float(metric.estimate(fresh, metric.measure(fresh), one)[0]) for metric in metrics]

    values = benchmark.pedantic(work, setup=lambda: ((dataclasses.replace(evidence),), {}), rounds=10)
    assert len(values) == 30


@pytest.mark.parametrize("name", SPLITS)
def test_split(benchmark: Any, name: str, fold: Fold) -> None:
    known = load_split(name)
    settings = {key: value for key, value in SPLITS[name].items() if key in known.__dataclass_fields__}
    split = known.from_settings(settings)
    folds = benchmark(lambda: list(split.split(fold.train, 1)))
    assert folds


def test_candidates(benchmark: Any, fold: Fold) -> None:
    """Labelled pairs with drawn negatives."""
    assert len(benchmark(labelled_pairs, fold, 1))


def test_bootstrap(benchmark: Any, fold: Fold, evidence: EvaluationInput) -> None:
    metrics = {"ndcg@10": load_metric("ndcg@k").from_settings({"k": 10})}
    _, found = benchmark(measure, evidence, fold.queries, metrics, 200, len(fold.train.users))
    assert len(found["ndcg@10", ""].replicates) == 200


def test_evidence_is_made_anew(fold: Fold, evidence: EvaluationInput, context: Context) -> None:
    """The measurements above would mean nothing if copies shared what is remembered."""
    assert dataclasses.replace(evidence) != evidence
    assert len(evidence_of(fold, evidence.rankings)) == len(evidence)
    assert context.threads > 0
