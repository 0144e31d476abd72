"""EASE with side information."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset
from benchsuite.runner.device import choose_device
from benchsuite_classic.ease import EASE
from benchsuite_content.als_content import ALSContent
from benchsuite_content.ease_content import EASEContent
from benchsuite_content.vectors import tfidf_profiles, tfidf_vectors
from benchsuite_testing import last_events, parametrize, small_dataset


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
    model = EASEContent(regularization=2.0, side_weight=3.0, profile_weight=0.5).fit_on(train, texts, Context())
    # Each column is the ridge regression of one item's rows on those of all other items and of the profiles' words.
    words = tfidf_profiles(train)
    assert words is not None
    profiles = 0.5 * words.toarray().astype(np.float64)
    assert profiles.any()
    rows = np.vstack([taken, np.sqrt(3.0) * side.T])
    beside = np.vstack([profiles, np.zeros((len(side.T), profiles.shape[1]))])
    for item in (0, 5):
        others = np.hstack([np.delete(rows, item, axis=1), beside])
        solved = np.linalg.solve(others.T @ others + 2.0 * np.eye(others.shape[1]), others.T @ rows[:, item])
        found = np.concatenate([np.delete(model._weights[:, item], item), model._of_profiles[:, item]])
        assert found == pytest.approx(solved, abs=1e-4)
    queries = last_events(small_dataset()).queries
    wanted = queries.matrix(len(known)) @ model._weights + profiles[queries.user] @ model._of_profiles
    scores = model.score(queries, None)
    told = ~np.isnan(scores).all(axis=1)  # who shows a known item
    assert scores[np.ix_(told, known)] == pytest.approx(wanted[np.ix_(told, known)], abs=1e-4)


def test_profiles_tell_what_their_owners_take(train: Dataset, tmp_path: Path) -> None:
    # Only those of one profile take the most common item; nothing else tells these users from the others.
    queries = last_events(small_dataset()).queries
    rows = train.interactions
    item, odd = int(np.bincount(rows.item).argmax()), np.arange(len(train.users)) % 2 == 1
    users = dataclasses.replace(train.users, text=tuple("alpha" if one else "beta" for one in odd))
    own = dataclasses.replace(train, users=users, interactions=rows.take((rows.item != item) | odd[rows.user]))
    settings: dict[str, Any] = {"vectors": "tfidf", "regularization": 5.0}
    model = EASEContent(**settings, profile_weight=3.0).fit(own, Context())
    plain = EASEContent(**settings, profile_weight=0.0).fit(own, Context())
    more = (model.score(queries, None) - plain.score(queries, None))[:, item]
    assert np.nanmin(more[odd[queries.user]]) > np.nanmax(more[~odd[queries.user]])
    model.save(tmp_path)
    loaded = EASEContent().load(tmp_path, own.items)
    np.testing.assert_array_equal(loaded.score(queries, None), model.score(queries, None))


def test_without_weight_texts_change_nothing(train: Dataset) -> None:
    queries = last_events(small_dataset()).queries
    plain = EASE().fit(train, Context()).score(queries, None)
    same = EASEContent(vectors="tfidf", side_weight=0.0, profile_weight=0.0).fit(train, Context()).score(queries, None)
    np.testing.assert_array_equal(same, plain)
