"""What the harness owns and no model may do: guarding, ranking, pairs, thresholds, measuring."""

from benchsuite.evaluate.bootstrap import Measured, measure
from benchsuite.evaluate.calibrate import Reading, read_scores
from benchsuite.evaluate.evaluation_input import evaluation_input, fallback_share, relevant_items
from benchsuite.evaluate.leak_folds import CrossFoldChecks
from benchsuite.evaluate.leaks import Finding, check_fold, iter_findings
from benchsuite.evaluate.pairs import labelled_pairs
from benchsuite.evaluate.query_strata import Part, measure_parts, parts, unanswered
from benchsuite.evaluate.rating_calibration import RatingLine, RatingScale
from benchsuite.evaluate.topk import check_sample, popularity, rank, score_pairs

__all__ = [
    "CrossFoldChecks",
    "Finding",
    "Measured",
    "Part",
    "RatingLine",
    "RatingScale",
    "Reading",
    "check_fold",
    "check_sample",
    "evaluation_input",
    "fallback_share",
    "iter_findings",
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
