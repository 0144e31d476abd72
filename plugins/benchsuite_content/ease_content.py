"""EASE with the texts of items and users as side information."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Categorical, Context, Range, Requirement
from benchsuite.data import Dataset, Entities, Float32, Queries
from benchsuite_classic.ease import EASE, gram
from benchsuite_classic.support import blas_threads, blocks, warm_items
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.citations import CITE_MINILM, CITE_SBERT
from benchsuite_content.vectors import lm_vectors, tfidf_profiles, tfidf_vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_PROFILES = "profiles.safetensors"


@dataclass
class EASEContent(EASE):
    """EASE with side information: one regression explains who took what and the items' text vectors.

    Collective EASE of Jeunen, Van Balen and Goethals (2020): EASE solved on the users' rows with one more row, of
    weight ``side_weight``, for each entry of the text vectors, so X'X becomes X'X + side_weight V V'. Vectors of a
    language model are taken around the mean of the known items. Items with similar texts then get weights between
    them even where few users took both. As with ``ease``, items without training rows get no score.

    Attributes:
        vectors: ``"lm"`` reads texts with a frozen language model, ``"tfidf"`` counts their words.
        side_weight: of the text vectors, which have unit length, in units of users.
        profile_weight: of the words of a profile, tf-idf of unit length where a taken item is 1. With both weights at 0
            this is ``ease``.
        backbone: the encoder for ``"lm"``.
    """

    vectors: Annotated[Literal["lm", "tfidf"], Categorical("lm", "tfidf")] = "lm"
    side_weight: Annotated[float, Ge(0), Range(1, 1000, log=True)] = 50.0
    profile_weight: Annotated[float, Ge(0), Range(0.3, 3, log=True)] = 1.0
    backbone: str = DEFAULT_BACKBONE

    version = "2"
    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    uses_language_model: ClassVar[bool] = True

    cite: ClassVar[tuple[str, ...]] = (
        *EASE.cite,
        """@inproceedings{jeunen2020closed,
  title = {Closed-Form Models for Collaborative Filtering with Side-Information},
  author = {Jeunen, Olivier and Van Balen, Jan and Goethals, Bart},
  booktitle = {ACM Conference on Recommender Systems (RecSys)},
  pages = {651--656},
  year = {2020},
  doi = {10.1145/3383313.3418480}
}""",
        CITE_SBERT,
        CITE_MINILM,
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Read the texts, then solve for the weights."""
        self._facts: dict[str, Any]
        self._reader_parameters: int
        if self.vectors == "tfidf":
            texts: Any = tfidf_vectors(train, ngrams=1)
            self.fit_on(train, texts, context)
            self._reader_parameters = int(texts.shape[1])
        else:
            texts, encoder = lm_vectors(train, self.backbone, context)
            self.fit_on(train, texts, context)
            self._facts, self._reader_parameters = {"backbone": dict(encoder)}, int(encoder["parameters"])
        return self

    def fit_on(self, train: Dataset, texts: Any, context: Context) -> Self:
        """Solve for the weights with texts that were read before.

        Args:
            train: the training part.
            texts: float32[items, d], as an array or csr; rows of unit length, zeros where there is no text.
            context: tells threads.
        """
        self._facts, self._reader_parameters, self._texts = {}, 0, texts
        words = tfidf_profiles(train) if self.profile_weight else None
        self._profiles: csr_matrix | None = None if words is None else words * np.float32(self.profile_weight)
        super().fit(train, context)
        del self._texts
        if self._profiles is not None:
            items = len(train.items)
            self._of_profiles = self._weights[items:, :items].copy()
            self._weights = self._weights[:items, :items].copy()
        return self

    def _add_user_terms(self, scores: Float32, queries: Queries) -> None:
        if self._profiles is not None:
            scores += self._profiles[queries.user] @ self._of_profiles

    def _inner_products(self, train: Dataset, threads: int) -> Float32:
        from scipy.sparse import csr_matrix, hstack

        rows = train.matrix()
        out = gram(rows if self._profiles is None else csr_matrix(hstack([rows, self._profiles])), threads)
        known = warm_items(train)
        texts, size = self._texts, len(known)
        if isinstance(texts, np.ndarray):
            written = known & texts.any(axis=1)
            texts = np.where(written[:, None], texts - texts[written].mean(axis=0), 0) if written.any() else 0 * texts
        with blas_threads(threads):
            for first, last in blocks(size, 8 * size):
                part = texts[first:last] @ texts.T
                part = part if isinstance(part, np.ndarray) else part.toarray()
                part[:, ~known] = 0.0
                part[~known[first:last]] = 0.0
                out[first:last, :size] += np.float32(self.side_weight) * part.astype(np.float32)
        return out

    def save(self, folder: Path) -> None:
        """Write the weights, and the counted words of the profiles."""
        from safetensors.numpy import save_file

        super().save(folder)
        if self._profiles is not None:
            words = {name: getattr(self._profiles, name) for name in ("data", "indices", "indptr")}
            save_file({**words, "weights": self._of_profiles}, folder / _PROFILES)

    def load(self, folder: Path, items: Entities) -> Self:
        """Read the weights; no text is read again."""
        from safetensors.numpy import load_file
        from scipy.sparse import csr_matrix

        super().load(folder, items)
        self._facts, self._reader_parameters, self._profiles = {}, 0, None
        if (folder / _PROFILES).exists():
            stored = load_file(folder / _PROFILES)
            shape = len(stored["indptr"]) - 1, len(stored["weights"])
            self._profiles = csr_matrix((stored["data"], stored["indices"], stored["indptr"]), shape=shape)
            self._of_profiles = stored["weights"]
        return self

    def reads_with_language_model(self) -> bool:
        """Return whether texts are encoded by the language model, not counted."""
        return self.vectors == "lm"

    def parameter_count(self) -> int:
        """Return the weights between items other than 0, those of profiles, and the text vectors' own."""
        profiles = 0 if self._profiles is None else self._of_profiles.size
        return int(super().parameter_count()) + profiles + self._reader_parameters

    def facts(self) -> Mapping[str, Any]:
        """Name the encoder, its revision and the sum of its weights."""
        return self._facts
