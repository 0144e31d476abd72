import dataclasses
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from benchsuite.data import Dataset, Fold
from benchsuite_classic.blending import inner_holdout, ndcg, select_blend


def test_ndcg_agrees_with_scikit_learn_where_nothing_is_blocked() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(30, 25)).astype(np.float32)
    truth = rng.random((30, 25)) < 0.1
    truth[np.arange(30), rng.integers(0, 25, 30)] = True
    ours = ndcg(scores, np.zeros_like(truth), truth)
    wanted = [ndcg_score(truth[[row]].astype(float), scores[[row]], k=10) for row in range(30)]
    assert ours == pytest.approx(wanted, abs=1e-9)


def test_blocked_items_take_no_place() -> None:
    scores = np.array([[3.0, 2.0, 1.0]], np.float32)
    blocked = np.array([[True, False, False]])
    truth = np.array([[False, True, False]])
    assert ndcg(scores, blocked, truth) == pytest.approx([1.0])
    assert ndcg(scores, np.zeros_like(blocked), truth) == pytest.approx([1 / np.log2(3)])


def test_held_out_rows_are_a_tenth_and_nobody_loses_all(world: Dataset) -> None:
    fold = inner_holdout(world, seed=3)
    assert len(fold.truth.item) + len(fold.train.interactions) == len(world.interactions)
    assert np.diff(fold.truth.start).tolist() == [1] * len(fold.queries)  # a tenth of twelve, rounded
    shown = fold.train.matrix()
    assert not shown[fold.queries.user[fold.truth.rows], fold.truth.item].any()
    assert (fold.queries.matrix(len(world.items)) != shown[fold.queries.user]).nnz == 0
    again = inner_holdout(world, seed=3)
    assert again.truth.item.tolist() == fold.truth.item.tolist()
    assert inner_holdout(world, seed=4).truth.item.tolist() != fold.truth.item.tolist()


def test_all_events_of_a_held_out_pair_go(world: Dataset) -> None:
    rows = np.arange(len(world.interactions))
    twice = world.cut(np.concatenate([rows, rows]))
    fold = inner_holdout(twice, seed=3)
    assert len(fold.truth.item) == 2 * len(fold.queries)
    assert not fold.train.matrix()[fold.queries.user[fold.truth.rows], fold.truth.item].any()


def test_share_and_least_are_heeded(world: Dataset) -> None:
    fold = inner_holdout(world, seed=3, share=0.25, least=12)
    assert np.diff(fold.truth.start).tolist() == [3] * len(fold.queries)
    assert len(inner_holdout(world, seed=3, least=13).queries) == 0


def test_short_histories_give_nothing_away(world: Dataset) -> None:
    few = world.cut(np.arange(len(world.interactions)) % 12 < 4)
    assert len(inner_holdout(few, seed=1).queries) == 0


def answer(fold: Fold, table: np.ndarray):
    row = {int(user): number for number, user in enumerate(fold.queries.user)}
    return lambda queries: table[[row[int(user)] for user in queries.user]]


def test_the_mix_that_answers_best_is_chosen(fold: Fold) -> None:
    right = np.zeros((len(fold.queries), len(fold.train.items)), np.float32)
    right[fold.truth.rows, fold.truth.item] = 1.0
    noise = np.random.default_rng(0).normal(size=right.shape).astype(np.float32)
    first, second = answer(fold, noise), answer(fold, right)
    mixes = [lambda parts, w=weight: parts[0] + w * parts[1] for weight in (0.0, 0.01, 100.0, 200.0)]
    assert select_blend(fold, lambda queries: (first(queries), second(queries)), mixes, 0) == (2, 1.0)


@pytest.mark.parametrize("drawn", ["users", "items"])
@pytest.mark.parametrize(("helped", "wanted"), [(1, 0), (20, 1)])
def test_caution_asks_for_more_than_the_standard_error(fold: Fold, drawn: Any, helped: int, wanted: int) -> None:
    # A gain on a single item, or of a single user, says little about other items or users.
    place = np.zeros((len(fold.queries), len(fold.train.items)), np.float32)
    rows, items = fold.truth.rows, fold.truth.item
    told = items if drawn == "items" else rows
    count = np.bincount(told)
    often = np.argsort(-count, kind="stable")[: (count > 0).sum()]
    before, after = place.copy(), place.copy()
    before[rows, items] = np.where(told == often[-1], 1.0, -1.0)  # one is found, and lost for others
    after[rows, items] = np.where(np.isin(told, often[:helped]), 1.0, -1.0)
    parts = answer(fold, before), answer(fold, after)
    mixes = [lambda made: made[0], lambda made: made[1]]
    either = [
        select_blend(fold, lambda queries: [part(queries) for part in parts], mixes, 0, drawn=caution)[0]
        for caution in (None, drawn)
    ]
    more = helped > 1 or drawn == "items"  # one user found for one lost is no gain
    assert either == [int(more), wanted]


def test_new_users_and_candidates_are_heeded(fold: Fold) -> None:
    few = dataclasses.replace(fold, candidates=np.unique(fold.truth.item)[:5].astype(np.int32))
    asked = []

    def parts(queries):
        asked.extend(queries.user.tolist())
        return [np.zeros((len(queries), 5), np.float32)]

    select_blend(few, parts, [lambda made: made[0]], 0)
    wanted = np.isin(fold.truth.item, few.candidates)
    assert sorted(asked) == sorted(set(fold.queries.user[fold.truth.rows[wanted]].tolist()))
