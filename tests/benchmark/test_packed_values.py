"""How the numbers of a result are packed: nothing is lost but the last digits of resamples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchsuite.benchmark.packed_values import STEPS, pack, rounded, unpack

FLOATS = arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32))
QUERY_NAMES = st.tuples(st.integers(0, 9), st.sampled_from(["auc", "ndcg@10", "a/b"])).map(lambda p: f"{p[0]}/q/{p[1]}")
RESAMPLE_NAMES = st.tuples(st.integers(0, 9), st.integers(0, 99)).map(lambda p: f"{p[0]}/r/{p[1]}")


def same(one, other):
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


@given(st.dictionaries(QUERY_NAMES, FLOATS, max_size=6), st.dictionaries(RESAMPLE_NAMES, FLOATS, max_size=4))
def test_values_come_back_bit_by_bit_and_resamples_rounded(queries, resamples):
    back = unpack(pack(queries | resamples))
    assert back.keys() == queries.keys() | resamples.keys()
    assert all(same(back[name], values) for name, values in queries.items())
    assert all(np.array_equal(back[name], rounded(values), equal_nan=True) for name, values in resamples.items())


@given(st.dictionaries(st.tuples(st.integers(0, 2), st.integers(0, 3)), FLOATS, max_size=8))
def test_values_of_several_models_come_back_too(values):
    values = {f"{cell}/{model}/{kind}": one for (cell, model), one in sorted(values.items()) for kind in ("q/m", "r/5")}
    back = unpack(pack(values), several=True)
    assert back.keys() == values.keys()
    assert all(same(back[name], one if "/q/" in name else rounded(one)) for name, one in values.items())


def test_models_stand_side_by_side():
    values = {"0/0/q/m": np.float32([1, 2, 3]), "0/1/q/m": np.float32([4, 5, 6]), "1/0/q/m": np.float32([7])}
    packed = pack(values)
    table = packed["table/m"].T.copy().view("<f4").ravel()
    places = packed["places/m"].T.copy().view("<u2").ravel()
    assert table[places].tolist() == [1, 4, 2, 5, 3, 6, 7]


def test_places_are_small_where_values_repeat():
    values = np.tile(np.float32([0.0, 0.5, 1.0, np.nan]), 1000)
    packed = pack({"0/q/m": values, "1/q/m": values[:7]})
    assert packed["places/m"].shape == (2, 4007)
    assert packed["table/m"].shape == (4, 4)


def test_many_different_values_stand_there_themselves():
    values = np.arange(2**16 + 1, dtype=np.float32)
    packed = pack({"0/q/m": values})
    assert list(packed) == ["cells/m", "values/m"]
    assert same(unpack(packed)["0/q/m"], values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table/m": None}, "table/m is not there"),
        ({"table/m": np.zeros((4, 1), np.uint8)}, "values that are not there"),
        ({"table/m": np.zeros((4, 9), np.int32)}, "no list of numbers"),
        ({"places/m": np.zeros((2, 1), np.uint8)}, "m holds 1 numbers, its cells have 2"),
        ({"cells/m": np.zeros((1, 2))}, "no table of cells"),
        ({"ends": None}, "ends of the resamples are not there"),
        ({"ends": np.zeros((1, 3), np.float32)}, "ends of the resamples are not there"),
        ({"steps": None}, "steps is not there"),
        ({"steps": np.full((1, 3), 255, np.uint8)}, "beyond their ends"),
        ({"resampled": np.array([[0, 1, 4]], np.int32)}, "steps holds 3 numbers, its cells have 4"),
        ({"more": np.zeros(3)}, "more is no part of it"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, said):
    packed = pack({"0/q/m": np.float32([0.5, 1.0]), "0/r/1": np.float32([1, 2, 3])}) | change
    with pytest.raises(ValueError, match=said):
        unpack({name: one for name, one in packed.items() if one is not None})


@given(arrays(np.float32, 20, elements=st.floats(-(2.0**100), 2.0**100, width=32)))
def test_resamples_keep_the_digits_that_mean_something(values):
    found, width = rounded(values), np.ptp(values.astype(np.float64))
    assert (np.abs(found - values.astype(np.float64)) <= width * (0.5 / STEPS + 1e-6)).all()
    assert np.array_equal(rounded(found), found)
    assert found.min() == values.min()
    assert found.max() == values.max()


def test_resamples_that_are_no_numbers_stay():
    odd = np.float32([np.nan, np.inf, -np.inf, 0.0])
    assert same(rounded(odd), odd)
    assert same(rounded(odd[:3]), odd[:3])
