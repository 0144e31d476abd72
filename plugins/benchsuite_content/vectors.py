"""Item texts as vectors, by counting words or by a frozen language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchsuite.api import Context
from benchsuite.data import Dataset, Float32
from benchsuite.errors import NotApplicable

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def tfidf_vectors(train: Dataset, ngrams: int) -> csr_matrix:
    """Return float32 csr[items, terms], rows of unit length; empty rows where a text has no word.

    Terms and their idf come from the whole item table: texts of new items are known before anybody takes them.

    Args:
        train: a data set with item texts.
        ngrams: the longest run of words that is a term.

    Raises:
        NotApplicable: when the items have no text.
    """
    counted = count_words(_texts(train), ngrams)
    if counted is None:
        raise NotApplicable("the item texts hold no word of two letters", where=train.name)
    return counted


def tfidf_profiles(train: Dataset) -> csr_matrix | None:
    """Return float32 csr[users, terms] of the users' profile texts, as :func:`tfidf_vectors`; None without words."""
    return None if train.users.text is None else count_words(train.users.text, 1)


def count_words(texts: Sequence[str], ngrams: int) -> csr_matrix | None:
    """Return float32 csr[n, terms], tf-idf of some texts, as :func:`tfidf_vectors`; None without a word."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, ngrams), dtype=np.float32)
    words = vectorizer.build_analyzer()
    return csr_matrix(vectorizer.fit_transform(texts)) if any(words(text) for text in texts) else None


def lm_vectors(train: Dataset, backbone: str, context: Context) -> tuple[Float32, Mapping[str, Any]]:
    """Return float32[items, d], rows of unit length and zeros for empty texts, and the encoder's provenance.

    The second names it, its revision, the sum of its weights and how many ``parameters`` there are.

    Args:
        train: a data set with item texts.
        backbone: see :func:`benchsuite_content.backbone.load_backbone`.
        context: tells device and threads, and is shown progress.

    Raises:
        NotApplicable: when the items have no text.
    """
    from benchsuite_content.backbone import load_backbone
    from benchsuite_content.encode import encode_texts

    texts = _texts(train)
    encoder = load_backbone(backbone)
    vectors = encode_texts(
        encoder,
        texts,
        device=context.device,
        threads=context.threads,
        progress=lambda done, total: context.progress(done, total, "texts read"),
        shared=context.shared,
    )
    return vectors, encoder.provenance | {"parameters": encoder.parameters}


def _texts(train: Dataset) -> tuple[str, ...]:
    if train.items.text is None:
        raise NotApplicable("the items have no text", where=train.name)
    return train.items.text
