"""Synthetic input of metrics: perfect, mixed, worst and short answers to the same queries."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from benchsuite.data import Entities, EvaluationInput, Float32, Int8, Int32, Pairs, PairScores, Ragged, Rankings

Quality = Literal["perfect", "mixed", "worst", "short"]
QUERIES, CATALOGUE, PAIRS, LIKED = 24, 40, 6, 4


def sample_answers(quality: Quality) -> EvaluationInput:
    """Return answers of the given quality to 24 queries over 40 items; lists hold the whole catalogue.

    Some queries have no relevant item and some no labelled pair. ``short`` lists are the first three places of mixed
    ones.
    """
    rng = np.random.default_rng(17)
    mixed = np.stack([rng.permutation(CATALOGUE) for _ in range(QUERIES)]).astype(np.int32)
    sizes = rng.integers(0, 6, QUERIES)
    sizes[[3, 11]] = 0
    row = np.repeat(np.arange(QUERIES), sizes)
    hidden = np.random.default_rng([17, 0])
    right = np.concatenate([hidden.choice(CATALOGUE, size, replace=False) for size in sizes]).astype(np.int32)
    relevant = Ragged.from_pairs(row, right, QUERIES)
    pairs = _pairs(hidden)
    return EvaluationInput(
        user=(np.arange(QUERIES) % 20).astype(np.int32),
        relevant=relevant,
        rankings=_rankings(quality, mixed, relevant),
        pairs=pairs,
        scores=_scores(quality, pairs, rng),
        catalogue=CATALOGUE,
        popularity=rng.integers(0, 30, CATALOGUE).astype(np.int64),
        users=60,
        items=_items(),
    )


def _items() -> Entities:
    """An item table whose texts share some words; one text has none."""
    texts = [f"kind{code % 3} shade{code % 5} thing{code}" for code in range(CATALOGUE)]
    return Entities(tuple(f"item {code}" for code in range(CATALOGUE)), text=("", *texts[1:]))


def _pairs(rng: np.random.Generator) -> Pairs:
    query = np.repeat(np.arange(QUERIES, dtype=np.int32), PAIRS)
    query = query[~np.isin(query, [5, 11])]
    item = np.concatenate([rng.permutation(CATALOGUE)[:PAIRS] for _ in range(QUERIES - 2)]).astype(np.int32)
    value = rng.permutation(np.arange(len(query)) % 5 + 1).astype(np.float32)
    return Pairs(query, item, _liked(value), value)


def _liked(value: Float32) -> Int8:
    return (value >= LIKED).astype(np.int8)


def _scores(quality: Quality, pairs: Pairs, rng: np.random.Generator) -> PairScores:
    """Scores on the scale of the values, so they are ratings too; the threshold lies between liked and not liked."""
    score = {"perfect": pairs.value, "worst": 6 - pairs.value}.get(quality, rng.permutation(pairs.value))
    odd = np.where(score >= LIKED, 0.99, 0.01).astype(np.float32)
    return PairScores(score, np.zeros(len(pairs), np.bool_), float(LIKED), odd, score)


def _rankings(quality: Quality, mixed: Int32, relevant: Ragged) -> Rankings:
    item = mixed.copy()
    for query in range(QUERIES):
        hit = np.isin(mixed[query], relevant[query])
        if quality == "perfect":
            item[query] = mixed[query][np.argsort(~hit, kind="stable")]
        elif quality == "worst":
            item[query] = mixed[query][np.argsort(hit, kind="stable")]
    if quality == "short":
        item[:, 3:] = -1
    return rankings(item)


def rankings(item: Int32) -> Rankings:
    """Return rankings whose scores fall from place to place."""
    place = np.broadcast_to(np.arange(item.shape[1], 0, -1, dtype=np.float32), item.shape)
    return Rankings(item, np.where(item >= 0, place, np.nan).astype(np.float32), np.zeros(item.shape, np.bool_))


def subset(full: EvaluationInput, queries: ArrayLike) -> EvaluationInput:
    """Return the answers to these queries only, in this order."""
    chosen = np.asarray(queries, np.int64)
    lists = [full.relevant[int(query)] for query in chosen]
    rows = np.repeat(np.arange(len(chosen)), [len(one) for one in lists])
    relevant = Ragged.from_pairs(rows, np.concatenate([*lists, np.zeros(0, np.int32)]), len(chosen))
    kept = np.concatenate([*(np.flatnonzero(full.pairs.query == query) for query in chosen), np.zeros(0, np.int64)])
    kept = kept.astype(np.int64)
    number = np.repeat(np.arange(len(chosen)), [int((full.pairs.query == query).sum()) for query in chosen])
    odds, rating = full.scores.probability, full.scores.rating
    return EvaluationInput(
        user=full.user[chosen],
        relevant=relevant,
        rankings=Rankings(full.rankings.item[chosen], full.rankings.score[chosen], full.rankings.fallback[chosen]),
        pairs=Pairs(number.astype(np.int32), full.pairs.item[kept], full.pairs.label[kept], full.pairs.value[kept]),
        scores=PairScores(
            full.scores.score[kept],
            full.scores.fallback[kept],
            full.scores.threshold,
            None if odds is None else odds[kept],
            None if rating is None else rating[kept],
        ),
        catalogue=full.catalogue,
        popularity=full.popularity,
        users=full.users,
        items=full.items,
    )
