"""The largest page that must open at once: 20 models, 10 data sets, 30 metrics, 100,000 rows user by user."""

from __future__ import annotations

import numpy as np

from benchsuite.analysis.costs import Costs
from benchsuite.data import Comparison, DatasetInfo, MetricInfo, ModelInfo, PerUser, Row, SplitInfo, UserCase

MODELS, DATASETS, USERS = 20, 10, 500
METRICS = tuple(f"{name}@{k}" for k in (5, 10, 20) for name in ("ndcg", "recall", "precision", "map", "mrr", "f1"))
PAIRS = ("accuracy", "precision", "recall", "f1", "auc", "user-auc", "log-loss", "brier", "calibration-error")
COSTS = ("fit_seconds", "score_seconds", "peak_memory_mb")


def large(splits: int = 1) -> Comparison:
    """Invent it. 20 models x 10 data sets x 30 metrics, and 20 models x 10 data sets x 500 users."""
    rng = np.random.default_rng(3)
    models = [f"model-{index}" for index in range(MODELS)]
    places = [(f"data-{d}", f"split-{s}") for d in range(DATASETS) for s in range(splits)]
    metrics = (*METRICS, *PAIRS, *COSTS)
    assert len(metrics) == 30
    costs = {info.label: info for info in Costs().infos()}
    rows = []
    for dataset, split in places:
        for model in models:
            for metric in metrics:
                mean, half = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.004, 0.02))
                low, high = (None, None) if metric in COSTS else (mean - half, mean + half)
                rows.append(Row(dataset, split, model, metric, mean, low, high, USERS, "ok"))
    return Comparison(
        name="large",
        rows=tuple(rows),
        datasets=tuple(DatasetInfo(f"data-{d}", "invented") for d in range(DATASETS)),
        splits=tuple(SplitInfo(f"split-{s}", "invented") for s in range(splits)),
        models=tuple(ModelInfo(m, m, uses_language_model=k > 16, is_candidate=k > 16) for k, m in enumerate(models)),
        metrics=tuple(
            costs.get(m)
            or MetricInfo(
                m,
                m,
                title=m.replace("f1", "F1").replace("ndcg", "nDCG"),
                task="classification" if m in PAIRS else "ranking",
                convention=f"how {m} is computed",
            )
            for m in metrics
        ),
        per_user=tuple(_people(rng, place, models) for place in places),
    )


def _people(rng: np.random.Generator, place: tuple[str, str], models: list[str]) -> PerUser:
    users = tuple(f"user {index}" for index in range(USERS))
    values = {model: tuple(float(v) for v in rng.beta(2, 8, USERS)) for model in models}
    titles = tuple(f"A title of usual length, number {index}" for index in range(400))

    def some(count: int) -> tuple[str, ...]:
        return tuple(titles[code] for code in rng.integers(0, len(titles), count))

    shown = tuple(UserCase(user, some(30), some(10), {model: some(10) for model in models}) for user in users[:12])
    return PerUser(*place, "ndcg@10", users, values, shown)
