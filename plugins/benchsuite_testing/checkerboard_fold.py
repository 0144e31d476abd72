"""The checkerboard: a pattern so plain that every personalized model must complete it.

Users and items have one of two colours. Each user took every item of their colour but one, the withheld diagonal. The
withheld item must come first among the items the user has not taken. (The idea is from the test suite of *implicit*.)
"""

from __future__ import annotations

import numpy as np

from benchsuite.data import Dataset, Entities, Fold, GroundTruth, Int64, Interactions, Queries, Ragged, Step
from benchsuite_testing.samples import codes

SIZE = 60
_WORDS = ("red fire summer desert", "blue ocean winter glacier")
_OBJECTS = ("lamp", "chair", "boat", "kettle", "drum", "clock", "ladder", "mirror", "basket", "bell")


def checkerboard(*, rated: bool = False, size: int = SIZE) -> Fold:
    """Return the board as a fold: ``size`` users and items of alternating colours.

    Texts, features, friends and true preferences hold the colour, too, so models that read only these can complete it.

    Args:
        rated: for models of values: taken items of one's colour are rated 5, and every user also took a third of the
            other colour's items and rated them 1. Without it every row has the value 1 and there are no labels.
        size: number of users and of items.
    """
    shuffle = np.random.default_rng(3)
    item_colour = shuffle.permutation(np.arange(size) % 2)
    user_colour = shuffle.permutation(np.arange(size) % 2)
    withheld = _withheld(user_colour, item_colour)
    taken = user_colour[:, None] == item_colour[None, :]
    taken[np.arange(size), withheld] = False
    if rated:
        other = user_colour[:, None] != item_colour[None, :]
        third = (np.arange(size)[:, None] + np.cumsum(other, axis=1)) % 3 == 0
        taken |= other & third
    user, item = np.nonzero(taken)
    order = shuffle.permutation(len(user))
    rows = _rows(user[order], item[order], user_colour, item_colour, rated=rated)
    train = Dataset(
        name="checkerboard",
        interactions=rows,
        users=_table("user-", user_colour, "A person who loves"),
        items=_table("item-", item_colour, "A thing of"),
        links=_friends(user_colour),
        preferences=(user_colour[:, None] == item_colour[None, :]).astype(np.float32),
        simulated=True,
        steps=(Step("paint the board", 0, len(rows)),),
    )
    queries = Queries.from_rows(np.arange(size), rows.user, rows, np.full(size, len(rows), np.int64))
    held = _rows(np.arange(size), withheld, user_colour, item_colour, rated=rated)
    return Fold(
        name="board",
        train=train,
        queries=queries,
        truth=GroundTruth.from_rows(np.arange(size), held, size),
        blocked=Ragged(queries.start, queries.items.item),
        counts={"train rows": len(rows), "test rows": size},
    )


def _withheld(user_colour: Int64, item_colour: Int64) -> Int64:
    """int64[users]: the n-th user of a colour misses the n-th item of that colour."""
    withheld = np.empty(len(user_colour), np.int64)
    for colour in (0, 1):
        withheld[user_colour == colour] = np.flatnonzero(item_colour == colour)
    return withheld


def _rows(user: Int64, item: Int64, user_colour: Int64, item_colour: Int64, *, rated: bool) -> Interactions:
    own = user_colour[user] == item_colour[item]
    return Interactions(
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        value=np.where(own, 5, 1).astype(np.float32) if rated else np.ones(len(user), np.float32),
        label=own.astype(np.int8) if rated else None,
        timestamp=np.arange(len(user), dtype=np.int64),
        behaviour=np.zeros(len(user), np.int8),
        behaviours=("take",),
    )


def _table(prefix: str, colour: Int64, words: str) -> Entities:
    texts = tuple(f"{words} {_WORDS[own]}, {_OBJECTS[n // 2 % len(_OBJECTS)]}" for n, own in enumerate(colour))
    return Entities(
        ids=codes(prefix, len(colour)),
        text=texts,
        columns={"description": texts},
        features=np.eye(2, dtype=np.float32)[colour],
        feature_names=("red", "blue"),
    )


def _friends(colour: Int64) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """Make each user a friend of the next of the same colour."""
    rings = [np.flatnonzero(colour == own) for own in (0, 1)]
    return np.concatenate([np.stack([ring, np.roll(ring, 1)], axis=1) for ring in rings]).astype(np.int32)
