"""Whoever runs the fits, the store holds the same bytes; what is lost with a machine is done elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

import benchsuite
from benchsuite.errors import ConfigError, PluginError, UsageError
from benchsuite.runner.executor import make_executor
from benchsuite.runner.worker_processes import thread_limits
from benchsuite.store import Store
from benchsuite_executors import slurm_executor
from benchsuite_executors.node import Outlet, difference, ingredients
from support.executor_runs import contents, experiment, run, toy
from support.shared import made_once

WAITING = {"use": toy("Waits")["use"], "grid": {"power": [0.5, 1.5]}}
TINY = {"sources": ["demo"], "splits": ["random-holdout"], "models": ["popular"], "metrics": ["ndcg@10"]}


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What a run by worker processes of this machine stores."""
    made = made_once(tmp_path_factory, "executors", lambda folder: run(experiment(), folder / "runs", None) and None)
    return contents(made / "runs")


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which fits that wait leave marks, and which a test opens."""
    folder = tmp_path / "gate"
    folder.mkdir()
    monkeypatch.setenv("TOY_GATE", str(folder))
    return folder


@pytest.mark.slow
@pytest.mark.process
def test_in_process_the_store_holds_the_same_bytes(tmp_path: Path, local: Mapping[str, str], capfd) -> None:
    """Of all models but the one that kills its process, which here is the test's."""
    survive = [one for one in experiment().models if not one.use.endswith("Dies")]
    asked = experiment().model_copy(update={"models": survive})
    before = {name: os.environ.get(name) for name in thread_limits(1)}
    outcome, watcher = run(asked, tmp_path / "runs", make_executor("in-process", {}))
    found = contents(tmp_path / "runs")
    assert len(found) == len(local) - 2
    assert found == {key: local[key] for key in found}
    assert len(outcome.failed) == 2
    assert "so far so good" in capfd.readouterr().out  # not in a log
    assert any(line.startswith("fits run in this process") for line in watcher.lines)
    assert {name: os.environ.get(name) for name in before} == before
    store = Store(tmp_path / "runs")
    made_with = [store.get("cell", key).manifest["provenance"] for key in found]
    assert {one["executor"] for one in made_with} == {"in-process"}


def test_in_process_a_model_may_not_open_the_truth_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_STORE", str(tmp_path / "runs"))
    asked = experiment(toy("OpensTheTruth"), "popular", metrics=["ndcg@10"])
    outcome, _ = run(asked, tmp_path / "runs", make_executor("in-process", {}))
    ((_, reason),) = outcome.failed
    assert "the model opened what it is judged by" in reason
    assert outcome.done == 2


def test_in_process_ctrl_c_ends_the_run_and_not_the_cell(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(experiment(toy("Interrupted"), metrics=["ndcg@10"]), tmp_path / "runs", make_executor("in-process", {}))
    assert contents(tmp_path / "runs") == {}


def test_a_name_that_is_unknown_is_told_with_the_closest() -> None:
    with pytest.raises(PluginError, match='unknown executor "slurn"; did you mean "slurm"'):
        benchsuite.run(benchsuite.Experiment("tiny", **TINY), on="slurn", quiet=True)


@pytest.mark.parametrize(("name", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_a_package_that_is_missing_is_told_with_the_remedy(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PluginError) as caught:
        benchsuite.run(benchsuite.Experiment("tiny", **TINY), on=name, quiet=True)
    told = f'executor {name}: the package {package} is not installed; pip install "benchsuite[{name}]"'
    assert str(caught.value) == told


def test_settings_are_checked() -> None:
    tiny = benchsuite.Experiment("tiny", **TINY)
    with pytest.raises(ConfigError, match='executor local: it has no settings, and so no "address"'):
        benchsuite.run(tiny, address="somewhere", quiet=True)
    with pytest.raises(UsageError, match="in-process runs one fit at a time"):
        benchsuite.run(tiny, on="in-process", workers=2, quiet=True)
    pytest.importorskip("submitit", reason="submitit is not installed: its executor is not tested")
    with pytest.raises(ConfigError, match='unknown setting "partitoin"; did you mean "partition"'):
        benchsuite.run(tiny, on="slurm", on_with={"partitoin": "long"}, quiet=True)
    with pytest.raises(ConfigError, match='setting "gpus" must be 0 or more'):
        make_executor("slurm", {"gpus": -1})


def test_what_would_compute_other_numbers_is_told() -> None:
    here = ingredients(["benchsuite/popular", f"{toy('Counts')['use']}"])
    assert difference(here, dict(here)) == ""
    there = here | {"numpy": "1.0", "the code of benchsuite/popular": "nothing"}
    told = difference(here, there)
    assert f"numpy {here['numpy'][:12]} here and 1.0 there" in told
    assert "the code of benchsuite/popular" in told
    assert str(Path(__file__).parent / "toy.py") in here


def test_a_full_pipe_loses_no_message() -> None:
    receiving, sending = os.pipe()
    outlet = Outlet(sending)
    os.close(sending)
    sent = [{"phase": "fit", "done": number, "total": 9000, "note": "x" * 20} for number in range(9000)]
    assert not outlet.send(sent)
    found = b""
    while not outlet.send():
        found += os.read(receiving, 2**16)
    outlet.close()
    while chunk := os.read(receiving, 2**16):
        found += chunk
    os.close(receiving)
    assert [json.loads(line) for line in found.splitlines()] == sent


@pytest.mark.slow
@pytest.mark.process
def test_on_slurm_the_store_holds_the_same_bytes(tmp_path: Path, local: Mapping[str, str]) -> None:
    """By submitit's executor for one machine, which takes the same way by files."""
    pytest.importorskip("submitit", reason="submitit is not installed: its executor is not tested")
    executor = make_executor("slurm", {"cluster": "local"})
    outcome, watcher = run(experiment(), tmp_path / "runs", executor, workers=2)
    assert contents(tmp_path / "runs") == local
    assert watcher.again == ["the process was killed by SIGKILL, probably out of memory"] * 2
    assert len(outcome.failed) == 4
    assert not (tmp_path / "runs" / "jobs").exists()
    store = Store(tmp_path / "runs")
    assert {store.get("cell", key).manifest["provenance"]["executor"] for key in local} == {"slurm"}


@pytest.mark.slow
@pytest.mark.process
def test_what_a_lost_job_of_slurm_had_is_done_by_another(
    tmp_path: Path, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: its executor is not tested")
    monkeypatch.setattr(slurm_executor, "_GRACE", 1.0)
    executor = make_executor("slurm", {"cluster": "local"})
    asked = experiment(WAITING, "ease", metrics=["ndcg@10"])

    def lose_a_job() -> None:
        while len(list(gate.glob("begun-*"))) < 2:
            time.sleep(0.05)
        running = next(one for one in executor._jobs if one.code is None)  # type: ignore[attr-defined]
        first = psutil.Process(int(running.submitted.job_id))
        for process in (first, *first.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended with the one before
                process.kill()

    loses = threading.Thread(target=lose_a_job)
    loses.start()
    outcome, watcher = run(asked, tmp_path / "runs", executor, workers=2, gate=gate)
    loses.join()
    ((reason),) = watcher.again
    assert reason.startswith("its job ")
    assert (outcome.done, outcome.failed) == (3, [])
    run(asked, tmp_path / "local", None)
    assert contents(tmp_path / "runs") == contents(tmp_path / "local")


@pytest.mark.slow
@pytest.mark.process
def test_a_fit_that_takes_too_long_is_ended_in_slurm(tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: its executor is not tested")
    asked = experiment(toy("Sleeps"), metrics=["ndcg@10"], timeout_minutes=0.05)
    outcome, _ = run(asked, tmp_path / "runs", make_executor("slurm", {"cluster": "local"}))
    assert [reason for _, reason in outcome.failed] == ["stopped after 0.05 minutes"]


@pytest.mark.slow
@pytest.mark.process
def test_a_node_that_differs_computes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: its executor is not tested")
    other = ingredients([]) | {"numpy": "0.1"}
    monkeypatch.setattr(slurm_executor, "ingredients", lambda _: other)
    asked = experiment("popular", metrics=["ndcg@10"])
    with pytest.raises(UsageError, match=r"are not alike: .*numpy 0\.1 here and"):
        run(asked, tmp_path / "runs", make_executor("slurm", {"cluster": "local"}))
    assert contents(tmp_path / "runs") == {}


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("gate")
def test_on_ray_the_store_holds_the_same_bytes_even_if_a_node_is_lost(tmp_path: Path, local: Mapping[str, str]) -> None:
    """On two nodes: a run, and another in which one of them is killed. Ray takes a process of its own."""
    pytest.importorskip("ray", reason="ray is not installed: its executor is not tested")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "ray_two_nodes.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "lib")},
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "whole") == local
    store = Store(tmp_path / "whole")
    assert {store.get("cell", key).manifest["provenance"]["executor"] for key in local} == {"ray"}
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["again"], told
    assert all(reason.startswith("its node, or its process there, was lost") for reason in told["again"])
    assert (told["done"], told["failed"]) == (3, [])
    run(experiment(WAITING, "ease", metrics=["ndcg@10"]), tmp_path / "local", None)
    assert contents(tmp_path / "lost") == contents(tmp_path / "local")


def test_a_cluster_that_is_not_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = benchsuite.Experiment("tiny", **TINY)
    pytest.importorskip("submitit", reason="submitit is not installed: its executor is not tested")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="executor slurm: there is no Slurm on this machine; start the run where"):
        benchsuite.run(tiny, on="slurm", quiet=True)


def test_a_ray_cluster_that_does_not_answer_is_told_at_once() -> None:
    pytest.importorskip("ray", reason="ray is not installed: its executor is not tested")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UsageError, match=f"no Ray cluster answers at {address}: .*; name one that runs"):
        make_executor("ray", {"address": address}).workers(1)
