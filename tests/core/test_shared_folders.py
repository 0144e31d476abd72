"""What other processes remove meanwhile is passed over, and everything else is counted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchsuite.shared_folders import entries, entries_of, folder_bytes


def test_entries_are_sorted_and_nothing_is_there_of_a_file_or_of_nothing(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "one").write_text("1")
    (tmp_path / "c").write_text("a file")
    assert [path.name for path in entries(tmp_path)] == ["a", "b", "c"]
    assert list(entries_of([*entries(tmp_path), tmp_path / "gone"])) == [tmp_path / "a" / "one"]


def test_bytes_of_folders_files_links_and_of_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "one").write_bytes(b"x" * 1000)
    (tmp_path / "in" / "link").symlink_to(tmp_path / "in" / "deep" / "one")
    link = (tmp_path / "in" / "link").lstat().st_size
    assert folder_bytes(tmp_path / "in") == 1000 + link
    assert folder_bytes(tmp_path / "in" / "deep" / "one") == 1000
    assert folder_bytes(tmp_path / "gone") == 0


def test_a_folder_that_goes_while_its_bytes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"12")
    scan = os.scandir

    def and_gone(place: Any) -> Iterator[os.DirEntry[str]]:
        if isinstance(place, str) and Path(place).name == "b":  # its own removal reads it by number
            monkeypatch.undo()
            shutil.rmtree(place)
        return scan(place)

    monkeypatch.setattr(os, "scandir", and_gone)
    assert folder_bytes(tmp_path) == 2
