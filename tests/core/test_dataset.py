from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchsuite.data import Dataset, Entities, Interactions
from benchsuite.data.files import load_dataset, load_fold, save_dataset, save_fold
from benchsuite.errors import DataError
from benchsuite_testing import last_events, small_dataset


def rows(**columns):
    base = {
        "user": [0, 1, 1],
        "item": [0, 0, 1],
        "value": [5.0, 3.0, 1.0],
        "label": [1, 0, 0],
        "timestamp": [10, 20, 30],
        "behaviour": [0, 0, 1],
        "behaviours": ("view", "purchase"),
    }
    return Interactions(**{**base, **columns})


def people(count, **columns):
    return Entities(tuple(f"id{n}" for n in range(count)), **columns)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"item": [0, 1]}, "columns differ in length"),
        ({"value": [np.nan, 1, 1]}, "value holds NaN or infinity"),
        ({"label": [0, 1, 2]}, "label holds something other than 0 and 1"),
        ({"behaviour": [0, 0, 2]}, "behaviour points outside behaviours"),
        ({"behaviour": [0, 0, -1]}, "behaviour points outside behaviours"),
    ],
)
def test_rows_that_do_not_agree_are_refused(columns, problem):
    with pytest.raises(DataError, match=problem):
        rows(**columns)


def test_every_column_is_locked():
    for column in rows(part=np.zeros(3, np.int8), parts=("train",)).columns.values():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_frozen_objects_refuse_assignment():
    with pytest.raises(dataclasses.FrozenInstanceError):
        rows().user = np.zeros(3, np.int32)


def test_take_picks_rows_and_keeps_absent_columns_absent():
    picked = rows(timestamp=None).take([2, 0])
    assert picked.value.tolist() == [1.0, 5.0]
    assert picked.timestamp is None
    assert rows().take(np.array([True, False, True])).user.tolist() == [0, 1]


def test_matrix_counts_repeats_once_or_sums_values():
    repeated = rows(user=[1, 1, 0], item=[1, 1, 0])
    assert repeated.matrix(2, 2).toarray().tolist() == [[1, 0], [0, 1]]
    assert repeated.matrix(2, 2, repeated.value).toarray().tolist() == [[1, 0], [0, 8]]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"text": ("a",)}, "text has 1 rows for 2 ids"),
        ({"columns": {"title": ("a",)}}, "title has 1 rows for 2 ids"),
        ({"features": np.ones((2, 2)), "feature_names": ("f",)}, "1 feature names for 2 features"),
    ],
)
def test_tables_that_do_not_agree_are_refused(columns, problem):
    with pytest.raises(DataError, match=problem):
        people(2, **columns)


def test_ids_are_unique():
    with pytest.raises(DataError, match="ids are not unique"):
        Entities(("a", "a"))


def test_codes_must_be_known():
    with pytest.raises(DataError, match="item codes point outside the 1 known items"):
        Dataset("d", rows(), people(2), people(1))
    with pytest.raises(DataError, match="preferences do not fit"):
        Dataset("d", rows(), people(2), people(2), preferences=np.ones((1, 2)))


def test_the_fingerprint_is_of_the_content_alone():
    data = small_dataset()
    assert dataclasses.replace(data, name="other", steps=()).fingerprint == data.fingerprint
    changes = [
        {"interactions": dataclasses.replace(data.interactions, value=data.interactions.value + 1)},
        {"interactions": dataclasses.replace(data.interactions, label=None)},
        {"interactions": dataclasses.replace(data.interactions, behaviours=("look", "purchase"))},
        {"items": dataclasses.replace(data.items, text=("other", *data.items.text[1:]))},
        {"items": dataclasses.replace(data.items, columns={})},
        {"users": dataclasses.replace(data.users, ids=("other", *data.users.ids[1:]))},
        {"users": dataclasses.replace(data.users, features=data.users.features * 2)},
        {"links": None},
        {"preferences": None},
    ]
    prints = [dataclasses.replace(data, **change).fingerprint for change in changes]
    assert len({data.fingerprint, *prints}) == len(changes) + 1


def test_cut_keeps_the_tables_whole():
    data = small_dataset()
    part = data.cut(data.interactions.user == data.interactions.user[0])
    assert len(part.interactions) < len(data.interactions)
    assert part.items is data.items
    assert part.users is data.users


def test_files_give_back_the_same_data_and_folds(tmp_path):
    data = small_dataset()
    folders = [tmp_path / name for name in ("data", "fold")]
    for folder in folders:
        folder.mkdir()
    save_dataset(data, folders[0])
    again = load_dataset(folders[0])
    assert again.fingerprint == data.fingerprint
    assert (again.name, again.steps, again.simulated) == (data.name, data.steps, data.simulated)
    with pytest.raises(ValueError, match="read-only"):
        again.interactions.value[0] = 0
    fold = last_events(data)
    save_fold(fold, folders[1])
    loaded = load_fold(folders[1], again)
    assert loaded.train.fingerprint == fold.train.fingerprint
    assert loaded.validation is not None
    assert loaded.validation.validation is None
    assert dict(loaded.counts) == dict(fold.counts)
    for name in ("user", "start", "when", "group"):
        np.testing.assert_array_equal(getattr(loaded.queries, name), getattr(fold.queries, name))
    for name in ("start", "item", "value", "label", "timestamp"):
        np.testing.assert_array_equal(getattr(loaded.truth, name), getattr(fold.truth, name))
    np.testing.assert_array_equal(loaded.blocked.item, fold.blocked.item)


def test_a_missing_file_is_named(tmp_path):
    save_fold(last_events(small_dataset()), tmp_path)
    (tmp_path / "truth.item.npy").unlink()
    with pytest.raises(DataError, match=r"truth\.item\.npy: the file is missing"):
        load_fold(tmp_path, small_dataset())


@pytest.mark.parametrize("content", [b"", b"[]", b"5", b"{}", b"\xff", b'{"name": 1, "steps": 2}'])
@pytest.mark.parametrize("name", ["dataset.json", "items.json", "interactions.json", "interactions.item.npy"])
def test_a_damaged_file_is_one_line(tmp_path, name, content):
    save_dataset(small_dataset(), tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "delete its folder" in str(caught.value)


def test_half_a_character_in_a_text_is_kept(tmp_path):
    small = small_dataset()
    odd = dataclasses.replace(small, items=Entities(("\ud800", *small.items.ids[1:])))
    save_dataset(odd, tmp_path)
    assert load_dataset(tmp_path).items.ids == odd.items.ids
    assert load_dataset(tmp_path).fingerprint == odd.fingerprint
