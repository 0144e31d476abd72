"""Lists tell an order without times: it is used, told, written into the card, and never taken for a clock."""

from __future__ import annotations

import numpy as np
import pytest

import benchsuite
from benchsuite.errors import BenchsuiteError, LeakError
from benchsuite.evaluate.leaks import check_fold
from benchsuite.registry import load_split
from benchsuite_datasets.file_source import FileSource
from support.real_shapes import SEQUENCES, SOLD

SORTED = "".join(f"u{user} " + " ".join(str(user + 3 * at) for at in range(6)) + "\n" for user in range(12))


@pytest.fixture
def sold(put):
    return put({"Beauty.txt": SEQUENCES, "items.csv": SOLD})


def test_the_last_item_of_a_line_is_left_out_last(sold, here):
    data = FileSource(path=str(sold / "Beauty.txt"), format="lists", items="items.csv").load(here[0])
    assert data.ordered
    assert data.interactions.timestamp is None
    fold = next(load_split("leave-last-out")().split(data, 1))
    asked = {data.users.ids[user]: data.items.ids[item] for user, item in zip(fold.queries.user, fold.truth.item)}  # noqa: B905
    assert asked == {"1": "5", "2": "4", "3": "7", "4": "4"}
    inner = fold.validation
    assert inner is not None
    last = {data.users.ids[user]: data.items.ids[item] for user, item in zip(inner.queries.user, inner.truth.item)}  # noqa: B905
    assert last == {"1": "4", "2": "1", "3": "5"}
    assert any("taken as the order of time" in line for line in here[1])


@pytest.mark.parametrize("name", ["leave-last-out", "user-temporal"])
def test_the_order_of_a_cut_is_checked_by_the_places_of_the_rows(name, sold, here):
    data = FileSource(path=str(sold / "Beauty.txt"), format="lists").load(here[0])
    split = load_split(name)()
    fold = next(split.split(data, 1))
    assert check_fold(fold, split, whole=data)["histories not younger than what is asked"] == len(fold.queries.history)
    backwards = data.cut(np.arange(len(data.interactions))[::-1])
    with pytest.raises(LeakError, match="histories are younger than what their query is asked"):
        check_fold(fold, split, whole=backwards)


def test_the_card_says_the_order_and_the_preparation_tells_it(sold):
    found = benchsuite.data_import(sold / "Beauty.txt", format="lists", quiet=True, offline=True)
    assert "ordered = true" in found.toml
    assert found.dataset.ordered
    assert "order in time" in found.dataset.steps[0].note
    assert "order in time" in found.text()


@pytest.mark.parametrize(("text", "said"), [(SEQUENCES, {"ordered": False}), (SORTED, {})], ids=["said", "sorted"])
def test_an_order_that_is_none_is_not_used(text, said, put, here):
    data = FileSource(path=str(put({"l.txt": text}) / "l.txt"), format="lists", **said).load(here[0])
    assert not data.ordered
    with pytest.raises(BenchsuiteError, match="needs timestamps or rows in the order of time"):
        list(load_split("leave-last-out")().split(data, 1))


def test_sorted_lists_are_told_and_can_be_declared(put, here):
    path = str(put({"l.txt": SORTED}) / "l.txt")
    FileSource(path=path, format="lists").load(here[0])
    assert any("ordered = true" in line for line in here[1])
    assert FileSource(path=path, format="lists", ordered=True).load(here[0]).ordered


def test_any_table_without_times_can_be_declared_ordered(put, here):
    folder = put(
        {"t.csv": "user,item\na,z\na,x\nb,z\nb,y\na,y\nb,x\n", "timed.csv": "user,item,timestamp\na,x,1112486027\n"}
    )
    assert not FileSource(path=str(folder / "t.csv")).load(here[0]).ordered
    data = FileSource(path=str(folder / "t.csv"), ordered=True).load(here[0])
    fold = next(load_split("leave-last-out")().split(data, 1))
    assert {data.items.ids[item] for item in fold.truth.item} == {"x", "y"}
    with pytest.raises(BenchsuiteError, match="ordered is for tables without times"):
        FileSource(path=str(folder / "timed.csv"), ordered=True).load(here[0])


def test_an_order_is_kept_with_the_data_and_changes_what_it_is(sold, here, tmp_path):
    from benchsuite.data.files import load_dataset, save_dataset

    path = str(sold / "Beauty.txt")
    data = FileSource(path=path, format="lists").load(here[0])
    save_dataset(data, tmp_path)
    assert load_dataset(tmp_path).ordered
    assert data.fingerprint != FileSource(path=path, format="lists", ordered=False).load(here[0]).fingerprint
