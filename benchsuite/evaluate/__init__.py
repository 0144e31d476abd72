"""What the harness owns and no model may do: guarding, ranking, pairs, thresholds, measuring."""

from benchsuite.evaluate.bootstrap import Measured, measure
from benchsuite.evaluate.calibrate import Reading, read_scores
from benchsuite.evaluate.gather import fallback_share, gather, relevant_items
from benchsuite.evaluate.leaks import guard
from benchsuite.evaluate.pairs import labelled_pairs
from benchsuite.evaluate.topk import popularity, rank, score_pairs

__all__ = [
    "Measured",
    "Reading",
    "fallback_share",
    "gather",
    "guard",
    "labelled_pairs",
    "measure",
    "popularity",
    "rank",
    "read_scores",
    "relevant_items",
    "score_pairs",
]
