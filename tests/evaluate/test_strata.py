"""Parts of a test: folds small enough to know every part by heart, and sums that must come out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.data import (
    Dataset,
    Entities,
    EvaluationInput,
    Fold,
    GroundTruth,
    Interactions,
    Pairs,
    PairScores,
    Queries,
    Ragged,
    Rankings,
    Relevance,
)
from benchsuite.evaluate import Part, evaluation_input, measure, measure_parts, parts, unanswered
from benchsuite.plan.experiment_file import PluginSpec
from benchsuite.plan.resolve import resolve


def rows(user: Any, item: Any) -> Interactions:
    ones = np.ones(len(user), np.float32)
    return Interactions(user, item, ones, None, None, np.zeros(len(user), np.int8), ("take",))


def fold_of(train: list[tuple[int, int]], truth: list[tuple[int, int]], users: int, items: int) -> Fold:
    """Every user with a truth asks once and shows their training rows; code j of a table is called j."""
    taken = np.asarray(train, np.int32).reshape(-1, 2)
    held = np.asarray(truth, np.int32).reshape(-1, 2)
    data = Dataset(
        "planted",
        rows(taken[:, 0], taken[:, 1]),
        Entities(tuple(map(str, range(users)))),
        Entities(tuple(map(str, range(items)))),
    )
    asking = np.unique(held[:, 0])
    mine = np.isin(taken[:, 0], asking)
    shown = rows(taken[mine, 0], taken[mine, 1])
    queries = Queries.from_rows(asking, np.searchsorted(asking, taken[mine, 0]), shown)
    owner = np.searchsorted(asking, held[:, 0])
    answer = GroundTruth.from_rows(owner, rows(held[:, 0], held[:, 1]), len(asking))
    return Fold("1", data, queries, answer, Ragged.empty(len(asking)))


PLANTED = fold_of(
    # Item 0 has six rows, items 1 and 2 three each, items 3 to 8 one each: three thirds of six. Items 9, 10 are new.
    train=[(user, 0) for user in range(6)]
    + [(user, 1) for user in range(3)]
    + [(user, 2) for user in range(3)]
    + [(0, 3), (0, 4), (0, 5), (1, 6), (1, 7), (2, 8)],
    # Users 6 and 7 are new. Histories: 6, 5, 4, 1, 0, 0 rows.
    truth=[(0, 9), (0, 6), (1, 0), (2, 3), (2, 10), (3, 1), (3, 9), (6, 0), (6, 9), (7, 4)],
    users=8,
    items=11,
)


def by_name(fold: Fold) -> dict[str, Part]:
    return {part.name: part for part in parts(fold)}


def test_parts_that_are_known_by_hand() -> None:
    found = by_name(PLANTED)
    items = {name: np.flatnonzero(part.items).tolist() for name, part in found.items() if part.items is not None}
    assert items == {
        "warm items": list(range(9)),
        "cold items": [9, 10],
        "head items": [0],
        "middle items": [1, 2],
        "tail items": [3, 4, 5, 6, 7, 8],
    }
    asking = PLANTED.queries.user
    users = {name: asking[part.queries].tolist() for name, part in found.items() if part.queries is not None}
    assert users == {
        "warm users": [0, 1, 2, 3],
        "cold users": [6, 7],
        "short histories": [6, 7],
        "middle histories": [2, 3],
        "long histories": [0, 1],
    }
    assert {name: (part.rows(PLANTED), part.asked(PLANTED)) for name, part in found.items()} == {
        "warm items": (6, 6),
        "cold items": (4, 4),
        "warm users": (7, 4),
        "cold users": (3, 2),
        "head items": (2, 2),
        "middle items": (1, 1),
        "tail items": (3, 3),
        "short histories": (3, 2),
        "middle histories": (4, 2),
        "long histories": (3, 2),
    }
    assert found["head items"].meaning == "1 item with 6 training rows"
    assert found["middle histories"].meaning == "queries with 1 to 4 events in their history"


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), users=st.integers(1, 12), items=st.integers(1, 12), n=st.integers(1, 60))
def test_families_share_everything_out(seed: int, users: int, items: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    train = [(int(rng.integers(users)), int(items * rng.random() ** 2)) for _ in range(n)]
    truth = sorted({(int(rng.integers(users)), int(rng.integers(items))) for _ in range(n)})
    fold = fold_of(train, truth, users, items)
    found = by_name(fold)
    assert np.array_equal(found["warm items"].items ^ found["cold items"].items, np.ones(items, np.bool_))
    thirds = np.stack([found[name].items for name in ("head items", "middle items", "tail items")])
    assert np.array_equal(thirds.sum(axis=0), found["warm items"].items)
    count = np.bincount([item for _, item in train], minlength=items)
    for more, less in ((0, 1), (0, 2), (1, 2)):
        if thirds[more].any() and thirds[less].any():
            assert count[thirds[more]].min() > count[thirds[less]].max(), "equally popular items were parted"
    for names in (("warm users", "cold users"), ("short histories", "middle histories", "long histories")):
        assert np.array_equal(sum(found[name].queries.astype(int) for name in names), np.ones(len(fold.queries)))
    families: dict[str, int] = {}
    for part in parts(fold):
        families[part.family] = families.get(part.family, 0) + part.rows(fold)
    assert families.pop("item popularity") == found["warm items"].rows(fold)
    assert set(families.values()) == {len(truth)}


def answers(fold: Fold, seed: int = 0, k: int = 3) -> EvaluationInput:
    rng = np.random.default_rng(seed)
    q, items = len(fold.queries), len(fold.train.items)
    lists = np.argsort(rng.random((q, items)), axis=1)[:, :k].astype(np.int32)
    other = rng.integers(0, items, len(fold.truth.item))
    query = np.concatenate([fold.truth.rows, fold.truth.rows]).astype(np.int32)
    label = np.repeat([1, 0], len(fold.truth.item)).astype(np.int8)
    score = rng.normal(size=len(query)).astype(np.float32)
    item = np.concatenate([fold.truth.item, other]).astype(np.int32)
    return EvaluationInput(
        user=fold.queries.user,
        relevant=fold.truth.items,
        rankings=Rankings(lists, np.zeros(lists.shape), np.zeros(lists.shape, np.bool_)),
        pairs=Pairs(query, item, label, np.where(label, 1, np.nan), int((label == 0).sum())),
        scores=PairScores(score, by_name(fold)["cold items"].items[item], 0.0, rng.random(len(query))),
        catalogue=items,
        popularity=np.bincount(fold.train.interactions.item, minlength=items),
        users=len(np.unique(fold.train.interactions.user)),
        items=fold.train.items,
    )


def metrics(*labels: str) -> dict[str, Any]:
    return {label: resolve("metrics", PluginSpec(use=label, label=label), "a test").plugin for label in labels}


def test_values_by_hand() -> None:
    evidence = answers(PLANTED)
    found = measure_parts(evidence, parts(PLANTED), metrics("recall@3", "auc"), 20, 8)
    cold, right = {9, 10}, {0: [9], 2: [10], 3: [9], 6: [9]}
    lists = {int(user): set(row.tolist()) for user, row in zip(evidence.user, evidence.rankings.item, strict=True)}
    expected = np.mean([len(cold & set(right[user]) & lists[user]) / len(right[user]) for user in right])
    assert found["cold items", "recall@3"].value == pytest.approx(expected)
    assert found["cold items", "recall@3"].n == len(right)

    inside = np.isin(evidence.pairs.item, [9, 10])
    score, label = evidence.scores.score[inside], evidence.pairs.label[inside]
    wins = [float(a > b) + 0.5 * float(a == b) for a in score[label == 1] for b in score[label == 0]]
    auc = found["cold items", "auc"]
    assert auc.n == inside.sum()
    assert auc.value == pytest.approx(np.mean(wins), nan_ok=True)
    new = np.isin(evidence.user[evidence.pairs.query], [6, 7])
    assert found["cold users", "auc"].n == new.sum()


@pytest.mark.parametrize("seed", range(5))
def test_users_by_parts_add_up_to_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    train = [(int(rng.integers(30)), int(20 * rng.random() ** 2)) for _ in range(120)]
    truth = sorted({(int(rng.integers(40)), int(rng.integers(25))) for _ in range(90)})
    fold = fold_of(train, truth, 40, 25)
    evidence = answers(fold, seed)
    chosen = metrics("ndcg@3", "recall@3")
    found = measure_parts(evidence, parts(fold), chosen, 50, 40)
    _, whole = measure(evidence, fold.queries, chosen, 50, 40)
    for names in (("warm users", "cold users"), ("short histories", "middle histories", "long histories")):
        for metric in chosen:
            there = [found[name, metric] for name in names if found[name, metric].n]
            total = sum(one.n * one.value for one in there)
            assert sum(one.n for one in there) == whole[metric, ""].n
            assert total / whole[metric, ""].n == pytest.approx(whole[metric, ""].value)
    # Right items by parts add up too: hits are those of the whole.
    hits = lambda one: np.nansum(chosen["recall@3"].measure(one) * one.relevant.counts)  # noqa: E731 - two uses
    pieces = [hits(evidence.of_items(part.items)) for part in parts(fold) if part.family == "item novelty"]
    assert sum(pieces) == pytest.approx(hits(evidence))


def test_everybody_as_a_part_is_the_whole_draw_by_draw() -> None:
    rng = np.random.default_rng(1)
    truth = sorted({(int(rng.integers(20)), int(rng.integers(9))) for _ in range(80)})
    fold = fold_of([(user, user % 9) for user in range(20)], truth, 20, 9)
    chosen = metrics("ndcg@3", "auc")
    evidence = answers(fold)
    found = measure_parts(evidence, parts(fold), chosen, 50, 20)
    _, whole = measure(evidence, fold.queries, chosen, 50, 20)
    for part in ("warm items", "warm users"):
        for metric in chosen:
            assert found[part, metric].value == pytest.approx(whole[metric, ""].value)
            np.testing.assert_allclose(found[part, metric].replicates, whole[metric, ""].replicates, rtol=1e-6)


def test_few_users_have_no_interval() -> None:
    fold = fold_of(
        [(user, user % 3) for user in range(20)], [(user, 3 if user < 9 else 0) for user in range(20)], 20, 4
    )
    found = measure_parts(answers(fold), parts(fold), metrics("recall@3", "auc"), 30, 20)
    assert len(found["cold items", "recall@3"].replicates) == 0
    assert found["cold items", "recall@3"].n == 9
    assert len(found["warm items", "recall@3"].replicates) == 30


def test_what_the_fallback_answered_is_counted_with_the_cold() -> None:
    """A model that abstains on new items: every pair of a cold item is answered by the fallback, and shown so."""
    fold, truth = PLANTED, PLANTED.truth
    known = np.bincount(fold.train.interactions.item, minlength=11) > 0
    stored = {
        "item": np.tile(np.arange(3, dtype=np.int32), (len(fold.queries), 1)),
        "score": np.zeros((len(fold.queries), 3), np.float32),
        "fallback": np.zeros((len(fold.queries), 3), np.bool_),
        "pair_query": truth.rows.astype(np.int32),
        "pair_item": truth.item,
        "pair_label": np.ones(len(truth.item), np.int8),
        "pair_value": truth.value,
        "pair_score": np.where(known[truth.item], 1.0, np.nan).astype(np.float32),
    }
    evidence, _ = evaluation_input(fold, stored, stored, Relevance(), "f1")
    found = by_name(fold)
    assert unanswered(evidence, found["cold items"]) == (4, 4)
    assert unanswered(evidence, found["warm items"]) == (0, 6)
    assert unanswered(evidence, found["cold users"]) == (1, 3)
    assert unanswered(evidence, found["long histories"]) == (1, 3)
    assert evidence.of_items(found["cold items"].items).scores.fallback.all()


def test_judged_on_some_items() -> None:
    evidence = answers(PLANTED)
    mask = by_name(PLANTED)["cold items"].items
    some = evidence.of_items(mask)
    assert [some.relevant[j].tolist() for j in range(len(some))] == [[9], [], [10], [9], [9], []]
    kept = mask[evidence.pairs.item]
    assert np.array_equal(some.pairs.item, evidence.pairs.item[kept])
    assert np.array_equal(some.scores.probability, evidence.scores.probability[kept])
    assert some.pairs.sampled == int((evidence.pairs.label[kept] == 0).sum())
    assert some.rankings is evidence.rankings


def test_judged_on_some_queries() -> None:
    evidence = answers(PLANTED)
    chosen = np.asarray([True, False, False, True, False, True])
    some, old = evidence.of_queries(chosen), np.flatnonzero(chosen)
    assert some.user.tolist() == [0, 3, 7]
    assert [some.relevant[j].tolist() for j in range(3)] == [evidence.relevant[j].tolist() for j in old]
    assert np.array_equal(some.rankings.item, evidence.rankings.item[chosen])
    kept = chosen[evidence.pairs.query]
    assert np.array_equal(old[some.pairs.query], evidence.pairs.query[kept])
    assert np.array_equal(some.scores.score, evidence.scores.score[kept])
    assert len(evidence.of_queries(np.zeros(6, np.bool_))) == 0
