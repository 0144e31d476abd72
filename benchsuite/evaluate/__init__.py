"""What the harness does and no model may do: leak checks, rankings, labelled pairs, thresholds, metrics."""

from benchsuite.evaluate.bootstrap import Measurement, measure
from benchsuite.evaluate.calibrate import Calibrator, calibrate_scores
from benchsuite.evaluate.evaluation_input import CALIBRATION, evaluation_input, fallback_share, relevant_items
from benchsuite.evaluate.leak_folds import CrossFoldChecks
from benchsuite.evaluate.leaks import LeakFinding, check_fold, iter_findings
from benchsuite.evaluate.pairs import labelled_pairs
from benchsuite.evaluate.query_strata import Part, measure_parts, parts, unanswered
from benchsuite.evaluate.rating_calibration import RatingLine, RatingScale
from benchsuite.evaluate.topk import check_sample, popularity, rank, score_pairs
from benchsuite.evaluate.undecided import Undecided, undecided

__all__ = [
    "CALIBRATION",
    "Calibrator",
    "CrossFoldChecks",
    "LeakFinding",
    "Measurement",
    "Part",
    "RatingLine",
    "RatingScale",
    "Undecided",
    "calibrate_scores",
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
    "relevant_items",
    "score_pairs",
    "unanswered",
    "undecided",
]
