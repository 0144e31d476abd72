"""The rows flm-text and flm-hybrid."""

import dataclasses

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Dataset, Fold
from benchsuite_classic.als import ALS
from benchsuite_content.ease_content import EASEContent
from benchsuite_content.kernel_ridge import RIDGES, NewItemFactors, TextKernel
from benchsuite_flm.hybrid import HybridFLM
from benchsuite_flm.hybrid_terms import EASE_WEIGHTS, NEW_WEIGHTS, SHARES, SIDE_WEIGHTS, start_for
from benchsuite_flm.models import FLM, TextFLM


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


def parts(model: HybridFLM, few: dict, fold: Fold) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The logit of flm, the score of EASE with text, the rows of each item, and which items are new."""
    context = Context(seed=1)
    text = FLM(**few).fit(fold.train, context).score(fold.queries, None)
    settings = {"regularization": model.ease_regularization, "side_weight": model.side_weight}
    ease = EASEContent(backbone=few["backbone"], **settings).fit(fold.train, context).score(fold.queries, None)
    rows = np.asarray(fold.train.matrix().sum(axis=0)).ravel()
    return text, np.nan_to_num(ease), rows, rows == 0


def test_known_items_get_the_weighted_score_of_ease_and_popularity(few: dict, fold: Fold) -> None:
    settings = {"weight": 7.0, "popularity_weight": 0.5, "ease_regularization": 20.0, "side_weight": 5.0}
    hybrid = HybridFLM(**few, **settings).fit(fold.train, Context(seed=1))
    text, ease, rows, new = parts(hybrid, few, fold)
    logs = np.log1p(rows)
    wanted = text + 7 * ease + 0.5 * (logs - logs[~new].mean())
    assert new.any()
    assert hybrid.score(fold.queries, None)[:, ~new] == pytest.approx(wanted[:, ~new], abs=1e-4)
    some = np.array([3, 9], np.int32)
    assert hybrid.score(fold.queries, some) == pytest.approx(wanted[:, some], abs=1e-4)


@pytest.mark.slow
def test_new_items_get_the_weighted_score_of_factors_predicted_from_text(few: dict, fold: Fold) -> None:
    hybrid = HybridFLM(**few, weight=7.0, popularity_weight=0.5, new_weight=60.0, ridge=2.0)
    hybrid.fit(fold.train, Context(seed=1))
    text, _, rows, new = parts(hybrid, few, fold)
    als = ALS().fit(fold.train, Context(seed=1))
    factors = NewItemFactors(als, rows, {"tuned": hybrid.vectors}).factors(TextKernel({"tuned": 1.0}, 2.0))[new]
    users = als.fold_in(fold.queries, np.where(new[:, None], np.float32(0), als.item_factors))
    wanted = text[:, new] + 3 * (users @ factors.T)  # new items in a history say nothing
    codes = np.flatnonzero(new).astype(np.int32)
    assert hybrid.score(fold.queries, codes) == pytest.approx(wanted, abs=1e-3)
    assert hybrid.score(fold.queries, None)[:, new] == pytest.approx(wanted, abs=1e-3)


def test_with_few_rows_the_weights_begin_with_popularity() -> None:
    assert start_for(80_000, 943) == (10.0, 0.0)
    assert start_for(40 * 943, 943) == (10.0, 0.0)
    starts = [start_for(rows, 943) for rows in (8_000, 4_000, 800, 1, 0)]
    assert starts == sorted(starts, key=sum), "fewer rows, more of both"
    assert [round(value, 2) for value in starts[0]] == [47.15, 2.32]
    assert starts[2][0] == starts[-1][0] == 100.0
    assert starts[-1] == (100.0, 100.0)


@pytest.mark.slow
def test_the_weight_comes_from_the_validation_fold(few: dict, fold: Fold, make_fold) -> None:
    inner = dataclasses.replace(make_fold(fold.train), name="validation")
    model = HybridFLM(**few).fit(fold.train, Context(seed=1, validation=inner))
    mix = model.facts()["mix"]
    assert mix["ease"] in EASE_WEIGHTS
    assert mix["side"] in SIDE_WEIGHTS
    assert 0 < mix["validation ndcg@10"] <= 1
    assert mix["new"] in NEW_WEIGHTS
    assert mix["blend"]["ridge"] in (*RIDGES, model.ridge)
    assert mix["blend"]["shares"] in SHARES


@pytest.mark.slow
def test_without_a_validation_fold_a_tenth_is_held_out(few: dict, world: Dataset) -> None:
    mix = HybridFLM(**few).fit(world, Context(seed=1)).facts()["mix"]
    assert mix["validation ndcg@10"] is not None


@pytest.mark.slow
def test_what_is_held_out_inside_tells_nothing_about_new_items(few: dict, fold: Fold) -> None:
    model = HybridFLM(**few, new_weight=60.0).fit(fold.train, Context(seed=1))
    assert not model._terms.warm.all()
    mix = model.facts()["mix"]
    assert (mix["new"], mix["blend"]) == (3.0, {"shares": {"tuned": 1.0}, "ridge": 6.0})


def test_a_given_weight_is_kept(few: dict, fold: Fold) -> None:
    mix = HybridFLM(**few, weight=2.5).fit(fold.train, Context()).facts()["mix"]
    assert mix == {
        "ease": 2.5,
        "side": 30.0,
        "popularity": 0.0,
        "new": 5.0,
        "blend": {"shares": {"tuned": 1.0}, "ridge": 6.0},
        "validation ndcg@10": None,
    }


def test_among_themselves_new_items_are_ordered_by_the_prediction(few: dict, fold: Fold, make_fold) -> None:
    inner = dataclasses.replace(make_fold(fold.train), name="validation")
    rows = np.asarray(inner.train.matrix().sum(axis=0)).ravel()
    only = dataclasses.replace(inner, candidates=np.flatnonzero(rows == 0).astype(np.int32))
    mix = HybridFLM(**few, weight=1.0).fit(fold.train, Context(seed=1, validation=only)).facts()["mix"]
    assert mix["new"] == 100.0
