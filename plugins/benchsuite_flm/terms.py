"""What flm-hybrid adds to the logit of flm: collaborative terms that know items by who took them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Float32, Fold, Int32, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.ease import EASE
from benchsuite_classic.mixing import Mix, best_mix
from benchsuite_content.als_content import predict_factors

EASE_WEIGHTS = (0.0, 2.0, 4.0, 6.0, 10.0, 15.0, 25.0, 40.0, 60.0, 100.0, 200.0)
POPULARITY_WEIGHTS = (0.0, 0.2, 0.4, 0.8, 1.6)
NEW_WEIGHTS = (0.0, 5.0, 10.0, 20.0, 50.0, 200.0)
RIDGES = (3.0, 10.0, 30.0)

_FILE = "terms.safetensors"


@dataclass(frozen=True)
class Weights:
    """How much of each term is mixed in.

    Attributes:
        ease: of the score of EASE, for items with training rows.
        popularity: of the centred log count of training rows, for the same.
        new: of the score of ALS with factors predicted from text, for items without training rows.
        ridge: L2 penalty of that prediction.
    """

    ease: float
    popularity: float
    new: float
    ridge: float


class Terms:
    """The terms of one training part.

    Args:
        train: the training part.
        vectors: float32[n, d], what the fine-tuned encoder makes of each item's text.
        ease_regularization: of EASE.
        context: seed and threads.
    """

    def __init__(self, train: Dataset, vectors: Float32, ease_regularization: float, context: Context) -> None:
        rows = np.asarray(train.matrix().sum(axis=0)).ravel()
        self.warm = rows > 0
        logs = np.log1p(rows)
        self._popularity = np.where(self.warm, logs - logs[self.warm].mean(), 0.0).astype(np.float32)
        self._ease = EASE(regularization=ease_regularization).fit(train, context)
        self._vectors = vectors
        self._als = None if self.warm.all() else ALS().fit(train, context)
        self._factors: dict[float, Float32] = {}

    def save(self, folder: Path) -> None:
        """Write EASE, ALS and the popularity; the vectors are the model's."""
        from safetensors.numpy import save_file

        save_file({"warm": self.warm, "popularity": self._popularity}, folder / _FILE)
        self._ease.save(folder)
        if self._als is not None:
            self._als.save(folder)

    @classmethod
    def load(cls, folder: Path, items: Entities, vectors: Float32, ease_regularization: float) -> Self:
        """Read what :meth:`save` wrote; see the class for the rest."""
        from safetensors.numpy import load_file

        stored = load_file(folder / _FILE)
        terms = cls.__new__(cls)  # without fitting
        terms.warm, terms._popularity = stored["warm"], stored["popularity"]  # noqa: SLF001 - its own class
        terms._ease = EASE(regularization=ease_regularization).load(folder, items)  # noqa: SLF001 - same
        terms._als = None if terms.warm.all() else ALS().load(folder, items)  # noqa: SLF001 - same
        terms._vectors, terms._factors = vectors, {}  # noqa: SLF001 - same
        return terms

    def parameter_count(self) -> int:
        """Return the weights of EASE and the factors of ALS."""
        return self._ease.parameter_count() + (0 if self._als is None else self._als.parameter_count())

    def known(self, queries: Queries, candidates: Int32 | None) -> tuple[Float32, Float32]:
        """Return EASE's scores float32[q, c], 0 where it has none, and the popularity float32[c]."""
        scores = np.nan_to_num(self._ease.score(queries, candidates), nan=0.0)
        return scores, self._popularity if candidates is None else self._popularity[candidates]

    def new(self, queries: Queries, candidates: Int32 | None, ridge: float) -> Float32:
        """Return float32[q, c], for new items the score of ALS with factors predicted by ridge regression; else 0."""
        warm = self.warm if candidates is None else self.warm[candidates]
        scores = np.zeros((len(queries), len(warm)), np.float32)
        if self._als is not None and not warm.all():
            factors = self._predicted(self._als, ridge)
            asked = np.flatnonzero(~warm) if candidates is None else candidates[~warm]
            scores[:, ~warm] = self._als.fold_in(queries, factors) @ factors[asked].T
        return scores

    def _predicted(self, als: ALS, ridge: float) -> Float32:
        if ridge not in self._factors:
            factors = als.item_factors.copy()
            factors[~self.warm] = predict_factors(
                self._vectors[self.warm], factors[self.warm], self._vectors[~self.warm], ridge
            )
            self._factors[ridge] = factors
        return self._factors[ridge]

    def add(self, scores: Float32, queries: Queries, candidates: Int32 | None, weights: Weights) -> Float32:
        """Return float32[q, c], ``scores`` plus all terms with their weights."""
        ease, popularity = self.known(queries, candidates)
        mixed = _plus_known(scores, ease, popularity, weights.ease, weights.popularity)
        if weights.new:
            mixed += np.float32(weights.new) * self.new(queries, candidates, weights.ridge)
        return mixed


def choose(
    fold: Fold, score: Callable[[Queries], Float32], terms: Terms, start: Weights, seed: int
) -> tuple[Weights, float]:
    """Return the weights that answer a fold best by nDCG@10, and that figure.

    First those of known items are chosen, then those of new ones. Where the fold has no candidate of a kind, the
    weights of that kind stay as they are.

    Args:
        fold: a validation fold.
        score: queries -> float32[q, c], the logit of flm for the fold's candidates.
        terms: of the fold's training part.
        start: the weights to begin with.
        seed: of the draw of queries, where there are too many.
    """
    warm = terms.warm if fold.candidates is None else terms.warm[fold.candidates]
    best, value = start, float("nan")
    if warm.any():
        pairs = [(ease, popularity) for popularity in POPULARITY_WEIGHTS for ease in EASE_WEIGHTS]
        number, value = best_mix(
            fold,
            lambda queries: (score(queries), *terms.known(queries, fold.candidates)),
            [_known_mix(*pair) for pair in pairs],
            seed,
        )
        ease, popularity = pairs[number]
        best = Weights(ease, popularity, best.new, best.ridge)
    if not warm.all():
        ways = [(new, ridge) for new in NEW_WEIGHTS for ridge in (RIDGES if new else RIDGES[:1])]
        alone = Weights(best.ease, best.popularity, 0.0, best.ridge)
        number, value = best_mix(
            fold,
            lambda queries: (
                terms.add(score(queries), queries, fold.candidates, alone),
                *(terms.new(queries, fold.candidates, ridge) for ridge in RIDGES),
            ),
            [_new_mix(new, RIDGES.index(ridge)) for new, ridge in ways],
            seed,
        )
        new, ridge = ways[number]
        best = Weights(best.ease, best.popularity, new, ridge)
    return best, value


def _plus_known(scores: Float32, ease: Float32, popularity: Float32, weight: float, share: float) -> Float32:
    mixed: Float32 = scores + np.float32(weight) * ease + np.float32(share) * popularity
    return mixed


def _known_mix(ease: float, popularity: float) -> Mix:
    return lambda parts: _plus_known(parts[0], parts[1], parts[2], ease, popularity)


def _new_mix(new: float, place: int) -> Mix:
    return lambda parts: parts[0] + np.float32(new) * parts[1 + place]
