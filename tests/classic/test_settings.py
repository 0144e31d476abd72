"""The conformance kit again, for settings other than the defaults; the defaults are checked with all other plugins."""

from collections.abc import Callable
from functools import partial

import pytest

from benchsuite.api import Model
from benchsuite.errors import ConfigError
from benchsuite_classic.als import ALS
from benchsuite_classic.ease import EASE
from benchsuite_classic.item_knn import ItemKNN
from benchsuite_classic.knn_baseline import KNNBaseline
from benchsuite_classic.svd import SVD
from benchsuite_classic.user_knn import UserKNN
from benchsuite_testing import parametrize


@parametrize("models", partial(ItemKNN, similarity="tversky", neighbours=200, normalize="history", side="history"))
def test_item_knn_by_tversky(check: Callable[[], None]) -> None:
    check()


@parametrize(
    "models", partial(ItemKNN, weighting="bm25", weighted_history=True, normalize="candidate", mean_centering=True)
)
def test_item_knn_by_bm25(check: Callable[[], None]) -> None:
    check()


@parametrize("models", partial(UserKNN, weighting="tf-idf", neighbours=7, shrinkage=0.0, amplification=1.0))
def test_user_knn_by_tfidf(check: Callable[[], None]) -> None:
    check()


@parametrize("models", partial(ALS, factors=3, regularization=0.1, alpha=1.0, iterations=30))
def test_als_with_few_factors(check: Callable[[], None]) -> None:
    check()


@parametrize("models", partial(EASE, regularization=1.0))
def test_ease_with_little_regularization(check: Callable[[], None]) -> None:
    check()


@parametrize("models", partial(SVD, factors=5, epochs=200))
def test_long_svd(check: Callable[[], None]) -> None:
    check()


@parametrize("models", partial(KNNBaseline, neighbours=3, shrinkage=1.0))
def test_knn_baseline_of_three(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (ItemKNN, {"similarity": "jaccard"}),
        (ItemKNN, {"alpha": -0.1}),
        (ItemKNN, {"neighbours": 0}),
        (UserKNN, {"amplification": 0.0}),
        (ALS, {"regularization": -1.0}),
        (EASE, {"regularization": 0.0}),
        (SVD, {"epochs": 2.5}),
    ],
)
def test_settings_out_of_range_are_refused(model: type[Model], settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))):
        model.from_settings(settings)
