"""A tiny encoder and decoders of random weights whose vocabulary suits re-rankers, and a world where text tells."""

from __future__ import annotations

import numpy as np

from benchsuite.data import Dataset, Entities, Fold, GroundTruth, Interactions, Queries, Ragged
from support.tiny_models import save_reader

__all__ = ["hits", "save_reader", "text_world"]

TOPICS = ("sea wave harbour sailor", "city street taxi night", "forest river bear camp")
USERS, ITEMS, EACH = 60, 60, 10


def text_world() -> Fold:
    """Sixty users of three tastes take items of their topic; all are about equally popular: only text tells."""
    rng = np.random.default_rng(5)
    taste, topic = np.arange(USERS) % 3, np.arange(ITEMS) % 3
    own = [np.flatnonzero(topic == taste[user]) for user in range(USERS)]
    taken = np.stack([rng.permutation(codes)[: EACH + 2] for codes in own])
    user, item = np.repeat(np.arange(USERS), EACH), taken[:, :EACH].ravel()
    words = [TOPICS[code].split() for code in topic]
    texts = tuple(f"{w[n % 4]} {w[(n // 4) % 4]}" for n, w in enumerate(words))
    train = Dataset(
        "text world",
        _rows(user, item),
        Entities(tuple(f"u{n}" for n in range(USERS))),
        Entities(tuple(f"i{n}" for n in range(ITEMS)), text=texts),
    )
    held = _rows(np.repeat(np.arange(USERS), 2), taken[:, EACH:].ravel())
    queries = Queries.from_rows(np.arange(USERS), user, train.interactions)
    truth = GroundTruth.from_rows(held.user, held, USERS)
    return Fold("world", train, queries, truth, Ragged.from_pairs(user, item, USERS))


def _rows(user: np.ndarray, item: np.ndarray) -> Interactions:
    return Interactions(
        user=user,
        item=item,
        value=np.ones(len(user)),
        label=None,
        timestamp=None,
        behaviour=np.zeros(len(user)),
        behaviours=("take",),
    )


def hits(scores: np.ndarray, fold: Fold, k: int = 5) -> float:
    """Return the share of queries with a right item among the first ``k`` open ones."""
    found = 0
    for query in range(len(fold.queries)):
        open_scores = scores[query].astype(float)
        open_scores[fold.blocked[query]] = -np.inf
        found += bool(np.isin(np.argsort(-open_scores, kind="stable")[:k], fold.truth.items[query]).any())
    return found / len(fold.queries)
