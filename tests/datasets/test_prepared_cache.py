"""A large set is prepared once; a copy is found again only for the same bytes, card, settings and code."""

from __future__ import annotations

import numpy as np
import pytest

from benchsuite.data import files
from benchsuite_datasets import prepared_cache
from benchsuite_datasets.file_source import FileSource


@pytest.fixture(autouse=True)
def worth(monkeypatch):
    monkeypatch.setattr(prepared_cache, "MIN_CACHED_ROWS", 3)
    monkeypatch.setattr(files, "MAPPED_FROM", 1)


def mapped(array):
    """Whether an array's numbers lie in a file."""
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


@pytest.fixture
def copies(tmp_path):
    return lambda: sorted((tmp_path / "cache" / "prepared").glob("*"))


def test_the_second_time_comes_from_the_copy(toy, toy_folder, here, copies, monkeypatch):
    place, said = here(toy_folder)
    first = toy()().load(place)
    assert len(copies()) == 1
    lines = list(said)
    said.clear()
    monkeypatch.setattr(toy().mro()[1], "read", None)  # reading the files again would fail
    again = toy()().load(place)
    assert again.fingerprint == first.fingerprint
    assert again.steps == first.steps
    assert again.items.text == first.items.text
    assert mapped(again.interactions.user)
    assert not mapped(first.interactions.user)
    assert f"toy: prepared before, taken from {copies()[0]}" in said
    assert [line for line in said if "prepared before" not in line] == lines


def test_small_files_are_read_and_not_mapped(toy, toy_folder, here, monkeypatch):
    """A file that is cut while it is mapped would end the process by a signal."""
    monkeypatch.setattr(files, "MAPPED_FROM", 2**20)
    place, _ = here(toy_folder)
    first, again = toy()().load(place), toy()().load(place)
    assert not mapped(again.interactions.user)
    assert not again.interactions.user.flags.writeable
    assert again.fingerprint == first.fingerprint


def test_other_settings_and_other_bytes_are_other_copies(toy, toy_folder, here, copies, tmp_path):
    place, _ = here(toy_folder, tmp_path)
    toy()().load(place)
    toy()(positive_from=3.0).load(place)
    assert len(copies()) == 2
    path = tmp_path / "own.csv"
    for rating in (1, 2):
        path.write_text(f"user,item,rating\na,x,{rating}\nb,x,1\nc,x,1\n")
        assert FileSource(path="own.csv").load(place).interactions.value.max() == rating
    assert len(copies()) == 4


def test_other_code_is_another_copy(toy, toy_folder, here, copies, monkeypatch):
    place, _ = here(toy_folder)
    toy()().load(place)
    monkeypatch.setattr(prepared_cache, "_code_hash", lambda: "changed")
    toy()().load(place)
    assert len(copies()) == 2


@pytest.mark.parametrize("damage", ["value", "text", "gone"])
def test_a_damaged_copy_is_told_and_made_again(damage, toy, toy_folder, here, copies):
    place, said = here(toy_folder)
    first = toy()().load(place)
    (folder,) = copies()
    if damage == "value":
        values = np.load(folder / "interactions.value.npy")
        np.save(folder / "interactions.value.npy", values + 1)
    elif damage == "text":
        (folder / "items.json").write_text("{")
    else:
        (folder / "interactions.user.npy").unlink()
    again = toy()().load(place)
    assert again.fingerprint == first.fingerprint
    assert any("is damaged" in line and "it is made again" in line for line in said)
    assert copies() == [folder]


def test_a_full_disk_costs_the_copy_and_nothing_else(toy, toy_folder, here, copies, monkeypatch):
    def full(_dataset, folder):
        (folder / "half").write_text("x")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepared_cache, "save_dataset", full)
    place, said = here(toy_folder)
    assert len(toy()().load(place).interactions) == 5
    assert "toy: no prepared copy is kept: No space left on device" in said
    assert copies() == []


def test_small_sets_are_not_kept(toy, toy_folder, here, copies, monkeypatch):
    monkeypatch.setattr(prepared_cache, "MIN_CACHED_ROWS", 6)
    toy()().load(here(toy_folder)[0])
    assert copies() == []
