"""The rows flm-likelihood and flm-hybrid-likelihood: the term of new items on top of what is below it."""

from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Fold
from benchsuite_content.title_likelihood import spread
from benchsuite_flm.hybrid import HybridFLM
from benchsuite_flm.likelihood import LikelihoodFLM, LikelihoodHybrid
from benchsuite_flm.models import FLM
from support.tiny_models import save_reader

CONTEXT = Context(seed=1)
HYBRID = {"weight": 7.0, "new_weight": 60.0}


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
    below = plain(**few, **own).fit(fold.train, CONTEXT)
    model = more(**few, **own, decoder=decoder, likelihood_weight=0.7).fit(fold.train, CONTEXT)
    new = np.asarray(fold.train.matrix().sum(axis=0)).ravel() == 0
    gap = model.score(fold.queries, None) - below.score(fold.queries, None)
    told = model._popularity
    assert not gap[:, ~new].any()
    assert told.value[new].any()
    assert told.spread == pytest.approx(spread(below.score, fold.train), rel=1e-5)
    assert gap[:, new] == pytest.approx(np.tile(0.7 * told.spread * told.value[new], (len(gap), 1)), abs=1e-4)
    assert model.facts()["titles"]["correlation with log counts"] == told.about["correlation with log counts"]
    assert model.parameter_count() > below.parameter_count()
    model.save(tmp_path)
    again = more(**few, **own, decoder=decoder, likelihood_weight=0.7).load(tmp_path, fold.train.items)
    assert again.score(fold.queries, None) == pytest.approx(model.score(fold.queries, None), abs=1e-5)


def test_the_versions_are_those_of_what_is_below() -> None:
    assert LikelihoodFLM.version == FLM.version
    assert LikelihoodHybrid.version.partition(".")[0] == HybridFLM.version
