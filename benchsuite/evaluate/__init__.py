"""What the harness owns and no model may do: guarding, ranking, pairs, thresholds, measuring."""

from benchsuite.evaluate.calibrate import Reading, read_scores
from benchsuite.evaluate.guard import guard
from benchsuite.evaluate.measure import Measured, measure
from benchsuite.evaluate.pairs import labelled_pairs
from benchsuite.evaluate.rank import popularity, rank, score_pairs

__all__ = [
    "Measured",
    "Reading",
    "guard",
    "labelled_pairs",
    "measure",
    "popularity",
    "rank",
    "read_scores",
    "score_pairs",
]
