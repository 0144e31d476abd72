"""Data in which only the order of a user's items tells what comes next."""

from __future__ import annotations

import dataclasses

import numpy as np

from benchsuite.data import Dataset, Entities, Interactions, Queries


def walks(users=48, items=24, steps=8):
    """Each user walks through the catalogue in order, from a place of their own: only the order tells what is next."""
    user = np.repeat(np.arange(users), steps).astype(np.int32)
    item = ((np.arange(users)[:, None] + np.arange(steps)) % items).ravel().astype(np.int32)
    rows = Interactions(
        user, item, np.ones(len(user), np.float32), None, np.arange(len(user)), np.zeros(len(user), np.int8), ("take",)
    )
    names = (tuple(f"{kind}{code}" for code in range(size)) for kind, size in (("u", users + 1), ("i", items)))
    return Dataset("walks", rows, *(Entities(name) for name in names))


def asks(data, *histories):
    """A new user asks with each of these histories."""
    owner = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    rows = data.interactions.take(np.zeros(len(owner), int))
    stranger = np.int32(len(data.users) - 1)
    shown = dataclasses.replace(
        rows, item=np.concatenate(histories).astype(np.int32), user=np.full(len(owner), stranger)
    )
    return Queries.from_rows(np.full(len(histories), stranger), owner, dataclasses.replace(shown, timestamp=None))
