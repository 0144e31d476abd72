"""How numbers are written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite_reports.model.numbers import Form, count, form, half_width, percent, supported


@pytest.mark.parametrize(
    ("half", "decimals"),
    [(0.011, 3), (0.0354, 3), (0.0356, 2), (0.005, 3), (0.0094, 3), (0.0096, 3), (0.2, 2), (0.00123, 4), (3.0, 1)],
)
def test_an_interval_decides_how_many_digits_are_written(half, decimals):
    assert supported(half) == decimals


def test_the_example_of_the_documentation():
    shape = form([0.3431, 0.3382], [0.0112, 0.0109], cost=False)
    assert shape.number(0.3431) == ".343"
    assert shape.margin(0.0112) == ".011"


def test_the_leading_zero_stays_where_a_value_of_the_column_exceeds_one():
    shape = form([0.94, 1.02], [0.011, 0.012], cost=False)
    assert (shape.number(0.94), shape.number(1.02)) == ("0.940", "1.020")


def test_one_and_negative_numbers_in_a_bare_column():
    shape = Form(3, bare=True)
    assert [shape.number(value) for value in (1.0, -0.5, 0.0, -0.0001)] == ["1.000", "-.500", ".000", ".000"]


def test_an_interval_that_would_read_as_none_says_so():
    shape = Form(3, bare=True)
    assert shape.margin(0.00004) == "<.001"
    assert shape.margin(0.0) == ".000"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([31.27, 9.71, 0.061], ["31.27", "9.71", "0.06"]),
        ([1240.4, 523.2], ["1240", "523"]),
        ([0.42, 0.9], ["0.420", "0.900"]),
        ([0.0, 0.0], ["0", "0"]),
        ([3e-5, 2e-4], ["0.000030", "0.000200"]),
    ],
)
def test_costs_keep_three_digits_of_the_largest_and_something_of_the_smallest(values, texts):
    shape = form(values, [], cost=True)
    assert [shape.number(value) for value in values] == texts


def test_half_an_interval_is_its_larger_side():
    assert half_width(0.5, 0.4, 0.53) == pytest.approx(0.1)
    assert half_width(0.5, 0.48, 0.53) == pytest.approx(0.03)
    assert half_width(0.5, None, None) is None


def test_percent_never_hides_a_small_share():
    assert [percent(share) for share in (0.0, 0.0321, 0.00001, 1.0)] == ["0.0%", "3.2%", "<0.1%", "100.0%"]


def test_counts_have_commas():
    assert [count(value) for value in (99287, 0.25, "many", True)] == ["99,287", "0.25", "many", "True"]


@given(st.floats(-1, 1), st.floats(1e-5, 0.5))
def test_a_number_is_the_nearest_decimal(value, half):
    shape = form([value], [half], cost=False)
    text = shape.number(value)
    step = Decimal(10) ** -shape.decimals
    assert abs(Decimal(text) - Decimal(value)) <= step / 2
    assert len(text.partition(".")[2]) == shape.decimals
