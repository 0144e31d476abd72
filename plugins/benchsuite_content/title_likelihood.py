"""How likely a causal language model finds titles, and what that tells of the popularity of new items.

A title that a model finds likely is one that it has read: fame leaves traces in the text that it was trained on. For
new items nothing else tells popularity, so it is predicted from these likelihoods, by a regression on the known items.
What is used here is what contamination is made of: a data set of old, famous items flatters it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from benchsuite.api import Context
from benchsuite.data import Dataset, Float32, Float64, Int32, Queries
from benchsuite_classic.support import new_item_share
from benchsuite_content.title_completion import complete_titles
from benchsuite_content.title_reading import FEATURES, TitleReading

_REGULARIZATION = 10.0
_FARTHEST = 2.5  # robust deviations at which features are cut: single odd titles would carry the regression away
_ASKED = 256  # users whose scores tell the scale of a model's scores
Score = Callable[[Queries, Int32 | None], Float32]


@dataclass(frozen=True, eq=False)
class TitlePopularity:
    """The popularity of new items as their titles tell it.

    Attributes:
        value: float32[n], the predicted log count of each new item less the mean of all new items; 0 for known items.
        spread: how far the scores of new items lie apart for a user, in the model that this is added to.
        share: what the term weighs, less where known items stand beside the new ones.
        parameters: weights of the decoder and of the regression.
        about: facts: the decoder, the correlation with true counts, and how often the decoder completes titles.
    """

    value: Float32
    spread: float
    share: float
    parameters: int
    about: Mapping[str, Any]

    @classmethod
    def fit(cls, train: Dataset, score: Score, context: Context, reading: TitleReading) -> Self:
        """Learn from the counts of the known items.

        Args:
            train: the training part; its items have texts.
            score: of the model that this is added to, as it was fitted on ``train``.
            context: threads, device and the validation fold.
            reading: of the titles of all items.
        """
        counts = np.asarray(train.matrix().sum(axis=0)).ravel()
        predicted, correlation = predicted_counts(reading.likelihoods, counts)
        new = counts <= 0
        value = np.where(new, predicted - (predicted[new].mean() if new.any() else 0.0), 0.0)
        completed = complete_titles(
            reading.decoder, train.items.titles, device=context.device, threads=context.threads, known=reading.known
        )
        about = {
            "decoder": dict(reading.provenance),
            "correlation with log counts": round(correlation, 3),
            "title_completion": completed,
        }
        return cls(
            value=value.astype(np.float32),
            spread=spread(score, train),
            share=new_item_share(context.validation),
            parameters=reading.parameters + len(FEATURES) + 1,
            about=about,
        )

    def add(self, scores: Float32, weight: float, candidates: Int32 | None) -> Float32:
        """Return scores (float32[q, c]) plus the popularity of new items, weighted in deviations of a user's scores."""
        value = self.value if candidates is None else self.value[candidates]
        return scores + np.float32(weight * self.share * self.spread) * value

    def record(self) -> dict[str, Any]:
        """Return JSON-like values."""
        return {**dataclasses.asdict(self), "value": self.value.tolist()}

    @classmethod
    def from_record(cls, table: Mapping[str, Any]) -> Self:
        """Read what :meth:`record` returned."""
        return cls(**{**table, "value": np.asarray(table["value"], np.float32)})


def predicted_counts(features: Float32, counts: Float64) -> tuple[Float64, float]:
    """Return float64[n], log counts predicted by ridge regression on the known items, and their correlation.

    Args:
        features: float32[n, f]; they are cut at some deviations from the median.
        counts: float[n], training rows of each item; 0 for new ones.

    Returns:
        The predictions, and the correlation of true log counts with predictions that leave the item itself out (in
        closed form, from the diagonal of the hat matrix); 0 where fewer than three items are known.
    """
    known = counts > 0
    target = np.log1p(counts[known])
    if known.sum() < 3 or np.ptp(target) == 0:  # noqa: PLR2004 - two points have no correlation
        return np.zeros(len(counts)), 0.0
    low, middle, high = np.percentile(features[known].astype(np.float64), [16, 50, 84], axis=0)
    scaled = np.clip((features - middle) / np.maximum((high - low) / 2, 1e-6), -_FARTHEST, _FARTHEST)
    scaled = scaled - scaled[known].mean(axis=0)
    own = scaled[known]
    penalized = own.T @ own + _REGULARIZATION * np.eye(own.shape[1])
    weights = np.linalg.solve(penalized, own.T @ (target - target.mean()))
    leverage = np.einsum("nf,fn->n", own, np.linalg.solve(penalized, own.T)) + 1 / len(own)
    residual = (target - target.mean() - own @ weights) / np.maximum(1 - leverage, 1e-6)
    told = np.corrcoef(target, target - residual)[0, 1]
    return scaled @ weights + target.mean(), float(np.nan_to_num(told))


def spread(score: Score, train: Dataset) -> float:
    """Return how far a model's scores of new items lie apart: their deviation for a user, in the mean of some users.

    0 where there are fewer than two new items, or nobody has a history.
    """
    rows = train.interactions
    counts = np.asarray(train.matrix().sum(axis=0)).ravel()
    new = np.flatnonzero(counts <= 0).astype(np.int32)
    users = np.unique(rows.user)
    if len(new) < 2 or not len(users):  # noqa: PLR2004 - one number has no deviation
        return 0.0
    chosen = users[np.unique(np.linspace(0, len(users) - 1, min(_ASKED, len(users))).astype(np.int64))]
    number = np.full(len(train.users), -1, np.int64)
    number[chosen] = np.arange(len(chosen))
    shown = rows.take(number[rows.user] >= 0)
    scores = score(Queries.from_rows(chosen, number[shown.user], shown), new).astype(np.float64)
    told = np.isfinite(scores).all(axis=1)
    return float(scores[told].std(axis=1).mean()) if told.any() else 0.0
