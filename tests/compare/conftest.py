"""A store filled with invented answers, so that comparisons can be built without fitting anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchsuite.analysis.kept_plans import remember_plan
from benchsuite.data import (
    Dataset,
    DatasetInfo,
    Entities,
    Fold,
    GroundTruth,
    Interactions,
    MetricInfo,
    ModelInfo,
    Queries,
    Ragged,
    SplitInfo,
)
from benchsuite.data.files import save_dataset, save_fold
from benchsuite.keys import content_key
from benchsuite.plan import Cell, Plan
from benchsuite.plan.experiment_file import PluginSpec
from benchsuite.plan.resolve import heading, resolve
from benchsuite.provenance import provenance
from benchsuite.store import Store

METRICS = ("ndcg@10", "recall@10", "coverage@10", "accuracy", "precision", "auc")

Made = tuple[Plan, Store]


def rows(user: Any, item: Any) -> Interactions:
    ones = np.ones(len(user), np.float32)
    return Interactions(user, item, ones, ones.astype(np.int8), None, np.zeros(len(user), np.int8), ("take",))


def make_fold(
    rng: np.random.Generator, name: str, users: int, items: int, grouped: bool, rated: bool
) -> tuple[Dataset, Fold]:
    taken = rows(rng.integers(0, users, 8 * users), rng.integers(0, items, 8 * users))
    if rated:
        taken = dataclasses.replace(taken, value=(np.arange(8 * users) % 5 + 1).astype(np.float32))
    data = Dataset(
        name=name,
        interactions=taken,
        users=Entities(tuple(f"u{code}" for code in range(users))),
        items=Entities(tuple(f"i{code}" for code in range(items))),
    )
    user = np.sort(rng.permutation(users)[: users - users // 10])
    group = rng.integers(0, 2, len(user)).astype(np.int8) if grouped else None
    queries = Queries(user, np.zeros(len(user) + 1), rows([], []), None, group, ("k=0", "k=1") if grouped else ("all",))
    size = rng.integers(1, 6, len(user))
    start = np.concatenate([[0], np.cumsum(size)])
    item = np.concatenate([rng.permutation(items)[:n] for n in size])
    truth = GroundTruth(start, item, np.ones(len(item)), np.ones(len(item)))
    return data, Fold("0", data, queries, truth, Ragged.empty(len(user)))


def answer(rng: np.random.Generator, fold: Fold, skill: float, k: int) -> dict[str, Any]:
    """Lists in which each place holds a right item with the chance ``skill``, and scores of pairs to match."""
    items, q = len(fold.train.items), len(fold.queries)
    lists = np.argsort(rng.random((q, items)), axis=1)[:, :k].astype(np.int32)
    for query in range(q):
        right = fold.truth.items[query]
        for wanted in right[rng.random(len(right)) < skill]:
            if wanted not in lists[query]:
                lists[query, rng.integers(0, k)] = wanted
    owner = np.repeat(np.arange(q, dtype=np.int32), 4)
    label = rng.integers(0, 2, len(owner)).astype(np.int8)
    return {
        "item": lists,
        "score": np.broadcast_to(np.arange(k, 0, -1, dtype=np.float32), lists.shape),
        "fallback": np.zeros(lists.shape, np.bool_),
        "pair_query": owner,
        "pair_item": rng.integers(0, items, len(owner)).astype(np.int32),
        "pair_label": label,
        "pair_value": (1 + 4 * label).astype(np.float32),
        "pair_score": (skill * label + rng.normal(size=len(owner))).astype(np.float32),
    }


def fill(
    root: Path,
    models: Mapping[str, float],
    *,
    language: Sequence[str] = (),
    ceilings: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    datasets: Sequence[str] = ("one",),
    seeds: Sequence[int] = (1,),
    users: int = 60,
    items: int = 80,
    grouped: bool = False,
    rated: bool = False,
    metrics: Sequence[str] = METRICS,
) -> Made:
    """Write a data set, folds and answers; a model's number is its skill. Equal skills still answer differently."""
    store = Store(root)
    cells: list[Cell] = []
    for dataset in datasets:
        for seed in seeds:
            data, fold = make_fold(np.random.default_rng([seed, len(dataset)]), dataset, users, items, grouped, rated)
            fold_key = content_key("fold", [dataset, seed, users, items, grouped, rated])
            if not store.has("fold", fold_key):
                with store.write("data", data.fingerprint) as draft:
                    save_dataset(data, draft.folder)
                with store.write("fold", fold_key) as draft:
                    save_fold(fold, draft.folder)
                    draft.manifest = {"data": data.fingerprint}
            for number, (model, skill) in enumerate(models.items()):
                for stage in ("validation", "test"):
                    plugin = {"plugin": model, "version": "1", "settings": {"skill": skill, "n": number}}
                    identity = {"fold": fold_key, "stage": stage, "model": plugin}
                    key = content_key("cell", identity)
                    cells.append(Cell(dataset, "split", model, seed, "0", stage, fold_key, identity, key))  # type: ignore[arg-type]
                    if not store.has("cell", key):
                        rng = np.random.default_rng([seed, number, len(dataset), stage == "test"])
                        with store.write("cell", key) as draft:
                            draft.arrays(**answer(rng, fold, skill, 10))
                            costs = {"fit_seconds": 1.0, "score_seconds": 2.0, "peak_memory_mb": 3.0}
                            draft.manifest = {"state": "ok", "costs": costs, "facts": {}, "provenance": provenance()}
    choices = [PluginSpec(use=metric).expand()[0] for metric in metrics]
    picked = [resolve("metrics", choice, "a test") for choice in choices]
    plan = Plan(
        name="invented",
        settings={"relevant": "taken", "threshold": "f1"},
        datasets=tuple(DatasetInfo(name, name, simulated=True) for name in datasets),
        splits=(SplitInfo("split", "split", groups=("k=0", "k=1") if grouped else ()),),
        models=tuple(
            ModelInfo(
                name,
                (names or {}).get(name, name),
                uses_language_model=name in language,
                is_candidate=name in language,
                is_oracle=name in ceilings,
            )
            for name in models
        ),
        metrics=tuple(
            MetricInfo(
                **one.told,
                title=heading(one.plugin, one.label, one.entry.name),  # type: ignore[arg-type]
                unit=one.plugin.unit,  # type: ignore[attr-defined]
                task=one.plugin.task,  # type: ignore[attr-defined]
                higher_is_better=one.plugin.higher_is_better,  # type: ignore[attr-defined]
                convention=one.plugin.convention,  # type: ignore[attr-defined]
                unmet={} if rated or not one.plugin.needs else dict.fromkeys(datasets, "needs values other than 1"),  # type: ignore[attr-defined]
                plugin=one.identity["plugin"],
            )
            for one in picked
        ),
        cells=tuple(cells),
    )
    remember_plan(store, plan)
    return plan, store


@pytest.fixture
def filled(tmp_path: Path) -> Callable[..., Made]:
    """Fill a store with the answers of invented models; give label to skill."""

    def make(models: Mapping[str, float], **more: Any) -> Made:
        return fill(tmp_path / "runs", models, **more)

    return make
