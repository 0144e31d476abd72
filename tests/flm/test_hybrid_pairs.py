"""The rating term of flm-hybrid's pointwise answer."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Fold
from benchsuite_classic.knn_baseline import KNNBaseline
from benchsuite_flm import hybrid_terms
from benchsuite_flm.hybrid import HybridFLM
from benchsuite_flm.hybrid_terms import PairTerm, PairWeights, ratings_of, stack
from benchsuite_flm.models import FLM


def test_the_proportion_is_that_which_made_the_labels_and_the_scale_is_that_of_the_logit() -> None:
    rng = np.random.default_rng(0)
    logits, rated = rng.normal(size=50_000), 3 + rng.normal(size=50_000)
    chance = 1 / (1 + np.exp(-(0.5 * logits + 2 * rated - 6)))
    found = stack(logits, rated, (rng.random(50_000) < chance).astype(np.int8))
    assert found.value / found.logit == pytest.approx(4, rel=0.1)
    total = found.logit * logits + found.value * rated + found.bias
    assert (total.mean(), total.std()) == pytest.approx((logits.mean(), logits.std()), abs=1e-6)


@pytest.mark.parametrize("label", [np.ones(500, np.int8), np.r_[np.zeros(20, np.int8), np.ones(20, np.int8)]])
def test_few_pairs_or_one_label_leave_the_logit_alone(label: np.ndarray) -> None:
    some = np.arange(len(label), dtype=np.float32)
    assert stack(some, some, label) == PairWeights()


def test_an_answer_that_counts_against_itself_is_left_out() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 1000).astype(np.int8)
    good = label + rng.normal(size=1000)
    assert stack(good, -good + rng.normal(size=1000) - label, label) == PairWeights()


def test_too_many_items_and_equal_values_give_no_term(fold: Fold, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = fold.train.interactions
    same = dataclasses.replace(rows, value=np.ones(len(rows), np.float32))
    assert ratings_of(dataclasses.replace(fold.train, interactions=same), Context()) is None
    monkeypatch.setattr(hybrid_terms, "MOST_ITEMS", 3)
    assert ratings_of(fold.train, Context()) is None


def pairs(fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    return fold.truth.rows.astype(np.int32), fold.truth.item


def test_the_term_is_kept(fold: Fold, tmp_path: Path) -> None:
    term = PairTerm(KNNBaseline().fit(fold.train, Context()), PairWeights(0.7, 0.2, -1.0))
    term.save(tmp_path)
    loaded = PairTerm.load(tmp_path, fold.train.items)
    assert loaded is not None
    logits = np.linspace(-1, 1, len(fold.truth.item), dtype=np.float32)
    before = term.add(logits, fold.queries, *pairs(fold))
    np.testing.assert_array_equal(loaded.add(logits, fold.queries, *pairs(fold)), before)
    assert loaded.ratings.parameter_count() == term.ratings.parameter_count()
    assert PairTerm.load(tmp_path / "nothing", fold.train.items) is None


@pytest.mark.slow
def test_the_hybrid_adds_it_to_the_logit_of_flm(
    tiny: str, fold: Fold, make_fold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchsuite_flm.hybrid.stack", lambda *_: PairWeights(0.5, 2.0, -6.0))
    inner = dataclasses.replace(make_fold(fold.train), name="validation")
    settings = {"backbone": tiny, "epochs": 1, "batches": 1, "temperature": 0.3}
    model = HybridFLM(**settings).fit(fold.train, Context(seed=1, validation=inner))
    assert model.facts()["mix"]["pairs"] == {"logit": 0.5, "value": 2.0, "bias": -6.0}
    rated = KNNBaseline().fit(fold.train, Context()).score_pairs(fold.queries, *pairs(fold))
    alone = super(HybridFLM, model).score_pairs(fold.queries, *pairs(fold))
    answer = model.score_pairs(fold.queries, *pairs(fold))
    assert answer == pytest.approx(0.5 * alone + 2 * rated - 6, abs=1e-4)
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    loaded = HybridFLM(**settings).load(tmp_path / "saved", fold.train.items)
    np.testing.assert_array_equal(loaded.score_pairs(fold.queries, *pairs(fold)), answer)
    np.testing.assert_array_equal(loaded.score(fold.queries, None), model.score(fold.queries, None))
    assert loaded.facts() == model.facts()
    assert loaded.parameter_count() == model.parameter_count()


def test_without_dislikes_pairs_are_answered_as_by_flm(tiny: str, make_world, make_fold) -> None:
    fold = make_fold(make_world(labels=False))
    settings = {"backbone": tiny, "epochs": 1, "batches": 1, "temperature": 0.3}
    flm = FLM(**settings).fit(fold.train, Context(seed=1))
    hybrid = HybridFLM(**settings, weight=50.0).fit(fold.train, Context(seed=1))
    query = np.repeat(np.arange(len(fold.queries)), 4).astype(np.int32)
    item = np.random.default_rng(0).integers(0, len(fold.train.items), len(query)).astype(np.int32)
    wanted = flm.score_pairs(fold.queries, query, item)
    assert hybrid.score_pairs(fold.queries, query, item) == pytest.approx(wanted, abs=1e-4)
    assert len(hybrid.score_pairs(fold.queries, query[:0], item[:0])) == 0
