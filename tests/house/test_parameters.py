"""Every built-in model tells how many numbers it learnt, and the number is that of an independent count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset
from benchsuite.registry import entries, load_model
from benchsuite_testing import small_dataset
from support.small_rivals import skip_without_cornac, small_settings
from support.tiny_models import save_reader

BUILT_IN = [entry.name for entry in entries("models") if entry.distribution == "benchsuite"]


class Sizes:
    """What an independent count needs."""

    def __init__(self, data: Dataset) -> None:
        rows = data.interactions
        self.users, self.items = len(np.unique(rows.user)), len(np.unique(rows.item))
        self.pairs = len(np.unique(np.stack([rows.user, rows.item]), axis=1).T)
        self.data = data


WIDTH, INNER, LAYERS = 384, 1536, 6
BLOCK = 4 * (WIDTH + 1) * WIDTH + (WIDTH + 1) * INNER + (INNER + 1) * WIDTH + 4 * WIDTH
ENCODER = (30_522 + 512 + 2 + 2) * WIDTH + LAYERS * BLOCK + (WIDTH + 1) * WIDTH
"""Weights of all-MiniLM-L6-v2: embeddings of tokens, places and kinds, their norm, six layers, the pooler."""

COUNTS: dict[str, Callable[[Sizes, Any], int]] = {
    "random": lambda _, __: 0,
    "oracle": lambda _, __: 0,
    "popular": lambda sizes, _: sizes.items,
    "als": lambda sizes, model: model.factors * (sizes.users + sizes.items),
    "svd": lambda sizes, model: 1 + (1 + model.factors) * (sizes.users + sizes.items),
    "user-knn": lambda sizes, _: sizes.pairs,
    "ials": lambda sizes, model: model.factors * (sizes.users + sizes.items),
    "bpr": lambda sizes, model: model.factors * (sizes.users + sizes.items) + sizes.items,
    "lmf": lambda sizes, model: (1 + model.factors) * (sizes.users + sizes.items),
    "svdpp": lambda sizes, model: 1 + (1 + model.factors) * (sizes.users + sizes.items) + model.factors * sizes.items,
    "co-clustering": lambda sizes, _: 2 * (sizes.users + sizes.items) + 9,
    "pure-svd": lambda sizes, model: model.factors * sizes.items,
    "lightgcn": lambda sizes, model: model.factors * (sizes.users + sizes.items),
    "content-lm": lambda _, model: ENCODER + (384 if model.center else 0),
}


@pytest.fixture(scope="module")
def sizes() -> Sizes:
    return Sizes(small_dataset())


@pytest.fixture(scope="module")
def fitted(sizes: Sizes, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Model]:
    made: dict[str, Model] = {}

    def fit(name: str) -> Model:
        if name not in made:
            skip_without_cornac(name)
            less = small_settings(
                name, lambda: save_reader(tmp_path_factory.mktemp("reader"), "bert", "sea city forest")
            )
            if "decoder" in load_model(name).fields():
                less |= {"decoder": save_reader(tmp_path_factory.mktemp("reader"), "gpt2", "sea city forest")}
            made[name] = load_model(name)(**less).fit(sizes.data, Context(seed=1, threads=1))
        return made[name]

    return fit


@pytest.mark.parametrize("name", [name for name in BUILT_IN if not name.startswith("flm")])
def test_the_number_is_told(name: str, sizes: Sizes, fitted: Callable[[str], Model]) -> None:
    if load_model(name)().program() is not None:
        pytest.skip("its program tells the number, or nobody does")
    model = fitted(name)
    count = model.parameter_count()
    assert type(count) is int
    assert count >= 0
    if name in COUNTS:
        assert count == COUNTS[name](sizes, model)


def test_stored_similarities_are_counted(sizes: Sizes, fitted: Callable[[str], Any]) -> None:
    knn = fitted("item-knn")
    assert 0 < knn.parameter_count() <= knn.neighbours * sizes.items
    assert fitted("ease").parameter_count() == sizes.items * (sizes.items - 1)
    assert fitted("social-knn").parameter_count() > fitted("user-knn").parameter_count()
    assert fitted("als-content").parameter_count() > ENCODER + fitted("als").parameter_count()
    assert fitted("als-kernel").parameter_count() > ENCODER + fitted("als").parameter_count()
    more = fitted("als-kernel-likelihood").parameter_count() - fitted("als-kernel").parameter_count()
    assert more > 1000  # the decoder reads the titles
    assert fitted("content-tfidf").parameter_count() < 1000
