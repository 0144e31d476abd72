"""Files in the shapes that people have: each is read as it is meant, or refused with the cause and a remedy."""

from __future__ import annotations

import pytest

from benchsuite.errors import BenchsuiteError
from support.real_shapes import SHAPES
from support.table_verdicts import complaint, difference, read_or_refusal


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_read_right_or_its_cause_is_named(name, put, here):
    shape = SHAPES[name]
    path = put(**{shape.file: shape.raw}) / shape.file
    found = read_or_refusal(path, here[0])
    if isinstance(found, BenchsuiteError):
        assert shape.says is not None, f"must be read: {found}"
        assert complaint(found, path, *shape.says) == ""
        return
    assert shape.rows, f"must be refused, but is read as {found[:3]}"
    if name == "ratings-date.txt":
        found = [(*row[:3], None) for row in found]  # whether 97 is a time is not said
    assert difference(found, {row[:2]: row[2:] for row in shape.rows}) == ""
