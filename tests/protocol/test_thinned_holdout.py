"""A learning curve asks the same at every point, and smaller shares are parts of larger ones."""

from itertools import pairwise

import numpy as np
import pytest

from benchsuite.api import DataLocations
from benchsuite.data import Dataset, Fold
from benchsuite.evaluate import check_fold
from benchsuite_datasets.demo import Demo
from benchsuite_protocol.splits.random_holdout import RandomHoldout
from benchsuite_protocol.splits.thinned_holdout import ThinnedHoldout

SHARES = (0.01, 0.1, 0.5, 1.0)


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return Demo(users=60, items=40, events_per_user=12).load(DataLocations())


def cut(demo: Dataset, share: float, seed: int = 3) -> Fold:
    (fold,) = ThinnedHoldout(train=share).split(demo, seed)
    return fold


def rows(fold: Fold) -> set[tuple[int, int, int]]:
    table = fold.train.interactions
    return set(zip(table.user.tolist(), table.item.tolist(), table.timestamp.tolist(), strict=True))


def test_the_whole_share_is_the_random_holdout(demo: Dataset) -> None:
    (plain,) = RandomHoldout().split(demo, 3)
    whole = cut(demo, 1.0)
    assert rows(whole) == rows(plain)
    assert whole.counts == plain.counts
    np.testing.assert_array_equal(whole.queries.history.item, plain.queries.history.item)
    np.testing.assert_array_equal(whole.validation.truth.item, plain.validation.truth.item)


@pytest.mark.parametrize("share", SHARES[:-1])
def test_the_test_stays_and_training_rows_and_histories_shrink(demo: Dataset, share: float) -> None:
    (plain,) = RandomHoldout().split(demo, 3)
    fold = cut(demo, share)
    for part in ("user", "when"):
        np.testing.assert_array_equal(getattr(fold.queries, part), getattr(plain.queries, part))
    for part in ("start", "item", "value", "timestamp"):
        np.testing.assert_array_equal(getattr(fold.truth, part), getattr(plain.truth, part))
    np.testing.assert_array_equal(fold.blocked.item, plain.blocked.item)
    kept = fold.train.interactions
    assert len(kept) == round(share * len(plain.train.interactions))
    for place, user in enumerate(fold.queries.user):
        shown = fold.queries.history.item[fold.queries.start[place] : fold.queries.start[place + 1]]
        assert sorted(shown) == sorted(kept.item[kept.user == user])
    assert fold.counts["train rows"] + fold.counts["training rows left out"] == len(plain.train.interactions)
    assert fold.counts["queries of users without training rows"] == (np.diff(fold.queries.start) == 0).sum()
    check_fold(fold, ThinnedHoldout(train=share), whole=demo)


def test_smaller_shares_are_parts_of_larger_ones_and_seeds_differ(demo: Dataset) -> None:
    nested = [rows(cut(demo, share)) for share in SHARES]
    assert all(small < large for small, large in pairwise(nested))
    assert rows(cut(demo, 0.1, 3)) == rows(cut(demo, 0.1, 3))
    assert rows(cut(demo, 0.1, 3)) != rows(cut(demo, 0.1, 4))


def test_validation_is_cut_inside_what_is_kept(demo: Dataset) -> None:
    fold = cut(demo, 0.5)
    truth = zip(fold.validation.queries.user[fold.validation.truth.rows], fold.validation.truth.item, strict=True)
    assert set(truth) <= {(user, item) for user, item, _ in rows(fold)}
