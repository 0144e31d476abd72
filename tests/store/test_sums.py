"""Sums are read: what was changed behind the store's back is refused or made anew."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchsuite.errors import StoreError
from benchsuite.keys import content_key
from benchsuite.store import Entry, Store
from benchsuite.store.json_files import AGAIN, to_text, with_sum

KEY, OTHER = content_key("cell", "one"), content_key("cell", "other")
FAILED = {"state": "failed", "reason": "made up", "costs": {}, "provenance": {"hardware": {}}}
CACHE = {"identity": {}, "content": {"value": 1}}


def fill(store: Store, kind: str = "cell", key: str = KEY, **more: Any) -> Path:
    with store.write(kind, key) as draft:
        draft.arrays(numbers=np.arange(5))
        (draft.folder / "text.json").write_text("{}")
        draft.manifest = {**(FAILED if kind == "cell" else CACHE), **more}
    return store.folder(kind, key)


def forge(folder: Path, *, signed: bool = False, **more: Any) -> None:
    path = folder / "manifest.json"
    table = json.loads(path.read_text()) | more
    path.write_text(to_text(with_sum(table)) if signed else json.dumps(table))


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = fill(store)
    forge(folder, reason="another")
    with pytest.raises(StoreError, match=f"has changed since it was written; {AGAIN}"):
        store.get("cell", KEY)
    assert len(store.faults("cell", KEY)) == 1


def test_changed_arrays_are_refused_when_they_are_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = fill(store)
    with (folder / "arrays.npz").open("wb") as file:
        np.savez_compressed(file, numbers=np.arange(5)[::-1])
    entry = store.get("cell", KEY)
    with pytest.raises(StoreError, match=r"arrays.npz: it has changed since it was written"):
        entry.arrays()


def test_other_files_are_held_against_their_sums_when_the_entry_is_opened(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = fill(store)
    store.get("cell", KEY)
    (folder / "text.json").write_text("[]")
    with pytest.raises(StoreError, match=r"text.json: it has changed since it was written"):
        store.get("cell", KEY)
    (folder / "text.json").unlink()
    with pytest.raises(StoreError, match=r"text.json: cannot be read: No such file"):
        store.get("cell", KEY)


def test_each_file_is_read_for_its_sum_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    fill(store)
    store.get("cell", KEY).arrays()
    read: list[Path] = []
    monkeypatch.setattr("benchsuite.store.entry.file_digest", read.append)
    store.get("cell", KEY).arrays()
    assert read == []


def test_a_manifest_without_a_sum_of_its_own_stays_readable(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = fill(store)
    table = json.loads((folder / "manifest.json").read_text())
    del table["sha256"]
    (folder / "manifest.json").write_text(json.dumps(table))
    entry = store.get("cell", KEY)
    assert not entry.signed
    assert entry.arrays()["numbers"].tolist() == [0, 1, 2, 3, 4]


def test_two_entries_that_changed_places_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, other = fill(store), fill(store, key=OTHER)
    one.rename(tmp_path / "away")
    other.rename(one)
    (tmp_path / "away").rename(other)
    with pytest.raises(StoreError, match=f"it is of cell {OTHER[:12]}"):
        store.get("cell", KEY)


@pytest.mark.parametrize("content", ["[]", "5", "{}", "", "{", "[" * 50_000, '"a"', "null", '{"a": NaN}', "\x00"])
def test_no_manifest_is_one_line(tmp_path: Path, content: str) -> None:
    store = Store(tmp_path)
    folder = fill(store)
    (folder / "manifest.json").write_text(content)
    with pytest.raises(StoreError) as caught:
        store.get("cell", KEY)
    assert caught.value.where == str(folder / "manifest.json")
    assert caught.value.remedy == AGAIN


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"state": "great"}, '"state" is none of failed, ok'),
        ({"costs": {"fit_seconds": "1"}}, '"costs.fit_seconds" is not a number'),
        ({"costs": {"fit_seconds": True}}, '"costs.fit_seconds" is not a number'),
        ({"provenance": {}}, '"provenance.hardware" is missing'),
        ({"state": "ok"}, '"costs.fit_seconds" is missing'),
        ({"files": {"../../elsewhere": "0"}}, '"files" names a file outside of its folder'),
        ({"files": {"/dev/zero": "0"}}, '"files" names a file outside of its folder'),
        ({"kind": "fold"}, "it is of fold"),
    ],
)
def test_a_manifest_has_what_its_kind_must_have(tmp_path: Path, more: dict[str, Any], what: str) -> None:
    store = Store(tmp_path)
    forge(fill(store), signed=True, **more)
    with pytest.raises(StoreError, match=what):
        store.get("cell", KEY)


def test_a_good_cell_has_its_arrays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    costs = {"fit_seconds": 1.0, "score_seconds": 1.0, "peak_memory_mb": 1.0}
    fill(store, state="ok", costs=costs)
    with pytest.raises(StoreError, match='there is no array "item"'):
        store.get("cell", KEY).arrays()


def test_a_damaged_cache_does_not_count_and_is_replaced(tmp_path: Path) -> None:
    told: list[str] = []
    store = Store(tmp_path, told.append)
    folder = fill(store, "statistics")
    assert store.has("statistics", KEY)
    forge(folder, content={"value": 2})
    assert not store.has("statistics", KEY)
    assert not store.has("statistics", KEY)
    line = f"{folder / 'manifest.json'}: it has changed since it was written; the statistics is made anew"
    assert told == [line]
    fill(store, "statistics")
    assert store.has("statistics", KEY)
    assert store.get("statistics", KEY).manifest["content"] == {"value": 1}


def test_a_cache_without_a_sum_of_its_own_is_not_believed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = fill(store, "statistics")
    table = json.loads((folder / "manifest.json").read_text())
    del table["sha256"]
    (folder / "manifest.json").write_text(json.dumps(table))
    assert not store.has("statistics", KEY)
    fill(store, "statistics")
    assert Entry(folder).signed


def test_a_damaged_cell_is_never_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = fill(store)
    forge(folder, reason="another")
    assert store.has("cell", KEY)
    fill(store)
    with pytest.raises(StoreError, match="has changed"):
        store.get("cell", KEY)


def test_a_fold_is_nothing_without_its_data(tmp_path: Path) -> None:
    store = Store(tmp_path)
    data = fill(store, "data")
    fill(store, "fold", OTHER, data=KEY)
    store.get("fold", OTHER)
    (data / "text.json").write_text("[]")
    with pytest.raises(StoreError, match=r"data/.*text.json: it has changed"):
        store.get("fold", OTHER)
    shutil.rmtree(data)
    with pytest.raises(StoreError, match=f"no data {KEY[:12]}"):
        store.get("fold", OTHER)


def test_half_a_character_stays_readable(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(store, reason="a title: \ud800, \U0001f600")
    assert store.get("cell", KEY).manifest["reason"] == "a title: \\ud800, \U0001f600"
