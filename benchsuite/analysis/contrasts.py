"""Every model of one table against one reference: from values per query to contrasts, still without a store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from benchsuite.analysis import paired_statistics
from benchsuite.analysis.variance import Layout
from benchsuite.data import Contrast, Float64, Int32, Int64, VarianceComponents
from benchsuite.data.comparison import Role

Test = Literal["randomization", "t"]


@dataclass(frozen=True, eq=False)
class Measures:
    """The values of one model in one metric, on one group of queries of one data set and split.

    Attributes:
        mean: the value that its row shows.
        queries: by cell (seed and fold) float64[q], values per query; NaN does not count.
        replicates: float64[b], the row's value under resamples of users, averaged over cells; empty without them.
        cells: by cell, the value there, of which ``mean`` is the mean.
    """

    mean: float
    queries: Sequence[Float64]
    replicates: Float64
    cells: Sequence[float]

    @cached_property
    def pooled(self) -> bool:
        """True for metrics that are no mean over queries, such as the pooled AUC; found from the numbers."""
        if any(np.isnan(cell).all() for cell in self.queries):
            return True
        plain = float(np.mean([np.nanmean(cell) for cell in self.queries]))
        return not np.isclose(plain, self.mean, rtol=1e-9, atol=1e-12)


@dataclass(frozen=True, eq=False)
class MetricColumn:
    """One metric of one table: all models on the same queries.

    Attributes:
        dataset: label.
        split: label.
        metric: label.
        higher_is_better: the metric's direction.
        users: by cell int32[q], who asks.
        seeds: by cell, the experiment's seed.
        models: by label, in the order of the experiment; oracles are not among them.
        group: the group of queries, "" is everybody.
        draws_items: whether each seed asks about other items.
    """

    dataset: str
    split: str
    metric: str
    higher_is_better: bool
    users: Sequence[Int32]
    seeds: Sequence[int]
    models: Mapping[str, Measures]
    group: str = ""
    draws_items: bool = False

    def best(self, among: Sequence[str]) -> str | None:
        """Return the model with the best mean of those named; the first of equals; None when none has a value."""
        means = {name: self.models[name].mean for name in among if name in self.models}
        if not means:
            return None
        return (max if self.higher_is_better else min)(means, key=lambda name: means[name])


Asked = tuple[MetricColumn, str, Role]
"""A column, the label of the model that its others are compared with, and why with this one."""

SEVERAL_DRAWS = 2
"""A variance over draws of items needs so many."""

_Kind = Literal["exact randomization", "randomization", "t", "bootstrap t"]


def contrast(column: MetricColumn, reference: str, role: Role, test: Test = "randomization") -> list[Contrast]:
    """Compare every other model of a column with one, see :func:`contrast_all`."""
    return contrast_all([(column, reference, role)], test)


def contrast_all(asked: Iterable[Asked], test: Test = "randomization") -> list[Contrast]:
    """Compare the other models of each column with one; p-values are not corrected yet (:func:`holm_corrected`).

    A metric that is no mean over queries, or has values for other queries than the reference, has the bootstrap's
    interval like all others, but signs cannot be flipped: its test and effect size divide the difference by the
    bootstrap's standard error, and it rests on everybody who asked. Its wins and losses compare users' own values,
    so users of whom one model has none are in no column.

    Args:
        asked: the comparisons; columns are let go one by one, and signs are flipped for all together at the end.
        test: ``randomization`` flips signs of users; ``t`` assumes that the mean over users is normal.

    Returns:
        By column one contrast per other model, none where the metric has no resamples (coverage).
    """
    found: list[Contrast] = []
    flipped: list[tuple[Int64, Float64]] = []
    for column, reference, role in asked:
        own, columns, shares = _compared(column, reference, role, test)
        if len(columns):
            flipped.append((columns + len(found), shares))
        found += own
    tested = paired_statistics.sign_flips([shares for _, shares in flipped])
    for (places, _), (p, drawn) in zip(flipped, tested, strict=True):
        for place, value, draws in zip(places.tolist(), p.tolist(), drawn.tolist(), strict=True):
            kind: _Kind = "randomization" if draws else "exact randomization"
            known = _known(value)
            found[place] = dataclasses.replace(
                found[place], p=known, test="none" if known is None else kind, draws=draws
            )
    return found


def _compared(column: MetricColumn, reference: str, role: Role, test: Test) -> tuple[list[Contrast], Int64, Float64]:
    """Compare without flipping signs.

    Returns:
        The contrasts with p-values of t; the places of those whose signs are to be flipped, and users' shares in them.
    """
    nothing = np.zeros(0, np.int64), np.zeros((0, 0))
    other = column.models[reference]
    names = [name for name, model in column.models.items() if name != reference and len(model.replicates)]
    if not names or not len(other.replicates):
        return [], *nothing
    models = [column.models[name] for name in names]
    cells = [np.stack([model.queries[cell] for model in models]) for cell in range(len(column.users))]
    paired = paired_statistics.pair(cells, other.queries, column.users)
    difference = np.array([model.mean for model in models]) - other.mean
    replicates = np.stack([model.replicates for model in models], axis=1) - other.replicates[:, None]
    own = np.array([model.pooled for model in models]) | other.pooled
    plain = ~own & paired_statistics.same_queries(cells, other.queries)
    users = np.where(plain, paired.users, len(np.unique(np.concatenate(column.users))))
    error, low, high = paired_statistics.interval(difference, replicates, users)
    if paired.users > 1:
        error = np.where(plain, paired_statistics.standard_error(paired.unit), error)
    p = paired_statistics.t_test(difference, error, users)
    kinds: list[_Kind] = ["t" if one else "bootstrap t" for one in plain]
    with np.errstate(invalid="ignore", divide="ignore"):
        effect, effect_low, effect_high = paired_statistics.effect_size(difference / error, users)
    counts = paired_statistics.wins(paired.share, column.higher_is_better)
    few = np.count_nonzero(paired.share, axis=0) <= paired_statistics.FLIPS_UP_TO
    columns = np.flatnonzero(plain & few & (test == "randomization"))
    contrasts = [
        Contrast(
            dataset=column.dataset,
            split=column.split,
            metric=column.metric,
            model=name,
            reference=reference,
            role=role,
            difference=float(difference[j]),
            ci_low=_known(low[j]),
            ci_high=_known(high[j]),
            p=_known(p[j]),
            p_holm=None,
            test=kinds[j] if _known(p[j]) is not None else "none",
            draws=0,
            family=0,
            effect=_known(effect[j]),
            effect_low=_known(effect_low[j]),
            effect_high=_known(effect_high[j]),
            users=int(users[j]),
            wins=int(counts[j, 0]),
            ties=int(counts[j, 1]),
            losses=int(counts[j, 2]),
            higher_is_better=column.higher_is_better,
            group=column.group,
            p_draws=p_over_draws(column, name, reference),
        )
        for j, name in enumerate(names)
    ]
    shares = paired.share[:, columns]
    return contrasts, columns, shares[shares.any(axis=1)]


def p_over_draws(column: MetricColumn, model: str, reference: str) -> float | None:
    """Return p of a two-sided t test over the seeds, None where seeds do not draw items or there is one of them.

    A test over users speaks of those very items that were drawn. The difference of two models can move with the draw by
    more than its own size: on three draws of 20% of the films of ml-latest-small that of ``flm-hybrid`` to
    ``als-kernel`` is -.006, .012 and .044 nDCG@10.
    """
    seeds = np.unique(column.seeds)
    if not column.draws_items or len(seeds) < SEVERAL_DRAWS:
        return None
    cells = np.subtract(column.models[model].cells, column.models[reference].cells)
    found = np.array([cells[np.asarray(column.seeds) == seed].mean() for seed in seeds])
    error = np.array([found.std(ddof=1) / np.sqrt(len(found))])
    return _known(float(paired_statistics.t_test(np.array([found.mean()]), error, len(found))[0]))


def holm_corrected(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """Return all contrasts of one table and role with Holm-corrected p-values."""
    tables: dict[tuple[str, str, str, str], list[int]] = {}
    for index, one in enumerate(contrasts):
        tables.setdefault((one.dataset, one.split, one.group, one.role), []).append(index)
    corrected = list(contrasts)
    for indices in tables.values():
        p = np.array([np.nan if contrasts[i].p is None else contrasts[i].p for i in indices], np.float64)
        family = int((~np.isnan(p)).sum())
        for i, adjusted in zip(indices, paired_statistics.holm(p), strict=True):
            corrected[i] = dataclasses.replace(contrasts[i], p_holm=_known(adjusted), family=family)
    return corrected


def variance_components(column: MetricColumn, reference: str | None) -> list[VarianceComponents]:
    """Estimate the variance between seeds and users, of means and of differences to the reference (None: of means)."""
    found: list[VarianceComponents] = []
    if len(set(column.seeds)) < 2:  # noqa: PLR2004 - one seed has no variance
        return found
    base = column.models[reference] if reference is not None else None
    layout = Layout.of(column.users, column.seeds)
    for name, model in column.models.items():
        if model.pooled:
            continue
        pairs: list[tuple[str, Sequence[Float64]]] = [("", model.queries)]
        if base is not None and reference is not None and name != reference and not base.pooled:
            differences = [own - other for own, other in zip(model.queries, base.queries, strict=True)]
            pairs.append((reference, differences))
        for against, values in pairs:
            parts = layout.components(values)
            if parts is not None:
                place = (column.dataset, column.split, name, against, column.metric)
                sds = (parts.seed_sd, parts.user_sd, parts.residual_sd)
                found.append(VarianceComponents(*place, len(set(column.seeds)), *sds, parts.design, column.group))
    return found


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
