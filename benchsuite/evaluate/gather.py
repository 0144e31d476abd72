"""From what a cell stored to the evidence that metrics judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchsuite.data import Evidence, Fold, Pairs, Ragged, Rankings
from benchsuite.evaluate.calibrate import Aim, Reading, read_scores
from benchsuite.evaluate.topk import popularity

Arrays = Mapping[str, NDArray[Any]]
Relevant = Literal["taken", "liked"]


def gather(fold: Fold, answers: Arrays, validation: Arrays, relevant: Relevant, aim: Aim) -> tuple[Evidence, Reading]:
    """Put fold and stored answers together.

    Args:
        fold: the fold that was answered.
        answers: the cell's arrays: item, score, fallback, pair_query, pair_item, pair_label, pair_value, pair_score.
        validation: the arrays of the same model's validation cell; threshold and calibrator are fitted on its pairs.
        relevant: which held-out items count as right in a ranking.
        aim: what the threshold maximizes.
    """
    scores, reading = read_scores((validation["pair_score"], validation["pair_label"]), answers["pair_score"], aim)
    evidence = Evidence(
        user=fold.queries.user,
        relevant=relevant_items(fold, relevant),
        rankings=Rankings(answers["item"], answers["score"], answers["fallback"]),
        pairs=Pairs(answers["pair_query"], answers["pair_item"], answers["pair_label"], answers["pair_value"]),
        scores=scores,
        catalogue=len(fold.train.items) if fold.candidates is None else len(fold.candidates),
        popularity=popularity(fold),
        users=len(np.unique(fold.train.interactions.user)),
    )
    return evidence, reading


def relevant_items(fold: Fold, relevant: Relevant) -> Ragged:
    """Return the items that count as right, one list per query."""
    truth = fold.truth
    if relevant == "taken" or truth.label is None:
        return truth.items
    liked = truth.label == 1
    return Ragged.from_pairs(truth.rows[liked], truth.item[liked], len(truth))


def fallback_share(evidence: Evidence) -> float:
    """Return the share of list places that the fallback filled."""
    filled = evidence.rankings.item >= 0
    return float(evidence.rankings.fallback.sum() / max(int(filled.sum()), 1))
