"""EASE with side information."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset
from benchsuite.runner.device import choose_device
from benchsuite.testing import last_events, parametrize, small_dataset
from benchsuite_classic.ease import EASE
from benchsuite_content.als_content import ALSContent
from benchsuite_content.ease_content import EASEContent
from benchsuite_content.vectors import tfidf_vectors


@parametrize("models", partial(EASEContent, vectors="tfidf"))
def test_ease_content_by_tfidf(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("kind", [ALSContent, EASEContent])
def test_who_counts_words_reads_without_a_language_model(kind: type[Model]) -> None:
    assert kind().reads_with_language_model()
    words = kind.from_settings({"vectors": "tfidf"})
    assert not words.reads_with_language_model()
    assert choose_device("auto", words) == "cpu"


@pytest.fixture
def train() -> Dataset:
    return last_events(small_dataset()).train


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_weights_solve_the_regression_on_rows_and_texts(train: Dataset, kind: str) -> None:
    taken = train.matrix().toarray().astype(np.float64)
    known = taken.sum(axis=0) > 0
    if kind == "sparse":
        texts = tfidf_vectors(train, ngrams=1)
        side = texts.toarray().astype(np.float64)
    else:
        texts = np.random.default_rng(0).normal(size=(len(train.items), 4)).astype(np.float32)
        texts[3] = 0.0  # no text
        written = known & texts.any(axis=1)
        side = np.where(written[:, None], texts - texts[written].mean(axis=0), 0.0)
    side[~known] = 0.0
    model = EASEContent(regularization=2.0, side_weight=3.0).fit_on(train, texts, Context())
    # Each column is the ridge regression of one item's rows on those of all other items.
    rows = np.vstack([taken, np.sqrt(3.0) * side.T])
    for item in (0, 5):
        others = np.delete(rows, item, axis=1)
        solved = np.linalg.solve(others.T @ others + 2.0 * np.eye(others.shape[1]), others.T @ rows[:, item])
        assert np.delete(model._weights[:, item], item) == pytest.approx(solved, abs=1e-4)


def test_without_weight_texts_change_nothing(train: Dataset) -> None:
    queries = last_events(small_dataset()).queries
    plain = EASE().fit(train, Context()).score(queries, None)
    same = EASEContent(vectors="tfidf", side_weight=0.0).fit(train, Context()).score(queries, None)
    np.testing.assert_array_equal(same, plain)
