"""The rows flm-likelihood and flm-hybrid-likelihood: what a causal model tells of new items beside what is below."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Fold
from benchsuite_content.kernel_ridge import TextKernel
from benchsuite_content.title_likelihood import spread
from benchsuite_content.title_reading import PROMPT, TitleReading
from benchsuite_flm.hybrid import HybridFLM
from benchsuite_flm.hybrid_terms import SHARES, Terms, shares_of
from benchsuite_flm.likelihood import LikelihoodFLM, LikelihoodHybrid
from benchsuite_flm.models import FLM
from support.tiny_models import save_reader

CONTEXT = Context(seed=1)
HYBRID = {"weight": 7.0, "new_weight": 60.0, "ridge": 3.0}


@pytest.fixture(scope="module")
def few(tiny: str) -> dict:
    return {"backbone": tiny, "epochs": 2, "batches": 2, "temperature": 0.3}


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_reader(tmp_path_factory.mktemp("decoder"), "gpt2", "a sea wave city story")


@pytest.mark.parametrize(
    ("plain", "more", "own"), [(FLM, LikelihoodFLM, {}), (HybridFLM, LikelihoodHybrid, HYBRID)], ids=["flm", "hybrid"]
)
def test_new_items_get_the_term_and_known_ones_do_not(
    plain: type[FLM], more: type[LikelihoodFLM], own: dict, few: dict, decoder: str, fold: Fold, tmp_path: Path
) -> None:
    new = np.asarray(fold.train.matrix().sum(axis=0)).ravel() == 0
    only_new = dataclasses.replace(fold, candidates=np.flatnonzero(new).astype(np.int32))
    context = Context(seed=1, validation=only_new)  # among known items the term is too small to be told from rounding
    below = plain(**few, **own).fit(fold.train, context)
    if isinstance(below, HybridFLM):
        _with_states(below, fold, decoder)
    model = more(**few, **own, decoder=decoder, likelihood_weight=70.0).fit(fold.train, context)
    gap = model.score(fold.queries, None) - below.score(fold.queries, None)
    told = model._popularity
    assert not gap[:, ~new].any()
    assert told.value[new].any()
    assert told.spread == pytest.approx(spread(below.score, fold.train), rel=1e-5)
    assert told.share == 1.0
    term = 70.0 * told.spread * told.value[new]
    assert np.abs(term).max() > 1e-3
    assert gap[:, new] == pytest.approx(np.tile(term, (len(gap), 1)), abs=3e-5)
    assert model.facts()["titles"]["correlation with log counts"] == told.about["correlation with log counts"]
    assert model.parameter_count() > below.parameter_count()
    model.save(tmp_path)
    again = more(**few, **own, decoder=decoder, likelihood_weight=70.0).load(tmp_path, fold.train.items)
    assert again.score(fold.queries, None) == pytest.approx(model.score(fold.queries, None), abs=1e-5)


def _with_states(model: HybridFLM, fold: Fold, decoder: str) -> None:
    """Have the hidden states of a decoder join the texts from which factors of new items are predicted."""
    reading = TitleReading.of(fold.train.items, CONTEXT, decoder=decoder, prompt=PROMPT)
    texts = {"frozen": model._terms.news._texts["frozen"], "tuned": model.vectors, "states": reading.states}
    model._terms = Terms(fold.train, texts, model.ease_regularization, [model._weights.side], CONTEXT)
    blend = TextKernel({"tuned": 1.0, "states": 1.0}, model.ridge)
    model._weights = dataclasses.replace(model._weights, blend=blend)


def test_states_come_first_and_may_be_left_out() -> None:
    known = {"tuned", "frozen", "words"}
    assert shares_of(known) == list(SHARES)
    assert shares_of({"tuned"}) == [{"tuned": 1.0}]
    assert shares_of({"tuned", "states"}) == [{"tuned": 1.0, "states": 1.0}, {"tuned": 1.0}]
    assert shares_of({*known, "states"}) == [*({**shares, "states": 1.0} for shares in SHARES), *SHARES]


def test_the_versions_are_those_of_what_is_below() -> None:
    assert LikelihoodFLM.version.partition(".")[0] == FLM.version
    assert LikelihoodHybrid.version.partition(".")[0] == HybridFLM.version
