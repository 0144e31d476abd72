from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.keys import canonical_json, content_key

words = st.text(max_size=6)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_canonical_json_means_the_same(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(words, plain, min_size=2))
def test_order_of_names_does_not_matter(table):
    assert canonical_json(table) == canonical_json(dict(reversed(table.items())))


def test_numbers_and_lists_have_one_spelling():
    assert canonical_json({"a": 1.0, "b": (1, 2)}) == canonical_json({"b": [1.0, 2], "a": 1})
    assert canonical_json(0.5) != canonical_json(5)
    assert canonical_json(True) != canonical_json("true")
    assert canonical_json("ä") == '"ä"'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_numbers_that_json_does_not_have_are_refused(value):
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(value)


def test_other_objects_are_refused():
    with pytest.raises(TypeError):
        canonical_json({"a": object()})


def test_a_key_is_a_sha256_of_kind_and_content():
    key = content_key("cell", {"seed": 1})
    assert len(key) == 64
    assert int(key, 16) >= 0
    assert key == content_key("cell", {"seed": 1.0})
    assert key != content_key("fold", {"seed": 1})
    assert key != content_key("cell", {"seed": 2})
