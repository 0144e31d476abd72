"""Floors for new items on MovieLens-100K: nDCG@10 of a fifth of the items ranked among themselves, mean of 3 folds."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, Float32, Fold
from benchsuite_content import als_content, lm
from benchsuite_content.als_content import ALSContent
from benchsuite_content.lm import ContentLM
from benchsuite_content.tfidf import ContentTfidf
from benchsuite_content.vectors import lm_vectors
from benchsuite_protocol.splits.item_cold import ItemCold

pytestmark = [pytest.mark.slow, pytest.mark.weights]


@pytest.fixture(scope="module")
def folds(ml_100k: Dataset) -> list[Fold]:
    return [next(ItemCold().split(ml_100k, seed)) for seed in range(3)]


@pytest.fixture(scope="module")
def reading(ml_100k: Dataset) -> tuple[Float32, Mapping[str, str]]:
    """The catalogue as the language model reads it: the same in all folds, so it is read once."""
    return lm_vectors(ml_100k, lm.DEFAULT_BACKBONE, Context(threads=2))


def ndcg(make: Callable[[], Model], folds: list[Fold]) -> float:
    gain, values = 1 / np.log2(np.arange(2, 12)), []
    for fold in folds:
        assert fold.candidates is not None
        model = make().fit(fold.train, Context(seed=0, threads=2))
        scores = model.score(fold.queries, fold.candidates)
        top = fold.candidates[np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=1, kind="stable")[:, :10]]
        reached = [
            gain[np.isin(top[row], fold.truth.items[row])].sum() / gain[: len(fold.truth.items[row])].sum()
            for row in range(len(fold.queries))
            if len(fold.truth.items[row])
        ]
        values.append(np.mean(reached))
    return float(np.mean(values))


def test_texts_tell_what_new_items_are_worth(
    folds: list[Fold], reading: tuple[Float32, Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lm, als_content):
        monkeypatch.setattr(module, "lm_vectors", lambda *_: reading)
    words = ndcg(ContentTfidf, folds)
    meaning = ndcg(ContentLM, folds)
    words_and_others = ndcg(lambda: ALSContent(vectors="tfidf"), folds)
    meaning_and_others = ndcg(ALSContent, folds)
    assert words > 0.28
    assert meaning > 0.315
    assert words_and_others > 0.315
    assert meaning_and_others > 0.365
    assert meaning_and_others > max(words_and_others, meaning) > words
