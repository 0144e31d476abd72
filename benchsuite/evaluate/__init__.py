"""What the harness owns and no model may do: guarding, ranking, pairs, thresholds, measuring."""

from benchsuite.evaluate.bootstrap import Measured, measure
from benchsuite.evaluate.calibrate import Reading, read_scores
from benchsuite.evaluate.gather import fallback_share, gather, relevant_items
from benchsuite.evaluate.leak_folds import Across
from benchsuite.evaluate.leaks import Finding, guard, inspect
from benchsuite.evaluate.pairs import labelled_pairs
from benchsuite.evaluate.ratings import RatingLine, RatingScale
from benchsuite.evaluate.strata import Part, measure_parts, parts, unanswered
from benchsuite.evaluate.topk import check_sample, popularity, rank, score_pairs

__all__ = [
    "Across",
    "Finding",
    "Measured",
    "Part",
    "RatingLine",
    "RatingScale",
    "Reading",
    "check_sample",
    "fallback_share",
    "gather",
    "guard",
    "inspect",
    "labelled_pairs",
    "measure",
    "measure_parts",
    "parts",
    "popularity",
    "rank",
    "read_scores",
    "relevant_items",
    "score_pairs",
    "unanswered",
]
