from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.multitest import multipletests

from benchsuite.analysis import paired_statistics, ranks, variance

NAN = float("nan")


def test_pair_weighs_queries_within_cells_and_cells_equally() -> None:
    """Cell 0: users 7, 7, 9 with differences 1, 3, 5; cell 1: users 9, 4 with -1 and nothing."""
    values = [np.array([[2.0, 4.0, 6.0]]), np.array([[0.0, NAN]])]
    reference = [np.array([1.0, 1.0, 1.0]), np.array([1.0, 5.0])]
    paired = paired_statistics.pair(values, reference, [np.array([7, 7, 9]), np.array([9, 4])])
    assert paired.difference == pytest.approx([(3.0 - 1.0) / 2])
    assert paired.users == 2, "user 4 counts nowhere"
    np.testing.assert_allclose(paired.share[:, 0], [4 / 6, 5 / 6 - 1 / 2])
    np.testing.assert_allclose(paired.share.sum(axis=0), paired.difference)
    np.testing.assert_allclose(paired.unit.mean(axis=0), paired.difference)


def test_with_one_query_a_user_the_pseudo_values_are_the_differences() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 50)), rng.random(50)
    paired = paired_statistics.pair([a], [b], [rng.permutation(50)])
    np.testing.assert_allclose(np.sort(paired.unit, axis=0), np.sort((a - b).T, axis=0))
    np.testing.assert_allclose(paired_statistics.standard_error(paired.unit), (a - b).std(axis=1, ddof=1) / np.sqrt(50))


def test_seeds_of_one_user_are_one_look() -> None:
    """The same answers under two seeds are not twice the evidence."""
    rng = np.random.default_rng(1)
    a, b, user = rng.random((1, 40)), rng.random(40), np.arange(40)
    once, twice = paired_statistics.pair([a], [b], [user]), paired_statistics.pair([a, a], [b, b], [user, user])
    np.testing.assert_allclose(once.unit, twice.unit)
    np.testing.assert_allclose(once.share, twice.share)


def test_the_pseudo_values_of_unequal_users_give_the_ratio_estimators_error() -> None:
    rng = np.random.default_rng(2)
    user = np.repeat(np.arange(60), rng.integers(1, 6, 60))
    value = rng.random((1, len(user))) + rng.random(60)[user]
    paired = paired_statistics.pair([value], [np.zeros(len(user))], [user])
    weights = rng.multinomial(60, np.full(60, 1 / 60), 20_000)[:, user]
    drawn = (weights @ value[0]) / weights.sum(axis=1)
    assert paired_statistics.standard_error(paired.unit)[0] == pytest.approx(drawn.std(), rel=0.03)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
@settings(max_examples=60)
def test_few_users_get_the_exact_test(values: list[int]) -> None:
    share = np.array(values, np.float64) / 7
    sums = [abs(sum(s * v for s, v in zip(signs, share, strict=True))) for signs in signs_of(len(share))]
    expected = np.mean([total >= abs(share.sum()) - 1e-9 for total in sums])
    p, drawn = paired_statistics.sign_flips([share[:, None]])[0]
    assert p[0] == pytest.approx(expected)
    assert drawn[0] == 0


def signs_of(count: int) -> list[tuple[int, ...]]:
    return list(itertools.product((-1, 1), repeat=count))


def test_many_users_get_drawn_signs_that_agree_with_scipy() -> None:
    rng = np.random.default_rng(3)
    share = rng.exponential(1.0, (40, 3)) * rng.choice([-1, 1], (40, 3), p=[0.4, 0.6])
    p, drawn = paired_statistics.sign_flips([share])[0]
    assert (drawn == paired_statistics.DRAWS).all()
    for column in range(3):
        other = scipy.stats.permutation_test(
            (share[:, column],), np.mean, permutation_type="samples", n_resamples=20_000, rng=rng
        )
        assert p[column] == pytest.approx(other.pvalue, abs=0.012)


def test_drawn_signs_do_not_depend_on_chunks_or_on_other_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    share = np.random.default_rng(4).normal(0.1, 1, (48, 2))
    both = paired_statistics.sign_flips([share], 999)[0][0]
    assert paired_statistics.sign_flips([share[:, 1:]], 999)[0][0] == both[1:]
    monkeypatch.setattr(paired_statistics, "_CELLS", 48 * 64)
    np.testing.assert_array_equal(paired_statistics.sign_flips([share], 999)[0][0], both)


def test_tables_tested_together_get_what_each_gets_alone() -> None:
    rng = np.random.default_rng(6)
    tables = [rng.normal(0.1, 1, shape) for shape in ((48, 2), (48, 3), (30, 1), (5, 2), (48, 0))]
    tables[1][::3] = 0.0  # as many rows as another, but fewer users who differ
    tables[1][:, 0] = 0.0
    for table, (p, drawn) in zip(tables, paired_statistics.sign_flips(tables, 999), strict=True):
        alone = paired_statistics.sign_flips([table], 999)[0]
        np.testing.assert_array_equal(p, alone[0])
        np.testing.assert_array_equal(drawn, alone[1])


def test_equal_answers_have_p_1_and_an_interval_of_nothing() -> None:
    assert paired_statistics.sign_flips([np.zeros((30, 1))])[0][0] == [1.0]
    assert paired_statistics.t_test(np.zeros(1), np.zeros(1), 30) == [1.0]
    error, low, high = paired_statistics.interval(np.zeros(1), np.zeros((100, 1)), 30)
    assert (error[0], low[0], high[0]) == (0.0, 0.0, 0.0)


def test_the_smallest_p_is_never_0() -> None:
    p, drawn = paired_statistics.sign_flips([np.ones((100, 1))], 199)[0]
    assert (p[0], drawn[0]) == (1 / 200, 199)


def test_t_agrees_with_scipy() -> None:
    x = np.random.default_rng(5).normal(0.2, 1, (30, 4))
    p = paired_statistics.t_test(x.mean(axis=0), paired_statistics.standard_error(x), 30)
    np.testing.assert_allclose(p, scipy.stats.ttest_1samp(x, 0).pvalue, rtol=1e-9)


def test_one_user_has_no_test_and_no_interval() -> None:
    assert np.isnan(paired_statistics.t_test(np.ones(1), np.ones(1), 1)).all()
    assert all(np.isnan(part).all() for part in paired_statistics.interval(np.ones(1), np.ones((5, 1)), 1))


@pytest.mark.slow
def test_holm_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(6)
    for count in (1, 2, 5, 30):
        for _ in range(5):
            p = np.where(rng.random(count) < 0.2, np.nan, rng.random(count).round(1) ** 3)
            known = ~np.isnan(p)
            adjusted = paired_statistics.holm(p)
            assert np.isnan(adjusted[~known]).all()
            if known.any():
                np.testing.assert_allclose(adjusted[known], multipletests(p[known], method="holm")[1], rtol=1e-12)


@pytest.mark.parametrize("users", [20, 943, 6_040])
@pytest.mark.parametrize("effect", [-0.6, 0.0, 0.05, 0.8])
def test_the_effect_size_interval_inverts_the_noncentral_t(users: int, effect: float) -> None:
    t = np.array([effect * np.sqrt(users)])
    d, low, high = paired_statistics.effect_size(t, users)
    assert d[0] == pytest.approx(effect)
    noncentral = scipy.stats.nct(users - 1, np.array([low[0], high[0]]) * np.sqrt(users))
    np.testing.assert_allclose(noncentral.cdf(t), [0.975, 0.025], rtol=1e-4)


def test_wins_ties_and_losses_by_user() -> None:
    share = np.array([[0.2, 1e-17], [-0.1, 0.0], [0.3, -0.5], [0.0, -0.1]])
    assert paired_statistics.wins(share, higher_is_better=True).tolist() == [[2, 1, 1], [0, 2, 2]]
    assert paired_statistics.wins(share, higher_is_better=False).tolist() == [[1, 1, 2], [2, 2, 0]]


def test_ranks_share_ties() -> None:
    values = np.random.default_rng(6).integers(0, 4, (20, 7)).astype(np.float64)
    np.testing.assert_array_equal(ranks.rank_rows(values), scipy.stats.rankdata(values, axis=1))


def test_friedman_agrees_with_scipy_where_there_are_many_data_sets() -> None:
    rng = np.random.default_rng(7)
    for shift in (0.0, 0.3):
        values = (rng.random((40, 5)) + shift * np.arange(5) / 5).round(1)
        statistic, p = ranks.friedman(ranks.rank_rows(values))
        other = scipy.stats.friedmanchisquare(*values.T)
        assert statistic == pytest.approx(other.statistic)
        assert p == pytest.approx(other.pvalue, abs=0.015)


def test_friedman_of_few_data_sets_is_exact_but_for_chance() -> None:
    """Three models in the same order on three data sets: 6 of the 6 ** 3 equally likely tables are as extreme."""
    _, p = ranks.friedman(np.tile([1.0, 2.0, 3.0], (3, 1)))
    assert p == pytest.approx(1 / 36, abs=0.004)


@pytest.mark.parametrize(("models", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_has_the_published_constants(models: int, q: float) -> None:
    """Demsar (2006), table 5a."""
    expected = q * np.sqrt(models * (models + 1) / (6 * 14))
    assert ranks.critical_difference(models, 14) == pytest.approx(expected, rel=5e-4)


def test_standing_leaves_out_models_that_miss_a_data_set() -> None:
    table = np.array([[0.3, 0.1, NAN, 0.2], [0.5, 0.5, 0.9, 0.1], [0.3, 0.2, 0.9, 0.1]])
    standing = ranks.rank_models("s", "m", table, ["x", "y", "z"], ["a", "b", "c", "d"])
    assert standing.models == ("a", "b", "d")
    assert standing.left_out == ("c",)
    assert standing.ranks == pytest.approx((3.5 / 3, 6.5 / 3, 8 / 3))


def crossed(rng: np.random.Generator, users: int, seeds: int, sds: tuple[float, float, float]) -> np.ndarray:
    user, seed = rng.normal(0, sds[0], (users, 1)), rng.normal(0, sds[1], (1, seeds))
    return 0.4 + user + seed + rng.normal(0, sds[2], (users, seeds))


def test_components_find_what_was_planted() -> None:
    rng = np.random.default_rng(8)
    found = []
    for _ in range(300):
        table = crossed(rng, 80, 5, (0.3, 0.05, 0.1))
        parts = variance.Layout.of([np.arange(80)] * 5, [1, 2, 3, 4, 5]).components(list(table.T))
        assert parts is not None
        assert parts.design == "crossed"
        assert parts.residual_sd is not None
        found.append([parts.user_sd**2, parts.seed_sd**2, parts.residual_sd**2])
    np.testing.assert_allclose(np.sqrt(np.mean(found, axis=0)), [0.3, 0.05, 0.1], rtol=0.05)


def test_components_agree_with_a_mixed_model() -> None:
    """Balanced data with positive estimates: the method of moments is the restricted likelihood's answer."""
    table = crossed(np.random.default_rng(9), 40, 6, (0.3, 0.2, 0.1))
    parts = variance.Layout.of([np.arange(40)] * 6, list(range(6))).components(list(table.T))
    user, seed = np.indices(table.shape)
    formula = {"user": np.eye(40)[user.ravel()], "seed": np.eye(6)[seed.ravel()]}
    model = MixedLM(
        table.ravel(),
        np.ones((240, 1)),
        groups=np.zeros(240),
        exog_vc=_vc(formula),
    ).fit()
    assert parts is not None
    np.testing.assert_allclose([parts.seed_sd**2, parts.user_sd**2], model.vcomp, rtol=0.02)
    assert parts.residual_sd == pytest.approx(np.sqrt(model.scale), rel=0.01)


def _vc(parts: dict[str, np.ndarray]) -> object:
    from statsmodels.regression.mixed_linear_model import VCSpec

    names = sorted(parts)
    return VCSpec(names, [[[f"{n}{i}" for i in range(parts[n].shape[1])]] for n in names], [[parts[n]] for n in names])


def test_users_of_their_own_under_each_seed_make_a_nested_design() -> None:
    rng = np.random.default_rng(10)
    found = []
    for _ in range(400):
        shift = rng.normal(0, 0.1, 6)
        values = [s + rng.normal(0, 0.3, int(n)) for s, n in zip(shift, rng.integers(30, 60, 6), strict=True)]
        users = np.split(rng.permutation(1_000)[: sum(map(len, values))], np.cumsum([len(v) for v in values])[:-1])
        parts = variance.Layout.of(users, list(range(6))).components(values)
        assert parts is not None
        assert (parts.design, parts.residual_sd) == ("nested", None)
        found.append([parts.seed_sd**2, parts.user_sd**2])
    np.testing.assert_allclose(np.sqrt(np.mean(found, axis=0)), [0.1, 0.3], rtol=0.06)


def test_folds_of_a_seed_are_averaged_by_user_and_one_seed_has_no_components() -> None:
    values = [np.array([1.0, 2.0]), np.array([3.0, NAN]), np.array([2.0, 4.0])]
    users = [np.array([0, 1])] * 3
    assert variance.Layout.of(users, [1, 1, 1]).components(values) is None
    folded = variance.Layout.of(users, [1, 1, 2]).components(values)
    plain = variance.Layout.of(users[:2], [1, 2]).components([np.array([2.0, 2.0]), np.array([2.0, 4.0])])
    assert folded == plain
