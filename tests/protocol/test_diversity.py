"""Diversity within lists, against word counts made by hand and all pairs one by one."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.api import Requirement
from benchsuite.data import Entities, EvaluationInput, Rankings
from benchsuite.errors import DataError
from benchsuite_protocol.metrics import text_vectors
from benchsuite_protocol.metrics.diversity import DiversityAtK
from benchsuite_protocol.metrics.text_vectors import word_vectors

WORDS = ("red", "Blue", "sea", "of", "x", "1999", "naïve", "海岸")


def table(said: list[str]) -> Entities:
    return Entities(tuple(f"i{code}" for code in range(len(said))), text=tuple(said))


def by_hand(said: list[str]) -> list[dict[str, float]]:
    """Tf-idf vectors of unit length as dictionaries, empty where a text has no word."""
    counts = [Counter(re.findall(r"\w\w+", text.lower())) for text in said]
    having = Counter(word for count in counts for word in count)
    vectors = []
    for count in counts:
        vector = {w: n * (math.log((1 + len(said)) / (1 + having[w])) + 1) for w, n in count.items()}
        norm = math.sqrt(sum(value**2 for value in vector.values()))
        vectors.append({word: value / norm for word, value in vector.items()})
    return vectors


def naive(said: list[str], listed: list[int]) -> float:
    vectors = by_hand(said)
    kept = [vectors[item] for item in listed if item >= 0 and vectors[item]]
    gaps = [
        1 - sum(value * other.get(word, 0.0) for word, value in one.items()) for one, other in combinations(kept, 2)
    ]
    return sum(gaps) / len(gaps) if gaps else math.nan


def listing(evidence: EvaluationInput, said: list[str] | None, item: np.ndarray) -> EvaluationInput:
    items = None if said is None else table(said)
    lists = Rankings(item, np.zeros(item.shape), np.zeros(item.shape, np.bool_))
    return dataclasses.replace(evidence, items=items, rankings=lists)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), queries=st.integers(1, 9), k=st.integers(1, 9), items=st.integers(9, 14))
def test_all_pairs_one_by_one(answers, seed: int, queries: int, k: int, items: int) -> None:
    rng = np.random.default_rng(seed)
    said = [" ".join(rng.choice(WORDS, rng.integers(0, 5))) for _ in range(items)]
    evidence = answers(seed, queries, items, k=9)
    evidence = listing(evidence, said, evidence.rankings.item)
    expected = [naive(said, list(row[:k])) for row in evidence.rankings.item]
    np.testing.assert_allclose(DiversityAtK(k=k).measure(evidence), expected, atol=1e-12)


def test_by_hand(answers) -> None:
    said = ["red sea", "red sea", "blue moon", "", "x"]
    one = listing(answers(0, queries=4, items=5, k=4), said, np.asarray([[0, 1, -1], [0, 2, 3], [0, 1, 2], [0, 3, 4]]))
    values = DiversityAtK(k=3).measure(one)
    # The same words; no word in common, the wordless item left out; one pair of three alike; one item alone.
    np.testing.assert_allclose(values, [0.0, 1.0, 2 / 3, np.nan], atol=1e-12)
    assert (values[:2] >= 0).all()
    np.testing.assert_array_equal(DiversityAtK(k=1).measure(one), [np.nan] * 4)
    weights = np.asarray([[1.0, 1, 1, 1], [0, 2, 1, 5]])
    np.testing.assert_allclose(DiversityAtK(k=3).estimate(one, values, weights), [(1 + 2 / 3) / 3, (2 + 2 / 3) / 3])


def test_many_lists_are_done_in_parts(answers, monkeypatch) -> None:
    said = [f"word{code % 4} thing{code % 3}" for code in range(12)]
    evidence = answers(3, queries=30, items=12, k=6)
    evidence = listing(evidence, said, evidence.rankings.item)
    whole = DiversityAtK(k=5).measure(evidence)
    monkeypatch.setattr("benchsuite_protocol.metrics.diversity._QUERIES", 7)
    np.testing.assert_array_equal(DiversityAtK(k=5).measure(evidence), whole)


def test_without_texts_nothing_counts(answers) -> None:
    evidence = answers(0, queries=5, items=12, k=6)
    assert Requirement.ITEM_TEXT in DiversityAtK.needs
    assert np.isnan(DiversityAtK().measure(listing(evidence, None, np.full((5, 12), -1, np.int32)))).all()
    lists = np.tile(np.arange(12, dtype=np.int32), (5, 1))
    for blank in (dataclasses.replace(table([""] * 12), text=None), table(["", "x"] * 6)):
        given_ = dataclasses.replace(listing(evidence, None, lists), items=blank)
        assert np.isnan(DiversityAtK().measure(given_)).all()


def test_words_are_counted_once_for_a_table(monkeypatch) -> None:
    items = table(["red sea", "blue moon"])
    made = []
    count = text_vectors._count_words
    monkeypatch.setattr(text_vectors, "_count_words", lambda said: made.append(said) or count(said))
    assert word_vectors(items) is word_vectors(items)
    assert len(made) == 1
    word_vectors(table(["red sea", "blue moon"]))
    assert len(made) == 2


def test_what_it_says_of_itself(answers) -> None:
    metric = DiversityAtK(k=13)
    assert "cosine" in metric.convention
    assert "tf-idf" in metric.convention
    assert metric.higher_is_better
    assert metric.resampled
    with pytest.raises(DataError, match="first 13 places"):
        metric.measure(answers(0, k=12, items=25))
