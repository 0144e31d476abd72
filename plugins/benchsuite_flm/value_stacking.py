"""The pointwise score of flm-hybrid: the logit of flm stacked with the rating that ``knn-baseline`` predicts."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Float32, Int8, Int32, Queries
from benchsuite_classic.knn_baseline import KNNBaseline

MOST_ITEMS = 5000
"""With more items than these the item similarities take more than a gigabyte, so no rating is predicted."""

_LEAST_PAIRS = 100
_FILE = "pairs.json"


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
        (folder / _FILE).write_text(json.dumps(dataclasses.asdict(self.weights)) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path, items: Entities) -> Self | None:
        """Read what :meth:`save` wrote; None where there was no such term."""
        if not (folder / _FILE).exists():
            return None
        weights = PairWeights(**json.loads((folder / _FILE).read_text("utf-8")))
        return cls(KNNBaseline().load(folder, items), weights)
