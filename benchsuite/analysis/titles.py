"""Headings of metrics in plans stored before metrics had titles, so that their reports still verify."""

from __future__ import annotations

from benchsuite.data import split_cutoff

_BEFORE = {
    "accuracy": "Accuracy",
    "auc": "AUC",
    "coverage": "Coverage",
    "f1": "F1",
    "hit-rate": "Hit rate",
    "logloss": "Log loss",
    "mae": "MAE",
    "map": "MAP",
    "mrr": "MRR",
    "ndcg": "nDCG",
    "precision": "Precision",
    "recall": "Recall",
    "rmse": "RMSE",
}
"""Complete: newer metrics have a title of their own."""


def heading_before_titles(label: str) -> str:
    """Return how reports headed a metric with this label before metrics had titles."""
    base, cutoff = split_cutoff(label)
    at = "@" if "@" in label else ""
    return f"{_BEFORE[base]}{at}{cutoff}" if base in _BEFORE else label
