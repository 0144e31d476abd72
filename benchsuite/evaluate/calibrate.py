"""From scores to decisions and probabilities: fitted by the harness on the validation fold, the same for all models."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchsuite.data import Float32, Float64, Int8, PairScores
from benchsuite.evaluate.rating_calibration import RatingLine

Aim = Literal["accuracy", "f1"]


@dataclass(frozen=True)
class Calibrator:
    """How a model's scores become decisions, probabilities and ratings.

    Attributes:
        threshold: scores at or above it mean label 1.
        neutral: the score given to pairs of which the model abstains: the median of the model's own validation scores.
        slope: of the logistic calibrator, probability = 1 / (1 + exp(-(slope * score + intercept))).
        intercept: of the calibrator.
        rating: how scores become ratings; None where the data has no values other than 1.
    """

    threshold: float
    neutral: float
    slope: float
    intercept: float
    rating: RatingLine | None = None

    @classmethod
    def nothing(cls) -> Calibrator:
        """Return a calibrator that predicts no label, for experiments that judge rankings alone."""
        return cls(threshold=float("nan"), neutral=0.0, slope=0.0, intercept=0.0)

    @classmethod
    def fit(cls, scores: Float32, labels: Int8, aim: Aim) -> Calibrator:
        """Fit on validation scores float32[p] (NaN = the model abstains) and labels int8[p].

        The threshold is the one that maximizes accuracy (or F1) on validation; of equal ones the smallest. The
        calibrator is Platt's logistic regression (Platt 1999) without regularization.
        """
        known = ~np.isnan(scores)
        neutral = float(np.median(scores[known])) if known.any() else 0.0
        filled = np.where(known, scores, np.float32(neutral)).astype(np.float64)
        slope, intercept = _platt(filled, labels)
        return cls(_best_threshold(filled, labels, aim), neutral, slope, intercept)

    def apply(self, scores: Float32) -> PairScores:
        """Return thresholded and calibrated test scores, from float32[p] (NaN = the model abstains)."""
        unknown = np.isnan(scores)
        filled = np.where(unknown, np.float32(self.neutral), scores).astype(np.float32)
        logit = np.clip(self.slope * filled.astype(np.float64) + self.intercept, -60, 60)
        return PairScores(filled, unknown, self.threshold, (1 / (1 + np.exp(-logit))).astype(np.float32))


def calibrate_scores(validation: tuple[Float32, Int8], test: Float32, aim: Aim) -> tuple[PairScores, Calibrator]:
    """Fit a calibrator on validation scores and labels and apply it to test scores."""
    reading = Calibrator.fit(*validation, aim)
    return reading.apply(test), reading


def _best_threshold(scores: Float64, labels: Int8, aim: Aim) -> float:
    """Try every distinct score, and one above all, as the threshold."""
    if not len(scores):
        return 0.0
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], np.cumsum(labels[order], dtype=np.int64)
    last = np.append(ranked[1:] != ranked[:-1], True)
    called = np.arange(1, len(ranked) + 1)[last]
    hits, positives = right[last], int(right[-1])
    if aim == "f1":
        quality = 2 * hits / np.maximum(called + positives, 1)
    else:
        quality = (hits + (len(ranked) - positives) - (called - hits)) / len(ranked)
    nothing = 0.0 if aim == "f1" else (len(ranked) - positives) / len(ranked)
    best = int(len(quality) - 1 - np.argmax(quality[::-1]))
    if quality[best] < nothing:
        return float(np.nextafter(np.float32(ranked[0]), np.float32(np.inf)))
    return float(ranked[last][best])


def _platt(scores: Float64, labels: Int8) -> tuple[float, float]:
    """Return slope and intercept; a flat calibrator at the base rate when scores or labels do not vary."""
    base = (float(labels.sum()) + 1) / (len(labels) + 2)
    flat = (0.0, float(np.log(base / (1 - base))))
    spread = float(scores.std()) if len(scores) else 0.0
    if spread == 0 or labels.min() == labels.max():
        return flat
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    center = float(scores.mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # perfectly separated scores have no finite optimum
        fitted = LogisticRegression(C=1e6).fit(((scores - center) / spread)[:, None], labels)
    slope = float(fitted.coef_[0, 0]) / spread
    return slope, float(fitted.intercept_[0]) - slope * center
