"""Nothing outlives its fit or its run: what fled into a session, what no thread can end, what a killed server left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchsuite.child_processes import end_processes_of
from benchsuite.runner import worker_processes
from benchsuite.runner.scratch import scratch_folder

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not worker_processes.FORKS, reason="workers are forked on Linux only"),
]


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path that is among the words of each process that a toy model leaves."""
    monkeypatch.setenv("TOY_LATE", str(tmp_path / "mark"))
    return tmp_path / "mark"


def named(mark: Path) -> list[int]:
    """Return the processes that have the mark among their words."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(mark) in process.cmdline():
                found.append(process.pid)
    return found


def until(right: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not right() and time.monotonic() < deadline:
        time.sleep(0.05)
    return right()


def test_what_fled_into_a_session_of_its_own_ends_with_the_fit(mark: Path, run_toy, toy_experiment) -> None:
    seen: list[list[int]] = []
    experiment = toy_experiment(["LeavesASession"], metrics=["ndcg@10"])
    _, outcome, _ = run_toy(experiment, after_job=lambda: seen.append(named(mark)))
    assert (outcome.done, outcome.failed, seen) == (1, [], [[]])


def test_what_fled_ends_although_the_process_that_starts_workers_was_killed(
    tmp_path: Path, mark: Path, run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deaths").write_text("1")
    monkeypatch.setenv("TOY_DEATHS", str(tmp_path / "deaths"))
    seen: list[list[int]] = []
    experiment = toy_experiment(["OrphanWithASession"], metrics=["ndcg@10"])
    _, outcome, watcher = run_toy(experiment, after_job=lambda: seen.append(named(mark)))
    assert (outcome.done, outcome.failed) == (1, [])
    assert [reason for _, _, reason in watcher.again] == ["the process that starts workers ended with code -9"]
    assert seen == [[], []]


@pytest.mark.slow
@pytest.mark.parametrize("with_server", [False, True])
def test_a_call_in_c_that_keeps_the_lock_ends_with_a_killed_run(tmp_path: Path, mark: Path, with_server: bool) -> None:
    here, scratch = Path(__file__).parent, tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "toy.toml").write_text(
        f'name = "toy"\nsources = ["{here}/toy.py:Toy"]\nsplits = ["random-holdout"]\nmetrics = ["ndcg@10"]\n'
        f'models = ["{here}/toy_leftovers.py:Spins"]\n'
    )
    words = [sys.executable, "-m", "benchsuite", "run", "toy.toml", "--store", "runs", "--offline"]
    more = {"TMPDIR": str(scratch), "BENCHSUITE_CACHE": str(tmp_path / "cache")}
    run = subprocess.Popen(words, cwd=tmp_path, env=os.environ | more, stderr=subprocess.DEVNULL)
    assert until(lambda: mark.is_file() and bool(mark.read_text()))
    spinning, servers = psutil.Process(int(mark.read_text())), psutil.Process(run.pid).children()
    for process in (run, *servers) if with_server else (run,):
        process.send_signal(signal.SIGKILL)
    run.wait()
    assert until(lambda: not spinning.is_running() or spinning.status() == psutil.STATUS_ZOMBIE, 15)


def test_what_uses_a_folder_for_temporary_files_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words = [sys.executable, "-c", "import time; time.sleep(600)"]
    with scratch_folder() as folder:
        inside = subprocess.Popen(words, env=os.environ | {"TMPDIR": str(folder / "a job")}, start_new_session=True)
        beside = subprocess.Popen(words, env=os.environ | {"TMPDIR": f"{folder}-of-another"})
    assert inside.wait(30) == -signal.SIGKILL
    assert beside.poll() is None
    assert end_processes_of(Path(f"{folder}-of-another")) == 1
    assert beside.wait(30) == -signal.SIGKILL


def test_a_folder_half_removed_by_a_killed_run_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until all else is gone the owner's file stays, by which the next run knows the folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    removed = []

    def interrupted(path: Path, **_: Any) -> None:
        removed.append(path.name)
        raise KeyboardInterrupt

    def leave() -> None:
        with scratch_folder() as folder:
            for name in ("job", "zone"):
                (folder / name).mkdir()
            (folder / "a.txt").write_text("1")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            leave()
    assert set(removed) <= {"job", "zone"}
    assert len(list(tmp_path.iterdir())) == len(removed) == 1
    with scratch_folder() as other:
        assert [path.name for path in tmp_path.iterdir()] == [other.name]
    assert list(tmp_path.iterdir()) == []
