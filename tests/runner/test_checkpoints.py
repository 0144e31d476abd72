"""Checkpoints outlive kills, not results, and lead to no store."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import DataLocations
from benchsuite.plan import Experiment
from benchsuite.runner import prepare
from benchsuite.runner.checkpoints import Checkpoints, why_nothing_is_kept
from benchsuite.store import Store


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _made(checkpoints: Checkpoints, key: str) -> Path:
    folder = checkpoints.folder(key)
    assert folder is not None
    return folder


def test_a_cell_gets_its_folder_again_until_it_is_dropped(tmp_path: Path) -> None:
    (_made(Checkpoints(tmp_path / "runs"), "ab12") / "state").write_text("kept")
    again = Checkpoints(tmp_path / "runs")
    assert (_made(again, "ab12") / "state").read_text() == "kept"
    assert not (_made(Checkpoints(tmp_path / "other"), "ab12") / "state").exists()
    again.drop("ab12")
    assert list(_made(again, "ab12").iterdir()) == []


def test_no_folder_above_it_is_the_stores(tmp_path: Path, cache: Path) -> None:
    folder = _made(Checkpoints(tmp_path / "runs"), "ab12")
    assert folder.is_relative_to(cache)
    assert not folder.is_relative_to(tmp_path / "runs")


def test_nothing_is_left_when_all_cells_have_ended(tmp_path: Path, cache: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "runs")
    _made(checkpoints, "ab12")
    _made(checkpoints, "cd34")
    checkpoints.drop("ab12")
    checkpoints.drop("cd34")
    assert list((cache / "checkpoints").iterdir()) == []


def test_what_nobody_takes_up_goes_in_a_month(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "runs")
    old, young = _made(checkpoints, "old"), _made(checkpoints, "young")
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


@pytest.mark.process
def test_where_the_cache_cannot_be_written_fits_go_without_and_one_line_says_so(
    tmp_path: Path, cache: Path, run_toy: Callable[..., Any], toy_experiment: Callable[..., Experiment]
) -> None:
    cache.write_text("a file in the way")
    assert Checkpoints(tmp_path / "runs").folder("ab12") is None
    experiment, said = toy_experiment(["Counts"]), list[str]()
    prepare(experiment, Store(tmp_path / "runs"), DataLocations(cache=tmp_path / "data", offline=True), said.append)
    assert [line for line in said if "set BENCHSUITE_CACHE" in line] == [why_nothing_is_kept()]
    assert [state for _, _, state, _ in run_toy(experiment)[2].ended] == ["ok", "ok"]


def test_a_cache_that_can_be_written_is_no_news(cache: Path) -> None:
    assert why_nothing_is_kept() == ""
    assert list(cache.iterdir()) == []


def test_a_folder_that_another_run_removes_meanwhile_is_passed_over(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _made(Checkpoints(tmp_path / "other"), "ab12")
    listed = Path.iterdir

    def and_gone(folder: Path) -> Any:
        found = list(listed(folder))
        if folder == cache / "checkpoints":
            shutil.rmtree(found[0])
        return iter(found)

    monkeypatch.setattr(Path, "iterdir", and_gone)
    Checkpoints(tmp_path / "runs")
    monkeypatch.undo()
    assert not any((cache / "checkpoints").iterdir())
