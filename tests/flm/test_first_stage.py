"""The first stage of re-rankers: everything gets a number, and training pairs come from its candidates."""

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Dataset, Fold
from benchsuite_classic.blending import inner_holdout
from benchsuite_classic.ease import EASE
from benchsuite_flm.rerank.first_stage import FirstStage
from benchsuite_flm.rerank.training import draw_groups


@pytest.fixture(scope="module")
def vectors(world: Dataset) -> np.ndarray:
    """Vectors that hold the topic of each item, nothing for item 3, and some noise."""
    found = np.eye(5, dtype=np.float32)[np.arange(len(world.items)) % 3]
    found[:, 3:] = np.random.default_rng(1).normal(0, 0.1, (len(found), 2))
    found[3] = 0
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


@pytest.fixture(scope="module")
def stage(fold: Fold, vectors: np.ndarray) -> FirstStage:
    return FirstStage.fit("ease", fold.train, vectors, Context(seed=1))


def test_known_items_keep_the_order_of_the_named_model(stage: FirstStage, fold: Fold) -> None:
    wanted = EASE().fit(fold.train, Context(seed=1)).score(fold.queries, None)
    np.testing.assert_allclose(stage.scores(fold.queries)[:, stage.known], wanted[:, stage.known], atol=1e-6)


def test_new_items_are_ordered_by_their_texts_on_the_same_scale(stage: FirstStage, fold: Fold) -> None:
    scores = stage.scores(fold.queries)
    new = np.flatnonzero(~stage.known)
    assert len(new) == 6
    assert np.isfinite(scores).all()
    known = scores[:, stage.known]
    assert (np.abs(scores[:, new].mean(axis=1) - known.mean(axis=1)) < 4 * known.std(axis=1)).all()
    right = sum(new[int(np.argmax(scores[query, new]))] % 3 == query % 3 for query in range(40))
    assert right > 30


def test_users_without_history_get_popularity_and_no_pair_is_read(stage: FirstStage, fold: Fold, ask) -> None:
    queries = ask(fold.train, [0], [[]])
    scores = stage.scores(queries)
    taken = np.asarray(fold.train.matrix().sum(axis=0)).ravel()
    assert np.isfinite(scores).all()
    assert taken[int(np.argmax(scores[0]))] == taken.max()
    assert not stage.candidates(scores, queries, 5).any()


def test_candidates_are_the_best_open_ones_known_and_new_apart(stage: FirstStage, fold: Fold) -> None:
    scores = stage.scores(fold.queries)
    chosen = stage.candidates(scores, fold.queries, 4)
    for query in range(len(scores)):
        for kind in (stage.known, ~stage.known):
            open_codes = np.setdiff1d(np.flatnonzero(kind), fold.queries.items[query])
            best = open_codes[np.argsort(-scores[query, open_codes], kind="stable")[:4]]
            floor = scores[query, best].min() - 1e-4
            codes = np.flatnonzero(chosen[query] & kind)
            assert len(codes) == 4
            assert (scores[query, codes] >= floor).all()
            assert np.isin(codes, open_codes).all()


def test_equal_scores_name_the_smaller_codes(stage: FirstStage, fold: Fold, ask) -> None:
    queries = ask(fold.train, [0], [[5]])
    flat = np.full((1, 60), 0.3, np.float32) + np.random.default_rng(0).normal(0, 1e-8, (1, 60)).astype(np.float32)
    codes = np.flatnonzero(stage.candidates(flat, queries, 6)[0] & stage.known)
    np.testing.assert_array_equal(codes, [0, 1, 2, 3, 4, 6])


def test_positives_and_negatives_both_come_from_the_candidates(fold: Fold, vectors: np.ndarray) -> None:
    held = inner_holdout(fold.train, 3, share=0.2, least=3)
    first = FirstStage.fit("ease", held.train, vectors, Context(seed=1))
    groups = draw_groups(first, held, count=12, negatives=3, groups=10_000, seed=3)
    assert 0 < groups.found < groups.held_out == len(held.truth.item)
    assert len(groups.query) == groups.found
    for query, row in zip(groups.query.tolist(), groups.item.tolist(), strict=True):
        one = held.queries.slice(query, query + 1)
        chosen = first.candidates(first.scores(one), one, 12)[0]
        assert chosen[row].all()
        assert row[0] in held.truth.items[query]
        assert not np.isin(row[1:], held.truth.items[query]).any()
        assert len(set(row)) == 4
    few = draw_groups(first, held, count=12, negatives=3, groups=7, seed=3)
    assert few.item.shape == (7, 4)
    assert draw_groups(first, held, count=12, negatives=3, groups=0, seed=3).item.shape == (0, 4)
