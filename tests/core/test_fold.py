from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchsuite.data import Fold, GroundTruth, Interactions, Queries, Ragged
from benchsuite.errors import DataError
from benchsuite_testing import last_events, small_dataset


def events(item, timestamp=None):
    count = len(item)
    return Interactions(
        user=np.zeros(count),
        item=item,
        value=np.arange(count),
        label=None,
        timestamp=timestamp,
        behaviour=np.zeros(count),
        behaviours=("take",),
    )


def test_histories_are_oldest_first():
    queries = Queries.from_rows([4, 7], [1, 0, 1], events([10, 11, 12], timestamp=[30, 20, 10]))
    assert queries.items[0].tolist() == [11]
    assert queries.items[1].tolist() == [12, 10]
    assert queries.rows.tolist() == [0, 1, 1]


def test_without_time_histories_keep_the_given_order():
    queries = Queries.from_rows([4, 7], [1, 0, 1], events([10, 11, 12]))
    assert queries.items[1].tolist() == [10, 12]
    assert queries.when is None


def test_slices_are_the_same_queries():
    whole = last_events(small_dataset()).queries
    part = whole.slice(3, 9)
    assert len(part) == 6
    for row in range(6):
        assert part.items[row].tolist() == whole.items[row + 3].tolist()
    assert part.user.tolist() == whole.user[3:9].tolist()
    assert part.when.tolist() == whole.when[3:9].tolist()
    assert len(whole.slice(2, 2)) == 0


def test_matrix_of_histories():
    queries = Queries.from_rows([0, 1], [0, 0, 1], events([1, 1, 2]))
    assert queries.matrix(3).toarray().tolist() == [[0, 1, 0], [0, 0, 1]]
    assert queries.matrix(3, queries.history.value).toarray().tolist() == [[0, 1, 0], [0, 0, 2]]


def test_truth_groups_rows_by_query():
    truth = GroundTruth.from_rows([1, 0, 1], events([5, 6, 7]), 3)
    assert [truth.items[j].tolist() for j in range(3)] == [[6], [5, 7], []]
    assert truth.value.tolist() == [1.0, 0.0, 2.0]
    assert truth.rows.tolist() == [0, 1, 1]
    assert truth.label is None


def test_a_fold_refuses_parts_that_do_not_belong_together():
    fold = last_events(small_dataset())
    with pytest.raises(DataError, match=r"queries, .* truths, 2 blocked"):
        dataclasses.replace(fold, blocked=Ragged.empty(2))
    for candidates in ([3, 2], [2, 2]):
        with pytest.raises(DataError, match="candidates are not sorted and unique"):
            dataclasses.replace(fold, candidates=candidates)


@pytest.mark.parametrize("code", [-1, 9999])
def test_codes_of_a_fold_stay_inside_its_tables(code: int):
    """Checks number pairs by user and item: a code of no row would be another pair's."""
    fold = last_events(small_dataset())
    queries, truth = fold.queries, fold.truth
    wrong = {
        "user codes of queries": {"queries": dataclasses.replace(queries, user=[code, *queries.user[1:]])},
        "item codes of histories": {
            "queries": dataclasses.replace(
                queries, history=dataclasses.replace(queries.history, item=[code, *queries.history.item[1:]])
            )
        },
        "blocked item codes": {"blocked": Ragged(fold.blocked.start, [code, *fold.blocked.item[1:]])},
        "candidates": {"candidates": sorted([code, 1])},
        "held-out item codes": {"truth": dataclasses.replace(truth, item=[code, *truth.item[1:]])},
    }
    for what, changed in wrong.items():
        with pytest.raises(DataError, match=f"{what} point outside the [0-9]+ known"):
            dataclasses.replace(fold, **changed)
        if "truth" not in changed:
            with pytest.raises(DataError, match=f"{what} point outside the [0-9]+ known"):
                dataclasses.replace(fold.view(), **changed)


def test_a_fold_is_read_only():
    fold: Fold = dataclasses.replace(last_events(small_dataset()), candidates=[1, 2, 3])
    with pytest.raises(ValueError, match="read-only"):
        fold.candidates[0] = 0
    with pytest.raises(TypeError):
        fold.counts["train rows"] = 0
