"""What flm-hybrid adds to the logit of flm: collaborative terms that know items by who took them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Float32, Fold, Int32, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.mixing import Mix, best_mix
from benchsuite_content.als_content import predict_factors
from benchsuite_content.ease_content import EASEContent

EASE_WEIGHTS = (0.0, 2.0, 4.0, 6.0, 10.0, 15.0, 25.0, 40.0, 60.0, 100.0, 200.0)
SIDE_WEIGHTS = (30.0, 300.0)
POPULARITY_WEIGHTS = (0.0, 0.2, 0.4, 0.8, 1.6)
NEW_WEIGHTS = (0.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
RIDGES = {"tuned": (3.0, 10.0, 30.0), "frozen": (3.0, 10.0, 30.0), "words": (1.0, 3.0, 10.0)}
"""The ways to read a text from which ALS factors are predicted, each with the penalties that are tried."""

_PASSES = 2
"""Rounds over the readings: what an earlier one should weigh depends on the later ones."""
_FILE = "terms.safetensors"


@dataclass(frozen=True)
class Reading:
    """How much ALS factors predicted from one reading of the texts count.

    Attributes:
        weight: of the score.
        ridge: L2 penalty of the prediction.
    """

    weight: float
    ridge: float


@dataclass(frozen=True)
class Weights:
    """How much of each term is mixed in.

    Attributes:
        ease: of the score of EASE with side information, for items with training rows.
        side: weight of the text vectors within EASE.
        popularity: of the centred log count of training rows, for the same items.
        new: for items without training rows, by name of the reading (see :data:`RIDGES`).
    """

    ease: float
    side: float
    popularity: float
    new: Mapping[str, Reading]

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """Return the weights that became a table by ``dataclasses.asdict``."""
        return cls(**{**table, "new": {name: Reading(**reading) for name, reading in table["new"].items()}})


class Terms:
    """The terms of one training part.

    Args:
        train: the training part.
        texts: what each reading makes of the items' texts, float32[n, d] or csr: ``tuned`` by the fine-tuned encoder,
            ``frozen`` by the encoder as it came, ``words`` by counting (left out where there are no words).
        ease_regularization: of EASE.
        sides: weights of the frozen vectors in EASE, one model each.
        context: seed and threads.
    """

    def __init__(
        self,
        train: Dataset,
        texts: Mapping[str, Any],
        ease_regularization: float,
        sides: Sequence[float],
        context: Context,
    ) -> None:
        rows = np.asarray(train.matrix().sum(axis=0)).ravel()
        self.warm = rows > 0
        logs = np.log1p(rows)
        self._popularity = np.where(self.warm, logs - logs[self.warm].mean(), 0.0).astype(np.float32)
        self._eases = {
            side: EASEContent(regularization=ease_regularization, side_weight=side).fit_on(
                train, texts["frozen"], context
            )
            for side in sorted({*sides})
        }
        self._texts = texts
        self.readings = [name for name in RIDGES if name in texts]
        self._als = None if self.warm.all() else ALS().fit(train, context)
        self._predicted: dict[tuple[str, float], Float32] = {}

    def save(self, folder: Path, weights: Weights) -> None:
        """Write EASE, ALS, the popularity and the predicted factors."""
        from safetensors.numpy import save_file

        arrays = {"warm": self.warm, "popularity": self._popularity}
        if self._als is not None:
            self._als.save(folder)
            used = {name: self.factors(name, one.ridge) for name, one in weights.new.items() if one.weight}
            arrays |= {f"factors.{name}": factors for name, factors in used.items()}
        save_file(arrays, folder / _FILE)
        self._eases[weights.side].save(folder)

    @classmethod
    def load(cls, folder: Path, items: Entities, weights: Weights) -> Self:
        """Read what :meth:`save` wrote."""
        from safetensors.numpy import load_file

        stored = load_file(folder / _FILE)
        terms = cls.__new__(cls)  # without fitting
        terms.warm, terms._popularity = stored["warm"], stored["popularity"]  # noqa: SLF001 - its own class
        terms._eases = {weights.side: EASEContent().load(folder, items)}  # noqa: SLF001 - same
        terms._als = None if terms.warm.all() else ALS().load(folder, items)  # noqa: SLF001 - same
        used = {name: f"factors.{name}" for name in weights.new if f"factors.{name}" in stored}
        factors = {(name, weights.new[name].ridge): stored[label] for name, label in used.items()}
        terms._predicted = factors  # noqa: SLF001 - same
        return terms

    def parameter_count(self) -> int:
        """Return the weights of EASE and the factors of ALS."""
        return sum(one.parameter_count() for one in (*self._eases.values(), self._als) if one is not None)

    def known(self, queries: Queries, candidates: Int32 | None, side: float) -> tuple[Float32, Float32]:
        """Return EASE's scores float32[q, c], 0 where it has none, and the popularity float32[c]."""
        scores = np.nan_to_num(self._eases[side].score(queries, candidates), nan=0.0)
        return scores, self._popularity if candidates is None else self._popularity[candidates]

    def users(self, queries: Queries) -> Float32:
        """Return float32[q, f], ALS factors of the asking users; new items in a history say nothing."""
        if self._als is None:
            return np.zeros((len(queries), 0), np.float32)
        known = np.where(self.warm[:, None], self._als.item_factors, np.float32(0))
        return self._als.fold_in(queries, known)

    def factors(self, name: str, ridge: float) -> Float32:
        """Return float32[n, f]: ALS factors of new items as a reading of their texts predicts them; else 0."""
        if self._als is None:
            return np.zeros((len(self.warm), 0), np.float32)
        key = name, ridge
        if key not in self._predicted:
            learnt, texts = self._als.item_factors, self._texts[name]
            out = np.zeros_like(learnt)
            out[~self.warm] = predict_factors(texts[self.warm], learnt[self.warm], texts[~self.warm], ridge)
            self._predicted[key] = out
        return self._predicted[key]

    def add(self, scores: Float32, queries: Queries, candidates: Int32 | None, weights: Weights) -> Float32:
        """Return float32[q, c], ``scores`` plus all terms with their weights."""
        ease, popularity = self.known(queries, candidates, weights.side)
        mixed = _plus_known(scores, ease, popularity, weights.ease, weights.popularity)
        warm = self.warm if candidates is None else self.warm[candidates]
        used = {name: one for name, one in weights.new.items() if one.weight}
        if used and not warm.all():
            factors = sum(np.float32(one.weight) * self.factors(name, one.ridge) for name, one in used.items())
            mixed += self.users(queries) @ _pick(np.asarray(factors, np.float32), candidates).T
        return mixed


def choose(
    fold: Fold, score: Callable[[Queries], Float32], terms: Terms, start: Weights, seed: int, *, new: bool
) -> tuple[Weights, float]:
    """Return the weights that answer a fold best by nDCG@10, and that figure.

    First those of known items are chosen, then those of new ones, one reading after the other; a reading that does not
    gain more than the standard error of its gain is left out, or few queries would be overfitted. Where the fold has no
    candidate of a kind, the weights of that kind stay as they are.

    Args:
        fold: a validation fold.
        score: queries -> float32[q, c], the logit of flm for the fold's candidates.
        terms: of the fold's training part, with an EASE for each of :data:`SIDE_WEIGHTS`.
        start: the weights to begin with.
        seed: of the draw of queries, where there are too many.
        new: whether the fold asks for new items as the test will; if not, their weights stay as they are.
    """
    warm = terms.warm if fold.candidates is None else terms.warm[fold.candidates]
    best, value = start, float("nan")
    if warm.any():
        best, value = _choose_known(fold, score, terms, start, seed)
    if new and not warm.all():
        best = dataclasses.replace(best, new={name: Reading(0.0, ridges[0]) for name, ridges in RIDGES.items()})
        for name in terms.readings * _PASSES:
            best, value = _choose_reading(fold, score, terms, best, name, seed)
    return best, value


def _choose_known(
    fold: Fold, score: Callable[[Queries], Float32], terms: Terms, start: Weights, seed: int
) -> tuple[Weights, float]:
    found = []
    pairs = [(ease, popularity) for popularity in POPULARITY_WEIGHTS for ease in EASE_WEIGHTS]
    for side in SIDE_WEIGHTS:

        def parts(queries: Queries, side: float = side) -> tuple[Float32, ...]:
            return score(queries), *terms.known(queries, fold.candidates, side)

        number, value = best_mix(fold, parts, [_known_mix(*pair) for pair in pairs], seed)
        ease, popularity = pairs[number]
        found.append((Weights(ease, side, popularity, start.new), value))
    return max(found, key=lambda one: one[1])  # of equals the first


def _choose_reading(
    fold: Fold, score: Callable[[Queries], Float32], terms: Terms, start: Weights, name: str, seed: int
) -> tuple[Weights, float]:
    """Choose weight and penalty of one reading, the others as they are."""
    others = dataclasses.replace(start, new={**start.new, name: Reading(0.0, start.new[name].ridge)})
    ridges = RIDGES[name]
    ways = [(weight, ridge) for weight in NEW_WEIGHTS for ridge in (ridges if weight else ridges[:1])]

    def parts(queries: Queries) -> tuple[Float32, ...]:
        users = terms.users(queries)
        read = (users @ _pick(terms.factors(name, ridge), fold.candidates).T for ridge in ridges)
        return terms.add(score(queries), queries, fold.candidates, others), *read

    mixes = [_new_mix(weight, ridges.index(ridge)) for weight, ridge in ways]
    number, value = best_mix(fold, parts, mixes, seed, cautious=True)
    return dataclasses.replace(others, new={**others.new, name: Reading(*ways[number])}), value


def _pick(factors: Float32, candidates: Int32 | None) -> Float32:
    return factors if candidates is None else factors[candidates]


def _plus_known(scores: Float32, ease: Float32, popularity: Float32, weight: float, share: float) -> Float32:
    mixed: Float32 = scores + np.float32(weight) * ease + np.float32(share) * popularity
    return mixed


def _known_mix(ease: float, popularity: float) -> Mix:
    return lambda parts: _plus_known(parts[0], parts[1], parts[2], ease, popularity)


def _new_mix(weight: float, place: int) -> Mix:
    return lambda parts: parts[0] + np.float32(weight) * parts[1 + place]
