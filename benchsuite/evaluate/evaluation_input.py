"""From the stored answers of a cell to the input of the metrics."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.data import (
    EvaluationInput,
    Fold,
    Int8,
    Pairs,
    PairScores,
    Ragged,
    Rankings,
    Relevance,
    explicit_negatives,
)
from benchsuite.evaluate.calibrate import Aim, Calibrator, calibrate_scores
from benchsuite.evaluate.rating_calibration import RatingLine, RatingScale
from benchsuite.evaluate.topk import popularity

Arrays = Mapping[str, NDArray[Any]]

CALIBRATION = ("pair_label", "pair_value", "pair_score")
"""The arrays of a validation cell that are read; its lists are not."""


def evaluation_input(
    fold: Fold,
    answers: Arrays,
    validation: Arrays | None,
    relevance: Relevance,
    aim: Aim,
    *,
    predicts_values: bool = False,
) -> tuple[EvaluationInput, Calibrator]:
    """Join a fold with the stored answers to it.

    Args:
        fold: the fold that was answered.
        answers: the cell's arrays: item, score, fallback, pair_query, pair_item, pair_label, pair_value, pair_score.
        validation: the arrays :data:`CALIBRATION` of the same model's validation cell; threshold and calibrators are
            fitted on its pairs. None where only rankings are judged: then the pairs are not read.
        relevance: which held-out items count as right in a ranking.
        aim: what the threshold maximizes.
        predicts_values: whether the model's scores are on the scale of the values, see :class:`benchsuite.api.Model`.
    """
    if validation is None:
        reading = Calibrator.nothing()
        scores = reading.apply(answers["pair_score"])
    else:
        scores, reading = calibrate_scores(
            (validation["pair_score"], _labels(fold, validation)), answers["pair_score"], aim
        )
        scores, reading = _with_ratings(fold, answers, validation, scores, reading, own=predicts_values)
    evidence = EvaluationInput(
        user=fold.queries.user,
        relevant=relevant_items(fold, relevance),
        rankings=Rankings.from_arrays(answers),
        pairs=Pairs(answers["pair_query"], answers["pair_item"], _labels(fold, answers), answers["pair_value"]),
        scores=scores,
        catalogue=len(fold.train.items) if fold.candidates is None else len(fold.candidates),
        popularity=popularity(fold),
        users=len(np.unique(fold.train.interactions.user)),
        items=fold.train.items,
    )
    return evidence, reading


def _with_ratings(
    fold: Fold, answers: Arrays, validation: Arrays, scores: PairScores, reading: Calibrator, *, own: bool
) -> tuple[PairScores, Calibrator]:
    """Add ratings, where the training part has values."""
    scale = RatingScale.of(fold.train)
    if scale is None:
        return scores, reading
    line = RatingLine.own() if own else RatingLine.fit(validation["pair_score"], validation["pair_value"], scale)
    ratings = line.apply(scores.score, scores.fallback, answers["pair_item"], scale)
    return dataclasses.replace(scores, rating=ratings), dataclasses.replace(reading, rating=line)


def _labels(fold: Fold, answers: Arrays) -> Int8:
    """Return the labels of the pairs, int8[p]; where the data has none of its own, explicit negatives are no likes."""
    label: Int8 = answers["pair_label"]
    if fold.truth.label is not None:
        return label
    return np.where(explicit_negatives(answers["pair_value"]), np.int8(0), label)


def relevant_items(fold: Fold, relevance: Relevance) -> Ragged:
    """Return the items that count as right, one list per query.

    Raises:
        DataError: when the rule needs labels and the data has none.
    """
    truth = fold.truth
    right = relevance.rows(truth.value, truth.label)
    return truth.items if right.all() else Ragged.from_pairs(truth.rows[right], truth.item[right], len(truth))


def fallback_share(evidence: EvaluationInput) -> float:
    """Return the share of list places that the fallback filled."""
    filled = evidence.rankings.item >= 0
    return float(evidence.rankings.fallback.sum() / max(int(filled.sum()), 1))
