from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.api import Context, Model, TopK
from benchsuite.data import Dataset, Entities, Fold, GroundTruth, Interactions, Queries, Ragged
from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate import rank


@dataclass
class Fixed(Model):
    """Answers with a matrix it was given."""

    matrix: Any = None
    ready: TopK | None = None

    def fit(self, train: Dataset, context: Context) -> Fixed:
        return self

    def score(self, queries: Queries, candidates: Any) -> Any:
        rows = self.matrix[queries.user]
        return rows if candidates is None else rows[:, candidates]

    def recommend(self, queries: Queries, candidates: Any, k: int, blocked: Ragged) -> TopK | None:
        return self.ready


def make_fold(popularity: list[int], blocked: list[list[int]], candidates: Any = None) -> Fold:
    items, users = len(popularity), len(blocked)
    item = np.repeat(np.arange(items), popularity)
    rows = Interactions(
        user=np.zeros(len(item), np.int32),
        item=item,
        value=np.ones(len(item)),
        label=None,
        timestamp=None,
        behaviour=np.zeros(len(item)),
        behaviours=("take",),
    )
    train = Dataset(
        "made up",
        rows,
        Entities(tuple(f"u{j}" for j in range(users))),
        Entities(tuple(f"i{j}" for j in range(items))),
    )
    flat = [item for row in blocked for item in row]
    owner = [j for j, row in enumerate(blocked) for _ in row]
    nothing = rows.take(np.zeros(0, np.int64))
    queries = Queries(np.arange(users), np.zeros(users + 1), nothing)
    truth = GroundTruth.from_rows(np.zeros(0, np.int64), nothing, users)
    return Fold("1", train, queries, truth, Ragged.from_pairs(owner, flat, users), candidates)


def plain_rank(
    scores: Any, popularity: list[int], blocked: set[int], codes: list[int], k: int
) -> tuple[list[int], list[int]]:
    """Rank one query slowly, straight from the words of the rule."""
    open_items = [(code, scores[code]) for code in codes if code not in blocked]
    liked = sorted((-s, c) for c, s in open_items if not np.isnan(s))
    rest = sorted(-popularity[c] for c, s in open_items if np.isnan(s))
    return ([c for _, c in liked])[:k], ([-p for p in rest])[: max(k - len(liked), 0)]


def plain_ties(scores: Any, blocked: set[int], codes: list[int], kept: list[int]) -> list[bool]:
    """Tell of each place whether another open candidate has its score."""
    open_codes = [code for code in codes if code not in blocked]
    return [any(scores[code] == scores[other] for other in open_codes if other != code) for code in kept]


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_equals_the_plain_rule(data: st.DataObject) -> None:
    items = data.draw(st.integers(1, 12))
    users = data.draw(st.integers(1, 4))
    k = data.draw(st.integers(1, 14))
    score = st.sampled_from([float("nan"), -2.5, -0.0, 0.0, 1e-30, 1.0, 3.5, 1e30])
    rows = st.lists(score, min_size=items, max_size=items)
    matrix = np.array(data.draw(st.lists(rows, min_size=users, max_size=users)), np.float32)
    popularity = data.draw(st.lists(st.integers(0, 3), min_size=items, max_size=items))
    codes = st.lists(st.integers(0, items - 1), unique=True, max_size=items)
    blocked = data.draw(st.lists(codes, min_size=users, max_size=users))
    candidates = sorted(data.draw(st.lists(st.integers(0, items - 1), unique=True, min_size=1)))
    given_codes = data.draw(st.sampled_from([None, candidates]))
    fold = make_fold(popularity, blocked, None if given_codes is None else np.array(given_codes))

    lists = rank(Fixed(matrix), fold, k)

    for user in range(users):
        codes_of_user = given_codes or list(range(items))
        liked, rest = plain_rank(matrix[user], popularity, set(blocked[user]), codes_of_user, k)
        got = lists.item[user]
        kept = got[got >= 0].tolist()
        assert kept[: len(liked)] == liked
        assert [popularity[code] for code in kept[len(liked) :]] == rest
        assert len(set(kept)) == len(kept)
        assert set(kept) <= set(codes_of_user) - set(blocked[user])
        assert (got[len(kept) :] == -1).all()
        for place, code in enumerate(kept):
            assert bool(lists.fallback[user, place]) == bool(np.isnan(matrix[user, code]))
            np.testing.assert_equal(lists.score[user, place], matrix[user, code])
        tied = plain_ties(matrix[user], set(blocked[user]), codes_of_user, kept)
        assert lists.tied[user, : len(kept)].tolist() == tied
        assert not lists.tied[user, len(kept) :].any()


def test_lists_are_never_longer_than_the_candidates() -> None:
    lists = rank(Fixed(np.ones((1, 3), np.float32)), make_fold([0, 0, 0], [[]]), 10)
    assert lists.item.tolist() == [[0, 1, 2]]


def test_the_models_own_faster_lists_are_taken_when_full() -> None:
    ready = TopK(np.array([[2, 0]], np.int32), np.array([[5.0, 4.0]], np.float32))
    fold, model = make_fold([0, 0, 0], [[]]), Fixed(None, ready)  # without scores: it cannot be asked for them
    lists = rank(model, fold, 2)
    assert lists.item.tolist() == [[2, 0]]


def test_the_harness_ranks_when_the_models_own_lists_are_short() -> None:
    ready = TopK(np.array([[2, -1]], np.int32), np.array([[5.0, np.nan]], np.float32))
    lists = rank(Fixed(np.array([[np.nan, 1.0, 5.0]], np.float32), ready), make_fold([9, 0, 0], [[]]), 2)
    assert lists.item.tolist() == [[2, 1]]


@pytest.mark.parametrize("matrix", [np.ones((1, 2)), np.array([[np.inf, 0.0, 1.0]])])
def test_a_broken_contract_is_named(matrix: Any) -> None:
    with pytest.raises(BenchsuiteError, match=r"score\(\) returned"):
        rank(Fixed(matrix), make_fold([0, 0, 0], [[]]), 2)


def test_equally_popular_fallbacks_differ_from_query_to_query_but_not_from_run_to_run() -> None:
    users, items = 200, 10
    fold = make_fold([0] * items, [[] for _ in range(users)])
    model = Fixed(np.full((users, items), np.nan, np.float32))
    first = rank(model, fold, 3)
    counts = np.bincount(first.item[:, 0], minlength=items)
    assert counts.min() >= 6  # 20 expected for each item, standard deviation 4.2
    assert first.item.tolist() == rank(model, fold, 3).item.tolist()


@pytest.mark.parametrize("k", [1, 5, 30])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_large_catalogue_is_ranked_by_the_same_rule(k: int, threads: int) -> None:
    generator = np.random.default_rng(k)
    users, items = 40, 600
    matrix = np.round(generator.normal(size=(users, items)), 1).astype(np.float32)
    matrix[generator.random(matrix.shape) < 0.3] = np.nan
    matrix[5:9, 12:] = np.nan
    matrix[7] = np.nan
    popularity = generator.integers(0, 4, items).tolist()
    blocked = [generator.choice(items, 20, replace=False).tolist() for _ in range(users)]
    candidates = np.sort(generator.choice(items, 400, replace=False))

    for codes in (None, candidates):
        lists = rank(Fixed(matrix), make_fold(popularity, blocked, codes), k, threads=threads)
        for user in range(users):
            known = list(range(items)) if codes is None else codes.tolist()
            liked, rest = plain_rank(matrix[user], popularity, set(blocked[user]), known, k)
            got = lists.item[user].tolist()
            assert got[: len(liked)] == liked
            assert [popularity[code] for code in got[len(liked) :]] == rest
            assert lists.fallback[user].tolist() == [False] * len(liked) + [True] * len(rest)
            np.testing.assert_equal(lists.score[user], matrix[user, got])
            np.testing.assert_equal(lists.tied[user], plain_ties(matrix[user], set(blocked[user]), known, got))
