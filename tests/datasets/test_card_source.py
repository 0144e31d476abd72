from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from benchsuite.data import Step
from benchsuite.errors import DataError
from benchsuite_datasets.dataset_builder import Tables, build_dataset, hashed_order, join_text


def test_a_toy_set_becomes_a_data_set(toy, toy_folder, here, raw_rows):
    dataset = toy()().load(here(toy_folder)[0])
    assert raw_rows(dataset) == [
        ("ann", "tea", 5.0),
        ("bob", "tea", 2.0),
        ("ann", "jam", 4.0),
        ("bob", "ham", 3.0),
        ("cat", "jam", 1.0),
    ]
    assert dataset.interactions.label.tolist() == [1, 0, 1, 0, 0]
    assert dataset.interactions.timestamp.tolist() == [100, 200, 300, 400, 500]
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True)) == {
        "tea": "Green tea. drink",
        "jam": "Plum jam. spread",
        "ham": "Ham. meat",
    }
    assert dict(dataset.items.columns) == {
        "name": tuple({"tea": "Green tea", "jam": "Plum jam", "ham": "Ham"}[raw] for raw in dataset.items.ids),
        "kind": tuple({"tea": "drink", "jam": "spread", "ham": "meat"}[raw] for raw in dataset.items.ids),
    }
    assert dataset.users.text is None
    assert dataset.steps[-1] == Step(
        "ids to codes, in the order of their sha256",
        5,
        5,
        "3 users, 3 items; 1 item of the table without any row left out",
    )


def test_codes_are_in_the_order_of_hashed_ids(toy, toy_folder, here):
    dataset = toy()().load(here(toy_folder)[0])
    for table in (dataset.users, dataset.items):
        assert list(table.ids) == sorted(table.ids, key=lambda raw: hashlib.sha256(raw.encode()).hexdigest())
    assert hashed_order(["b", "a"]) == ["b", "a"], "sha256 of b begins with 3e, of a with ca"


def test_the_order_of_rows_in_the_file_does_not_change_the_codes(toy, toy_folder, here):
    first = toy()().load(here(toy_folder)[0])
    frame = pd.read_csv(toy_folder / "toy" / "ratings.csv")
    assert sorted(frame["user"].unique()) == sorted(first.users.ids)
    other = build_dataset("toy", Tables(_events(frame.iloc[::-1])), behaviours=("rating",))
    assert other.users.ids == first.users.ids
    assert other.items.ids == first.items.ids


def _events(frame: pd.DataFrame) -> pd.DataFrame:
    made = frame.rename(columns={"stars": "value", "when": "timestamp"})
    made = made.astype({"user": "category", "item": "category", "value": "float64"})
    return made.assign(behaviour=np.zeros(len(made), np.int8))


def test_texts_are_joined_from_what_is_known():
    assert join_text([("a", "", "c", ""), ("x", "y", "", "")]) == ("a. x", "y", "c", "")


def test_an_entity_the_table_does_not_know_has_no_text(events):
    table = pd.DataFrame({"name": ["Tea"]}, index=["x"])
    dataset = build_dataset(
        "t", Tables(events(("a", "x"), ("a", "y")), items=table), behaviours=("view",), item_text=("name",)
    )
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True)) == {"x": "Tea", "y": ""}


def test_a_table_without_a_single_text_gives_none(events):
    table = pd.DataFrame({"name": [""]}, index=["x"])
    dataset = build_dataset("t", Tables(events(("a", "x")), items=table), behaviours=("view",), item_text=("name",))
    assert dataset.items.text is None


def test_links_to_users_without_rows_are_counted(events):
    links = pd.DataFrame({"user": ["a", "b", "a"], "other": ["b", "a", "nobody"]})
    dataset = build_dataset("t", Tables(events(("a", "x"), ("b", "x")), links=links), behaviours=("view",))
    ids = dataset.users.ids
    assert [(ids[user], ids[other]) for user, other in dataset.links] == [("a", "b"), ("b", "a")]
    assert "2 links between users, 1 more led to users without a row" in dataset.steps[-1].note


def test_an_empty_frame_is_told(events):
    with pytest.raises(DataError, match="t: no row is left after preparation"):
        build_dataset("t", Tables(events(("a", "x")).iloc[:0]), behaviours=("view",))
