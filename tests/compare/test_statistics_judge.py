from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from benchsuite.analysis import build, paired_statistics
from benchsuite.analysis.contrasts import Measures, MetricColumn, contrast, holm_corrected
from benchsuite.data import Comparison, Contrast

Filled = Callable[..., Any]

MODELS = {"popular": 0.1, "als": 0.3, "ease": 0.32, "flm": 0.34, "oracle": 1.0}
KINDS = {"language": ["flm"], "ceilings": ["oracle"]}


def find(comparison: Comparison, model: str, metric: str, **more: Any) -> Contrast:
    wanted = {"model": model, "metric": metric, **more}
    (one,) = [c for c in comparison.contrasts if all(getattr(c, name) == value for name, value in wanted.items())]
    return one


def test_every_model_but_ceilings_stands_against_the_best_reference(filled: Filled) -> None:
    comparison = build(*filled(MODELS, **KINDS))
    for metric in ("ndcg@10", "recall@10", "accuracy", "auc"):
        means = {model: comparison.row("one", "split", model, metric).mean for model in MODELS}
        best = max(("popular", "als", "ease"), key=lambda model: means[model])
        here = [one for one in comparison.contrasts if one.metric == metric]
        assert {one.model for one in here} == set(MODELS) - {best, "oracle"}
        for one in here:
            assert (one.reference, one.role) == (best, "best reference")
            assert one.difference == means[one.model] - means[best]
            assert one.ci_low <= one.difference <= one.ci_high
            assert one.p <= one.p_holm <= 1
            assert one.users == 54
            assert one.wins + one.ties + one.losses == (54 if one.test == "randomization" else pytest.approx(45, abs=8))
    assert not [one for one in comparison.contrasts if one.metric == "coverage@10"], "it has no resamples"
    (family,) = {one.family for one in comparison.contrasts}
    assert family == len(comparison.contrasts)


def test_a_contrast_is_what_its_parts_say(filled: Filled) -> None:
    """One contrast worked out again from the stored values and the rows' own replicates."""
    plan, store = filled({"als": 0.2, "flm": 0.5}, language=["flm"])
    one = find(build(plan, store), "flm", "ndcg@10")
    entries = [store.get("measure", key) for key in store.keys("measure")]
    number = [entry.manifest["values"].index("ndcg@10") for entry in entries]
    values = [entry.arrays()["values"][j] for entry, j in zip(entries, number, strict=True)]
    where = [r["metric"] for r in entries[0].manifest["results"]].index("ndcg@10")
    drawn = [entry.arrays()[f"replicates_{where}"].astype(np.float64) for entry in entries]
    first, second = (0, 1) if np.nanmean(values[0]) > np.nanmean(values[1]) else (1, 0)
    difference, draws = values[first] - values[second], drawn[first] - drawn[second]
    assert one.difference == pytest.approx(difference.mean())
    _, low, high = paired_statistics.interval(np.array([difference.mean()]), draws[:, None], 54)
    assert (one.ci_low, one.ci_high) == (pytest.approx(low[0]), pytest.approx(high[0]))
    assert one.p == paired_statistics.sign_flips([difference[:, None] / 54])[0][0][0]
    assert one.effect == pytest.approx(difference.mean() / difference.std(ddof=1))
    assert (one.wins, one.losses) == ((difference > 0).sum(), (difference < 0).sum())
    assert one.test == "randomization"
    assert one.verdict == "better"


def test_pooled_metrics_are_told_by_their_numbers(filled: Filled) -> None:
    comparison = build(*filled({"als": 0.2, "flm": 2.0}, language=["flm"]))
    assert find(comparison, "flm", "auc").test == "bootstrap t"
    assert find(comparison, "flm", "precision").test == "bootstrap t"
    assert find(comparison, "flm", "accuracy").test == "randomization", "all queries have as many pairs"
    auc = find(comparison, "flm", "auc")
    assert auc.verdict == "better"
    assert auc.effect_low < auc.effect < auc.effect_high


def test_a_store_keeps_its_words_and_reports_say_reference(filled: Filled) -> None:
    """Statistics that older versions wrote are read, and verified, as those written now."""
    plan, store = filled({"als": 0.2, "flm": 0.5}, language=["flm"])
    assert {one.role for one in build(plan, store).contrasts} == {"best reference"}
    kept = [store.get("statistics", key).manifest["content"] for key in store.keys("statistics")]
    roles = {one["role"] for content in kept for one in content.get("contrasts", ())}
    assert "best classic" in roles
    assert "best reference" not in roles


def test_a_chosen_row_has_a_family_of_its_own(filled: Filled) -> None:
    plan, store = filled(MODELS, **KINDS)
    before = build(plan, store)
    comparison = build(plan, store, against=["popular"])
    assert [one for one in comparison.contrasts if one.role == "best reference"] == list(before.contrasts)
    chosen = [one for one in comparison.contrasts if one.role == "chosen"]
    assert {one.reference for one in chosen} == {"popular"}
    assert {one.family for one in chosen} == {len(chosen)}
    assert find(comparison, "flm", "ndcg@10", role="chosen").verdict == "better"


def test_groups_of_queries_have_their_own_contrasts(filled: Filled) -> None:
    comparison = build(*filled(MODELS, grouped=True, **KINDS))
    groups = ("", "k=0", "k=1")
    users = [find(comparison, "flm", "ndcg@10", group=group).users for group in groups]
    assert users[0] == users[1] + users[2]
    for group in groups:
        best = find(comparison, "flm", "ndcg@10", group=group).reference
        row, other = (comparison.row("one", "split", model, "ndcg@10", group) for model in ("flm", best))
        assert find(comparison, "flm", "ndcg@10", group=group).difference == row.mean - other.mean


def test_several_seeds_are_separated_from_users(filled: Filled) -> None:
    comparison = build(*filled({"als": 0.2, "flm": 0.5}, language=["flm"], seeds=(1, 2, 3), metrics=("ndcg@10",)))
    spreads = [one for one in comparison.spreads if one.metric == "ndcg@10"]
    assert [(one.model, one.reference) for one in spreads] == [("als", ""), ("flm", ""), ("flm", "als")]
    assert all(one.seeds == 3 and one.design == "crossed" for one in spreads)
    assert all(one.residual_sd > one.seed_sd for one in spreads), "the seeds only draw other answers of equal skill"
    assert not build(*filled({"als": 0.2, "flm": 0.5})).spreads


@pytest.mark.slow
def test_ranks_over_data_sets(filled: Filled) -> None:
    comparison = build(*filled(MODELS, datasets=("a", "bb", "ccc"), metrics=("recall@10",), **KINDS))
    (standing,) = comparison.standings
    assert standing.datasets == ("a", "bb", "ccc")
    assert set(standing.models) == {"popular", "als", "ease", "flm"}
    assert standing.models[-1] == "popular"
    assert standing.ranks[-1] == 4.0
    assert sum(standing.ranks) == pytest.approx(10.0)
    assert standing.critical_difference == pytest.approx(2.569 * np.sqrt(20 / 18), rel=1e-3)


@pytest.mark.slow
def test_statistics_are_worked_out_once_and_again_when_anything_changes(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, store = filled(MODELS, datasets=("a", "bb"), metrics=("ndcg@10",), **KINDS)
    first = build(plan, store)
    kept = store.keys("statistics")
    with monkeypatch.context() as patch:
        patch.setattr("benchsuite.analysis.stored_statistics._work", None)
        patch.setattr("benchsuite.analysis.stored_statistics.rank_models", None)
        assert build(plan, store) == first
    build(plan, store, against=["als"])
    assert len(store.keys("statistics")) == len(kept) + 2, "one more for each data set"
    monkeypatch.setattr("benchsuite.analysis.stored_statistics._VERSION", 99)
    assert build(plan, store) == first
    assert len(store.keys("statistics")) == 2 * len(kept) + 2


def column(models: dict[str, Measures], higher: bool = True) -> MetricColumn:
    return MetricColumn("d", "s", "m", higher, [np.arange(30)], [1], models)


def measures(values: Any) -> Measures:
    values = np.asarray(values, np.float64)
    weights = np.random.default_rng(0).poisson(1.0, (500, len(values)))
    counted = ~np.isnan(values)
    drawn = (weights[:, counted] @ values[counted]) / weights[:, counted].sum(axis=1)
    return Measures(float(np.nanmean(values)), [values], drawn, [float(np.nanmean(values))])


def test_lower_is_better_turns_wins_and_verdicts_not_differences() -> None:
    rng = np.random.default_rng(1)
    base = rng.random(30)
    table = column({"a": measures(base), "b": measures(base + 0.5 + 0.01 * rng.random(30))}, higher=False)
    assert table.best(["a", "b"]) == "a"
    (one,) = holm_corrected(contrast(table, "a", "best reference"))
    assert one.difference > 0
    assert (one.wins, one.losses) == (0, 30)
    assert one.verdict == "worse"


def drawn_anew(gains: Sequence[float], *, draws_items: bool) -> Contrast:
    """Return model against reference where seeds differ by so much, and 40 users by little."""
    rng = np.random.default_rng(3)
    base = [rng.random(40) for _ in gains]
    own = [one + gain + 0.01 * rng.random(40) for one, gain in zip(base, gains, strict=True)]

    def all_seeds(cells: list[Any]) -> Measures:
        means = [float(one.mean()) for one in cells]
        return Measures(float(np.mean(means)), cells, np.array(means).mean() + 0.01 * rng.random(500), means)

    users, seeds = [np.arange(40)] * len(gains), list(range(len(gains)))
    models = {"a": all_seeds(base), "b": all_seeds(own)}
    table = MetricColumn("d", "s", "m", True, users, seeds, models, draws_items=draws_items)
    (one,) = holm_corrected(contrast(table, "a", "best reference"))
    return one


def test_what_holds_for_the_drawn_items_only_is_not_separated() -> None:
    """A t test by hand over the three seeds: 2 degrees of freedom, p = 1 - t / sqrt(t² + 2)."""
    loose = drawn_anew([0.0, 0.3, 0.05], draws_items=True)
    assert loose.p_holm is not None
    assert loose.p_holm < 0.01, "over users of these items there is no doubt"
    t = np.mean([0.0, 0.3, 0.05]) / (np.std([0.0, 0.3, 0.05], ddof=1) / np.sqrt(3))
    assert loose.p_draws == pytest.approx(1 - t / np.sqrt(t**2 + 2), abs=0.03)
    assert loose.verdict == "not separated"
    assert drawn_anew([0.10, 0.11, 0.12], draws_items=True).verdict == "better"
    same_items = drawn_anew([0.0, 0.3, 0.05], draws_items=False)
    assert (same_items.p_draws, same_items.verdict) == (None, "better")
    once = drawn_anew([0.3], draws_items=True)
    assert (once.p_draws, once.verdict) == (None, "better"), "told beside the table"


def test_a_run_over_several_draws_of_items_is_tested_over_them(filled: Filled) -> None:
    plan, store = filled(MODELS, seeds=(1, 2, 3), metrics=("ndcg@10", "auc"))
    before = build(plan, store).contrasts
    assert all(one.p_draws is None for one in before)
    (split,) = plan.splits
    drawn = dataclasses.replace(plan, splits=(dataclasses.replace(split, draws_items=True),))
    contrasts = build(drawn, store).contrasts
    assert [one.p for one in contrasts] == [one.p for one in before]
    assert all(one.p_draws is not None for one in contrasts), "metrics that are no mean over queries, too"
    one = find(build(drawn, store), "popular", "auc")
    assert one.p_draws < 0.05


def test_values_for_other_queries_than_the_reference_get_the_bootstraps_test() -> None:
    rng = np.random.default_rng(2)
    base = rng.random(30)
    holes = base + 0.2 * rng.random(30)
    holes[:5] = np.nan
    table = column({"a": measures(base), "b": measures(holes), "c": measures(base + 0.1)})
    one, other = contrast(table, "a", "best reference")
    assert (one.model, one.test) == ("b", "bootstrap t")
    assert one.difference == np.nanmean(holes) - base.mean()
    assert (other.model, other.test) == ("c", "randomization")


def test_t_on_request_and_exact_with_few_users() -> None:
    rng = np.random.default_rng(3)
    base = rng.random(30)
    table = column({"a": measures(base), "b": measures(base + rng.normal(0, 1, 30))})
    assert contrast(table, "a", "chosen", "t")[0].test == "t"
    few = base.copy()
    few[:6] += 1.0
    (one,) = contrast(column({"a": measures(base), "b": measures(few)}), "a", "chosen")
    assert (one.test, one.draws, one.p) == ("exact randomization", 0, 2 / 2**6)


def test_the_same_model_twice_differs_by_nothing() -> None:
    base = np.random.default_rng(4).random(30)
    (one,) = holm_corrected(contrast(column({"a": measures(base), "b": measures(base)}), "a", "best reference"))
    assert (one.difference, one.ci_low, one.ci_high, one.p, one.p_holm) == (0.0, 0.0, 0.0, 1.0, 1.0)
    assert one.effect is None
    assert (one.wins, one.ties, one.losses) == (0, 30, 0)
    assert one.verdict == "not separated"


def test_too_many_users_for_signs_get_t(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired_statistics, "FLIPS_UP_TO", 20)
    rng = np.random.default_rng(5)
    base = rng.random(30)
    (one,) = contrast(column({"a": measures(base), "b": measures(base + rng.random(30))}), "a", "best reference")
    assert (one.test, one.draws) == ("t", 0)
