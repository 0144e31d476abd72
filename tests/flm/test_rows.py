"""The rows of the family beside flm and flm-frozen: flm-text and flm-hybrid."""

import dataclasses

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Dataset, Fold
from benchsuite_classic.ease import EASE
from benchsuite_flm.flm import FLM
from benchsuite_flm.hybrid import HybridFLM
from benchsuite_flm.text import TextFLM


@pytest.fixture(scope="module")
def few(tiny: str) -> dict:
    return {"backbone": tiny, "epochs": 3, "batches": 2, "temperature": 0.3}


def test_text_flm_learns_nothing_about_single_items(few: dict, fold: Fold) -> None:
    model = TextFLM(**few).fit(fold.train, Context(seed=1))
    assert not model._head.residual.any()
    extra = model._items[:, -2:]
    assert not extra.any()  # no popularity
    assert FLM(**few).fit(fold.train, Context(seed=1))._head.residual.any()


def test_items_of_one_text_get_one_score_from_text_flm(few: dict, fold: Fold) -> None:
    model = TextFLM(**few).fit(fold.train, Context(seed=1))
    scores = model.score(fold.queries, None)
    texts = fold.train.items.text
    assert texts is not None
    first, second = next((a, b) for a in range(len(texts)) for b in range(a + 1, len(texts)) if texts[a] == texts[b])
    assert scores[:, first] == pytest.approx(scores[:, second], abs=1e-6)


def test_hybrid_is_flm_plus_the_weighted_score_of_ease(few: dict, fold: Fold) -> None:
    context = Context(seed=1)
    hybrid = HybridFLM(**few, weight=7.0, ease_regularization=20.0).fit(fold.train, context)
    text = FLM(**few).fit(fold.train, context).score(fold.queries, None)
    ease = np.nan_to_num(EASE(regularization=20.0).fit(fold.train, context).score(fold.queries, None))
    assert hybrid.score(fold.queries, None) == pytest.approx(text + 7 * ease, abs=1e-4)
    some = np.array([3, 9, 58], np.int32)
    assert hybrid.score(fold.queries, some) == pytest.approx((text + 7 * ease)[:, some], abs=1e-4)


def test_support_takes_weight_from_rare_items_and_new_ones_have_none(few: dict, fold: Fold) -> None:
    hybrid = HybridFLM(**few, weight=7.0, support=5.0).fit(fold.train, Context(seed=1))
    rows = np.asarray(fold.train.matrix().sum(axis=0)).ravel()
    assert hybrid._share == pytest.approx(rows / (rows + 5.0))
    text = FLM(**few).fit(fold.train, Context(seed=1)).score(fold.queries, None)
    new = rows == 0
    assert new.any()
    assert hybrid.score(fold.queries, None)[:, new] == pytest.approx(text[:, new], abs=1e-5)


def test_the_weight_comes_from_the_validation_fold(few: dict, fold: Fold, make_fold) -> None:
    inner = dataclasses.replace(make_fold(fold.train), name="validation")
    model = HybridFLM(**few).fit(fold.train, Context(seed=1, validation=inner))
    mix = model.facts()["mix"]
    assert mix["weight"] == model._chosen["weight"]
    assert 0 < mix["ndcg@10"] <= 1


def test_without_a_validation_fold_a_tenth_is_held_out(few: dict, world: Dataset) -> None:
    mix = HybridFLM(**few).fit(world, Context(seed=1)).facts()["mix"]
    assert set(mix) == {"weight", "support", "ndcg@10"}


def test_a_given_weight_is_kept(few: dict, fold: Fold) -> None:
    assert HybridFLM(**few, weight=2.5).fit(fold.train, Context()).facts()["mix"] == {"weight": 2.5, "support": 0.0}
