"""How workers come to be: forks of one that imported everything, or processes of their own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from benchsuite.runner import local_executor, worker_processes
from benchsuite.runner.jobs import modules_for
from benchsuite.runner.worker_processes import ForkServer
from benchsuite.store import Store

pytestmark = pytest.mark.process

LEFTOVERS = Path(__file__).parent / "toy_leftovers.py"

linux = pytest.mark.skipif(not worker_processes.FORKS, reason="workers are forked on Linux only")


def _code(child, seconds: float = 30) -> int | None:
    deadline = time.monotonic() + seconds
    while (code := child.poll()) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return code


def _answers(store: Store) -> dict[str, bytes]:
    return {key: store.get("cell", key).arrays()["item"].tobytes() for key in store.keys("cell")}


@pytest.mark.slow
@linux
def test_forks_and_processes_of_their_own_give_the_same(
    run_toy, finished_run, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = toy_experiment(["Counts"])
    _, store = finished_run(experiment)
    forked = _answers(store)
    assert len(forked) == 2
    for key in forked:
        store.drop("cell", key)
    monkeypatch.setattr(worker_processes, "FORKS", False)
    _, outcome, _ = run_toy(experiment)
    assert outcome.done == 2
    assert _answers(store) == forked


@linux
def test_a_library_that_is_missing_stops_nobody_else(tmp_path: Path) -> None:
    fork_server = ForkServer(("no_such_module_anywhere",), 1, tmp_path)
    log = tmp_path / "log.txt"
    log.touch()
    receiving, sending = os.pipe()
    child = fork_server.start(tmp_path / "no-job.json", log, sending)
    assert _code(child) == 1
    assert "no-job.json" in log.read_text()  # the worker's own error, in the worker's own log
    fork_server.close()
    os.close(sending)
    os.close(receiving)


@linux
def test_when_the_one_that_forks_is_killed_its_workers_count_as_ended(tmp_path: Path) -> None:
    before = psutil.Process().children()  # other tests of this process may keep servers
    fork_server = ForkServer((), 1, tmp_path)
    (process,) = [p for p in psutil.Process().children() if p not in before]
    log = tmp_path / "log.txt"
    log.touch()
    receiving, sending = os.pipe()
    process.send_signal(signal.SIGKILL)
    child = fork_server.start(tmp_path / "no-job.json", log, sending)
    assert _code(child) == -signal.SIGKILL
    fork_server.close()
    os.close(sending)
    os.close(receiving)


@pytest.mark.slow
@linux
def test_a_run_goes_on_after_the_one_that_forks_was_killed_between_two_jobs(
    run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def factory(*words) -> ForkServer:
        started.append(ForkServer(*words))
        return started[-1]

    def kill() -> None:
        for process in psutil.Process().children():
            if "benchsuite.runner.fork_server" in process.cmdline():
                process.kill()
                process.wait()

    monkeypatch.setattr(local_executor, "worker_factory", factory)
    experiment = toy_experiment(["Counts", {"use": "Counts", "label": "again", "with": {"power": 2.0}}])
    _, outcome, _ = run_toy(experiment, after_job=kill)
    assert outcome.failed == []
    assert len(started) == 2


@linux
def test_nobody_is_left_when_it_is_closed(tmp_path: Path) -> None:
    before = psutil.Process().children()  # other tests of this process may keep servers
    fork_server = ForkServer((), 1, tmp_path)
    fork_server.close()
    assert [p for p in psutil.Process().children() if p not in before] == []


def test_only_models_that_read_text_wait_for_torch() -> None:
    assert "torch" in modules_for("flm")
    assert modules_for("als") == ()


@pytest.mark.slow
@pytest.mark.parametrize("forks", [pytest.param(True, marks=linux), False])
@pytest.mark.parametrize("model", ["LeavesAThread", "LeavesAHook", "LeavesAProcess"])
def test_what_a_model_leaves_does_not_outlive_its_job(
    model: str, forks: bool, tmp_path: Path, run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_processes, "FORKS", forks)
    mark = tmp_path / "mark"
    monkeypatch.setenv("TOY_LATE", str(mark))
    seen = []
    _, outcome, _ = run_toy(
        toy_experiment([model], LEFTOVERS, metrics=["ndcg@10"]), after_job=lambda: seen.append(mark.exists())
    )
    assert (outcome.done, outcome.failed, seen) == (1, [], [False])
    left = [process.pid for process in psutil.process_iter() if str(mark) in _words(process)]
    assert left == []


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
