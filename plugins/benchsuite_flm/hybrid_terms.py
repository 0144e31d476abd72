"""What flm-hybrid adds to the logit of flm, and the choice of the weights.

To the scores of lists :class:`Terms` adds EASE, popularity and, for new items, ALS. To the logits of pairs
:class:`PairTerm` adds the rating that ``knn-baseline`` predicts.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Float32, Fold, Int8, Int32, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.blending import ScoreBlend, select_blend
from benchsuite_classic.knn_baseline import KNNBaseline
from benchsuite_content.ease_content import EASEContent
from benchsuite_content.kernel_ridge import RIDGES, NewItemFactors, TextKernel

EASE_WEIGHTS = (0.0, 2.0, 4.0, 6.0, 10.0, 15.0, 25.0, 40.0, 60.0, 100.0, 200.0)
SIDE_WEIGHTS = (30.0, 300.0)
POPULARITY_WEIGHTS = (0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6)
NEW_WEIGHTS = (0.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
SHARES: tuple[Mapping[str, float], ...] = (
    {"tuned": 1.0},
    {"tuned": 1.0, "frozen": 1.0},
    {"tuned": 1.0, "frozen": 1.0, "words": 1.0},
    {"tuned": 1.0, "frozen": 1.0, "words": 2.0},
)
"""Text vectors from which ALS factors are predicted, and their weights: of the fine-tuned encoder, of the untrained
encoder, and counted words. Hidden states of a causal model are added to each, where there are any."""

_FILE = "terms.safetensors"
_EASE = 10.0
_POPULARITY = 25.0  # with one row a user
_ENOUGH = 40  # rows a user from which on the weights begin as on whole sets
_MOST = 100.0

MOST_ITEMS = 5000
"""With more items than these the item similarities take more than a gigabyte, so no rating is predicted."""

_LEAST_PAIRS = 100
_PAIRS_FILE = "pairs.json"


def start_for(rows: int, users: int) -> tuple[float, float]:
    """Return the weights of EASE and of popularity to begin with.

    With few rows the validation rows are too few to move the weights, so that the start decides. From 40 rows a user on
    it is what was best on validation parts of two film sets, 10 and 0 (for a shop more of EASE is better). With fewer
    it grows as the rows become fewer: on validation parts of the same sets, after 1, 5 and 10% of the training rows (1
    to 13 a user), 60 to 200 and 3 to 25 were best.

    Args:
        rows: of the training part.
        users: of the data set.
    """
    each = max(rows, 1) / max(users, 1)
    ease = min(_MOST, max(_EASE, _EASE * _ENOUGH / each))
    return ease, min(_MOST, max(0.0, _POPULARITY * (1 / each - 1 / _ENOUGH)))


def shares_of(representations: Collection[str]) -> list[Mapping[str, float]]:
    """Return the weights of :data:`SHARES` that apply to the texts at hand, to begin with the first.

    Args:
        representations: names of what is known of the texts; with ``states`` each weighting comes with them, then
            without.
    """
    here = [shares for shares in SHARES if shares.keys() <= set(representations)]
    more: list[Mapping[str, float]] = [{**shares, "states": 1.0} for shares in here if "states" in representations]
    return [*more, *here]


@dataclass(frozen=True)
class Weights:
    """The weight of each term.

    Attributes:
        ease: of the score of EASE with side information, for items with training rows.
        side: weight of the text vectors within EASE.
        popularity: of the centred log count of training rows, for the same items.
        new: of the score of ALS with predicted factors, for items without training rows.
        blend: how these are predicted.
    """

    ease: float
    side: float
    popularity: float
    new: float
    blend: TextKernel

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """Return the weights of a table that ``dataclasses.asdict`` made."""
        return cls(**{**table, "blend": TextKernel(**table["blend"])})


class Terms:
    """The terms of one training part.

    Args:
        train: the training part.
        texts: vectors of the items' texts, float32[n, d] or csr: ``tuned`` by the fine-tuned encoder, ``frozen`` by the
            untrained encoder, ``words`` by counting (left out where there are no words).
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
        self.news = None if self.warm.all() else NewItemFactors(ALS().fit(train, context), rows, texts, context.threads)

    def save(self, folder: Path, weights: Weights) -> None:
        """Write EASE, the popularity, ALS and the predicted factors."""
        from safetensors.numpy import save_file

        save_file({"warm": self.warm, "popularity": self._popularity}, folder / _FILE)
        self._eases[weights.side].save(folder)
        if self.news is not None:
            self.news.save(folder, weights.blend)

    @classmethod
    def load(cls, folder: Path, items: Entities, weights: Weights) -> Self:
        """Read what :meth:`save` wrote."""
        from safetensors.numpy import load_file

        stored = load_file(folder / _FILE)
        terms = cls.__new__(cls)  # without fitting
        terms.warm, terms._popularity = stored["warm"], stored["popularity"]  # noqa: SLF001 - its own class
        terms._eases = {weights.side: EASEContent().load(folder, items)}  # noqa: SLF001 - same
        terms.news = None if terms.warm.all() else NewItemFactors.load(folder, items, weights.blend, ALS())
        return terms

    def parameter_count(self) -> int:
        """Return the weights of EASE, the factors of ALS and the regression on texts."""
        new = 0 if self.news is None else self.news.als.parameter_count() + self.news.weights
        return sum(one.parameter_count() for one in self._eases.values()) + new

    def known(self, queries: Queries, candidates: Int32 | None, side: float) -> tuple[Float32, Float32]:
        """Return EASE's scores float32[q, c], 0 where it has none, and the popularity float32[c]."""
        scores = np.nan_to_num(self._eases[side].score(queries, candidates), nan=0.0)
        return scores, self._popularity if candidates is None else self._popularity[candidates]

    def add(self, scores: Float32, queries: Queries, candidates: Int32 | None, weights: Weights) -> Float32:
        """Return float32[q, c], ``scores`` plus all terms with their weights."""
        warm = self.warm if candidates is None else self.warm[candidates]
        mixed = scores
        if warm.any():
            ease, popularity = self.known(queries, candidates, weights.side)
            mixed = _plus_known(scores, ease, popularity, weights.ease, weights.popularity)
        if self.news is not None and weights.new and not warm.all():
            factors = self.news.factors(weights.blend, candidates)
            mixed = mixed + np.float32(weights.new) * (self.news.users(queries) @ factors.T)
        return mixed


def choose(
    fold: Fold, score: Callable[[Queries], Float32], terms: Terms, start: Weights, seed: int, *, new: bool
) -> tuple[Weights, float]:
    """Return the weights with the best nDCG@10 on a fold, and that nDCG.

    First the weights for known items are chosen, then those for new ones. The best weights of one fold are seldom the
    best of the next: they stay as they are unless others gain more than the standard error of the gain, over users for
    known items, over items for new ones. They also stay where the fold has no candidate of their kind.

    Args:
        fold: a validation fold.
        score: queries -> float32[q, c], the logit of flm for the fold's candidates.
        terms: of the fold's training part, with an EASE for each of :data:`SIDE_WEIGHTS`.
        start: the weights to begin with.
        seed: of the draw of queries, where there are too many.
        new: whether new items of the fold are like those of the test; if not, their weights stay as they are.
    """
    warm = terms.warm if fold.candidates is None else terms.warm[fold.candidates]
    best, value = start, float("nan")
    if warm.any():
        best, value = _choose_known(fold, score, terms, start, seed)
    if new and terms.news is not None and not warm.all():
        best, value = _choose_new(fold, score, terms, terms.news, best, seed)
    return best, value


def _choose_known(
    fold: Fold, score: Callable[[Queries], Float32], terms: Terms, start: Weights, seed: int
) -> tuple[Weights, float]:
    """Choose the weights of EASE, of the texts within it and of popularity, or keep those at the start."""
    sides = list(dict.fromkeys((start.side, *SIDE_WEIGHTS)))
    ways = [
        (sides.index(side), ease, popularity)
        for side in SIDE_WEIGHTS
        for popularity in POPULARITY_WEIGHTS
        for ease in EASE_WEIGHTS
    ]

    def parts(queries: Queries) -> tuple[Float32, ...]:
        known = [terms.known(queries, fold.candidates, side) for side in sides]
        return score(queries), known[0][1], *(ease for ease, _ in known)

    mixes = [_known_mix(*way) for way in [(0, start.ease, start.popularity), *ways]]
    best, value = select_blend(fold, parts, mixes, seed, drawn="users")
    if not best:
        return start, value
    place, ease, popularity = ways[best - 1]
    return dataclasses.replace(start, ease=ease, side=sides[place], popularity=popularity), value


def _choose_new(
    fold: Fold, score: Callable[[Queries], Float32], terms: Terms, news: NewItemFactors, start: Weights, seed: int
) -> tuple[Weights, float]:
    """Choose weight, kernel and penalty for new items, or keep those at the start."""
    tried = [TextKernel(shares, ridge) for shares in shares_of(news.representations) for ridge in RIDGES]
    blends = [start.blend, *tried]
    others = [(weight, number) for weight in NEW_WEIGHTS for number in range(1, len(blends) if weight else 2)]
    ways = [(start.new, 0), *others]
    without = dataclasses.replace(start, new=0.0)

    def parts(queries: Queries) -> tuple[Float32, ...]:
        users = news.users(queries)
        read = (users @ news.factors(blend, fold.candidates).T for blend in blends)
        return terms.add(score(queries), queries, fold.candidates, without), *read

    best, value = select_blend(fold, parts, [_new_mix(*way) for way in ways], seed, drawn="items")
    weight, number = ways[best]
    return dataclasses.replace(start, new=weight, blend=blends[number]), value


def _plus_known(scores: Float32, ease: Float32, popularity: Float32, weight: float, share: float) -> Float32:
    mixed: Float32 = scores + np.float32(weight) * ease + np.float32(share) * popularity
    return mixed


def _known_mix(place: int, ease: float, popularity: float) -> ScoreBlend:
    return lambda parts: _plus_known(parts[0], parts[2 + place], parts[1], ease, popularity)


def _new_mix(weight: float, place: int) -> ScoreBlend:
    return lambda parts: parts[0] + np.float32(weight) * parts[1 + place]


@dataclass(frozen=True)
class PairWeights:
    """The logit of a pair is ``logit`` times that of flm, plus ``value`` times the predicted rating, plus ``bias``."""

    logit: float = 1.0
    value: float = 0.0
    bias: float = 0.0


def ratings_of(train: Dataset, context: Context) -> KNNBaseline | None:
    """Return ``knn-baseline``, fitted; None where all values are equal, or for more than :data:`MOST_ITEMS`."""
    values = train.interactions.value
    if not len(values) or values.min() == values.max() or len(np.unique(train.interactions.item)) > MOST_ITEMS:
        return None
    return KNNBaseline().fit(train, context)


def stack(logits: Float32, values: Float32, label: Int8) -> PairWeights:
    """Return the weights of both scores, in the proportion of a logistic regression of the labels on them.

    The sum keeps mean and standard deviation of the logit, because the harness applies a threshold that it found on
    another fold. The logit stays as it is where there are few pairs or one label only, or where the regression gives
    either score a negative weight.

    Args:
        logits: float32[p], of flm.
        values: float32[p], predicted ratings.
        label: int8[p], 1 or 0.
    """
    from sklearn.linear_model import LogisticRegression

    if len(label) < _LEAST_PAIRS or label.min() == label.max():
        return PairWeights()
    both = np.stack([logits, values], axis=1).astype(np.float64)
    middle, spread = both.mean(axis=0), np.maximum(both.std(axis=0), 1e-9)
    found = LogisticRegression(C=100.0).fit((both - middle) / spread, label)
    weight = found.coef_[0] / spread
    if (weight < 0).any() or not weight.any():
        return PairWeights()
    weight *= spread[0] / (both @ weight).std()
    return PairWeights(float(weight[0]), float(weight[1]), float(middle[0] - weight @ middle))


@dataclass(eq=False)
class PairTerm:
    """Predicted ratings and their weight.

    Attributes:
        ratings: what predicts them.
        weights: of the sum.
    """

    ratings: KNNBaseline
    weights: PairWeights

    def add(self, logits: Float32, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the logits of pairs with the term."""
        values = self.ratings.score_pairs(queries, query, item)
        one = self.weights
        return np.asarray(one.logit * logits + one.value * values + one.bias, np.float32)

    def save(self, folder: Path) -> None:
        """Write both."""
        self.ratings.save(folder)
        (folder / _PAIRS_FILE).write_text(json.dumps(dataclasses.asdict(self.weights)) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path, items: Entities) -> Self | None:
        """Read what :meth:`save` wrote; None where there was no such term."""
        if not (folder / _PAIRS_FILE).exists():
            return None
        weights = PairWeights(**json.loads((folder / _PAIRS_FILE).read_text("utf-8")))
        return cls(KNNBaseline().load(folder, items), weights)
