"""Content models: tf-idf, a frozen language model, ALS with guessed factors."""

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, Queries
from benchsuite.errors import ConfigError, NotApplicable
from benchsuite_classic.als import ALS
from benchsuite_content.als_content import ALSContent
from benchsuite_content.backbone_files import DEFAULT_REVISION, DEFAULT_SHA256
from benchsuite_content.lm import ContentLM
from benchsuite_content.tfidf import ContentTfidf
from benchsuite_content.vectors import lm_vectors, tfidf_vectors
from benchsuite_testing import last_events, parametrize, small_dataset

TEXT_ALS = partial(ALSContent, vectors="tfidf", factors=6, iterations=30, regularization=1.0)


@parametrize("models", partial(ContentTfidf, ngrams=2, center=False))
def test_tfidf_of_pairs_of_words(check: Callable[[], None]) -> None:
    check()


@parametrize("models", partial(ALSContent, vectors="tfidf"))
def test_als_content_by_tfidf(check: Callable[[], None]) -> None:
    check()


@parametrize("models", partial(ALSContent, vectors="tfidf", min_rows=5, ridge=0.5))
def test_als_content_for_rare_items(check: Callable[[], None]) -> None:
    check()


@pytest.fixture
def train() -> Dataset:
    return last_events(small_dataset()).train


@pytest.fixture
def queries() -> Queries:
    return last_events(small_dataset()).queries


def retold(train: Dataset, texts: dict[int, str]) -> Dataset:
    given = train.items.text
    assert given is not None
    told = tuple(texts.get(code, text) for code, text in enumerate(given))
    return dataclasses.replace(train, items=dataclasses.replace(train.items, text=told))


def takers(train: Dataset) -> np.ndarray:
    return np.asarray((train.matrix() > 0).sum(axis=0)).ravel()


@pytest.mark.parametrize("model", [ContentTfidf, ContentLM, ALSContent, TEXT_ALS])
def test_without_texts_they_do_not_apply(model: Callable[[], Model], train: Dataset) -> None:
    bare = dataclasses.replace(train, items=dataclasses.replace(train.items, text=None))
    with pytest.raises(NotApplicable, match="no text"):
        model().fit(bare, Context())


def test_tfidf_vectors_have_unit_length_and_know_rare_words(train: Dataset) -> None:
    told = retold(train, {0: "the sea, the SEA and a unicorn", 1: "the sea and the sea", 2: "", 3: "a ! ?"})
    vectors = tfidf_vectors(told, ngrams=1).toarray()
    length = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(length[[2, 3]], 0)
    np.testing.assert_allclose(np.delete(length, [2, 3]), 1, atol=1e-6)
    assert vectors[0].max() > np.sort(vectors[0])[-2] > 0
    assert tfidf_vectors(told, ngrams=2).shape[1] > vectors.shape[1]


def test_texts_without_words_do_not_apply(train: Dataset) -> None:
    mute = retold(train, dict.fromkeys(range(len(train.items)), "? a !"))
    for model in (ContentTfidf(), TEXT_ALS()):
        with pytest.raises(NotApplicable, match="no word"):
            model.fit(mute, Context())


@pytest.mark.slow
def test_new_items_are_answered_from_their_words(train: Dataset, queries: Queries) -> None:
    """Of two items that nobody took, the one whose words the history shares is better."""
    cold = np.flatnonzero(takers(train) == 0)[:3]
    told = retold(train, dict(zip(cold.tolist(), ("harbour waves sailor", "taxi street night", ""), strict=True)))
    shown = [code for code, text in enumerate(told.items.text or ()) if "sailor" in text and code not in cold]
    sailor = dataclasses.replace(queries.slice(0, 1).history, item=np.array(shown[:1] * queries.counts[0]))
    asked = Queries(queries.user[:1], queries.start[:2], sailor)
    for model in (ContentTfidf(), ContentLM(), TEXT_ALS(), TEXT_ALS(vectors="lm")):
        scores = model.fit(told, Context()).score(asked, cold.astype(np.int32))[0]
        assert scores[0] > scores[1], type(model).__name__
        assert np.isnan(scores[2])


@pytest.mark.slow
@pytest.mark.weights
def test_frozen_model_says_which_one_it_was(train: Dataset, queries: Queries) -> None:
    model = ContentLM(center=False).fit(train, Context())
    facts = model.facts()["backbone"]
    assert (facts["revision"], facts["sha256"]) == (DEFAULT_REVISION, DEFAULT_SHA256)
    assert ALSContent().fit(train, Context()).facts()["backbone"] == facts
    assert TEXT_ALS().fit(train, Context()).facts() == {}
    vectors, _ = lm_vectors(train, model.backbone, Context())
    mean = np.asarray(queries.matrix(len(vectors)) @ vectors)[0]
    np.testing.assert_allclose(model.score(queries, None)[0], vectors @ mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.weights
def test_reading_texts_is_told(train: Dataset) -> None:
    told: list[tuple[int, int, str]] = []
    ContentLM().fit(train, Context(report=lambda *step: told.append(step)))
    assert told[-1] == (len(train.items), len(train.items), "texts read")


def test_unknown_backbone_is_one_line(train: Dataset) -> None:
    with pytest.raises(ConfigError, match="pinned"):
        ContentLM(backbone="owner/name").fit(train, Context())


def test_als_content_is_als_on_items_with_a_past(train: Dataset, queries: Queries) -> None:
    mixed = TEXT_ALS().fit(train, Context(seed=3))
    plain = ALS(factors=6, iterations=30, regularization=1.0).fit(train, Context(seed=3))
    warm = takers(train) > 0
    assert not warm.all()
    np.testing.assert_array_equal(mixed._factors[warm], plain.item_factors[warm])
    known = np.flatnonzero(~np.isnan(plain.score(queries, None)).all(axis=1))
    np.testing.assert_allclose(
        mixed.score(queries, None)[known][:, warm], plain.score(queries, None)[known][:, warm], atol=1e-5
    )


def test_factors_of_new_items_are_the_ridge_regression(train: Dataset) -> None:
    model = TEXT_ALS(ridge=2.0).fit(train, Context())
    warm = takers(train) > 0
    texts = tfidf_vectors(train, ngrams=1).toarray().astype(np.float64)
    inputs = texts[warm] - texts[warm].mean(axis=0)
    outputs = model._factors[warm].astype(np.float64)
    middle = outputs.mean(axis=0)
    normal = inputs.T @ inputs + 2.0 * np.eye(inputs.shape[1])
    weights = np.linalg.solve(normal, inputs.T @ (outputs - middle))
    wanted = (texts[~warm] - texts[warm].mean(axis=0)) @ weights + middle
    np.testing.assert_allclose(model._factors[~warm], wanted, atol=1e-4)
    assert np.abs(wanted).max() > 0.01


def test_rare_items_count_as_new(train: Dataset) -> None:
    count = takers(train)
    common = int(np.median(count[count > 0]))
    plain = TEXT_ALS().fit(train, Context())
    model = TEXT_ALS(min_rows=common).fit(train, Context())
    rare = (count > 0) & (count < common)
    assert rare.any()
    assert (model._factors[rare] != plain._factors[rare]).any(axis=1).all()
    np.testing.assert_array_equal(model._factors[count >= common], plain._factors[count >= common])
    hopeless = TEXT_ALS(min_rows=count.max() + 1).fit(train, Context())
    np.testing.assert_array_equal(hopeless._known, count > 0)


def test_new_items_in_a_history_count(train: Dataset, queries: Queries) -> None:
    cold = np.flatnonzero(takers(train) == 0)[:1]
    one = queries.slice(0, 1)
    history = dataclasses.replace(one.history, item=np.repeat(cold, len(one.history)))
    asked = Queries(one.user, one.start, history)
    plain = ALS(factors=6).fit(train, Context())
    assert np.isnan(plain.score(asked, None)).all()
    told = TEXT_ALS().fit(train, Context()).score(asked, None)[0]
    assert not np.isnan(told).any()
    words = train.items.text or ()
    alike = [words[code].split(". ")[1] == words[cold[0]].split(". ")[1] for code in range(len(words))]
    assert told[np.array(alike)].mean() > told[~np.array(alike)].mean()


def test_vectors_are_lm_or_tfidf() -> None:
    with pytest.raises(ConfigError, match="vectors"):
        ALSContent.from_settings({"vectors": "word2vec"})
