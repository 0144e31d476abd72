from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, Entities, Float32, Fold, Interactions, Queries, Ragged
from benchsuite_protocol.splits.random_holdout import RandomHoldout
from benchsuite_testing import small_dataset

THREADS = 2


@pytest.fixture(scope="session")
def small() -> Dataset:
    """Small data in which some users, some items and nothing else is cold."""
    return small_dataset()


@pytest.fixture
def ask() -> Callable[..., Queries]:
    """Build queries from lists of items: ``ask([(user, [items])], values=[...])``."""

    def build(shown: list[tuple[int, list[int]]], values: list[float] | None = None) -> Queries:
        user = np.array([who for who, _ in shown], np.int32)
        owner = np.repeat(np.arange(len(shown)), [len(items) for _, items in shown])
        item = np.array([code for _, items in shown for code in items], np.int32)
        return Queries.from_rows(user, owner, rows(user[owner], item, values))

    return build


@pytest.fixture
def dataset() -> Callable[..., Dataset]:
    """Build a data set from (user, item, value) triples."""

    def build(triples: list[tuple[int, int, float]], users: int, items: int, **more: Any) -> Dataset:
        user, item, value = zip(*triples, strict=True)
        return Dataset(
            name="tiny",
            interactions=rows(np.array(user), np.array(item), list(value)),
            users=Entities(ids=tuple(f"u{code}" for code in range(users))),
            items=Entities(ids=tuple(f"i{code}" for code in range(items))),
            **more,
        )

    return build


def rows(user: Any, item: Any, values: list[float] | None) -> Interactions:
    return Interactions(
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        value=np.ones(len(user), np.float32) if values is None else np.array(values, np.float32),
        label=None,
        timestamp=None,
        behaviour=np.zeros(len(user), np.int8),
        behaviours=("take",),
    )


@pytest.fixture(scope="session")
def fold(ml_100k: Dataset) -> Fold:
    """A random tenth of MovieLens-100K held out."""
    return next(RandomHoldout().split(ml_100k, 0))


@pytest.fixture(scope="session")
def ndcg() -> Callable[[Model, Fold], float]:
    """Mean nDCG@10 over the full catalogue, with binary gains, written out once more."""

    def measure(model: Model, fold: Fold) -> float:
        model.fit(fold.train, Context(seed=0, threads=THREADS))
        scores = model.score(fold.queries, None).copy()
        block(scores, fold.blocked)
        top = np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=1, kind="stable")[:, :10]
        gain, values = 1 / np.log2(np.arange(2, 12)), []
        for query, wanted in enumerate(fold.truth.items[row] for row in range(len(fold.queries))):
            if len(wanted):
                values.append(gain[np.isin(top[query], wanted)].sum() / gain[: len(wanted)].sum())
        return float(np.mean(values))

    return measure


def block(scores: Float32, blocked: Ragged) -> None:
    scores[blocked.rows, blocked.item] = np.nan
