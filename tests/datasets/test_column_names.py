"""A column is found by its role under any of its usual names, however they are spelt."""

from __future__ import annotations

import pytest

from benchsuite_tables.column_names import find_column


@pytest.mark.parametrize(
    ("role", "names", "found"),
    [
        ("user", ("Item ID", "User ID"), "User ID"),
        ("user", ("user_id:token", "item_id:token"), "user_id:token"),
        ("item", ("movieId", "itemId"), "itemId"),
        ("timestamp", ("when", "Date"), "Date"),
        ("value", ("label", "rating"), "rating"),
    ],
)
def test_the_most_specific_name_counts(role: str, names: tuple[str, ...], found: str) -> None:
    assert find_column(role, names, ()) == found


def test_a_taken_column_is_passed_over() -> None:
    assert find_column("user", ("user", "uid"), {"user"}) == "uid"
