"""The first stage of a re-ranker: a cheap model that selects the candidates."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from benchsuite.api import Context
from benchsuite.data import Bool, Dataset, Entities, Float32, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.ease import EASE
from benchsuite_classic.support import blas_threads
from benchsuite_content.als_content import ALSContent

if TYPE_CHECKING:
    from benchsuite.api import Model

First = Literal["ease", "als", "als-content", "popular"]

BLOCK = 256
"""Queries whose scores of the whole catalogue are in memory at one time."""

_FILE = "first.safetensors"
_DIGITS = 5  # scores that are equal to so many digits count as ties, or rounding would select candidates
_TINY = 1e-6


class FirstStage:
    """Scores every item of the catalogue.

    Three scores, each for the items for which those before it abstain: the named model's; the cosine of the item's text
    vector with the mean of the history's (all less the mean of the known items); the log count of training rows. Each
    is put on the scale of those before it by mean and standard deviation over the items that both score. Items without
    any score come last. With ``popular`` the count is the first score and the text the second.

    Args:
        counts: float32[items], users who took each.
        vectors: float32[items, d], of unit length around the known items' mean; zeros where there is no text.
        model: the named model, fitted; None for ``popular``.
        threads: how many threads BLAS may use.
    """

    def __init__(self, counts: Float32, vectors: Float32, model: Model | None, threads: int = 1) -> None:
        self._threads = threads
        self._counts, self._vectors, self._model = counts, vectors, model

    @classmethod
    def fit(cls, kind: First, train: Dataset, vectors: Float32, context: Context) -> Self:
        """Fit the named model.

        Args:
            kind: the named model.
            train: the training part.
            vectors: float32[items, d], the items' texts as vectors; zeros where there is no text.
            context: seed, threads and device.
        """
        counts = np.bincount(train.matrix().indices, minlength=len(train.items)).astype(np.float32)
        model = _make(kind)
        if model is not None:
            model.fit(train, dataclasses.replace(context, validation=None))
        return cls(counts, _centred(vectors, counts > 0), model, context.threads)

    @property
    def known(self) -> Bool:
        """bool[items]: which items have training rows."""
        known: Bool = self._counts > 0
        return known

    def parameter_count(self) -> int:
        """Return the numbers of the named model, and one count for each known item."""
        own = None if self._model is None else self._model.parameter_count()
        return int(own or 0) + int(self.known.sum())

    def scores(self, queries: Queries) -> Float32:
        """Return float32[q, items], finite, higher is better."""
        counts = np.broadcast_to(np.where(self.known, np.log1p(self._counts), np.nan), (len(queries), len(self.known)))
        text = self._cosines(queries)
        levels = [counts, text] if self._model is None else [self._model.score(queries, None), text, counts]
        scores = np.array(levels[0], np.float64)
        for level in levels[1:]:
            _fill(scores, level, self.known)
        least = np.nanmin(scores, axis=1, initial=0.0, keepdims=True) - 1.0
        return np.where(np.isnan(scores), least, scores).astype(np.float32)

    def candidates(self, scores: Float32, queries: Queries, count: int) -> Bool:
        """Return bool[q, items]: the best ``count`` known and the best ``count`` new items outside each history.

        They are the best of the whole catalogue, whatever subset is to be scored. A query without a history has none,
        because a pair needs a history.

        Args:
            scores: float32[q, items], of :meth:`scores`.
            queries: the same queries.
            count: how many.
        """
        size = np.maximum(np.abs(scores).max(axis=1, keepdims=True, initial=0.0), _TINY)
        rounded = np.round(scores / size, _DIGITS)
        rounded[queries.rows, queries.history.item] = -np.inf
        rounded[queries.counts == 0] = -np.inf
        chosen = np.zeros(scores.shape, np.bool_)
        for codes in (np.flatnonzero(self.known), np.flatnonzero(~self.known)):
            part = rounded[:, codes]
            order = np.argsort(-part, axis=1, kind="stable")[:, :count]
            inside = np.take_along_axis(part, order, axis=1) > -np.inf
            row, place = np.nonzero(inside)
            chosen[row, codes[order[row, place]]] = True
        return chosen

    def standardized(self, scores: Float32, chosen: Bool) -> Float32:
        """Return float32[q, items] scores with mean 0 and standard deviation 1 over each row's known candidates."""
        mean, spread = _moments(scores.astype(np.float64), chosen & self.known)
        return np.asarray((scores - mean) / np.maximum(spread, _TINY), np.float32)

    def _cosines(self, queries: Queries) -> Float32:
        """Return float32[q, items]; NaN for items without a text and histories without any."""
        with blas_threads(self._threads):
            mean = np.asarray(queries.matrix(len(self._vectors)) @ self._vectors)
            length = np.linalg.norm(mean, axis=1, keepdims=True)
            cosines: Float32 = (mean / np.maximum(length, _TINY)) @ self._vectors.T
        cosines[length[:, 0] <= _TINY] = np.nan
        cosines[:, ~self._vectors.any(axis=1)] = np.nan
        return cosines

    def save(self, folder: Path) -> None:
        """Write everything into a new folder.

        Raises:
            NotApplicable: when the named model cannot be saved.
        """
        from safetensors.numpy import save_file

        folder.mkdir()
        save_file({"counts": self._counts, "vectors": self._vectors}, folder / _FILE)
        if self._model is not None:
            self._model.save(folder)

    @classmethod
    def load(cls, kind: First, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        from safetensors.numpy import load_file

        stored = load_file(folder / _FILE)
        model = _make(kind)
        return cls(stored["counts"], stored["vectors"], None if model is None else model.load(folder, items))


def _make(kind: First) -> Model | None:
    makers: dict[str, Any] = {"ease": EASE, "als": ALS, "als-content": ALSContent}
    return makers[kind]() if kind in makers else None


def _centred(vectors: Float32, known: Bool) -> Float32:
    """Return the vectors less the mean of the known ones, at unit length; zeros stay zeros."""
    written = vectors.any(axis=1)
    used = written & known
    moved = vectors - (vectors[used].mean(axis=0) if used.any() else np.float32(0))
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    kept = np.logical_and(np.expand_dims(written, 1), length > _TINY)
    return np.where(kept, moved / np.maximum(length, _TINY), 0).astype(np.float32)


def _fill(scores: Any, other: Any, known: Bool) -> None:
    """Write ``other`` into the NaN of float64[q, items] ``scores``, each row on the scale of the scores there."""
    gaps = np.isnan(scores) & ~np.isnan(other)
    rows = np.flatnonzero(gaps.any(axis=1))
    if not len(rows):
        return
    there, more = scores[rows], other[rows].astype(np.float64)
    both = known & ~np.isnan(there) & ~np.isnan(more)
    (mean, spread), (low, width) = _moments(there, both), _moments(more, both)
    factor = np.where((spread > _TINY) & (width > _TINY), spread / np.maximum(width, _TINY), 1.0)
    scores[rows] = np.where(gaps[rows], mean + factor * (more - low), there)


def _moments(values: Any, where: Bool) -> tuple[Any, Any]:
    """Return float64[q, 1] mean and standard deviation of each row's chosen values; 0 where there are none."""
    count = np.maximum(where.sum(axis=1, keepdims=True), 1)
    mean = np.where(where, values, 0.0).sum(axis=1, keepdims=True) / count
    square = np.where(where, values - mean, 0.0) ** 2
    return mean, np.sqrt(square.sum(axis=1, keepdims=True) / count)
