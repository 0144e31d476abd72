"""The ensemble of EASE and ALS: a plain sum whose weight comes from validation."""

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Dataset
from benchsuite_classic.als import ALS
from benchsuite_classic.blending import ndcg
from benchsuite_classic.ease import EASE
from benchsuite_classic.ease_als import WEIGHTS, EaseALS
from benchsuite_protocol.splits.random_holdout import RandomHoldout

_SMALL = {"factors": 8, "iterations": 3}


def test_it_is_the_weighted_sum(small: Dataset) -> None:
    fold = next(RandomHoldout().split(small, 0))
    context = Context(seed=1)
    model = EaseALS(weight=0.5, **_SMALL).fit(fold.train, context)
    ease = EASE().fit(fold.train, context).score(fold.queries, None)
    als = ALS(**_SMALL).fit(fold.train, context).score(fold.queries, None)
    np.testing.assert_allclose(model.score(fold.queries, None), ease + 0.5 * als, atol=1e-6)
    assert model.facts() == {"mix": {"als": 0.5, "validation ndcg@10": None}}


def test_the_weight_is_the_best_on_validation_and_the_rest_is_fitted_on_all_rows(small: Dataset) -> None:
    fold = next(RandomHoldout().split(small, 0))
    inner = fold.validation
    assert inner is not None
    model = EaseALS(**_SMALL).fit(fold.train, Context(seed=1, validation=inner))
    size = (len(inner.queries), len(small.items))
    blocked, truth = np.zeros(size, bool), np.zeros(size, bool)
    blocked[inner.blocked.rows, inner.blocked.item] = True
    truth[inner.truth.rows, inner.truth.item] = True
    asked = truth.any(axis=1)
    reached = [
        ndcg(
            EaseALS(weight=weight, **_SMALL).fit(inner.train, Context(seed=1)).score(inner.queries, None)[asked],
            blocked[asked],
            truth[asked],
        ).mean()
        for weight in WEIGHTS
    ]
    found = model.facts()["mix"]
    assert found["als"] == WEIGHTS[int(np.argmax(reached))]
    assert found["validation ndcg@10"] == pytest.approx(max(reached), abs=1e-4)
    again = EaseALS(weight=found["als"], **_SMALL).fit(fold.train, Context(seed=1))
    np.testing.assert_array_equal(model.score(fold.queries, None), again.score(fold.queries, None))


def test_without_a_validation_fold_a_part_of_the_histories_is_held_out(small: Dataset) -> None:
    model = EaseALS(**_SMALL).fit(small, Context(seed=1))
    assert model.facts()["mix"]["validation ndcg@10"] > 0
