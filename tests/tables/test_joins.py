"""Ids that meet are counted; where they do not, the way of writing that makes them meet is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.errors import DataError
from benchsuite_tables.id_matching import AS_INTEGERS, Met, meet

NUMBERS = [str(number) for number in range(1, 41)]
WAYS = {
    "a point": ([f"{number}.0" for number in NUMBERS], NUMBERS, "dropping `.0`", 40, AS_INTEGERS),
    "zeros": (NUMBERS, [f"{number:0>8}" for number in NUMBERS], "dropping leading zeros", 40, AS_INTEGERS),
    "both": (["01", "2.0", "3"], ["1", "2", "03"], "dropping `.0` and leading zeros", 3, AS_INTEGERS),
    "blanks": ([" a", "b ", "c"], ["a", "b", "d"], "taking blanks away", 2, "write the ids alike in both files"),
    "quotes": (['"a"', "'b'"], ["a", "b"], "taking quotes away", 2, "write the ids alike in both files"),
    "letters": (["Tea", "JAM"], ["tea", "jam"], "ignoring letter case", 2, "write the ids alike in both files"),
    "a prefix": (["u1", "u2", "u30"], ["1", "2", "30"], "dropping the prefix 'u'", 3, "write the ids alike"),
    "two prefixes": (["u1", "u2"], ["user_1", "user_2"], "dropping the prefixes 'u' and 'user_'", 2, "write the ids"),
    "a prefix and zeros": (["114", "112"], ["tt0114", "tt0112"], "dropping the prefix 'tt' and leading zeros", 2, ""),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_that_makes_ids_meet_is_named(name: str) -> None:
    ours, theirs, way, reached, remedy = WAYS[name]
    met = meet(ours, theirs, "items", "items.csv")
    assert (met.found, met.of, met.others, met.way, met.reached) == (0, len(ours), len(theirs), way, reached)
    with pytest.raises(DataError) as caught:
        met.require_half()
    said = f"items.csv: 0 of {len(ours)} items found, but {reached} of {len(ours)} meet after {way}; {remedy}"
    assert str(caught.value).startswith(said)


def test_of_several_ways_the_best_is_named() -> None:
    ours = ["1.0", "2.0", "3.0", *(f"X{number}" for number in range(20))]
    theirs = ["1", "2", "3", *(f"x{number}" for number in range(20))]
    met = meet(ours, theirs, "users", "u.csv")
    assert (met.way, met.reached) == ("ignoring letter case", 20)


def test_where_nothing_helps_ids_of_both_sides_are_shown() -> None:
    met = meet(["ann", "bob", "cy", "dan"], ["u1", "u2"], "users", "u.csv")
    assert met.way == ""
    with pytest.raises(DataError, match=r"u.csv: 0 of 4 users found; .*; here 'ann', 'bob', 'cy', there 'u1', 'u2'$"):
        met.require_half()
    assert "\n" not in str(met.error())


def test_ids_that_both_sides_have_are_not_shown() -> None:
    met = meet(["ann", "bob", "cy", "dan", "eve"], ["ann", "u1"], "users", "u.csv")
    with pytest.raises(DataError, match=r"1 of 5 users found; .*; here only 'bob', 'cy', 'dan', there only 'u1'$"):
        met.require_half()


def test_a_few_that_would_meet_by_chance_are_no_way() -> None:
    ours = [f"a{number}" for number in range(100)]
    met = meet(ours, ["A7", *(f"b{number}" for number in range(99))], "users", "u.csv")
    assert met.way == ""


@pytest.mark.parametrize(
    ("found", "of", "others", "half", "smaller", "any_"),
    [
        (20, 40, 1000, False, False, False),
        (19, 40, 1000, True, True, False),
        (19, 40, 20, True, False, False),
        (0, 40, 20, True, True, True),
        (0, 0, 20, False, False, False),
    ],
)
def test_how_many_must_meet(found: int, of: int, others: int, half: bool, smaller: bool, any_: bool) -> None:
    met = Met("items", "i.csv", found, of, others)
    assert met.sentence == f"i.csv: {found} of {of} items found"
    for rule, refuses in ((met.require_half, half), (met.require_half_of_smaller, smaller), (met.require_any, any_)):
        if refuses:
            with pytest.raises(DataError):
                rule()
        else:
            rule()


def test_a_few_that_meet_do_not_hide_that_nearly_all_would() -> None:
    ours = ["1", *(f"{number}.0" for number in range(2, 41))]
    met = meet(ours, NUMBERS, "listed items", "t.csv")
    assert (met.found, met.reached) == (1, 40)
    with pytest.raises(DataError, match=r"1 of 40 listed items found, but 40 of 40 meet after dropping `\.0`"):
        met.require_any()


def test_repeats_and_missing_ids_do_not_count() -> None:
    met = meet(pd.Series(["a", "a", None, "b"]), iter(["b", "c"]), "items", "i.csv")
    assert (met.found, met.of, met.others) == (1, 2, 2)
    assert meet([], ["a"], "items", "i.csv").of == 0


def test_long_tables_are_tried_on_a_sample_and_counted_in_full() -> None:
    numbers = np.arange(25_000).astype(str)
    met = meet(np.char.add(numbers, ".0").astype(object), numbers.astype(object), "items", "i.csv")
    assert (met.reached, met.of, met.way) == (25_000, 25_000, "dropping `.0`")


@given(st.sets(st.text("ab0.1", min_size=1)), st.sets(st.text("ab0.1", min_size=1)))
def test_what_is_found_is_what_both_have(ours: set[str], theirs: set[str]) -> None:
    met = meet(ours, theirs, "ids", "f.csv")
    assert met.found == len(ours & theirs)
    assert met.reached <= met.of
