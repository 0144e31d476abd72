"""Data for the tests of splits and metrics: small and awkward, every row with a value of its own; and MovieLens."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from benchsuite.data import Dataset, Entities, EvaluationInput, Interactions, Pairs, PairScores, Ragged, Rankings


def build(columns: dict[str, np.ndarray], users: int, items: int, name: str) -> Dataset:
    return Dataset(
        name=name,
        interactions=Interactions(behaviour=np.zeros(len(columns["user"]), np.int8), behaviours=("rating",), **columns),
        users=Entities(tuple(f"u{code}" for code in range(users))),
        items=Entities(tuple(f"i{code}" for code in range(items))),
    )


@pytest.fixture(scope="session")
def log() -> Callable[..., Dataset]:
    """Make a log whose rows are told apart by ``value``: the row's number."""

    def make(seed: int = 0, users: int = 40, items: int = 30, rows: int = 600, *, times: bool = True) -> Dataset:
        rng = np.random.default_rng(seed)
        # Two thirds of the tables are used at all, unevenly; pairs repeat and many events share their second.
        user = (users * rng.random(rows) ** 2 * 2 / 3).astype(np.int32)
        item = (items * rng.random(rows) ** 2 * 2 / 3).astype(np.int32)
        columns = {
            "user": user,
            "item": item,
            "value": np.arange(rows, dtype=np.float32),
            "label": rng.integers(0, 2, rows).astype(np.int8),
            "timestamp": 1_000 + rng.integers(0, rows // 4, rows) if times else None,
        }
        return build(columns, users, items, f"log {seed}")

    return make


@pytest.fixture(scope="session")
def movies(ml_100k: Dataset) -> Dataset:
    """MovieLens-100K with each row's number as its value."""
    rows = ml_100k.interactions
    return dataclasses.replace(
        ml_100k, interactions=dataclasses.replace(rows, value=np.arange(len(rows), dtype=np.float32))
    )


@pytest.fixture(scope="session")
def answers() -> Callable[..., EvaluationInput]:
    """Make random answers to random questions: short lists, empty truths, tied and missing scores, lonely labels."""

    def make(seed: int = 0, queries: int = 30, items: int = 25, k: int = 12, pairs: int = 200) -> EvaluationInput:
        rng = np.random.default_rng(seed)
        item = np.argsort(rng.random((queries, items)), axis=1)[:, :k].astype(np.int32)
        item[np.arange(k) >= rng.integers(0, k + 1, queries)[:, None]] = -1
        relevant = rng.random((queries, items)) < rng.choice([0.0, 0.05, 0.3, 0.9], queries)[:, None]
        owner, wanted = np.nonzero(relevant)
        query = np.sort(rng.integers(0, queries, pairs)).astype(np.int32)
        score = rng.normal(size=pairs).round(1).astype(np.float32)
        return EvaluationInput(
            user=rng.integers(0, queries, queries),
            relevant=Ragged.from_pairs(owner, wanted, queries),
            rankings=Rankings(item, np.where(item >= 0, -np.arange(k), np.nan), np.zeros((queries, k), np.bool_)),
            pairs=Pairs(query, rng.integers(0, items, pairs), rng.integers(0, 2, pairs), np.ones(pairs)),
            scores=PairScores(score, np.zeros(pairs, np.bool_), 0.1, rng.random(pairs).round(2)),
            catalogue=items,
            popularity=rng.integers(0, 50, items),
            users=queries,
        )

    return make
