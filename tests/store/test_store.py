from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchsuite.errors import StoreError
from benchsuite.keys import content_key
from benchsuite.store import Store
from benchsuite.store.entry import Draft, Entry

KEY = content_key("cell", {"made": "up"})


def fill(store: Store, key: str = KEY, number: int = 1) -> None:
    with store.write("cell", key) as draft:
        draft.arrays(numbers=np.array([number]))
        draft.manifest = {"state": "failed", "reason": "made up", "costs": {}, "provenance": {"hardware": {}}}


def made(root: Path, compressed: bool, arrays: dict[str, np.ndarray], damaged: bool = False) -> Path:
    """Write an entry with these arrays and return its folder; damage them before their sum is taken."""
    folder = Store(root).folder("cell", KEY)
    folder.mkdir(parents=True)
    draft = Draft(folder, compressed=compressed)
    draft.arrays(**arrays)
    if damaged:
        content = bytearray((folder / "arrays.npz").read_bytes())
        content[len(content) // 2] ^= 1
        (folder / "arrays.npz").write_bytes(content)
    draft.manifest = {"state": "failed", "reason": "made up", "costs": {}, "provenance": {"hardware": {}}}
    draft.seal("cell", KEY)
    return folder


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    assert not store.has("cell", KEY)
    fill(store)
    entry = store.get("cell", KEY)
    assert entry.arrays()["numbers"].tolist() == [1]
    assert entry.manifest["state"] == "failed"
    assert store.keys("cell") == [KEY]
    assert entry.damaged() == []


@pytest.mark.parametrize("compressed", [True, False])
def test_arrays_are_what_numpy_reads(tmp_path: Path, compressed: bool) -> None:
    arrays = {"floats": np.linspace(0, 1, 999, dtype=np.float32), "none": np.zeros((0, 3)), "x" * 60: np.arange(6).T}
    folder = made(tmp_path, compressed, arrays)
    path = folder / "arrays.npz"
    with np.load(path) as theirs:
        for name, array in Entry(folder).arrays().items():
            np.testing.assert_array_equal(array, theirs[name])
            np.testing.assert_array_equal(array, arrays[name])
            assert array.dtype == arrays[name].dtype


def test_an_array_is_compressed_where_that_pays(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).random(9999, dtype=np.float32)
    late = np.concatenate([noise, np.zeros(5 * len(noise), np.float32)])
    arrays = {"scores": noise, "labels": noise > 0.9, "late": late, "long": np.array(["x" * 20000] * 9)}
    path = made(tmp_path, True, arrays) / "arrays.npz"
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.getinfo(f"{name}.npy") for name in arrays}
    assert found["scores"].compress_size == found["scores"].file_size
    assert all(2 * found[name].compress_size < found[name].file_size for name in ("labels", "late", "long"))


@pytest.mark.parametrize("compressed", [True, False])
def test_an_archive_with_other_bytes_than_it_says_is_one_line(tmp_path: Path, compressed: bool) -> None:
    """Whoever mends the sum of a file has not mended what is in it."""
    folder = made(tmp_path, compressed, {"numbers": np.arange(1000)}, damaged=True)
    with pytest.raises(StoreError, match="cannot be read"):
        Entry(folder).arrays()


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail() -> None:
        with store.write("cell", KEY) as draft:
            draft.arrays(numbers=np.array([1]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert store.keys("cell") == []
    assert list((tmp_path / "drafts").iterdir()) == []


def test_the_first_result_stays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(store, number=1)
    fill(store, number=2)
    assert store.get("cell", KEY).arrays()["numbers"].tolist() == [1]


def test_a_changed_or_missing_file_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(store)
    folder = store.folder("cell", KEY)
    file = folder / "arrays.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert store.get("cell", KEY).damaged() == ["arrays.npz"]
    file.unlink()
    assert store.get("cell", KEY).damaged() == ["arrays.npz"]


def test_half_a_folder_does_not_count_and_is_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.folder("cell", KEY)
    folder.mkdir(parents=True)
    (folder / "arrays.npz").write_bytes(b"half")
    assert not store.has("cell", KEY)
    fill(store)
    assert store.get("cell", KEY).arrays()["numbers"].tolist() == [1]


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        Store(blocked)
    assert "--store" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_one_may_not_write_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("benchsuite.store.store.tempfile.TemporaryFile", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        Store(tmp_path)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("benchsuite.store.entry.np.lib.format.write_array", full)
    with pytest.raises(StoreError, match="No space left on device"):
        fill(store)
    assert store.keys("cell") == []
    assert list((tmp_path / "drafts").iterdir()) == []


def test_an_unreadable_manifest_is_one_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(store)
    (store.folder("cell", KEY) / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        store.get("cell", KEY)
