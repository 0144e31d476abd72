"""What is written beside its place is there whole or not at all, and leaves nothing behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from benchsuite.atomic_writes import new_folder, replaced_file


def test_a_file_is_replaced_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "card.toml"
    file.write_text("old")
    with replaced_file(file) as draft:
        draft.write_text("new")
        assert draft.suffix == ".toml"
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "card.toml"
    file.write_text("old")
    with pytest.raises(OSError, match="directory"), replaced_file(file) as draft:
        (draft / "no folder").write_text("half")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_is_there_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "model"
    with new_folder(folder) as draft:
        (draft / "a").write_text("x")
        assert not folder.exists()
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert list(folder.parent.iterdir()) == [folder]


def test_a_failure_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"), new_folder(tmp_path / "model") as draft:
        (draft / "a" / "b").write_text("x")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_something_stays(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "mine").write_text("x")
    with pytest.raises(OSError, match="not empty"), new_folder(folder) as draft:
        (draft / "a").write_text("x")
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "mine"]


def test_two_threads_have_a_draft_each(tmp_path: Path) -> None:
    path, both = tmp_path / "file.json", threading.Barrier(2)
    drafts: list[Path] = []
    faults: list[OSError] = []

    def write(text: str) -> None:
        try:
            with replaced_file(path) as draft:
                draft.write_text(text, "utf-8")
                drafts.append(draft)
                both.wait(10)
        except OSError as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(text,)) for text in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(set(drafts)) == 2
    assert path.read_text("utf-8") in {"one", "two"}
    assert list(tmp_path.iterdir()) == [path]
