"""Immutable data: what models read, what they answer, and what reports show. Arrays are locked at birth."""

from benchsuite.data.answers import Evidence, Pairs, PairScores, Rankings
from benchsuite.data.arrays import Bool, Float32, Float64, Int8, Int32, Int64, Ragged
from benchsuite.data.comparison import About, Comparison, Contrast, PerUser, Row, Shown, Spread, Standing, State, Trials
from benchsuite.data.dataset import Dataset, Entities, Interactions, Step
from benchsuite.data.fold import Fold, FoldView, Queries, Truth
from benchsuite.data.strata import Stratum, StratumFamily

__all__ = [
    "About",
    "Bool",
    "Comparison",
    "Contrast",
    "Dataset",
    "Entities",
    "Evidence",
    "Float32",
    "Float64",
    "Fold",
    "FoldView",
    "Int8",
    "Int32",
    "Int64",
    "Interactions",
    "PairScores",
    "Pairs",
    "PerUser",
    "Queries",
    "Ragged",
    "Rankings",
    "Row",
    "Shown",
    "Spread",
    "Standing",
    "State",
    "Step",
    "Stratum",
    "StratumFamily",
    "Trials",
    "Truth",
]
