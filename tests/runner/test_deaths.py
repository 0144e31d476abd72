"""What is killed from outside says nothing about a model: it is tried once more, and never sealed unmarked."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from pathlib import Path

import pytest

from benchsuite.analysis import build, latest_plan
from benchsuite.api import DataLocations
from benchsuite.errors import UsageError
from benchsuite.functions.run import _perform
from benchsuite.plan import Plan
from benchsuite.progress import ProgressBars
from benchsuite.runner import Options, jobs, local_executor, prepare, with_finished_studies, worker_processes
from benchsuite.runner.jobs import WorkerJob
from benchsuite.runner.scratch import check_room
from benchsuite.runner.worker_processes import ForkServer
from benchsuite.store import Store

linux = pytest.mark.skipif(not worker_processes.FORKS, reason="workers are forked on Linux only")
RETRY = Options(threads=1, retry_failed=True)


@pytest.fixture
def deaths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says how many more fits shall die."""
    file = tmp_path / "deaths"
    file.write_text("0")
    monkeypatch.setenv("TOY_DEATHS", str(file))
    return file


@pytest.mark.slow
def test_a_cell_whose_process_is_killed_is_tried_once_more(run_toy, toy_experiment, deaths) -> None:
    deaths.write_text("1")
    _, outcome, watcher = run_toy(toy_experiment(["Mortal"]))
    assert (outcome.done, outcome.failed) == (2, [])
    assert [stage for _, stage, _ in watcher.again] == ["validation"]


@pytest.mark.slow
def test_killed_twice_it_has_failed_and_the_other_stage_is_still_done(
    tmp_path: Path, run_toy, toy_experiment, deaths
) -> None:
    deaths.write_text("2")
    plan, outcome, _ = run_toy(toy_experiment(["Mortal"]))
    assert [reason for _, reason in outcome.failed] == ["the process was killed by SIGKILL, probably out of memory"]
    store = Store(tmp_path / "runs")
    validation, test = (store.get("cell", cell.key).manifest for cell in plan.cells)
    assert (validation["state"], validation["cause"], test["state"]) == ("failed", "signal", "ok")
    _, outcome, _ = run_toy(toy_experiment(["Mortal"]), RETRY)
    assert (outcome.done, outcome.failed) == (1, [])


@pytest.mark.slow
def test_the_cause_of_a_failure_is_kept(tmp_path: Path, run_toy, toy_experiment) -> None:
    causes = {"Raises": "error", "Exits": "error", "Dies": "signal", "Sleeps": "timeout"}
    store, found = Store(tmp_path / "runs"), {}
    for models, limit in ((["Raises", "Exits", "Dies"], 10), (["Sleeps"], 0.03)):
        plan, _, _ = run_toy(toy_experiment(models, metrics=["ndcg@10"], timeout_minutes=limit))
        found |= {cell.model: store.get("cell", cell.key).manifest["cause"] for cell in plan.cells}
    assert found == causes


@pytest.mark.slow
@linux
def test_jobs_whose_starting_process_is_killed_are_started_again(run_toy, toy_experiment, deaths) -> None:
    deaths.write_text("1")
    _, outcome, _ = run_toy(toy_experiment(["Orphan"]))
    assert (outcome.done, outcome.failed) == (2, [])


@pytest.mark.slow
@linux
def test_a_model_that_always_kills_its_starting_process_fails_alone(run_toy, toy_experiment, deaths) -> None:
    deaths.write_text("99")
    _, outcome, _ = run_toy(toy_experiment(["Orphan", "Counts"], metrics=["ndcg@10"]))
    ((place, reason),) = outcome.failed
    assert place.startswith("Orphan")
    assert reason == "the process that starts workers ended with code -9"


def test_no_room_for_one_more_process_fails_that_cell_only(
    run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(ForkServer):
        def start(self, job: Path, log: Path, pipe: int):
            if WorkerJob.load(job).cells[0]["identity"]["model"]["plugin"].endswith("Raises"):
                raise BlockingIOError(11, "Resource temporarily unavailable")
            return super().start(job, log, pipe)

    monkeypatch.setattr(local_executor, "worker_factory", Full)
    _, outcome, watcher = run_toy(toy_experiment(["Raises", "Counts"], metrics=["ndcg@10"]))
    assert [reason for _, reason in outcome.failed] == [
        "no process could be started for it: Resource temporarily unavailable"
    ]
    assert len(watcher.again) == 1


def test_an_executor_expects_each_job_before_its_input_is_written(run_toy, toy_experiment) -> None:
    """One that has no process then is asked no further for that job: each try waits for seconds."""
    asked: list[str] = []

    class Small(local_executor.LocalExecutor):
        def expect(self, job):
            asked.append(f"expect {job.cells[0]['identity']['model']['plugin'].rpartition(':')[2]}")
            assert not list(self._scratch.glob("*/job.json"))
            if asked[-1].endswith("Raises"):
                raise BlockingIOError(11, "Resource temporarily unavailable")
            super().expect(job)

        def start(self, job, order, log, pipe):
            asked.append("start")
            assert order.exists()
            return super().start(job, order, log, pipe)

    _, outcome, _ = run_toy(
        toy_experiment(["Raises", "Counts"], metrics=["ndcg@10"]), Options(threads=1, executor=Small())
    )
    assert [reason for _, reason in outcome.failed] == [
        "no process could be started for it: Resource temporarily unavailable"
    ]
    assert asked.count("expect Raises") == 2
    assert asked.count("start") == 1


def test_servers_of_later_jobs_start_while_the_first_works(
    run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a language model imports takes seconds; each set of modules has one server, and a refusal ends no run."""
    made: list[tuple[str, ...]] = []

    class Noted(ForkServer):
        def __init__(self, modules, threads, scratch) -> None:
            made.append(tuple(modules))
            if made.count(made[-1]) == 1 and modules:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            super().__init__(modules, threads, scratch)

    modules = {"Threads": ("json.tool",)}
    monkeypatch.setattr(local_executor, "worker_factory", Noted)
    monkeypatch.setattr(jobs, "modules_for", lambda plugin, _: modules.get(plugin.rpartition(":")[2], ()))
    _, outcome, watcher = run_toy(toy_experiment(["Counts", "Threads"], metrics=["ndcg@10"]))
    assert (outcome.failed, watcher.again) == ([], [])
    assert made == [(), ("json.tool",), ("json.tool",)]
    assert [label.partition(" ")[0] for label, *_ in watcher.ended] == ["Counts", "Threads"]


def test_an_executor_foresees_all_jobs_once_the_first_works(run_toy, toy_experiment) -> None:
    told: list[str] = []

    class Told(local_executor.LocalExecutor):
        def foresee(self, jobs):
            told.append("foresee " + ", ".join(job.label.partition(" ")[0] for job in jobs))

        def start(self, job, order, log, pipe):
            told.append(f"start {job.label.partition(' ')[0]}")
            return super().start(job, order, log, pipe)

    run_toy(toy_experiment(["Counts", "Threads"], metrics=["ndcg@10"]), Options(threads=1, executor=Told()))
    assert told == ["start Counts", "foresee Counts, Threads", "start Threads"]


@pytest.mark.slow
@linux
def test_a_fork_that_is_refused_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import os, sys\n"
        "from benchsuite.runner import fork_server, worker_processes\n"
        "def refuse(): raise BlockingIOError(11, 'no room')\n"
        "os.fork, worker_processes._PAUSES = refuse, ()\n"
        "fork_server.main(int(sys.argv[1]), [])"
    )
    popen = worker_processes._popen
    monkeypatch.setattr(
        worker_processes,
        "_popen",
        lambda words, *rest: popen([sys.executable, "-c", code, words[words.index("-m") + 2]], *rest),
    )
    starter = ForkServer((), 1, tmp_path)
    log = tmp_path / "log.txt"
    log.touch()
    receiving, sending = os.pipe()
    child = starter.start(tmp_path / "no-job.json", log, sending)
    while child.poll() is None:
        assert starter.read_reports()
    assert child.lost == "no process could be started for it: no room"
    starter.close()
    os.close(receiving)
    os.close(sending)


@pytest.mark.slow
@linux
def test_a_model_that_deletes_the_folder_for_temporary_files_ends_no_run(
    tmp_path: Path, run_toy, toy_experiment
) -> None:
    plan, _, _ = run_toy(toy_experiment(["Tidies", "Counts"], metrics=["ndcg@10"]))
    store = Store(tmp_path / "runs")
    states = {cell.model: store.get("cell", cell.key).manifest["state"] for cell in plan.cells}
    assert states["Counts"] == "ok"


TUNE = {"on": "ndcg@10", "trials": 3}


def _without_names(plan: Plan) -> list[object]:
    return [dataclasses.replace(one, seconds=()) for one in plan.tuning]


@pytest.mark.slow
def test_a_trial_that_is_killed_changes_no_result(tmp_path: Path, run_toy, toy_experiment, deaths) -> None:
    experiment = toy_experiment(["Mortal"], tune=TUNE, metrics=["ndcg@10"])
    undisturbed, _, _ = run_toy(experiment, folder="undisturbed")
    deaths.write_text("1")
    plan, outcome, _ = run_toy(experiment)
    assert (outcome.trials, outcome.failed_trials, outcome.failed) == (3, [], [])
    assert _without_names(plan) == _without_names(undisturbed)
    deaths.write_text("2")
    spoilt, outcome, _ = run_toy(experiment, folder="spoilt")
    reason = "the process was killed by SIGKILL, probably out of memory"
    assert outcome.failed_trials == [("trial of Mortal on Toy, random-holdout", reason)]
    assert spoilt.tuning[0].reasons == (reason, "", "")
    assert spoilt == Plan.from_json(spoilt.to_json())
    notes = build(spoilt, Store(tmp_path / "spoilt")).notes
    assert f"Of 3 tuning trials of Mortal, 1 failed: {reason} (1)." in notes
    mended, outcome, _ = run_toy(experiment, RETRY, folder="spoilt")
    assert (outcome.failed_trials, outcome.failed) == ([], [])
    assert _without_names(mended) == _without_names(undisturbed)
    assert mended.cells == undisturbed.cells


@pytest.mark.slow
def test_two_models_that_come_to_the_same_trial_share_it(run_toy, toy_experiment) -> None:
    models = ["Counts", {"use": "Counts", "label": "other"}]
    plan, outcome, _ = run_toy(toy_experiment(models, tune=TUNE, metrics=["ndcg@10"]), Options(workers=2, threads=1))
    assert outcome.failed == []
    assert plan.tuning[0].keys == plan.tuning[1].keys


class _Stopped(ProgressBars):
    """Stops the run before it begins."""

    def expect(self, cells: int) -> None:
        raise KeyboardInterrupt


@pytest.mark.slow
def test_a_run_that_is_stopped_at_once_hides_no_finished_study(tmp_path: Path, run_toy, toy_experiment) -> None:
    experiment = toy_experiment(["Counts", "Raises"], tune={"on": "ndcg@10", "trials": 2}, metrics=["ndcg@10"])
    plan, _, _ = run_toy(experiment)
    store = Store(tmp_path / "runs")
    place = DataLocations(cache=tmp_path / "cache", offline=True)
    fresh = prepare(experiment, store, place, lambda _: None)
    assert fresh != plan
    assert with_finished_studies(fresh, store) == plan
    for options in (Options(), RETRY):
        with pytest.raises(KeyboardInterrupt):
            _perform(experiment, store, place, options, _Stopped(quiet=True), lambda _: None)
        assert latest_plan(store, "toy") == plan
    wider = toy_experiment(["Counts", "Mortal"], tune={"on": "ndcg@10", "trials": 2}, metrics=["ndcg@10"])
    half = with_finished_studies(prepare(wider, store, place, lambda _: None), store)
    assert [about.tuned for about in half.models] == [True, False]
    assert [one.model for one in half.tuning] == ["Counts"]


def test_a_model_that_says_the_disk_is_full_has_failed(tmp_path: Path) -> None:
    check_room(tmp_path, "OSError: [Errno 28] No space left on device")
    check_room(tmp_path / "gone", "OSError: [Errno 28] No space left on device")


def test_a_disk_that_is_full_is_no_models_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(UsageError, match="temporary files cannot be written: No space left on device"):
        check_room(Path(), "OSError: [Errno 28] No space left on device")
    check_room(Path(), "ValueError: of another kind")
