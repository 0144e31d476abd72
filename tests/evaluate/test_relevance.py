"""Relevance: explicit negatives never count as right, in the pure rule and in what metrics see."""

from __future__ import annotations

import numpy as np
import pytest

from benchsuite.data import (
    Dataset,
    Entities,
    EvaluationInput,
    Fold,
    GroundTruth,
    Interactions,
    Queries,
    Ragged,
    Relevance,
    relevant_rows,
)
from benchsuite.errors import DataError
from benchsuite.evaluate import evaluation_input, labelled_pairs, relevant_items
from benchsuite.registry import load_metric

VALUES = np.array([1, 0, -1, 5, 4, 3.5, 0.7], np.float32)


@pytest.mark.parametrize(
    ("settings", "right"),
    [
        ({}, [True, False, False, True, True, True, True]),
        ({"relevant_from": 4}, [False, False, False, True, True, False, False]),
        ({"relevant_from": 0.7}, [True, False, False, True, True, True, True]),
        ({"relevant_from": 0}, [True, False, False, True, True, True, True]),
        ({"relevant_from": -5}, [True, False, False, True, True, True, True]),
        ({"relevant_from": 6}, [False] * 7),
        ({"relevant": "liked", "label": [0, 1, 0, 1, 0, 0, 0]}, [False, True, False, True, False, False, False]),
    ],
)
def test_the_rule(settings: dict[str, object], right: list[bool]) -> None:
    found = relevant_rows(VALUES, **settings)  # type: ignore[arg-type]
    assert found.dtype == np.bool_
    assert found.tolist() == right


def test_false_is_no_and_a_label_alone_changes_nothing_by_default() -> None:
    assert relevant_rows([True, False]).tolist() == [True, False]
    assert relevant_rows([3.0, 5.0], [0, 1]).tolist() == [True, True]
    assert relevant_rows([]).tolist() == []
    assert relevant_rows([np.nan]).tolist() == [True]
    assert relevant_rows([np.nan], relevant_from=1).tolist() == [False]


def test_likes_need_labels() -> None:
    with pytest.raises(DataError, match=r'relevant = "liked" needs labels, and the data has none; .*positive_from'):
        relevant_rows([1.0], relevant="liked")


def test_what_is_not_set_enters_no_key() -> None:
    assert Relevance().settings() == {"relevant": "taken"} == Relevance().identity(negatives=False)
    assert Relevance("liked").identity(negatives=True) == {"relevant": "liked"}
    assert Relevance(relevant_from=4.0).settings() == {"relevant": "taken", "relevant_from": 4.0}
    assert Relevance().identity(negatives=True) != Relevance().identity(negatives=False)
    assert Relevance.of({"relevant": "taken", "threshold": "f1"}) == Relevance()


def fold(values: list[float], label: list[int] | None = None) -> Fold:
    """One user of four items, who held out as many as there are values."""
    size = len(values)
    rows = Interactions(
        user=np.zeros(1, np.int32),
        item=np.array([3], np.int32),
        value=np.ones(1, np.float32),
        label=None if label is None else np.ones(1, np.int8),
        timestamp=None,
        behaviour=np.zeros(1, np.int8),
        behaviours=("interaction",),
    )
    train = Dataset("d", rows, Entities(("a",)), Entities(("w", "x", "y", "z")))
    truth = GroundTruth(np.array([0, size]), np.arange(size), np.array(values), label)  # type: ignore[arg-type]
    return Fold("1", train, Queries(np.array([0]), np.array([0, 1]), rows), truth, Ragged(np.array([0, 1]), [3]))  # type: ignore[arg-type]


def evidence_of(asked: Fold, relevance: Relevance) -> EvaluationInput:
    """Return a list of the items 0, 2 (codes), all pairs scored alike."""
    pairs = labelled_pairs(asked, 1)
    answers = {
        "item": np.array([[0, 2]], np.int32),
        "score": np.ones((1, 2), np.float32),
        "fallback": np.zeros((1, 2), np.bool_),
        "pair_query": pairs.query,
        "pair_item": pairs.item,
        "pair_label": pairs.label,
        "pair_value": pairs.value,
        "pair_score": np.ones(len(pairs), np.float32),
    }
    return evaluation_input(asked, answers, answers, relevance, "accuracy")[0]


def measured(asked: Fold, relevance: Relevance, metric: str) -> float:
    evidence = evidence_of(asked, relevance)
    found = load_metric(metric).from_settings({"k": 2}, metric)
    return float(found.estimate(evidence, np.asarray(found.measure(evidence)), np.ones((1, 1)))[0])


@pytest.mark.parametrize("no", [0, -1])
@pytest.mark.parametrize("metric", ["precision@k", "recall@k", "ndcg@k"])
def test_an_explicit_negative_is_no_hit(no: float, metric: str) -> None:
    """The list is items 0 and 2; item 0 is held out with a no, item 1 with a yes and missed."""
    assert measured(fold([no, 1]), Relevance(), metric) == 0
    assert measured(fold([1, no]), Relevance(), metric) > 0


def test_only_values_from_the_bound_on_are_hits() -> None:
    asked = fold([3, 5, 4])
    assert relevant_items(asked, Relevance()).item.tolist() == [0, 1, 2]
    assert relevant_items(asked, Relevance(relevant_from=4)).item.tolist() == [1, 2]
    assert measured(asked, Relevance(relevant_from=4), "precision@k") == 0.5
    assert measured(asked, Relevance(relevant_from=3), "precision@k") == 1


def test_ratings_below_the_label_are_taken_unless_likes_are_asked_for() -> None:
    asked = fold([3, 5, 4], [0, 1, 1])
    assert relevant_items(asked, Relevance()).item.tolist() == [0, 1, 2]
    assert relevant_items(asked, Relevance("liked")).item.tolist() == [1, 2]


def test_without_labels_an_explicit_negative_is_a_negative_pair() -> None:
    pairs = evidence_of(fold([0, 5, -1]), Relevance()).pairs
    told = dict(zip(pairs.item.tolist(), pairs.label.tolist(), strict=True))
    assert (told[0], told[1], told[2]) == (0, 1, 0)
    assert evidence_of(fold([3, 0], [0, 1]), Relevance()).pairs.label.tolist() == [0, 1], "the data's own labels stand"
