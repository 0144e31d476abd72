"""Comparisons: all that a report may see, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchsuite.data.infos import DatasetInfo, MetricInfo, ModelInfo, SplitInfo
from benchsuite.data.rows import Row, RowOrigin, split_label
from benchsuite.data.strata import Stratum

_ALPHA = 0.05

Verdict = Literal["better", "worse", "not separated", "not tested"]
Role = Literal["best reference", "chosen", "leader", "frozen twin", "frozen vectors"]


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
        reasons: why each trial has no value, "" where it has one; empty when none failed, or when it was not kept.
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
    reasons: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """The reason of each trial that has no value, in order; "" where it is not known."""
        reasons = self.reasons or ("",) * len(self.values)
        return tuple(reason for value, reason in zip(self.values, reasons, strict=True) if value is None)


def verdict(difference: float, p: float | None, p_draws: float | None, *, higher_is_better: bool) -> Verdict:
    """Return what tests say of a difference at 5%.

    Where each seed asks about other items, a difference must hold for other users and for other items: the test over
    users must find it, and so must that over the seeds.

    Args:
        difference: of the means.
        p: of the test over users, corrected; None where no test applies.
        p_draws: of the test over the seeds, None where seeds ask about the same items or there is one of them.
        higher_is_better: the metric's direction.
    """
    if p is None:
        return "not tested"
    if p > _ALPHA or not difference or (p_draws is not None and p_draws > _ALPHA):
        return "not separated"
    return "better" if (difference > 0) == higher_is_better else "worse"


@dataclass(frozen=True)
class Contrast:
    """One model against one other on the same queries: a paired comparison, with users as what was sampled.

    Attributes:
        dataset: label of the data set.
        split: label of the split.
        metric: label of the metric.
        model: label of the model.
        reference: label of the model it is held against.
        role: ``best reference``, see :meth:`benchsuite.data.Contenders.reference`; ``chosen``: a reader asked for it;
            ``leader``: it has the best mean of all that compete; ``frozen twin`` and ``frozen vectors``: it shows what
            fine-tuning adds, see :meth:`benchsuite.data.Contenders.frozen`.
        difference: mean of the model minus mean of the reference, as the two rows say it.
        ci_low: lower end of the 95% interval of the difference, None where there is none.
        ci_high: upper end.
        p: two-sided p-value of "no difference", None where no test applies.
        p_holm: the same after Holm's correction over the whole table (data set, split, role), None without ``p``.
        test: ``exact randomization`` (every assignment of signs to users), ``randomization`` (``draws`` of them),
            ``t`` (of the users' shares in the difference), ``bootstrap t`` (for metrics that are no mean over
            queries, such as the pooled AUC) or ``none``.
        draws: how many assignments were looked at; 0 for tests that draw nothing.
        family: how many tests Holm's correction is for.
        effect: the difference by the standard deviation over users (Cohen's d_z), None where that is 0.
        effect_low: lower end of its 95% interval.
        effect_high: upper end.
        users: how many users the contrast rests on. For metrics that are no mean over queries that is everybody who
            asked, and wins, ties and losses are of those users of whom both models have a value.
        wins: users for whom the model is better.
        ties: users for whom both are equal.
        losses: users for whom the model is worse.
        higher_is_better: the metric's direction.
        group: the group of queries, "" is everybody, as in :class:`Row`.
        p_draws: where each seed asks about other items, p of a t test over the seeds, None where one was run; not
            corrected.
    """

    dataset: str
    split: str
    metric: str
    model: str
    reference: str
    role: Role
    difference: float
    ci_low: float | None
    ci_high: float | None
    p: float | None
    p_holm: float | None
    test: Literal["exact randomization", "randomization", "t", "bootstrap t", "none"]
    draws: int
    family: int
    effect: float | None
    effect_low: float | None
    effect_high: float | None
    users: int
    wins: int
    ties: int
    losses: int
    higher_is_better: bool = True
    group: str = ""
    p_draws: float | None = None

    @property
    def split_label(self) -> str:
        """Label of the split, group included."""
        return split_label(self.split, self.group)

    @property
    def verdict(self) -> Verdict:
        """What the corrected test says at 5%, and that over the seeds where each asks about other items."""
        return verdict(self.difference, self.p_holm, self.p_draws, higher_is_better=self.higher_is_better)


@dataclass(frozen=True)
class VarianceComponents:
    """Where the spread of one number comes from when several seeds were run: variance components.

    Attributes:
        dataset: label of the data set.
        split: label of the split.
        model: label of the model.
        reference: the model it is held against where the number is a difference, "" where it is the model's own mean.
        metric: label of the metric.
        seeds: how many seeds.
        seed_sd: standard deviation between seeds beyond what the choice of users explains; also of the folds, where
            they are drawn anew with each seed.
        user_sd: standard deviation between users that stays the same over seeds.
        residual_sd: what is left: users that react to seeds. None in a nested design, where ``user_sd`` holds it.
        design: ``crossed``: the same users under every seed; ``nested``: each seed has users of its own.
        group: the group of queries, "" is everybody.
    """

    dataset: str
    split: str
    model: str
    reference: str
    metric: str
    seeds: int
    seed_sd: float
    user_sd: float
    residual_sd: float | None
    design: Literal["crossed", "nested"]
    group: str = ""

    @property
    def split_label(self) -> str:
        """Label of the split, group included."""
        return split_label(self.split, self.group)


@dataclass(frozen=True)
class MeanRanks:
    """Mean ranks over data sets under one split, and the Friedman and Nemenyi tests of them.

    Attributes:
        split: label of the split.
        metric: label of the metric.
        datasets: the data sets ranked over.
        models: labels, best mean rank first. Oracles do not take part.
        ranks: mean rank of each; 1 is best, ties share their mean.
        left_out: models without a value in one of these data sets.
        statistic: Friedman's chi-square, corrected for ties.
        p: its p-value, by permutation of the ranks within data sets.
        critical_difference: two mean ranks further apart than this differ at 5% (Nemenyi).
    """

    split: str
    metric: str
    datasets: tuple[str, ...]
    models: tuple[str, ...]
    ranks: tuple[float, ...]
    left_out: tuple[str, ...]
    statistic: float
    p: float
    critical_difference: float


@dataclass(frozen=True)
class UserCase:
    """One user's case in full, for readers who want to look: texts, not codes.

    Attributes:
        user: the user's raw id.
        history: item texts that every model was shown, oldest first.
        truth: item texts that came next and count as right.
        lists: each model's list, best first.
    """

    user: str
    history: tuple[str, ...]
    truth: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class PerUser:
    """One metric user by user in one place, and some users' cases in full.

    Attributes:
        dataset: label of the data set.
        split: label of the split.
        metric: label of the metric.
        users: raw ids, one per query.
        values: by model, one value per query in the same order; None where the query does not count.
        shown: the cases of some of these users, picked without looking at the results.
    """

    dataset: str
    split: str
    metric: str
    users: tuple[str, ...]
    values: Mapping[str, tuple[float | None, ...]]
    shown: tuple[UserCase, ...] = ()


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
        contrasts: every model against the best reference of its table, and against any chosen row.
        spreads: seed variance apart from user variance, where there are several seeds.
        standings: ranks over data sets, where there are several data sets.
        per_user: values user by user, for distributions and for looking at single cases; may be empty.
        strata: warm and cold, popular and rare, new and active parts of each test; may be empty.
        origins: what each model's numbers in each place rest on; may be empty.
        leads: what a verdict needs beyond ``contrasts``, for the main metric of each split as a whole: every model
            against the leader, where this is not the best reference, and fine-tuned models against frozen ones. No
            file of results holds them.
    """

    name: str
    rows: tuple[Row, ...]
    datasets: tuple[DatasetInfo, ...]
    splits: tuple[SplitInfo, ...]
    models: tuple[ModelInfo, ...]
    metrics: tuple[MetricInfo, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tuning: tuple[Trials, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    spreads: tuple[VarianceComponents, ...] = ()
    standings: tuple[MeanRanks, ...] = ()
    per_user: tuple[PerUser, ...] = ()
    strata: tuple[Stratum, ...] = ()
    origins: tuple[RowOrigin, ...] = ()
    leads: tuple[Contrast, ...] = ()

    def row(self, dataset: str, split: str, model: str, metric: str, group: str = "") -> Row | None:
        """Return one row, or None when the metric does not exist for this cell."""
        return self._index.get((dataset, split, group, model, metric))

    @property
    def _index(self) -> dict[tuple[str, str, str, str, str], Row]:
        index: dict[tuple[str, str, str, str, str], Row] | None = self.__dict__.get("_rows_by_name")
        if index is None:
            index = {(r.dataset, r.split, r.group, r.model, r.metric): r for r in self.rows}
            object.__setattr__(self, "_rows_by_name", index)
        return index
