"""All that a report may see: plain values, already judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["ok", "failed", "not applicable", "missing"]
"""``missing`` means planned but not run yet. Every planned cell has one of these; none is left out."""


@dataclass(frozen=True)
class Row:
    """One number of the comparison, or the reason why there is none.

    Attributes:
        dataset: label of the data set.
        split: label of the split; a group of queries has its own rows, ``"user-cold/k=1"``.
        model: label of the model.
        metric: ``"ndcg@10"``, or a cost: ``"fit_seconds"``, ``"score_seconds"``, ``"peak_memory_mb"``,
            ``"fallback_share"``.
        mean: the value, None where there is none.
        ci_low: lower end of the 95% interval, None where there is none.
        ci_high: upper end.
        n: how many queries (or pairs) the value rests on.
        state: see :data:`State`.
        reason: why there is no value, or "".
    """

    dataset: str
    split: str
    model: str
    metric: str
    mean: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    state: State
    reason: str = ""


@dataclass(frozen=True)
class About:
    """What a report tells about a model, data set, split or metric.

    Attributes:
        label: the name used in the rows.
        name: the plugin's name.
        summary: one line.
        settings: every setting with its value.
        cite: BibTeX entries.
        facts: anything more, by kind. Data sets: ``licence``, ``url``, ``domain``, ``simulated``, ``fingerprint``,
            ``users``, ``items``, ``interactions``, ``steps`` (list of {name, before, after, note}). Splits: ``counts``.
            Metrics: ``higher_is_better``, ``task`` and ``convention``. Models: ``version``, ``origin``,
            ``uses_language_model``, ``ceiling`` (True for an oracle, which never competes for best) and ``tuned``.
    """

    label: str
    name: str
    summary: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    cite: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trials:
    """The tuning of one model on one fold: its budget, everything that was tried, and what won.

    Attributes:
        dataset: label.
        split: label.
        model: label.
        seed: the experiment's seed.
        fold: the fold's name.
        on: the metric, measured on the validation fold.
        budget: ``{"trials": 20, "seconds": None}``, the same for every model.
        searched: names of the settings that were searched.
        settings: all settings of each trial, the model's defaults first.
        values: the metric of each trial, None where it failed.
        seconds: fitting and scoring of each trial.
        keys: the stored validation cell of each trial.
        best: index of the winner, None when all trials failed.
        edges: settings of the winner that lie at an end of their search range.
    """

    dataset: str
    split: str
    model: str
    seed: int
    fold: str
    on: str
    budget: Mapping[str, Any]
    searched: tuple[str, ...]
    settings: tuple[Mapping[str, Any], ...]
    values: tuple[float | None, ...]
    seconds: tuple[float, ...]
    keys: tuple[str, ...]
    best: int | None
    edges: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """One experiment's results. Tuples are in the order of the experiment, which is the order of every table.

    Attributes:
        name: the experiment's name.
        rows: all numbers and all reasons.
        datasets: what each data set is.
        splits: what each split is, groups included.
        models: what each model is.
        metrics: what each metric is, costs included.
        provenance: seeds, versions, hardware, commit, keys: everything a reader needs to check.
        notes: sentences every report shows (simulated data, fallbacks, warnings).
        tuning: how each model was tuned on each fold; empty when nothing was.
    """

    name: str
    rows: tuple[Row, ...]
    datasets: tuple[About, ...]
    splits: tuple[About, ...]
    models: tuple[About, ...]
    metrics: tuple[About, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tuning: tuple[Trials, ...] = ()

    def row(self, dataset: str, split: str, model: str, metric: str) -> Row | None:
        """Return one row, or None when the metric does not exist for this cell."""
        return self._index.get((dataset, split, model, metric))

    @property
    def _index(self) -> dict[tuple[str, str, str, str], Row]:
        index: dict[tuple[str, str, str, str], Row] | None = self.__dict__.get("_rows_by_name")
        if index is None:
            index = {(r.dataset, r.split, r.model, r.metric): r for r in self.rows}
            object.__setattr__(self, "_rows_by_name", index)
        return index
