"""Foreign lists as evidence for our own metrics, so that ``ours`` is the very code that judges our models."""

from __future__ import annotations

import hashlib

import numpy as np

from benchsuite.data import EvaluationInput, Int64, Pairs, PairScores, Ragged, Rankings, relevant_rows
from benchsuite_interchange.lists import Lists, judge

SUMMARY = (
    "ours: users with a relevant item count, 0 without a list; all test rows with values above 0 are relevant; "
    "ties by the sha256 of the item id"
)


def evidence(lists: Lists, k: int, catalogue: int | None = None, relevant_from: float | None = None) -> EvaluationInput:
    """Return lists of k places (-1 where a list is shorter) and truths, one query per user with test rows.

    Args:
        lists: what was read.
        k: the most places that any metric looks at.
        catalogue: how many items could be recommended; by default those in either file.
        relevant_from: test rows with at least this value are relevant; None: all are, but for values of 0 or below.
    """
    relevant = relevant_rows(lists.test_value, relevant_from=relevant_from)
    judged = judge(lists, lists.with_test, lists.rec_score, _by_hash(lists), relevant, relevant.astype(np.float64))
    item = np.full((len(judged), k), -1, np.int32)
    score = np.full((len(judged), k), np.nan, np.float32)
    top = judged.place < k
    item[judged.row[top], judged.place[top]] = judged.item[top]
    score[judged.row[top], judged.place[top]] = judged.score[top]
    query = np.full(len(lists.users), -1, np.int64)
    query[judged.user] = np.arange(len(judged))
    truth = Ragged.from_pairs(query[lists.test_user[relevant]], lists.test_item[relevant], len(judged))
    none = np.zeros(0, np.int32)
    unscored = np.zeros(0, np.float32)
    size = max(len(lists.items) if catalogue is None else catalogue, 1)
    return EvaluationInput(
        user=judged.user,
        relevant=truth,
        rankings=Rankings(item, score, np.zeros(item.shape, np.bool_)),
        pairs=Pairs(none, none, np.zeros(0, np.int8), unscored),
        scores=PairScores(unscored, np.zeros(0, np.bool_), 0.0),
        catalogue=size,
        popularity=np.zeros(len(lists.items), np.int64),
        users=len(lists.users),
    )


def _by_hash(lists: Lists) -> Int64:
    """Return for each recommendation the code its item would have: by sha256 of the raw id, so it says nothing."""
    order = sorted(range(len(lists.items)), key=lambda code: hashlib.sha256(lists.items[code].encode()).digest())
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[lists.rec_item]
