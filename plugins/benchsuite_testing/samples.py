"""Small synthetic data with every optional part of a data set, cold items and cold users included."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from benchsuite.api import Requirement
from benchsuite.data import (
    Bool,
    Dataset,
    Entities,
    Fold,
    GroundTruth,
    Int32,
    Int64,
    Interactions,
    Queries,
    Ragged,
    Step,
)

USERS, ITEMS, COLD_USERS, COLD_ITEMS, EVENTS = 36, 48, 3, 4, 12
_TOPICS = ("sea waves harbour sailor", "city street night taxi", "forest river bear camp")


def codes(prefix: str, count: int) -> tuple[str, ...]:
    """Return ``count`` raw ids in the order of their sha256, the order in which codes are assigned everywhere."""
    ids = [f"{prefix}{number}" for number in range(count)]
    return tuple(sorted(ids, key=lambda raw: hashlib.sha256(raw.encode()).hexdigest()))


def small_dataset(seed: int = 0) -> Dataset:
    """Return 36 users and 48 items of three topics, with every optional part present.

    Three users and four items have no row at all. Some pairs occur twice (seen, later bought). Ratings 1 to 5 follow
    the true preferences, label 1 means 4 or more, and no two rows have one time. Each call makes new arrays, so that a
    plugin that writes into them affects no other check.
    """
    rng = np.random.default_rng([seed, 11])
    topic, taste = rng.permutation(np.arange(ITEMS) % 3), rng.permutation(np.arange(USERS) % 3)
    preferences = (2.0 * (taste[:, None] == topic[None, :]) + rng.normal(0, 0.5, (USERS, ITEMS))).astype(np.float32)
    warm_users, warm_items = rng.permutation(USERS)[COLD_USERS:], rng.permutation(ITEMS)[COLD_ITEMS:]
    user, item = [], []
    for code in warm_users:
        chance = np.exp(1.5 * preferences[code, warm_items].astype(np.float64))
        taken = rng.choice(warm_items, EVENTS, replace=False, p=chance / chance.sum())
        user += [code] * (EVENTS + 1)
        item += [*taken[:6], taken[0], *taken[6:]]  # the first item is taken again
    missing = np.setdiff1d(warm_items, item)
    user += list(rng.choice(warm_users, len(missing)))
    item += list(missing)
    users, items = np.asarray(user, np.int32), np.asarray(item, np.int32)
    rows = Interactions(
        user=users,
        item=items,
        value=np.clip(np.rint(3 + preferences[users, items]), 1, 5).astype(np.float32),
        label=(np.rint(3 + preferences[users, items]) >= 4).astype(np.int8),  # noqa: PLR2004 - four stars of five
        timestamp=1_500_000_000 + np.arange(len(users), dtype=np.int64) * 60,
        behaviour=(np.arange(len(users)) % 2).astype(np.int8),
        behaviours=("view", "purchase"),
        part=(np.arange(len(users)) % 5 == 4).astype(np.int8),  # noqa: PLR2004 - every fifth row is for testing
        parts=("train", "test"),
    )
    titles = tuple(f"Story {number}" for number in range(ITEMS))
    words = tuple(_TOPICS[code] for code in topic)
    return Dataset(
        name="small",
        interactions=rows,
        users=Entities(
            ids=codes("user-", USERS),
            text=tuple(f"A reader who likes the {_TOPICS[code].split()[0]}" for code in taste),
            features=np.eye(3, dtype=np.float32)[taste],
            feature_names=("likes sea", "likes city", "likes forest"),
        ),
        items=Entities(
            ids=codes("item-", ITEMS),
            text=tuple(f"{title}. {word}" for title, word in zip(titles, words, strict=True)),
            columns={"title": titles, "topic": words},
            features=np.eye(3, dtype=np.float32)[topic],
            feature_names=("sea", "city", "forest"),
        ),
        links=np.stack([np.arange(USERS), np.roll(np.arange(USERS), 3)], axis=1).astype(np.int32),
        preferences=preferences,
        simulated=True,
        steps=(Step("draw rows", 0, len(users)),),
    )


def stripped(dataset: Dataset, needs: frozenset[Requirement]) -> Dataset:
    """Return the data without the optional parts that ``needs`` does not name."""
    rows = dataset.interactions
    if Requirement.VALUES not in needs:
        rows = dataclasses.replace(rows, value=np.ones(len(rows), np.float32), label=None)
    if not needs & {Requirement.TIMESTAMPS, Requirement.ORDER}:
        rows = dataclasses.replace(rows, timestamp=None)
    if Requirement.PARTS not in needs:
        rows = dataclasses.replace(rows, part=None, parts=())
    return dataclasses.replace(
        dataset,
        interactions=rows,
        users=_bare(dataset.users, text=Requirement.USER_TEXT in needs, features=Requirement.USER_FEATURES in needs),
        items=_bare(dataset.items, text=Requirement.ITEM_TEXT in needs, features=Requirement.ITEM_FEATURES in needs),
        links=dataset.links if Requirement.LINKS in needs else None,
        preferences=dataset.preferences if Requirement.PREFERENCES in needs else None,
    )


def _bare(table: Entities, *, text: bool, features: bool) -> Entities:
    return Entities(
        ids=table.ids,
        text=table.text if text else None,
        columns=table.columns if text else {},
        features=table.features if features else None,
        feature_names=table.feature_names if features else (),
    )


def last_events(dataset: Dataset, depth: int = 0, *, strangers: bool = True) -> Fold:
    """Hold out each user's last row, with a validation fold made the same way inside the training part.

    Args:
        dataset: what to cut.
        depth: 0 makes a validation fold, 1 does not.
        strangers: True adds to the users with rows, who ask with all of them: a user without rows and history, one
            without rows who shows two (invented) events, and one with rows who shows only the first of them.
    """
    rows = dataset.interactions
    last = _last_rows(rows, len(dataset.users))
    train = dataset.cut(~last)
    known = train.interactions
    warm = np.unique(known.user)
    cold = np.setdiff1d(np.arange(len(dataset.users)), warm)[:2]
    user = (np.concatenate([warm, cold, warm[:1]]) if strangers else warm).astype(np.int32)
    query_of = np.full(len(dataset.users), -1, np.int64)
    query_of[warm] = np.arange(len(warm))
    shown, owner = np.arange(len(known)), query_of[known.user]
    if strangers:
        shown = np.concatenate([shown, [0, 1], np.flatnonzero(known.user == warm[0])[:1]])
        owner = np.concatenate([owner, [len(warm) + 1] * 2, [len(warm) + 2]])
    history = dataclasses.replace(known.take(shown), user=user[owner])
    when = None if known.timestamp is None else np.full(len(user), known.timestamp.max(), np.int64)
    queries = Queries.from_rows(user, owner, history, when)
    asked = last & (np.isin(rows.user, warm))
    truth, blocked = _truth(rows.take(asked), query_of, queries)
    return Fold(
        name="validation" if depth else "test",
        train=train,
        queries=queries,
        truth=truth,
        blocked=blocked,
        validation=None if depth else last_events(train, depth + 1, strangers=strangers),
        counts={"train rows": len(known), "test rows": int(last.sum())},
    )


def _last_rows(rows: Interactions, users: int) -> Bool:
    """bool[n]: the last row of each user, unless it is the only one."""
    order = np.arange(len(rows)) if rows.timestamp is None else np.argsort(rows.timestamp, kind="stable")
    newest = np.full(users, -1, np.int64)
    newest[rows.user[order]] = order
    last = np.zeros(len(rows), np.bool_)
    last[newest[newest >= 0]] = True
    return last & (np.bincount(rows.user, minlength=users)[rows.user] > 1)


def _truth(held: Interactions, query_of: Int64, queries: Queries) -> tuple[GroundTruth, Ragged]:
    """Return the held-out rows that are new to their query, and what each query may not be shown again."""
    query = query_of[held.user]
    blocked = queries.items
    fresh = np.asarray([item not in blocked[row] for row, item in zip(query, held.item, strict=True)], np.bool_)
    return GroundTruth.from_rows(query[fresh], held.take(fresh), len(queries)), _unique(blocked)


def _unique(lists: Ragged) -> Ragged:
    """Sort each list and drop repeats."""
    pairs = np.unique(np.stack([lists.rows, lists.item.astype(np.int64)], axis=1), axis=0)
    return Ragged.from_pairs(pairs[:, 0], pairs[:, 1].astype(np.int32), len(lists))


def warm_items(train: Dataset) -> Int32:
    """Return the sorted codes of the items with at least one training row."""
    return np.unique(train.interactions.item)


def cold_items(train: Dataset) -> Int32:
    """Return the sorted codes of the items without a training row."""
    return np.setdiff1d(np.arange(len(train.items), dtype=np.int32), warm_items(train))
