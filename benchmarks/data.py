"""Data for measuring: Gowalla as published, and interactions generated with a realistic popularity."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.api import DataLocations
from benchsuite.data import (
    Dataset,
    Entities,
    EvaluationInput,
    Fold,
    GroundTruth,
    Interactions,
    Pairs,
    PairScores,
    Queries,
    Ragged,
    Rankings,
)
from benchsuite.evaluate.topk import popularity
from benchsuite.registry import load_source

Arrays = Mapping[str, NDArray[Any]]
CACHE = Path.home() / ".cache" / "benchsuite-speed"


def gowalla(cache: Path = CACHE) -> Path:
    """Return a folder of arrays: ``train_user``, ``train_item``, ``test_user``, ``test_item``, ``users``, ``items``.

    The data set is looked for in the folder named by ``BENCHSUITE_DATA``, else it is downloaded.
    """
    folder = cache / "gowalla"
    if not (folder / "items.npy").exists():
        where = os.environ.get("BENCHSUITE_DATA")
        dataset = load_source("gowalla")().load(DataLocations((Path(where),) if where else (), cache))
        rows = dataset.interactions
        assert rows.part is not None
        arrays = {"users": np.int64(len(dataset.users)), "items": np.int64(len(dataset.items))}
        for code, part in enumerate(rows.parts):
            chosen = rows.part == code
            arrays |= {f"{part}_user": rows.user[chosen], f"{part}_item": rows.item[chosen]}
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in sorted(arrays.items(), reverse=True):
            np.save(folder / f"{name}.npy", array)
    return folder


def small(cache: Path = CACHE) -> Path:
    """Return a folder like :func:`gowalla`'s of a generated set on which everything takes seconds."""
    folder = cache / "small"
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zipf(2000, 1500, 40_000).items():
        np.save(folder / f"{name}.npy", array)
    return folder


def zipf(users: int, items: int, rows: int, seed: int = 0, exponent: float = 1.0) -> Arrays:
    """Return generated train and test arrays, in the form of :func:`gowalla`.

    Item popularity falls as ``1 / (rank + 10) ** exponent``, activity of users is log-normal, no pair repeats, and one
    row of each user who has several is held out. There are ``rows`` rows or almost as many.
    """
    generator = np.random.default_rng(seed)
    share = 1.0 / (np.arange(items) + 10.0) ** exponent
    activity = generator.lognormal(0.0, 1.0, users)
    code = generator.permutation(items)
    pair = np.zeros(0, np.int64)
    # Users hit popular items twice: go on drawing, as often as need be, until enough pairs differ.
    for _ in range(20):
        user = np.repeat(np.arange(users), generator.multinomial(rows - len(pair) + 1, activity / activity.sum()))
        place = np.searchsorted(np.cumsum(share / share.sum()), generator.random(len(user)))
        pair = np.unique(np.concatenate([pair, user * np.int64(items) + code[np.minimum(place, items - 1)]]))
        if len(pair) >= rows:
            break
    user, item = pair // items, pair % items
    # Sorted by user, then at random, so that the last row of a user is any of them.
    order = np.lexsort((generator.random(len(user)), user))
    user, item = user[order].astype(np.int32), item[order].astype(np.int32)
    last = np.append(user[1:] != user[:-1], True) & (np.bincount(user, minlength=users)[user] > 1)
    return {
        "users": np.array(users),
        "items": np.array(items),
        "train_user": user[~last],
        "train_item": item[~last],
        "test_user": user[last],
        "test_item": item[last],
    }


def rows_of(user: NDArray[Any], item: NDArray[Any]) -> Interactions:
    """Return rows without value, label or time."""
    return Interactions(
        user=user,
        item=item,
        value=np.ones(len(user), np.float32),
        label=None,
        timestamp=None,
        behaviour=np.zeros(len(user), np.int8),
        behaviours=("take",),
    )


def fold_of(arrays: Arrays) -> Fold:
    """Return the fold: everybody with a test row asks, what they took in training is their history and blocked."""
    users, items = int(arrays["users"]), int(arrays["items"])
    order = np.argsort(arrays["train_user"], kind="stable")
    train = rows_of(arrays["train_user"][order], arrays["train_item"][order])
    dataset = Dataset("generated", train, _numbered("u", users), _numbered("i", items))
    asking = np.unique(arrays["test_user"])
    place = np.full(users, -1)
    place[asking] = np.arange(len(asking))
    shown = place[train.user] >= 0
    history = train.take(np.flatnonzero(shown))
    queries = Queries.from_rows(asking, place[history.user], history)
    held = rows_of(arrays["test_user"], arrays["test_item"])
    truth = GroundTruth.from_rows(place[held.user], held, len(asking))
    return Fold("test", dataset, queries, truth, Ragged(queries.start, queries.history.item))


def _numbered(letter: str, count: int) -> Entities:
    return Entities(tuple(f"{letter}{number:09d}" for number in range(count)))


def evidence_of(fold: Fold, rankings: Rankings) -> EvaluationInput:
    """Return lists and truth, without labelled pairs."""
    code, number = np.zeros(0, np.int32), np.zeros(0, np.float32)
    return EvaluationInput(
        user=fold.queries.user,
        relevant=fold.truth.items,
        rankings=rankings,
        pairs=Pairs(code, code, np.zeros(0, np.int8), number),
        scores=PairScores(number, np.zeros(0, np.bool_), 0.0),
        catalogue=len(fold.train.items),
        popularity=popularity(fold),
        users=int(np.count_nonzero(np.bincount(fold.train.interactions.user))),
    )
