import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from benchsuite.data import Dataset, Fold
from benchsuite_flm.mixing import best_weights, held_out, ndcg


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
    fold = held_out(world, seed=3)
    assert len(fold.truth.item) + len(fold.train.interactions) == len(world.interactions)
    assert np.diff(fold.truth.start).tolist() == [1] * len(fold.queries)  # a tenth of twelve, rounded
    shown = fold.train.matrix()
    assert not shown[fold.queries.user[fold.truth.rows], fold.truth.item].any()
    assert (fold.queries.matrix(len(world.items)) != shown[fold.queries.user]).nnz == 0
    again = held_out(world, seed=3)
    assert again.truth.item.tolist() == fold.truth.item.tolist()
    assert held_out(world, seed=4).truth.item.tolist() != fold.truth.item.tolist()


def test_all_events_of_a_held_out_pair_go(world: Dataset) -> None:
    rows = np.arange(len(world.interactions))
    twice = world.cut(np.concatenate([rows, rows]))
    fold = held_out(twice, seed=3)
    assert len(fold.truth.item) == 2 * len(fold.queries)
    assert not fold.train.matrix()[fold.queries.user[fold.truth.rows], fold.truth.item].any()


def test_short_histories_give_nothing_away(world: Dataset) -> None:
    few = world.cut(np.arange(len(world.interactions)) % 12 < 4)
    assert len(held_out(few, seed=1).queries) == 0


def test_the_weight_that_answers_best_is_chosen(fold: Fold) -> None:
    items = len(fold.train.items)
    right = np.zeros((len(fold.queries), items), np.float32)
    right[fold.truth.rows, fold.truth.item] = 1.0
    user_row = {int(user): row for row, user in enumerate(fold.queries.user)}
    noise = np.random.default_rng(0).normal(size=right.shape).astype(np.float32)

    def answer(table):
        return lambda queries: table[[user_row[int(user)] for user in queries.user]]

    ones = np.ones(items, np.float32)
    scale, weight, value = best_weights(fold, answer(noise), answer(right), [ones], [0.01, 100.0], seed=0)
    assert (scale, weight, value) == (0, 100.0, 1.0)
    _, weight, value = best_weights(fold, answer(right), answer(-right), [ones], [2.0], seed=0)
    assert (weight, value) == (0.0, 1.0)
    scale, _, _ = best_weights(fold, answer(noise), answer(right), [0 * ones, ones], [100.0], seed=0)
    assert scale == 1


def test_a_model_without_an_opinion_changes_nothing(fold: Fold) -> None:
    items = len(fold.train.items)
    silent = np.full((len(fold.queries), items), np.nan, np.float32)
    base = np.random.default_rng(1).normal(size=silent.shape).astype(np.float32)
    _, weight, _ = best_weights(
        fold,
        lambda queries: base[: len(queries)],
        lambda queries: silent[: len(queries)],
        [np.ones(items, np.float32)],
        [1.0, 5.0],
        seed=0,
    )
    assert weight == 0.0
