from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.data import Ragged
from benchsuite.data.arrays import lock, same_length, starts
from benchsuite.errors import DataError


def test_locked_arrays_cannot_be_written_and_the_callers_array_stays_free():
    mine = np.array([1, 2, 3], np.int32)
    locked = lock(mine, np.int32, "codes")
    with pytest.raises(ValueError, match="read-only"):
        locked[0] = 9
    mine[0] = 7
    assert locked.tolist() == [1, 2, 3]


def test_a_locked_array_is_not_copied_again():
    locked = lock([1, 2], np.int32, "codes")
    assert lock(locked, np.int32, "codes") is locked


@pytest.mark.parametrize("values", [[2**31], [-(2**31) - 1], [0.5], [np.nan]])
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")  # the cast under test
def test_values_that_do_not_survive_the_cast_are_refused(values):
    with pytest.raises(DataError, match="codes holds values that do not fit int32"):
        lock(np.array(values), np.int32, "codes")


def test_wrong_dimensions_are_refused():
    with pytest.raises(DataError, match="codes has 2 dimensions instead of 1"):
        lock([[1]], np.int32, "codes")


def test_same_length_names_what_differs():
    assert same_length("rows", a=np.zeros(3), b=None, c=np.ones(3)) == 3
    with pytest.raises(DataError, match=r"rows: columns differ in length \(a 3, b 2\)"):
        same_length("rows", a=np.zeros(3), b=np.zeros(2))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 99)), max_size=30))
def test_ragged_groups_pairs_and_keeps_their_order(pairs):
    lists = Ragged.from_pairs([row for row, _ in pairs], [item for _, item in pairs], 6)
    assert len(lists) == 6
    for row in range(6):
        assert lists[row].tolist() == [item for owner, item in pairs if owner == row]
    assert lists.counts.sum() == len(pairs)
    assert lists.rows.tolist() == sorted(row for row, _ in pairs)
    part = lists.slice(2, 5)
    assert [part[j].tolist() for j in range(3)] == [lists[j].tolist() for j in range(2, 5)]


@pytest.mark.parametrize("start", [[], [1, 2], [0, 3], [0, 2, 1, 2]])
def test_ragged_refuses_boundaries_that_do_not_fit(start):
    with pytest.raises(DataError, match="row boundaries"):
        Ragged(np.array(start, np.int64), np.array([5, 6], np.int32))


def test_empty_lists():
    assert Ragged.empty(3).counts.tolist() == [0, 0, 0]
    assert starts([], 2).tolist() == [0, 0, 0]
