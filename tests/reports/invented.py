"""An invented comparison with every case that a report must show. None of its numbers was ever measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from benchsuite.analysis.costs import Costs
from benchsuite.data import (
    Comparison,
    Contrast,
    DatasetInfo,
    MeanRanks,
    MetricInfo,
    ModelInfo,
    PerUser,
    Row,
    SplitInfo,
    Stratum,
    Trials,
    UserCase,
)
from benchsuite.data.dataset import Step

NAUGHTY = "a_b&c%d#e$f~g^h\\i{j}k<l>m\"n'o`p|q*r 🚀"
RANKING = ("ndcg@10", "recall@10", "precision@10", "map@10", "mrr@10", "hit-rate@10", "f1@10", "coverage@10")
PAIRS = ("accuracy", "precision", "recall", "f1", "auc")
COSTS = (
    "fit_seconds",
    "score_seconds",
    "peak_memory_mb",
    "parameters",
    "energy_wh",
    "co2e_g",
    "fallback_share",
)
MODELS = ("random", "popular", "als", "ease", "content-tfidf", "svd", "flm", "flm-frozen", "knn", "oracle")
GROUPS = ("user-cold/k=0", "user-cold/k=1", "user-cold/k=5")
TITLES = {
    "ndcg": "nDCG",
    "recall": "Recall",
    "precision": "Precision",
    "map": "MAP",
    "mrr": "MRR",
    "hit-rate": "Hit rate",
    "f1": "F1",
    "coverage": "Coverage",
    "accuracy": "Accuracy",
    "auc": "AUC",
}
CITE = (
    "@article{invented, author={A. Nobody}, title={An invented paper}, journal={Nowhere}, volume={1}, number={1}, "
    "pages={1--2}, year={2026}, note={\\url{https://example.org/a/long/path/to_an~invented/paper}}}"
)
LONG = "out of memory: the process asked for 7.2 GB of the 6 GB allowed; give it fewer factors | or <more> memory"


def _models(names: Sequence[str]) -> tuple[ModelInfo, ...]:
    return tuple(
        ModelInfo(
            label=name,
            name=name,
            summary=f"Invented model {name}.",
            settings={"factors": 64, "learning_rate": 0.05},
            cite=(CITE,),
            version="1",
            origin="invented",
            uses_language_model=name.startswith("flm"),
            is_candidate=name.startswith("flm"),
            is_oracle=name == "oracle",
            space={
                "factors": {"low": 16, "high": 256, "log": True},
                "kernel": {"options": ["cosine", "bm25"]},
            }
            if name == "als"
            else {},
        )
        for name in names
    )


def _metrics(names: Sequence[str]) -> tuple[MetricInfo, ...]:
    costs = {info.label: dataclasses.replace(info, summary="", convention="") for info in Costs().infos()}
    return tuple(
        costs.get(name)
        or MetricInfo(
            label=name,
            name=name,
            title=name.replace(name.partition("@")[0], TITLES[name.partition("@")[0]]),
            unit="share",
            task="classification" if name in PAIRS else "ranking",
            convention=f"how {name} is computed: binary gain, ties to the smaller code",
        )
        for name in names
    )


def _row(rng: np.random.Generator, place: tuple[str, str], model: str, metric: str, strength: float) -> Row:
    dataset, (split, _, group) = place[0], place[1].partition("/")
    if model == "svd" and dataset == "invented-real":
        return Row(dataset, split, model, metric, None, None, None, 0, "failed", LONG, group)
    if model == "content-tfidf" and dataset == "invented-demo":
        reason = "not applicable: needs item text"
        return Row(dataset, split, model, metric, None, None, None, 0, "not applicable", reason, group)
    if model == "knn" and split == "item-cold":
        return Row(dataset, split, model, metric, None, None, None, 0, "missing", group=group)
    if metric in COSTS:
        scale = dict(zip(COSTS, (40.0, 2.0, 900.0, 2.5e6, 0.3, 0.14, 0.0), strict=True))[metric]
        drawn = metric not in ("parameters", "energy_wh", "co2e_g")
        value = float(scale * (rng.uniform(0.02, 1.5) if drawn else len(model)))
        if metric == "fallback_share" and model == "popular":
            value = 0.0321
        return Row(dataset, split, model, metric, value, None, None, 1, "ok")
    mean = float(np.clip(0.36 * strength + rng.normal(0, 0.02), 0.001, 0.999))
    if metric == "coverage@10":
        return Row(dataset, split, model, metric, mean, None, None, 943, "ok", group=group)
    half = float(rng.uniform(0.004, 0.02))
    return Row(dataset, split, model, metric, mean, mean - half, mean + 1.1 * half, 943, "ok", group=group)


def _contrasts(rows: Sequence[Row], models: Sequence[ModelInfo]) -> tuple[Contrast, ...]:
    """Hold every model against the best reference: tests that were never made, with p-values from thin air."""
    compete = {about.label: about for about in models if not about.is_oracle}
    references = {name for name, about in compete.items() if not about.is_candidate}
    tables: dict[tuple[str, str, str, str], dict[str, float]] = {}
    for row in rows:
        if row.mean is not None and row.metric not in COSTS and row.model in compete:
            tables.setdefault((row.dataset, row.split, row.group, row.metric), {})[row.model] = row.mean
    found = []
    for (dataset, split, group, metric), values in tables.items():
        known = references & set(values)
        if not known:
            continue
        reference = max(sorted(known), key=lambda name: values[name])
        for model, value in values.items():
            if model == reference:
                continue
            gap = value - values[reference]
            p = 0.0002 if abs(gap) > 0.05 else 0.31
            found.append(
                Contrast(
                    dataset,
                    split,
                    metric,
                    model,
                    reference,
                    "best reference",
                    gap,
                    gap - 0.011,
                    gap + 0.012,
                    p / 2,
                    p,
                    "randomization",
                    10_000,
                    len(values) - 1,
                    gap * 2,
                    gap * 2 - 0.1,
                    gap * 2 + 0.09,
                    943,
                    300,
                    343,
                    300,
                    group=group,
                )
            )
    return tuple(found)


def _tuning(datasets: Sequence[str], models: Sequence[str]) -> tuple[Trials, ...]:
    return tuple(
        Trials(
            dataset,
            "random-holdout",
            model,
            1,
            "0",
            "ndcg@10",
            {"trials": 4, "seconds": None},
            ("factors",),
            ({"factors": 64}, {"factors": 16}, {"factors": 128}, {"factors": 256}),
            (0.2, 0.25, None, 0.3 + 0.02 * len(model)),
            (1.0, 0.5, 2.0, 3.0),
            ("a", "b", "c", "d"),
            3,
            ("factors",) if model == "als" else (),
            ("", "", "killed by SIGKILL", ""),
        )
        for dataset in datasets
        for model in models
        if model in {"als", "ease", "flm"}
    )


def _standings(datasets: Sequence[str], models: Sequence[str]) -> tuple[MeanRanks, ...]:
    ranked = tuple(reversed([model for model in models if model not in {"oracle", "svd", "content-tfidf"}]))
    ranks = tuple(1.0 + index * 1.1 for index in range(len(ranked)))
    return (
        MeanRanks(
            "random-holdout", "ndcg@10", tuple(datasets), ranked, ranks, ("svd", "content-tfidf"), 9.1, 0.02, 2.4
        ),
    )


def _people(
    rng: np.random.Generator, places: Sequence[tuple[str, str]], models: Sequence[str], users: int
) -> tuple[PerUser, ...]:
    """Invent values for each user, and some cases with titles that try to break the page."""
    titles = [f"Invented title {index} (19{index})" for index in range(60, 80)]
    titles += ["<script>alert(1)</script>", "\u540d\u5b57", "\u05e9\u05dc\u05d5\u05dd", "</script><b>x</b>"]
    names = tuple(f"user {index}" for index in range(users))
    found = []
    for dataset, split in places:
        values = {model: tuple(float(v) for v in rng.beta(1 + k, 8, users).round(4)) for k, model in enumerate(models)}
        shown = tuple(
            UserCase(
                name,
                tuple(rng.choice(titles, 3, replace=False)),
                tuple(rng.choice(titles, 4, replace=False)),
                {model: tuple(rng.choice(titles, 10, replace=False)) for model in models},
            )
            for name in names[:5]
        )
        found.append(PerUser(dataset, split, "ndcg@10", names, values, shown))
    return tuple(found)


PARTS = (
    ("item popularity", "head items", "items of the third of training rows that the fewest items fill", 600),
    ("item popularity", "tail items", "items of the third of training rows that the most items fill", 300),
    ("user activity", "short histories", "queries of the third with the shortest histories", 330),
    ("user activity", "long histories", "queries of the third with the longest histories", 337),
)


def _strata(places: Sequence[tuple[str, str]], models: Sequence[str], metrics: Sequence[str]) -> tuple[Stratum, ...]:
    """Invent numbers for parts of each test, with the same gaps as the test itself has."""
    rng = np.random.default_rng(11)
    strength = {name: 0.1 + 0.9 * index / max(len(models) - 1, 1) for index, name in enumerate(models)}
    shown = [metric for metric in metrics if metric in ("ndcg@10", "auc")]
    return tuple(
        Stratum(
            dataset,
            split,
            family,
            name,
            meaning,
            held_out,
            1000,
            held_out // 2,
            500,
            tuple(
                _row(rng, (dataset, f"{split}/{name}"), model, metric, strength[model])
                for model in models
                for metric in shown
            ),
        )
        for dataset, split in places
        for family, name, meaning, held_out in PARTS
        if shown
    )


def build(
    *,
    models: Sequence[str] = MODELS,
    metrics: Sequence[str] = (*RANKING, *PAIRS, *COSTS),
    datasets: Sequence[str] = ("invented-real", "invented-demo"),
    splits: Sequence[str] = ("random-holdout", "item-cold", "user-cold", *GROUPS),
    seed: int = 7,
    users: int = 200,
) -> Comparison:
    """Invent a comparison. The same arguments give the same one."""
    rng = np.random.default_rng(seed)
    strength = {name: 0.1 + 0.9 * index / max(len(models) - 1, 1) for index, name in enumerate(models)}
    rows = [
        _row(rng, (dataset, split), model, metric, strength[model])
        for dataset in datasets
        for split in splits
        for model in models
        for metric in metrics
        # As in a real comparison, costs and reasons are told for the whole split only, not for each of its groups.
        if split not in GROUPS or (metric not in COSTS and model not in {"svd", "content-tfidf"})
    ]
    about_models = _models(models)
    steps = [
        Step("drop duplicates", 100_000, 99_287, "the first of each pair is kept"),
        Step("k-core 5", 99_287, 99_000),
    ]
    return Comparison(
        name="invented",
        rows=tuple(rows),
        datasets=tuple(
            DatasetInfo(
                label=name,
                name=name,
                summary="Invented for the tests of reports",
                users=943,
                items=1682,
                interactions=99_000,
                licence="made up for tests",
                url="https://example.org/data",
                simulated=name == "invented-demo",
                steps=tuple(steps),
            )
            for name in datasets
        ),
        splits=tuple(
            SplitInfo(
                label=name.partition("/")[0],
                name=name.partition("/")[0],
                summary=f"Invented split {name}.",
                settings={"share": 0.1},
                counts={"train": 90_000, "queries": 943},
                group=name.partition("/")[2],
            )
            for name in splits
        ),
        models=about_models,
        metrics=_metrics(metrics),
        provenance={"seed": 42, "packages": {"numpy": "2.0", "benchsuite": "0.1"}, "keys": ["a" * 64]},
        notes=("every number here is invented to test reports",),
        tuning=_tuning(datasets, models),
        contrasts=_contrasts(rows, about_models),
        standings=_standings(datasets, models) if len(datasets) > 1 and "random-holdout" in splits else (),
        strata=_strata(
            [(dataset, split) for dataset in datasets for split in splits if split == "random-holdout"], models, metrics
        ),
        per_user=_people(rng, [(dataset, split) for dataset in datasets for split in splits[:2]], models, users),
    )
