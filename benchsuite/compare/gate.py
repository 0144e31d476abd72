"""The strong-baseline gate: sentences that say how the language models stand to the best classic, and warn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchsuite.data import About, Contrast, Row
from benchsuite.plan import Plan

SIMPLE = ("popular", "item-knn")
"""Names of the plugins that a proposed model must beat to be worth a second look."""


def main_metric(metrics: Sequence[About]) -> About | None:
    """Return the metric that speaks for all: nDCG@10, else the first for ranking, else the first."""
    ranking = [about for about in metrics if about.facts["task"] == "ranking"]
    first = [about for about in ranking if about.name.partition("@")[0] == "ndcg" and about.settings.get("k") == 10]  # noqa: PLR2004 - the 10 of nDCG@10
    return next(iter([*first, *ranking, *metrics]), None)


def gate(plan: Plan, rows: Sequence[Row], contrasts: Sequence[Contrast]) -> Iterator[str]:
    """Yield how differences are judged, how each table stands, and a warning where a simple model beats a proposed one.

    Args:
        plan: which models use a language model, which are ceilings.
        rows: the means.
        contrasts: against the best classic.
    """
    if contrasts:
        yield (
            "Differences to the best classic of each table: 95% interval from the spread of paired bootstrap draws "
            "over users and Student's quantile; p by randomization of users' signs, corrected over the table (Holm)."
        )
    metric = main_metric(plan.metrics)
    proposed = [about.label for about in plan.models if about.facts["uses_language_model"]]
    if metric is None or not proposed:
        return
    for data in plan.datasets:
        for split in plan.splits:
            place = (data.label, split.label, metric.label)
            means = {r.model: r.mean for r in rows if (r.dataset, r.split, r.metric) == place and r.mean is not None}
            if means:
                here = [one for one in contrasts if (one.dataset, one.split, one.metric) == place]
                yield from _place(plan, metric, f"{data.label}, {split.label}", means, here)


def _place(
    plan: Plan, metric: About, where: str, means: dict[str, float], contrasts: Sequence[Contrast]
) -> Iterator[str]:
    higher = bool(metric.facts["higher_is_better"])
    best_of = max if higher else min
    proposed = [m.label for m in plan.models if m.facts["uses_language_model"] and m.label in means]
    classics = [
        m.label
        for m in plan.models
        if not m.facts["uses_language_model"] and not m.facts["ceiling"] and m.label in means
    ]
    if not proposed or not classics:
        missing = "language model" if not proposed else "classic model"
        yield f"{where}: no {missing} has a {metric.label} yet, so the two kinds are not compared."
        return
    classic = best_of(classics, key=lambda name: means[name])
    top = best_of(proposed, key=lambda name: means[name])
    against = {one.model: one for one in contrasts if one.reference == classic and one.role == "best classic"}
    verdicts = [against[name].verdict for name in proposed if name in against]
    share = f", {means[top] / means[classic]:.0%} of it" if higher and means[classic] > 0 else ""
    counted = ", ".join(
        f"{verdicts.count(verdict)} {verdict}"
        for verdict in ("better", "not separated", "worse", "not tested")
        if verdict in verdicts
    )
    yield (
        f"{where}, {metric.label}: the best classic is {classic} ({means[classic]:.4f}); the best of {len(proposed)} "
        f"language models is {top} ({means[top]:.4f}{share}){_said(against.get(top))}. "
        f"All language models against {classic}: {counted}."
    )
    for simple in [m.label for m in plan.models if m.name in SIMPLE and m.label in means]:
        beaten = [n for n in proposed if (means[n] < means[simple] if higher else means[n] > means[simple])]
        if beaten:
            listed = ", ".join(f"{name} ({means[name]:.4f})" for name in beaten)
            yield f"Warning: {where}, {metric.label}: {simple} ({means[simple]:.4f}) beats {listed}."


def _said(one: Contrast | None) -> str:
    if one is None or one.ci_low is None or one.ci_high is None:
        return ""
    said = f", difference {one.difference:+.4f} [{one.ci_low:+.4f}, {one.ci_high:+.4f}]"
    return f"{said}, Holm p = {one.p_holm:.2g}, {one.verdict}" if one.p_holm is not None else said
