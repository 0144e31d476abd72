"""Models: fitting, and lists for everybody."""

from __future__ import annotations

from typing import Any

import pytest

from benchsuite.api import Context
from benchsuite.data import Fold
from benchsuite.evaluate import rank
from benchsuite.registry import load_model

MODELS = ("random", "popular", "user-knn", "item-knn", "als", "ease")


@pytest.mark.parametrize("name", MODELS)
def test_fit(benchmark: Any, name: str, fold: Fold, context: Context, warm_up: int) -> None:
    kind = load_model(name)
    benchmark.pedantic(lambda: kind().fit(fold.train, context), rounds=3, warmup_rounds=warm_up)


@pytest.mark.parametrize("name", MODELS)
def test_rank(benchmark: Any, name: str, fold: Fold, context: Context, warm_up: int) -> None:
    model = load_model(name)().fit(fold.train, context)
    lists = benchmark.pedantic(lambda: rank(model, fold, 20, threads=context.threads), rounds=3, warmup_rounds=warm_up)
    assert lists.k == 20
