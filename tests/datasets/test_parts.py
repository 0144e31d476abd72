"""Published parts travel with the rows, and the fingerprint tells of them only where there are any."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchsuite.data import Interactions
from benchsuite.data.files import load_dataset, save_dataset
from benchsuite.errors import DataError
from benchsuite_datasets.card_loader import parse_card
from benchsuite_datasets.card_source import source_class

CARD = """
name = "parts"
title = "Parts"
domain = "any"
summary = "two lists"
licence = "free"
redistribution = true
url = "https://example.org/"
behaviours = [{ name = "take", raw = "take" }]
unordered = true
[[layouts]]
name = "lists"
files = [{ name = "train.txt" }, { name = "test.txt" }]
[[layouts.interactions]]
file = "train.txt"
format = "lists"
part = "train"
[[layouts.interactions]]
file = "test.txt"
format = "lists"
part = "test"
"""


@pytest.fixture
def dataset(tmp_path, here):
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "train.txt").write_text("a 1 2 3\nb 2 4\n")
    (folder / "test.txt").write_text("b 1\na 4 3\n")
    return source_class(parse_card(CARD, "parts.toml"))().load(here(tmp_path)[0])


def rows_by_part(rows, dataset):
    found = {}
    for user, item, part in zip(rows.user, rows.item, rows.part, strict=True):
        found.setdefault(rows.parts[part], set()).add(dataset.users.ids[user] + dataset.items.ids[item])
    return found


def test_parts_are_read_and_a_repeated_pair_stays_in_the_later_part(dataset):
    assert rows_by_part(dataset.interactions, dataset) == {
        "train": {"a1", "a2", "b2", "b4"},
        "test": {"b1", "a4", "a3"},
    }


def test_parts_survive_taking_and_saving(dataset, tmp_path):
    taken = dataset.interactions.take(dataset.interactions.part == 1)
    assert rows_by_part(taken, dataset) == {"test": {"b1", "a4", "a3"}}
    folder = tmp_path / "saved"
    folder.mkdir()
    save_dataset(dataset, folder)
    again = load_dataset(folder)
    assert again.interactions.parts == ("train", "test")
    assert np.array_equal(again.interactions.part, dataset.interactions.part)
    assert again.fingerprint == dataset.fingerprint


def test_parts_count_in_the_fingerprint_only_where_there_are_any(dataset):
    rows = dataset.interactions
    swapped = dataclasses.replace(rows, part=1 - rows.part)
    bare = dataclasses.replace(rows, part=None, parts=())
    prints = {dataclasses.replace(dataset, interactions=one).fingerprint for one in (rows, swapped, bare)}
    assert len(prints) == 3
    assert len({rows.digest, swapped.digest, bare.digest}) == 3


@pytest.mark.parametrize(
    ("part", "parts", "message"),
    [
        (None, ("train",), "given together"),
        (np.zeros(2, np.int8), (), "given together"),
        (np.array([0, 1], np.int8), ("train",), "part points outside parts"),
        (np.zeros(3, np.int8), ("train",), "part"),
    ],
)
def test_parts_must_fit(part, parts, message):
    zeros = np.zeros(2, np.int32)
    with pytest.raises(DataError, match=message):
        Interactions(zeros, zeros, np.ones(2), None, None, zeros, ("take",), part, parts)
