"""The settings that ``neighbours.py`` tries on every data set, and those behind published values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchsuite.api import Categorical, Range
from benchsuite.registry import load_model

Settings = dict[str, Any]

_KNN = {"neighbours": 100, "alpha": 0.5, "beta": 0.5, "shrinkage": 0.0, "weighting": "none"}
NEUTRAL: Mapping[str, Settings] = {
    "item-knn": _KNN | {"user_exponent": 0.0},
    "user-knn": _KNN | {"neighbours": 80, "item_exponent": 0.0, "amplification": 2.5, "shrinkage": 5.0},
    "p3alpha": {"neighbours": 200, "alpha": 0.5},
    "rp3beta": {"neighbours": 200, "alpha": 0.5, "beta": 0.5},
    "ease": {"regularization": 300.0},
    "edlae": {"regularization": 100.0, "dropout": 0.3},
    "sequential-knn": {
        "neighbours": 300, "history_decay": 0.8, "order_weight": 4.0, "window": 5, "distance_decay": 0.8, "alpha": 0.4,
        "beta": 0.2, "shrinkage": 0.0, "user_exponent": 0.0,
    },
}  # fmt: skip
"""What the search begins with."""

NAMED: Mapping[str, tuple[Settings, ...]] = {
    "item-knn": (
        {"neighbours": 200, "alpha": 0.6, "beta": 0.15, "user_exponent": 0.6},
        {"neighbours": 200, "user_exponent": 0.5},
        {"neighbours": 200, "beta": 0.3, "user_exponent": 0.4},
        {"neighbours": 50, "weighting": "tf-idf"},
        {"neighbours": 500, "beta": 0.2, "user_exponent": 0.3, "weighting": "tf-idf"},
    ),
    "user-knn": (
        {"neighbours": 200, "item_exponent": 0.5, "amplification": 1.5},
        {"neighbours": 300, "beta": 0.3, "item_exponent": 0.4, "amplification": 1.5},
    ),
    "ease": tuple({"regularization": value} for value in (10.0, 30.0, 100.0, 1000.0, 3000.0)),
    "edlae": ({"regularization": 30.0}, {"dropout": 0.6}, {"regularization": 300.0}),
    "rp3beta": ({"alpha": 1.0, "beta": 0.3}, {"alpha": 0.6, "beta": 0.2}),
    "sequential-knn": (
        {"neighbours": 284, "alpha": 0.16, "beta": 0.41},
        {"neighbours": 284, "alpha": 0.41, "beta": 0.16},
        {"user_exponent": 0.4},
        {"user_exponent": 0.4, "order_weight": 20.0, "history_decay": 0.6},
    ),
}
"""What the literature and earlier measurements name, beside that."""


BETWEEN: Mapping[str, tuple[Settings, ...]] = {
    "item-knn": (
        {"neighbours": 200, "beta": 0.4, "user_exponent": 0.4},
        {"neighbours": 200, "beta": 0.4, "user_exponent": 0.4, "shrinkage": 5.0},
        {"neighbours": 100, "alpha": 0.4, "beta": 0.4, "user_exponent": 0.2, "shrinkage": 5.0},
        {"neighbours": 200, "beta": 0.4, "user_exponent": 0.2, "shrinkage": 5.0, "weighting": "tf-idf"},
    ),
    "user-knn": (
        {"neighbours": 100, "item_exponent": 0.3, "amplification": 2.0},
        {"neighbours": 150, "item_exponent": 0.2, "amplification": 2.0, "shrinkage": 10.0},
    ),
    "rp3beta": ({"alpha": 0.55, "beta": 0.35}, {"neighbours": 100, "alpha": 0.6, "beta": 0.3}),
    "p3alpha": ({"neighbours": 100, "alpha": 0.7}, {"neighbours": 50, "alpha": 0.7}),
    "edlae": ({"regularization": 300.0, "dropout": 0.5}, {"regularization": 1000.0, "dropout": 0.3}),
    "sequential-knn": (
        {"history_decay": 0.6, "order_weight": 10.0, "window": 8, "beta": 0.4, "user_exponent": 0.3},
        {"history_decay": 0.65, "order_weight": 10.0, "window": 10, "distance_decay": 0.7, "alpha": 0.3, "beta": 0.5,
         "user_exponent": 0.3, "shrinkage": 10.0},
        {"neighbours": 500, "history_decay": 0.6, "order_weight": 8.0, "window": 8, "alpha": 0.5, "beta": 0.3,
         "user_exponent": 0.2, "shrinkage": 20.0},
    ),
}  # fmt: skip
"""Tried on all sets after their searches: between what was best on single ones."""

PUBLISHED: Mapping[tuple[str, str], Settings] = {
    ("gowalla", "item-knn"): {
        "neighbours": 100, "alpha": 0.5, "beta": 0.5, "shrinkage": 0.0, "weighting": "none", "user_exponent": 0.0,
        "normalize": "candidate", "mean_centering": True,
    },
}  # fmt: skip
"""The settings behind published values, by data set and model."""


def shared(name: str, random: int) -> Iterator[Settings]:
    """Yield the settings that all sets try; they do not depend on what the defaults are."""
    plugin = load_model(name)
    plain = dict(NEUTRAL[name])
    for named in ({}, *NAMED.get(name, ())):
        yield plain | named
    generator = np.random.default_rng(0)
    for _ in range(random):
        drawn: Settings = {}
        for setting, wanted in plugin.space().items():
            if isinstance(wanted, Categorical):
                drawn[setting] = wanted.options[int(generator.integers(len(wanted.options)))]
                continue
            assert isinstance(wanted, Range)
            low, high = (np.log(wanted.low), np.log(wanted.high)) if wanted.log else (wanted.low, wanted.high)
            value = float(generator.uniform(low, high))
            value = float(np.exp(value)) if wanted.log else value
            whole = isinstance(plain[setting], int)
            drawn[setting] = round(value) if whole else float(f"{value:.3g}")
        yield plain | drawn
