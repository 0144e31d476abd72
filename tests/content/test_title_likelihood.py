"""The popularity of new items that follows from the likelihood of their titles; als-kernel with both readings."""

import dataclasses
import json

import numpy as np
import pytest

from benchsuite.api import Context, DataLocations
from benchsuite.data import Queries
from benchsuite.errors import NotApplicable
from benchsuite_classic.als import ALS
from benchsuite_content.als_kernel import ALSKernel
from benchsuite_content.als_kernel_likelihood import ALSKernelLikelihood
from benchsuite_content.kernel_ridge import NewItemFactors, TextKernel
from benchsuite_content.title_likelihood import TitlePopularity, predicted_counts, spread
from benchsuite_content.vectors import lm_vectors
from benchsuite_datasets.demo import Demo
from benchsuite_protocol.splits.item_cold import ItemCold
from support.tiny_models import save_reader

WORDS = "the movie red blue chair lamp ocean river"
CONTEXT = Context(seed=1, threads=1)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    return save_reader(tmp_path_factory.mktemp("decoder"), "gpt2", WORDS)


@pytest.fixture(scope="module")
def fold():
    data = Demo(users=60, items=40).load(DataLocations())
    (cut,) = ItemCold(items=0.2, validation_items=0.2).split(data, 1)
    return cut


def test_the_correlation_leaves_each_item_out():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(60, 3)).astype(np.float32).clip(-1, 1)
    counts = np.exp(features @ [1.0, 0.5, 0.0] + rng.normal(size=60) + 2).round() + 1
    counts[50:] = 0
    predicted, correlation = predicted_counts(features, counts)
    known = counts > 0
    target, left_out = np.log1p(counts[known]), []
    low, middle, high = np.percentile(features[known], [16, 50, 84], axis=0)
    scaled = np.clip((features[known] - middle) / ((high - low) / 2), -2.5, 2.5)
    # The penalty leaves the intercept alone, so it is fitted beside the centred features.
    design = np.c_[np.ones(50), scaled - scaled.mean(axis=0)]
    penalty = np.diag([0.0, 10.0, 10.0, 10.0])
    for place in range(50):
        rest = np.arange(50) != place
        weights = np.linalg.solve(design[rest].T @ design[rest] + penalty, design[rest].T @ target[rest])
        left_out.append(design[place] @ weights)
    assert correlation == pytest.approx(np.corrcoef(target, left_out)[0, 1], abs=1e-6)
    assert 0.2 < correlation < 0.95
    assert np.corrcoef(predicted[~known], (features @ [1.0, 0.5, 0.0])[~known])[0, 1] > 0.8


@pytest.mark.parametrize("counts", [[0, 0, 0, 0], [3, 0, 2, 0], [2, 2, 2, 2]])
def test_without_counts_that_differ_nothing_is_predicted(counts):
    predicted, correlation = predicted_counts(np.eye(4, dtype=np.float32), np.array(counts, np.float64))
    assert not predicted.any()
    assert correlation == 0


def test_known_items_are_left_alone(fold, decoder):
    plain = ALSKernel(ridge=3.0, backbone=decoder, factors=8).fit(fold.train, CONTEXT)
    settings = {"ridge": 3.0, "backbone": decoder, "factors": 8, "decoder": decoder, "states_weight": 0.0}
    more = ALSKernelLikelihood(**settings, likelihood_weight=60.0).fit(fold.train, CONTEXT)
    counts = np.asarray(fold.train.matrix().sum(axis=0)).ravel()
    one, other = plain.score(fold.queries, None), more.score(fold.queries, None)
    gap = np.where(np.isfinite(one), other - one, 0.0)
    assert not gap[:, counts > 0].any()
    assert gap[:, counts == 0].any()
    told = more._titles
    term = 60.0 * told.share * told.spread * told.value[counts == 0]
    assert np.abs(term).max() > 1e-3
    assert gap[0, counts == 0] == pytest.approx(term, abs=1e-5)
    assert told.value[counts == 0].mean() == pytest.approx(0, abs=1e-5)
    assert told.spread == spread(plain.score, fold.train) > 0
    assert more.facts()["titles"].keys() == {"decoder", "correlation with log counts", "title_completion"}
    again = TitlePopularity.from_record(json.loads(json.dumps(told.record())))
    assert np.array_equal(again.value, told.value)
    for name in ("spread", "share", "parameters", "about"):
        assert getattr(again, name) == getattr(told, name)
    nothing = dataclasses.replace(more, likelihood_weight=0.0).fit(fold.train, CONTEXT)
    assert np.array_equal(nothing.score(fold.queries, None), one, equal_nan=True)


def test_the_spread_is_that_of_new_items(fold):
    new = np.asarray(fold.train.matrix().sum(axis=0)).ravel() <= 0

    def score(queries: Queries, candidates):
        assert np.array_equal(candidates, np.flatnonzero(new))
        values = np.where(np.arange(len(candidates)) % 2, 2.0, -2.0).astype(np.float32)
        scores = np.tile(values, (len(queries), 1))
        scores[0] = np.nan
        return scores

    even = new.sum() % 2 == 0
    assert spread(score, fold.train) == pytest.approx(2.0, rel=1e-6 if even else 0.05)
    assert spread(lambda queries, candidates: np.full((len(queries), len(candidates)), np.nan), fold.train) == 0


def test_the_term_is_small_where_known_items_are_recommended_too(fold, decoder):
    assert not np.isin(fold.validation.candidates, fold.validation.train.interactions.item).any()
    settings = {"ridge": 3.0, "backbone": decoder, "factors": 8, "decoder": decoder}
    for validation, share in ((None, 0.05), (fold.validation, 1.0), (replace_candidates(fold.validation), 0.05)):
        context = Context(seed=1, threads=1, validation=validation)
        assert ALSKernelLikelihood(**settings).fit(fold.train, context)._titles.share == share


def replace_candidates(fold):
    known = fold.train.interactions.item[:1]
    return dataclasses.replace(fold, candidates=np.union1d(fold.candidates, known).astype(np.int32))


def test_hidden_states_join_the_kernel_of_new_items(fold, decoder):
    plain = ALSKernel(ridge=3.0, backbone=decoder, factors=8).fit(fold.train, CONTEXT)
    settings = {"ridge": 3.0, "backbone": decoder, "factors": 8, "decoder": decoder, "likelihood_weight": 0.0}
    more = ALSKernelLikelihood(**settings).fit(fold.train, CONTEXT)
    new = np.asarray(fold.train.matrix().sum(axis=0)).ravel() == 0
    assert more.facts()["kernel"] == {"ridge": 3.0, "frozen": 1.0, "states": 1.0}
    assert np.array_equal(more._factors[~new], plain._factors[~new])
    texts = {"frozen": lm_vectors(fold.train, decoder, CONTEXT)[0], "states": more._reading.states}
    als = ALS(factors=8, regularization=30.0, alpha=5.0, iterations=15).fit(fold.train, CONTEXT)
    both = NewItemFactors(als, np.asarray(fold.train.matrix().sum(axis=0)).ravel(), texts)
    expected = both.factors(TextKernel({"frozen": 1.0, "states": 1.0}, 3.0))
    assert more._factors[new] == pytest.approx(expected[new], abs=1e-6)
    assert np.abs(more._factors[new] - plain._factors[new]).max() > 1e-4


def test_states_and_words_are_chosen_together(fold, decoder):
    context = Context(seed=1, threads=1, validation=fold.validation)
    model = ALSKernelLikelihood(backbone=decoder, factors=8, decoder=decoder, states_weight=2.0).fit(
        fold.train, context
    )
    assert model.facts()["kernel"]["states"] == 2.0


def test_without_texts_no_decoder_is_asked_for(fold):
    bare = dataclasses.replace(fold.train, items=dataclasses.replace(fold.train.items, text=None))
    with pytest.raises(NotApplicable):
        ALSKernelLikelihood(decoder="nowhere").fit(bare, CONTEXT)
