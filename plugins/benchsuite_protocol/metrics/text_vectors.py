"""Tf-idf vectors of item texts for metrics: words are counted, so that no language model is favoured."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from benchsuite.data import Entities

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_CACHE: WeakKeyDictionary[Entities, csr_matrix] = WeakKeyDictionary()


def word_vectors(items: Entities) -> csr_matrix | None:
    """Return float64 csr[items, terms] with rows of unit length, empty where a text has no word; None without texts.

    Tf-idf with scikit-learn's defaults: words of two or more letters or digits, in lower case; counts times
    ``ln((1 + n) / (1 + df)) + 1`` over the n texts of the whole item table, where df texts have the word. Computed once
    per item table, for all models, folds and metrics.
    """
    if items.text is None:
        return None
    known = _CACHE.get(items)
    if known is None:
        known = _CACHE[items] = _count_words(items.text)
    return known


def _count_words(texts: tuple[str, ...]) -> csr_matrix:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(dtype=np.float64)
    words = vectorizer.build_analyzer()
    if not any(words(text) for text in texts):
        return csr_matrix((len(texts), 1), dtype=np.float64)
    return csr_matrix(vectorizer.fit_transform(texts))
