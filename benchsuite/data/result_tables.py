"""Results as tidy tables: one number a row, each column with a type and a meaning, defined only here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchsuite.data.comparison import Comparison

DType = Literal["string", "float64", "int64", "bool"]

Batch = Mapping[str, NDArray[Any]]
"""Some rows of a table, column by column: object arrays of texts, float64 (NaN is no value), int64 and bool arrays."""


@dataclass(frozen=True)
class TidyColumn:
    """One column.

    Attributes:
        name: as files and frames call it.
        dtype: what its values are.
        meaning: one clause, with the unit where there is one.
    """

    name: str
    dtype: DType
    meaning: str


@dataclass(frozen=True)
class TidyTable:
    """One kind of table.

    Attributes:
        name: the file's name without its ending.
        about: what a row is.
        columns: in the order of every file.
    """

    name: str
    about: str
    columns: tuple[TidyColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def batch(self, rows: Iterable[Sequence[Any]]) -> Batch:
        """Turn rows into arrays; None is no value, which texts and numbers with a fraction may have."""
        listed = list(rows)
        kinds: dict[DType, Any] = {"string": object, "float64": np.float64, "int64": np.int64, "bool": np.bool_}
        arrays = {}
        for place, column in enumerate(self.columns):
            values = [row[place] for row in listed]
            if column.dtype == "float64":
                values = [np.nan if value is None else value for value in values]
            arrays[column.name] = np.array(values, kinds[column.dtype])
        return arrays


def _columns(*given: tuple[str, DType, str]) -> tuple[TidyColumn, ...]:
    return tuple(TidyColumn(*one) for one in given)


_PLACE = _columns(
    ("dataset", "string", "label of the data set"),
    ("split", "string", "label of the split; a group of queries has its own rows, such as user-cold/k=1"),
)
_CELL = (
    *_columns(
        ("dataset", "string", "label of the data set"),
        ("split", "string", "label of the split"),
        ("group", "string", "the group of queries that this query belongs to, empty where the split makes none"),
        ("model", "string", "label of the model"),
        ("seed", "int64", "the experiment's seed"),
        ("fold", "string", "name of the fold"),
        ("query", "int64", "number of the query in its fold, from 0; one user may ask several"),
        ("user", "string", "the user's raw id, as in the data's files"),
    ),
)
_MODEL = TidyColumn("model", "string", "label of the model")
_METRIC = TidyColumn("metric", "string", "label of the metric, such as ndcg@10")

RESULTS = TidyTable(
    "results",
    "one number of the comparison, or the reason why there is none",
    (
        *_PLACE,
        _MODEL,
        TidyColumn("metric", "string", "label of the metric, or a cost such as fit_seconds or peak_memory_mb"),
        *_columns(
            ("mean", "float64", "the value; mean over seeds and folds"),
            ("ci_low", "float64", "lower end of the 95% interval, bootstrap over users"),
            ("ci_high", "float64", "upper end"),
            ("n", "int64", "how many queries or pairs the value rests on; for costs, how many folds"),
            ("state", "string", "ok, failed, not applicable, or missing (planned but not run yet)"),
            ("reason", "string", "why there is no value, else empty"),
        ),
    ),
)
CONTRASTS = TidyTable(
    "contrasts",
    "one model against another on the same queries: a paired comparison, with users as what was sampled",
    (
        *_PLACE,
        _METRIC,
        _MODEL,
        *_columns(
            ("reference", "string", "label of the model it is held against"),
            ("role", "string", "best reference, or chosen by the reader"),
            ("difference", "float64", "mean of the model minus mean of the reference"),
            ("ci_low", "float64", "lower end of the 95% interval of the difference"),
            ("ci_high", "float64", "upper end"),
            ("p", "float64", "two-sided p-value of no difference"),
            ("p_holm", "float64", "the same after Holm's correction over data set, split and role"),
            ("test", "string", "exact randomization, randomization, t, bootstrap t, or none"),
            ("draws", "int64", "assignments of signs that were drawn; 0 for tests that draw nothing"),
            ("family", "int64", "how many tests Holm's correction is for"),
            ("effect", "float64", "Cohen's d_z: difference by its standard deviation over users"),
            ("effect_low", "float64", "lower end of its 95% interval"),
            ("effect_high", "float64", "upper end"),
            ("users", "int64", "how many users the contrast rests on"),
            ("wins", "int64", "users for whom the model is better"),
            ("ties", "int64", "users for whom both are equal"),
            ("losses", "int64", "users for whom the model is worse"),
            ("higher_is_better", "bool", "the metric's direction"),
            ("verdict", "string", "better, worse, not separated, or not tested, at 5% after correction"),
        ),
    ),
)
TUNING = TidyTable(
    "tuning",
    "one trial of the tuning of one model on one fold, in the order of trial",
    (
        *_columns(
            ("dataset", "string", "label of the data set"),
            ("split", "string", "label of the split"),
            ("model", "string", "label of the model"),
            ("seed", "int64", "the experiment's seed"),
            ("fold", "string", "name of the fold"),
            ("metric", "string", "what was tuned on, measured on the validation fold"),
            ("trial", "int64", "number of the trial, from 0; trial 0 has the model's defaults"),
            ("value", "float64", "the metric; empty where the trial failed"),
            ("best", "bool", "true for the trial whose settings were used"),
            ("seconds", "float64", "fitting and scoring, wall clock"),
            ("settings", "string", "all settings of the trial, as JSON"),
            ("searched", "string", "names of the settings that were searched, as JSON"),
            ("edges", "string", "settings of the winner that lie at an end of their range, as JSON"),
            ("budget", "string", "what each model was allowed, as JSON"),
            ("key", "string", "the stored validation cell"),
        ),
    ),
)
SPREADS = TidyTable(
    "spreads",
    "where the spread of one number comes from when several seeds were run: variance components",
    (
        *_PLACE,
        _MODEL,
        *_columns(
            ("reference", "string", "the model it is held against, empty for the model's own mean"),
            ("metric", "string", "label of the metric"),
            ("seeds", "int64", "how many seeds"),
            ("seed_sd", "float64", "standard deviation between seeds beyond what the choice of users explains"),
            ("user_sd", "float64", "standard deviation between users that stays the same over seeds"),
            ("residual_sd", "float64", "what is left; empty in a nested design, where user_sd holds it"),
            ("design", "string", "crossed: the same users under every seed; nested: each seed has its own"),
        ),
    ),
)
STANDINGS = TidyTable(
    "standings",
    "the mean rank of one model over data sets, with the Friedman and Nemenyi tests of its table",
    _columns(
        ("split", "string", "label of the split"),
        ("metric", "string", "label of the metric"),
        ("model", "string", "label of the model"),
        ("rank", "float64", "mean rank over data sets, 1 is best; empty where the model has no value in one of them"),
        ("datasets", "int64", "how many data sets were ranked over"),
        ("statistic", "float64", "Friedman's chi-square of the table, corrected for ties"),
        ("p", "float64", "its p-value, by permutation of the ranks within data sets"),
        ("critical_difference", "float64", "mean ranks further apart than this differ at 5% (Nemenyi)"),
    ),
)
STRATA = TidyTable(
    "strata",
    "one number of one part of a test (warm and cold, popular and rare, new and active); nothing here is tested apart",
    (
        *_columns(
            ("dataset", "string", "label of the data set"),
            ("split", "string", "label of the whole split"),
            ("family", "string", "item novelty, user novelty, item popularity, or user activity"),
            ("stratum", "string", "the part, such as cold items"),
            ("meaning", "string", "what belongs to it on the first fold"),
        ),
        _MODEL,
        _METRIC,
        *_columns(
            ("mean", "float64", "the value; mean over seeds and folds"),
            ("ci_low", "float64", "lower end of the 95% interval, bootstrap over users"),
            ("ci_high", "float64", "upper end"),
            ("n", "int64", "how many queries or pairs the value rests on"),
            ("state", "string", "ok, failed, not applicable, or missing"),
            ("reason", "string", "why there is no value, else empty"),
            ("fallback", "float64", "share of its labelled pairs that the declared fallback answered"),
            ("held_out", "int64", "its held-out rows, over all seeds and folds"),
            ("of_held_out", "int64", "all held-out rows"),
            ("queries", "int64", "queries with a held-out row in it"),
            ("of_queries", "int64", "all queries with a held-out row"),
        ),
    ),
)
PER_QUERY = TidyTable(
    "per_query",
    "one metric of one query of one model. The mean of a pooled metric (auc) is not the pooled value; metrics that no "
    "single query has (coverage@10) have no rows",
    (
        *_CELL,
        TidyColumn("metric", "string", "label of the metric"),
        TidyColumn("value", "float64", "the metric of this query; empty where the query does not count"),
    ),
)
RANKINGS = TidyTable(
    "rankings",
    "one place of the list that one model gave to one query, best first; lists may be shorter than the experiment's k",
    (
        *_CELL,
        *_columns(
            ("rank", "int64", "the place in the list, from 1"),
            ("item", "string", "the item's raw id, as in the data's files"),
            ("score", "float64", "what the model said; empty where the fallback filled the place"),
            ("fallback", "bool", "true where the model had no opinion and popularity filled the place"),
            ("relevant", "bool", "true where the item counts as right"),
        ),
    ),
)

SMALL: tuple[TidyTable, ...] = (RESULTS, CONTRASTS, TUNING, SPREADS, STANDINGS, STRATA)
"""What a comparison holds."""

LARGE: tuple[TidyTable, ...] = (PER_QUERY, RANKINGS)
"""What is read from the store, cell by cell, when it is asked for."""


def small_tables(comparison: Comparison) -> dict[str, Batch]:
    """Return all that a comparison holds, by the name of the table; a table may have no row."""
    return {table.name: table.batch(_ROWS[table.name](comparison)) for table in SMALL}


def _fields(
    table: TidyTable, of: Callable[[Comparison], Iterable[Any]]
) -> Callable[[Comparison], Iterator[Sequence[Any]]]:
    def rows(comparison: Comparison) -> Iterator[Sequence[Any]]:
        for one in of(comparison):
            yield [one.split_label if name == "split" else getattr(one, name) for name in table.names]

    return rows


def _trials(comparison: Comparison) -> Iterator[Sequence[Any]]:
    for one in comparison.tuning:
        place = (one.dataset, one.split, one.model, one.seed, one.fold, one.on)
        rest = (_json(one.searched), _json(one.edges), _json(one.budget))
        for trial, settings in enumerate(one.settings):
            value = one.values[trial]
            told = (trial, value, trial == one.best, one.seconds[trial], _json(settings))
            yield (*place, *told, *rest, one.keys[trial])


def _strata(comparison: Comparison) -> Iterator[Sequence[Any]]:
    for one in comparison.strata:
        counts = (one.held_out, one.of_held_out, one.queries, one.of_queries)
        for row in one.rows:
            value = (row.mean, row.ci_low, row.ci_high, row.n, row.state, row.reason, one.fallback.get(row.model))
            place = (one.dataset, one.split, one.family, one.name, one.meaning)
            yield (*place, row.model, row.metric, *value, *counts)


def _standings(comparison: Comparison) -> Iterator[Sequence[Any]]:
    for one in comparison.standings:
        told = (len(one.datasets), one.statistic, one.p, one.critical_difference)
        ranks: list[float | None] = [*one.ranks, *([None] * len(one.left_out))]
        for model, rank in zip((*one.models, *one.left_out), ranks, strict=True):
            yield (one.split, one.metric, model, rank, *told)


_ROWS: dict[str, Callable[[Comparison], Iterator[Sequence[Any]]]] = {
    "results": _fields(RESULTS, lambda comparison: comparison.rows),
    "contrasts": _fields(CONTRASTS, lambda comparison: comparison.contrasts),
    "tuning": _trials,
    "spreads": _fields(SPREADS, lambda comparison: comparison.spreads),
    "standings": _standings,
    "strata": _strata,
}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=dict)


def schema(tables: Iterable[TidyTable] = (*SMALL, *LARGE)) -> list[dict[str, Any]]:
    """Return what every table and column is, as JSON-like values."""
    return [dataclasses.asdict(table) for table in tables]
