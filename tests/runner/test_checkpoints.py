"""Checkpoints outlive kills, not results, and lead to no store."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from benchsuite.errors import StoreError
from benchsuite.runner.checkpoints import Checkpoints
from benchsuite.store import Store


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_cell_gets_its_folder_again_until_it_is_dropped(tmp_path: Path) -> None:
    (Checkpoints(tmp_path / "runs").folder("ab12") / "state").write_text("kept")
    again = Checkpoints(tmp_path / "runs")
    assert (again.folder("ab12") / "state").read_text() == "kept"
    assert not (Checkpoints(tmp_path / "other").folder("ab12") / "state").exists()
    again.drop("ab12")
    assert list(again.folder("ab12").iterdir()) == []


def test_no_folder_above_it_is_the_stores(tmp_path: Path, cache: Path) -> None:
    folder = Checkpoints(tmp_path / "runs").folder("ab12")
    assert folder.is_relative_to(cache)
    assert not folder.is_relative_to(tmp_path / "runs")


def test_nothing_is_left_when_all_cells_have_ended(tmp_path: Path, cache: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "runs")
    checkpoints.folder("ab12")
    checkpoints.folder("cd34")
    checkpoints.drop("ab12")
    checkpoints.drop("cd34")
    assert list((cache / "checkpoints").iterdir()) == []


def test_what_nobody_takes_up_goes_in_a_month(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "runs")
    old, young = checkpoints.folder("old"), checkpoints.folder("young")
    for folder, days in ((old, 31), (young, 29)):
        os.utime(folder, (time.time() - days * 86400,) * 2)
    Checkpoints(tmp_path / "other")
    assert (old.exists(), young.exists()) == (False, True)


def test_those_that_older_versions_kept_in_the_store_go_in_a_month(tmp_path: Path) -> None:
    for name, days in (("old", 31), ("young", 29)):
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - days * 86400,) * 2)
    Store(tmp_path)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["young"]


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file in the way")
    with pytest.raises(StoreError, match="set BENCHSUITE_CACHE"):
        Checkpoints(tmp_path / "runs").folder("ab12")
