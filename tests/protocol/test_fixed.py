"""The published split: test rows as published, validation drawn inside the training part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchsuite.data import Dataset
from benchsuite.errors import ConfigError, NotApplicable
from benchsuite.evaluate import check_fold
from benchsuite.plan.cells import unmet
from benchsuite_protocol.splits.fixed import Fixed


@pytest.fixture
def published(log) -> Dataset:
    """A log in three parts, each row of which carries its number as its value; pairs repeat across parts."""
    dataset = log()
    rows = dataset.interactions
    part = (np.arange(len(rows)) * 7 % 10 // 4).astype(np.int8)
    return dataclasses.replace(
        dataset, interactions=dataclasses.replace(rows, part=part, parts=("train", "test", "dev"))
    )


def test_rows_fall_as_published(published: Dataset) -> None:
    (fold,) = Fixed().split(published, 3)
    rows = published.interactions
    train, test = rows.value[rows.part == 0], rows.value[rows.part == 1]
    assert np.array_equal(fold.train.interactions.value, train)
    assert fold.counts["held-out rows"] == len(test)
    assert fold.counts["rows of other parts"] == len(rows) - len(train) - len(test) > 0
    assert set(fold.truth.value) <= set(test)
    pairs = [(int(user), int(item)) for user, item in zip(rows.user, rows.item, strict=True)]
    taken = {pair for pair, part in zip(pairs, rows.part, strict=True) if part == 0}
    held = {pair for pair, part in zip(pairs, rows.part, strict=True) if part == 1}
    asked = zip(fold.queries.user[fold.truth.rows], fold.truth.item, strict=True)
    assert {(int(user), int(item)) for user, item in asked} == held - taken
    check_fold(fold, Fixed(), "fixed", published)


def test_the_seed_draws_validation_only(published: Dataset) -> None:
    (one,), (other,) = Fixed().split(published, 1), Fixed().split(published, 2)
    assert np.array_equal(one.truth.value, other.truth.value)
    assert one.validation is not None
    assert other.validation is not None
    assert not np.array_equal(one.validation.truth.value, other.validation.truth.value)
    for fold in (one, other):
        assert fold.validation is not None
        assert fold.validation.counts["held-out rows"] == round(0.1 * len(fold.train.interactions))
        assert set(fold.validation.truth.value) <= set(fold.train.interactions.value)


def test_parts_can_be_named_and_swapped(published: Dataset) -> None:
    (fold,) = Fixed(train="dev", test="train").split(published, 1)
    rows = published.interactions
    assert np.array_equal(fold.train.interactions.value, rows.value[rows.part == 2])
    with pytest.raises(ConfigError, match='split fixed: log 0 has no part "tset"; did you mean "test"'):
        list(Fixed(test="tset").split(published, 1))
    with pytest.raises(ConfigError, match="train and test are both"):
        list(Fixed(test="train").split(published, 1))


def test_data_without_a_published_split_is_not_applicable(log, published: Dataset) -> None:
    assert unmet(Fixed.needs, log()) == "needs a published split"
    assert unmet(Fixed.needs, published) == ""
    with pytest.raises(NotApplicable, match="needs a published split"):
        list(Fixed().split(log(), 1))
