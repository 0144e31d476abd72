"""Immutable data: what models read, what they answer, and what reports show. All arrays are read-only."""

from benchsuite.cutoff import cutoff_of, split_cutoff
from benchsuite.data.arrays import Bool, Float32, Float64, Int8, Int32, Int64, Ragged
from benchsuite.data.comparison import Comparison, Contrast, MeanRanks, PerUser, Trials, UserCase, VarianceComponents
from benchsuite.data.contenders import Contenders
from benchsuite.data.dataset import Dataset, Entities, Interactions, Step
from benchsuite.data.fold import Fold, FoldView, GroundTruth, Queries
from benchsuite.data.infos import (
    DatasetInfo,
    MetricInfo,
    ModelInfo,
    PluginInfo,
    SplitInfo,
    main_metric,
)
from benchsuite.data.predictions import EvaluationInput, Pairs, PairScores, Rankings
from benchsuite.data.relevance import Relevance, Relevant, explicit_negatives, relevant_rows
from benchsuite.data.rows import NOT_ITS_OWN, TIES_TOLD, Row, RowOrigin, State, as_record, decides, split_label
from benchsuite.data.strata import Stratum, StratumFamily

__all__ = [
    "NOT_ITS_OWN",
    "TIES_TOLD",
    "Bool",
    "Comparison",
    "Contenders",
    "Contrast",
    "Dataset",
    "DatasetInfo",
    "Entities",
    "EvaluationInput",
    "Float32",
    "Float64",
    "Fold",
    "FoldView",
    "GroundTruth",
    "Int8",
    "Int32",
    "Int64",
    "Interactions",
    "MeanRanks",
    "MetricInfo",
    "ModelInfo",
    "PairScores",
    "Pairs",
    "PerUser",
    "PluginInfo",
    "Queries",
    "Ragged",
    "Rankings",
    "Relevance",
    "Relevant",
    "Row",
    "RowOrigin",
    "SplitInfo",
    "State",
    "Step",
    "Stratum",
    "StratumFamily",
    "Trials",
    "UserCase",
    "VarianceComponents",
    "as_record",
    "cutoff_of",
    "decides",
    "explicit_negatives",
    "main_metric",
    "relevant_rows",
    "split_cutoff",
    "split_label",
]
