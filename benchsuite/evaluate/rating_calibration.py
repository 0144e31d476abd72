"""From scores to ratings: a straight line that the harness fits on the validation fold, the same for all models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchsuite.data import Bool, Dataset, Float32, Float64, Int32

DAMPING = 10.0
"""Damping of an item's mean rating: it counts as if the item had so many more ratings at the mean of all items."""


@dataclass(frozen=True, eq=False)
class RatingScale:
    """What the training part says about values.

    Attributes:
        low: the smallest value.
        high: the largest value.
        mean: of all values.
        item: float64[items], each item's mean value, damped towards the mean of all; that mean for items without rows.
    """

    low: float
    high: float
    mean: float
    item: Float64

    @classmethod
    def of(cls, train: Dataset) -> RatingScale | None:
        """Read the training part; None where it has no values other than 1, so that there is nothing to predict."""
        rows = train.interactions
        if not len(rows) or not (rows.value != 1).any():
            return None
        value = rows.value.astype(np.float64)
        total = np.bincount(rows.item, weights=value, minlength=len(train.items))
        count = np.bincount(rows.item, minlength=len(train.items))
        mean = float(value.mean())
        item: Float64 = (total + DAMPING * mean) / (count + DAMPING)
        return cls(float(value.min()), float(value.max()), mean, item)


@dataclass(frozen=True)
class RatingLine:
    """How a model's scores become ratings: ``slope * score + intercept``, cut to the range of the training values.

    Attributes:
        slope: of the line; 1 for models that predict values.
        intercept: of the line; 0 for models that predict values.
        fitted: False where the line was not fitted, because the model's scores are on the scale of the values.
    """

    slope: float
    intercept: float
    fitted: bool = True

    @classmethod
    def own(cls) -> RatingLine:
        """Return the line of models that predict values: their scores are the ratings."""
        return cls(1.0, 0.0, fitted=False)

    @classmethod
    def fit(cls, scores: Float32, values: Float32, scale: RatingScale) -> RatingLine:
        """Fit by least squares on validation pairs with a score and a value.

        Scores that do not vary get slope 0 and the mean of the pairs' values; without such a pair, slope 0
        and the mean of the training values.

        Args:
            scores: float32[p], NaN where the model abstains.
            values: float32[p], NaN for negatives that the harness drew.
            scale: of the training part.
        """
        known = ~np.isnan(scores) & ~np.isnan(values)
        score, value = scores[known].astype(np.float64), values[known].astype(np.float64)
        if not len(score):
            return cls(0.0, scale.mean)
        if score.min() == score.max():
            return cls(0.0, float(value.mean()))
        center, spread = float(score.mean()), float(score.std())
        slope = float(((score - center) / spread) @ value) / len(score) / spread
        return cls(slope, float(value.mean()) - slope * center)

    def apply(self, scores: Float32, unknown: Bool, item: Int32, scale: RatingScale) -> Float32:
        """Return float32[p] ratings; pairs without a score get their item's damped mean, for every model alike.

        Args:
            scores: float32[p].
            unknown: bool[p], True where the model abstains.
            item: int32[p] item codes.
            scale: of the training part.
        """
        read = np.where(unknown, scale.item[item], self.slope * scores.astype(np.float64) + self.intercept)
        return np.clip(read, scale.low, scale.high).astype(np.float32)
