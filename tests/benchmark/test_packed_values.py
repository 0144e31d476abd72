"""How the numbers of a result are packed: nothing is lost but the last digits of resamples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchsuite.benchmark.packed_values import packed_queries, rounded, unpacked

FLOATS = arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32))


def same(one, other):
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


@given(st.lists(st.dictionaries(st.sampled_from(["auc", "ndcg@10", "a/b"]), FLOATS), max_size=4))
def test_values_come_back_bit_by_bit(cells):
    back = unpacked(packed_queries(cells))
    wanted = {f"{number}/q/{metric}": values for number, cell in enumerate(cells) for metric, values in cell.items()}
    assert back.keys() == wanted.keys()
    assert all(same(back[name], values) for name, values in wanted.items())


def test_places_are_small_where_values_repeat():
    values = np.tile(np.float32([0.0, 0.5, 1.0, np.nan]), 1000)
    packed = packed_queries([{"m": values}, {"m": values[:7]}])
    assert packed["0/q/m"].dtype == packed["1/q/m"].dtype == np.uint16
    assert len(packed["table/m"]) == 4


def test_many_different_values_stand_there_themselves():
    values = np.arange(2**16 + 1, dtype=np.float32)
    packed = packed_queries([{"m": values}])
    assert list(packed) == ["0/q/m"]
    assert same(unpacked(packed)["0/q/m"], values)


@pytest.mark.parametrize("table", [{}, {"table/m": np.zeros(1, np.float32)}, {"table/m": np.zeros(9, np.int32)}])
def test_places_without_values_are_refused(table):
    with pytest.raises(ValueError, match="0/q/m points to values that are not there"):
        unpacked(table | {"0/q/m": np.array([0, 1], np.uint16)})


@given(arrays(np.float32, 20, elements=st.floats(2.0**-100, 2.0**100, width=32)))
def test_resamples_keep_the_digits_that_mean_something(values):
    found = rounded(values)
    assert (np.abs(found / values - 1) <= 2.0**-15).all()
    assert same(rounded(found), found)
    assert not (found.view(np.uint32) & 0xFF).any()
    assert same(rounded(-values), -found)


def test_resamples_that_are_no_numbers_stay():
    odd = np.float32([np.nan, np.inf, -np.inf, 0.0])
    assert same(rounded(odd), odd)
