"""Several runs on one store do each fit once and take over what a dead one leaves; limits by hand; equal bytes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import benchsuite
from benchsuite import analysis
from benchsuite.api import DataLocations
from benchsuite.functions.plan import Status
from benchsuite.keys import content_key
from benchsuite.runner import Options, prepare
from benchsuite.runner import run as work
from benchsuite.runner.jobs import Limits, make_jobs
from benchsuite.runner.shared_jobs import SharedJobs
from benchsuite.store import Leases, Store, held

POWERS = {"use": "Counts", "grid": {"power": [0.2, 0.4, 0.6, 0.8, 1.0, 1.2]}}


def planned(tmp_path: Path, experiment: Any) -> tuple[Any, Store]:
    store = Store(tmp_path / "runs")
    place = DataLocations(cache=tmp_path / "cache", offline=True, say=lambda _: None)
    return prepare(experiment, store, place, lambda _: None), store


def of_the_dead(store: Store, key: str) -> None:
    """Leave a lease of a process that is gone."""
    Leases(store.root).take("cell", key, "a fit")
    (path,) = (store.root / "leases").glob(f"cell-{key}.*")
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"process": told["process"] | {"started": -1.0}}))


@pytest.mark.slow
@pytest.mark.parametrize("tune", [None, {"on": "ndcg@10", "trials": 3}])
def test_two_runs_do_each_fit_once(
    tmp_path: Path, toy_experiment, silent_watcher, monkeypatch: pytest.MonkeyPatch, tune: Any
) -> None:
    monkeypatch.setenv("TOY_MARKS", str(tmp_path / "marks"))
    models = [POWERS] if tune is None else ["Counts", {"use": "Counts", "label": "again"}]
    experiment = toy_experiment(models, metrics=["ndcg@10"], tune=tune)
    done: list[Any] = []

    def go() -> None:
        plan, store = planned(tmp_path, experiment)
        done.append(work(plan, store, Options(threads=1), silent_watcher))

    runs = [threading.Thread(target=go) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    (one, first), (two, second) = done
    assert {cell.key for cell in one.cells} == {cell.key for cell in two.cells}
    cells = Store(tmp_path / "runs").keys("cell")
    marks = (tmp_path / "marks").read_text().splitlines()
    assert len(marks) == len(cells)
    if tune is None:
        assert Counter(marks) == Counter(map(str, POWERS["grid"]["power"]))  # type: ignore[index]
        assert first.done + second.done == len(marks)
        assert first.done + first.elsewhere + first.found == len(marks)
    assert not (tmp_path / "runs" / "leases").exists()


@pytest.mark.slow
@pytest.mark.process
def test_four_processes_do_each_fit_once(tmp_path: Path) -> None:
    """As four terminals would: each fit is begun once, and what they say that they did adds up."""
    toy = Path(__file__).parent / "toy.py"
    (tmp_path / "toy.toml").write_text(
        f'name = "toy"\nseeds = [1, 2]\nsources = ["{toy}:Toy"]\nsplits = ["random-holdout"]\n'
        f'models = [{{ use = "{toy}:Counts", grid = {{ power = [0.2, 0.4, 0.6, 0.8, 1.0] }} }}]\n'
        'metrics = ["f1", "ndcg@10"]\n'
    )
    words = [sys.executable, "-m", "benchsuite", "run", "toy.toml", "--store", "runs", "--offline", "--json"]
    more = {"TOY_MARKS": str(tmp_path / "marks"), "BENCHSUITE_CACHE": str(tmp_path / "cache")}
    runs = [
        subprocess.Popen(words, cwd=tmp_path, env=os.environ | more, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(4)
    ]
    told = [json.loads(run.communicate(timeout=300)[0]) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0, 0]
    store = Store(tmp_path / "runs")
    assert len(store.keys("cell")) == len((tmp_path / "marks").read_text().splitlines()) == 20
    assert sum(one["done"] for one in told) == 20
    assert not (store.root / "leases").exists()
    assert not (store.root / "running").exists()


def test_one_run_judges_at_a_time(
    tmp_path: Path, toy_experiment, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """While another run makes the tables of an experiment, this one waits and says so; then it reads what was kept."""
    experiment = toy_experiment(["Counts"], metrics=["ndcg@10"])
    store = tmp_path / "runs"
    real, held_then = analysis.build, []

    def watched(*words: Any) -> Any:
        held_then.append([holder.kind for holder in held(store)])
        return real(*words)

    monkeypatch.setattr(analysis, "build", watched)
    with Leases(store) as theirs:
        store.mkdir()
        key = content_key("tables", "toy")
        assert theirs.take("tables", key, "the tables of toy") is None
        run = threading.Thread(target=benchsuite.run, args=(experiment,), kwargs={"store": store, "offline": True})
        run.start()
        said = ""
        while run.is_alive() and "waiting for the tables of toy, which process" not in said:
            said += capfd.readouterr().err
            run.join(0.1)
        assert held_then == []
        theirs.give_back("tables", key)
        run.join()
    assert "waiting for the tables of toy, which process" in said
    assert held_then == [["tables"]]
    assert not (store / "leases").exists()


def test_what_a_dead_run_had_is_done(tmp_path: Path, toy_experiment, silent_watcher) -> None:
    plan, store = planned(tmp_path, toy_experiment(["Counts"], metrics=["ndcg@10"]))
    of_the_dead(store, plan.cells[0].key)
    assert Status(plan, store, planned=False).totals == {"to do": 1}
    _, outcome = work(plan, store, Options(threads=1), silent_watcher)
    assert (outcome.done, outcome.elsewhere) == (1, 0)
    assert not (store.root / "leases").exists()


def test_what_another_run_has_is_left_to_it(tmp_path: Path, toy_experiment) -> None:
    plan, store = planned(tmp_path, toy_experiment([POWERS], metrics=["ndcg@10"]))
    jobs = make_jobs(plan, plan.cells, 1, "cpu")
    with Leases(store.root) as theirs, Leases(store.root) as ours:
        first, second = (job.cells[0]["key"] for job in jobs[:2])
        theirs.take("cell", first, "the first")
        status = Status(plan, store, planned=False)
        assert status.totals == {"running": 1, "to do": 5}
        queue = SharedJobs(jobs[:2], store, ours)
        job = queue.pop()
        assert job is not None
        assert job.cells[0]["key"] == second
        assert queue.pop() is None
        assert [holder.about for holder in queue.waits_for()] == ["the first"]
        queue.ended(job)
        assert theirs.take("cell", second) is None  # given back
        with store.write("cell", first) as draft:
            draft.manifest = {"state": "failed", "reason": "x", "costs": {}, "provenance": {"hardware": {}}}
        assert queue.pop() is None
        assert queue.elsewhere == {first}
        assert queue.waits_for() == []


def test_a_run_that_waits_says_for_whom(tmp_path: Path, toy_experiment, silent_watcher) -> None:
    plan, store = planned(tmp_path, toy_experiment(["Counts"], metrics=["ndcg@10"]))
    theirs = Leases(store.root)
    theirs.take("cell", plan.cells[0].key)
    say = silent_watcher.say

    def give_back(line: str) -> None:
        say(line)
        if line.startswith("waiting"):
            theirs.give_back("cell", plan.cells[0].key)

    silent_watcher.say = give_back
    _, outcome = work(plan, store, Options(threads=1), silent_watcher)
    assert outcome.done == 1
    waiting = [line for line in silent_watcher.lines if line.startswith("waiting for process ")]
    assert len(waiting) == 1


def test_limits_by_hand_take_the_place_of_the_experiments(tmp_path: Path, toy_experiment) -> None:
    plan, _ = planned(tmp_path, toy_experiment(["Counts"], timeout_minutes=3, memory_gib=2))
    (job,) = make_jobs(plan, plan.cells, 1, "cpu")
    assert (job.timeout, job.memory) == (180.0, 2 * 2**30)
    (job,) = make_jobs(plan, plan.cells, 1, "cpu", Limits(0.5, 0.25))
    assert (job.timeout, job.memory) == (30.0, 2**28)


def test_too_much_memory_is_a_failure_that_names_the_limit(tmp_path: Path, toy_experiment, silent_watcher) -> None:
    plan, store = planned(tmp_path, toy_experiment(["Hoards"], metrics=["ndcg@10"]))
    _, outcome = work(plan, store, Options(threads=1, limits=Limits(None, 1.0)), silent_watcher)
    ((_, reason),) = outcome.failed
    assert "MemoryError" in reason
    assert reason.endswith("its memory limit is 1 GiB")
    text = Status(plan, store, planned=False).text()
    assert "\n    numpy." in text  # the last line of its log
    assert "    hoarding" not in text  # one of the first


@pytest.mark.slow
def test_a_second_try_says_what_it_tries(run_toy, toy_experiment) -> None:
    experiment = toy_experiment(["Raises", "Counts"], metrics=["ndcg@10"])
    _, before, first = run_toy(experiment)
    _, after, second = run_toy(experiment, Options(threads=1, retry_failed=True))
    assert not [line for line in first.lines if line.startswith("trying again")]
    (line,) = [line for line in second.lines if line.startswith("trying again")]
    assert line.startswith("trying again: Raises on Toy, random-holdout, test, which failed: ")
    assert before.failed[0][1] in line
    assert (after.done, after.found) == (1, 1)


@pytest.mark.slow
def test_a_second_try_of_trials_says_which(run_toy, toy_experiment) -> None:
    experiment = toy_experiment(["Raises"], metrics=["ndcg@10"], tune={"on": "ndcg@10", "trials": 2})
    _, before, _ = run_toy(experiment)
    _, after, watcher = run_toy(experiment, Options(threads=1, retry_failed=True))
    lines = [line for line in watcher.lines if line.startswith("trying again: Raises on Toy, random-holdout, trial")]
    assert [line.partition(" trial ")[2][:6] for line in lines] == ["1 of 2", "2 of 2"]
    reasons = [reason for _, reason in before.failed_trials]
    assert [line.partition(", which failed: ")[2] for line in lines] == reasons
    assert len(after.failed_trials) == 2


@pytest.mark.slow
def test_six_identical_commands_are_six_identical_files(tmp_path: Path) -> None:
    """The same run anew in six stores, by one, two and four workers: every answer is the same bytes."""
    from benchsuite.plan.experiment_file import check_experiment

    small = {"users": 40, "items": 30, "events_per_user": 8}
    table = {
        "name": "six",
        "sources": [{"use": "demo", "with": small}],
        "splits": ["random-holdout"],
        "models": ["popular", "random", "ease", "item-knn", "als"],
        "metrics": ["ndcg@10"],
    }
    sums = []
    for number, workers in enumerate((1, 1, 2, 2, 4, 4)):
        plan, store = planned(tmp_path / str(number), check_experiment(table, "a test"))
        _, outcome = work(plan, store, Options(workers=workers), Silent())
        assert not outcome.failed
        files = {cell.key: store.get("cell", cell.key).path("arrays.npz") for cell in plan.cells}
        sums.append({key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in files.items()})
    assert len(sums[0]) == len(table["models"])
    assert all(one == sums[0] for one in sums)


class Silent:
    """A watcher that shows nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None
