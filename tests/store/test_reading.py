"""A store that is opened to read is left as it is, and one that is written can be read by others."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import benchsuite
from benchsuite.analysis import build, kept_plan
from benchsuite.cli.main import main
from benchsuite.errors import StoreError
from benchsuite.keys import content_key
from benchsuite.store import CACHES, Store

KEY = content_key("cell", "one")
MANIFESTS = {
    "cell": {"state": "failed", "reason": "made up", "costs": {}, "provenance": {"hardware": {}}},
    "statistics": {"identity": {}, "content": {}},
}


def fill(store: Store, kind: str = "cell") -> Path:
    with store.write(kind, KEY) as draft:
        (draft.folder / "text.json").write_text("{}")
        draft.manifest = dict(MANIFESTS[kind])
    return store.folder(kind, KEY)


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Return mode and time of change of everything in a folder."""
    return {str(path): (path.stat().st_mode, path.stat().st_mtime_ns) for path in [root, *root.rglob("*")]}


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.parametrize("kind", ["cell", "statistics"])
def test_the_umask_says_who_may_read(tmp_path: Path, kind: str) -> None:
    folder = fill(Store(tmp_path / "runs"), kind)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [*folder.parents[:3], folder, *folder.iterdir()]}
    assert modes == {path: 0o755 if path.is_dir() else 0o644 for path in modes}


def test_opening_to_read_writes_nothing(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "none")
    assert store.keys("cell") == []
    assert not store.has("cell", KEY)
    assert not (tmp_path / "none").exists()
    fill(Store(tmp_path / "runs"))
    old = tmp_path / "runs" / "drafts" / "old"
    old.mkdir()
    os.utime(old, (0, 0))
    before = tree(tmp_path)
    assert Store.open(tmp_path / "runs").get("cell", KEY).manifest["state"] == "failed"
    assert tree(tmp_path) == before


def test_a_file_in_its_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is no folder"):
        Store.open(tmp_path / "file")


def test_only_caches_are_written_by_who_reads(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    with pytest.raises(RuntimeError, match="opened to read"):
        fill(store)
    fill(store, "statistics")
    assert Store.open(tmp_path).has("statistics", KEY)
    assert store.made_aside() == []


def test_what_may_not_be_read_is_one_line_and_not_to_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    fill(store)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(StoreError, match="Permission denied; ask its owner"):
        store.has("cell", KEY)
    monkeypatch.undo()
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(StoreError, match="Permission denied; ask its owner"):
        store.get("cell", KEY)


@pytest.fixture
def frozen(tmp_path: Path, toy_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run without caches, in a folder in which nothing can be made or renamed."""
    import shutil

    root = tmp_path / "runs"
    shutil.copytree(toy_store, root, ignore=shutil.ignore_patterns(*CACHES))
    make, rename = Path.mkdir, Path.rename

    def within(path: Path) -> None:
        if root in (path, *path.parents):
            raise OSError(30, "Read-only file system")

    def mkdir(path: Path, *args: object, **more: object) -> None:
        within(path)
        make(path, *args, **more)  # type: ignore[arg-type]

    def move(path: Path, target: Path) -> Path:
        within(Path(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "rename", move)
    return root


def test_all_that_reads_works_on_a_read_only_store(
    frozen: Path, toy_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(frozen)
    store = ["--store", str(frozen)]
    assert main(["status", "toy", *store]) == 1, "a model of the toy fails"
    assert main(["report", "toy", "--as", "csv", "--out", str(tmp_path / "out"), *store]) == 1
    assert main(["verify", str(tmp_path / "out"), *store]) == 0
    assert main(["compare", "toy", "--models", "counts", "other", *store]) == 0
    assert "cannot be written" not in capsys.readouterr().err
    assert benchsuite.load("toy", store=frozen).results.equals(benchsuite.load("toy", store=toy_store).results)
    assert tree(frozen) == before


def test_what_is_kept_aside_goes_with_the_store(frozen: Path) -> None:
    store = Store.open(frozen)
    build(kept_plan(store, store.keys("plan")[0]), store)
    kinds = {kind for kind, _ in store.made_aside()}
    assert kinds == {"measure", "statistics", "strata", "strata-measure"}
    aside = store._aside
    assert aside is not None
    assert aside.is_dir()
    del store
    assert not aside.exists()


def test_a_temporary_folder_that_is_full_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("benchsuite.store.store.tempfile.mkdtemp", full)
    with pytest.raises(StoreError, match=r"No space left on device; free disk space or set \$TMPDIR"):
        fill(Store.open(tmp_path), "statistics")
