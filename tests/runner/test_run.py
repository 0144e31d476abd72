from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchsuite.analysis import build, latest_plan, remember_plan
from benchsuite.api import DataLocations
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.progress import ProgressBars
from benchsuite.runner import Options, prepare, run
from benchsuite.runner.jobs import make_jobs
from benchsuite.store import Store

pytestmark = pytest.mark.process


def states(tmp_path: Path, plan) -> dict[str, tuple[str, str]]:
    store = Store(tmp_path / "runs")
    comparison = build(plan, store)
    return {row.model: (row.state, row.reason) for row in comparison.rows if row.metric == "ndcg@10"}


def test_what_lacks_a_package_is_tried_again_without_a_word(
    tmp_path: Path, run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever follows the remedy, pip install, must not be told that there is nothing to do."""
    monkeypatch.setenv("TOY_PACKAGES", str(tmp_path))
    plan, first, _ = run_toy(toy_experiment(["Counts", "Lacks"]))
    reason = "validation: Lacks needs the package six-legs, which is not installed; pip install six-legs"
    assert states(tmp_path, plan)["Lacks"] == ("failed", reason)
    store = Store(tmp_path / "runs")
    lacking = next(cell for cell in plan.cells if cell.model == "Lacks")
    log = (store.folder("cell", lacking.key) / "log.txt").read_text()
    assert "Traceback" not in log, "a foreseen error says all that there is to say"
    assert (first.done, len(first.failed)) == (4, 2)
    (tmp_path / "six_legs").touch()
    plan, second, watcher = run_toy(toy_experiment(["Counts", "Lacks"]))
    assert (second.found, second.done, second.failed) == (2, 2, [])
    assert any("trying again: Lacks" in line for line in watcher.lines)


def test_a_study_whose_trials_lacked_a_package_is_done_again_without_a_word(
    tmp_path: Path, run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_PACKAGES", str(tmp_path))
    tune = {"on": "ndcg@10", "trials": 2}
    experiment = toy_experiment(["Counts", "Lacks", "Raises"], metrics=["ndcg@10"], tune=tune)
    _, first, _ = run_toy(experiment)
    assert len(first.failed_trials) == 4
    (tmp_path / "six_legs").touch()
    plan, second, watcher = run_toy(experiment)
    assert [place for place, _ in second.failed_trials] == ["trial of Raises on Toy, random-holdout"] * 2
    assert states(tmp_path, plan)["Lacks"] == ("ok", "")
    again = [line for line in watcher.lines if line.startswith("trying again: ")]
    assert len(again) == 3  # two trials and the row; none of Raises
    assert all("Lacks" in line for line in again)


@pytest.mark.slow
def test_every_cell_has_a_value_or_a_reason(tmp_path: Path, run_toy, toy_experiment) -> None:
    models = ["Counts", "Raises", "Dies", "Exits", "Writes", "Wants"]
    plan, outcome, watcher = run_toy(toy_experiment(models))
    found = states(tmp_path, plan)
    assert found["Counts"] == ("ok", "")
    line = (Path(__file__).parent / "toy.py").read_text("utf-8").partition('raise ValueError("two')[0].count("\n") + 1
    assert found["Raises"] == ("failed", f"validation: ValueError: two lines (toy.py, line {line})")
    assert found["Dies"] == ("failed", "validation: the process was killed by SIGKILL, probably out of memory")
    assert found["Exits"] == ("failed", "validation: the process ended early with code 7: the last words")
    assert found["Writes"][0] == "failed"
    assert "read-only: copy it before you change it" in found["Writes"][1]
    assert found["Wants"] == ("not applicable", "needs item text and links between users")
    assert (outcome.planned, outcome.done, outcome.not_applicable, len(outcome.failed)) == (12, 10, 2, 8)
    assert ("fit", "done") in watcher.moved
    store = Store(tmp_path / "runs")
    raised = next(cell for cell in plan.cells if cell.model == "Raises")
    log = (store.folder("cell", raised.key) / "log.txt").read_text()
    assert "so far so good" in log
    assert "Traceback" in log


def test_no_two_jobs_share_a_name(tmp_path: Path, toy_experiment) -> None:
    """A terminal keeps its bars by name: of two jobs with one name, the first to end took the bar of the other."""
    experiment = toy_experiment(
        ["Counts", "Sleeps"],
        seeds=[1, 2],
        splits=["random-holdout", {"use": "k-fold", "with": {"folds": 3}}],
    )
    store = Store(tmp_path / "runs")
    plan = prepare(experiment, store, DataLocations(cache=tmp_path / "cache", offline=True), lambda _: None)
    names = [job.label for job in make_jobs(plan, plan.cells, 1, "cpu")]
    assert len(names) == len(set(names)) == 2 * 2 * (1 + 3)
    assert "Counts on Toy, random-holdout, seed 2" in names


def test_two_seeds_show_at_once(tmp_path: Path, toy_experiment) -> None:
    class Names(ProgressBars):
        most = 0

        def job_started(self, label: str) -> None:
            super().job_started(label)
            self.most = max(self.most, len(self._jobs))

    experiment = toy_experiment(["Counts"], seeds=[1, 2, 3])
    store = Store(tmp_path / "runs")
    plan = prepare(experiment, store, DataLocations(cache=tmp_path / "cache", offline=True), lambda _: None)
    with Names(quiet=True) as watch:
        _, outcome = run(plan, store, Options(workers=3, threads=1), watch)
    assert outcome.done == 6
    assert watch.most == 3


def test_a_second_run_fits_nothing(tmp_path: Path, run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = tmp_path / "marks"
    monkeypatch.setenv("TOY_MARKS", str(marks))
    _, first, _ = run_toy(toy_experiment(["Counts", "Raises"]))
    before = marks.read_text()
    _, second, watcher = run_toy(toy_experiment(["Counts", "Raises"]))
    assert (first.done, second.done, second.found) == (4, 0, 4)
    assert marks.read_text() == before
    assert watcher.ended == []
    _, third, _ = run_toy(toy_experiment(["Counts", "Raises"]), Options(threads=1, retry_failed=True))
    assert third.done == 2


@pytest.mark.slow
def test_other_settings_are_other_cells_and_labels_are_not(run_toy, finished_run, toy_experiment) -> None:
    finished_run(toy_experiment(["Counts"]))
    _, same, _ = run_toy(toy_experiment([{"use": "Counts", "label": "another name", "with": {"power": 1}}]))
    assert same.done == 0
    _, grid, _ = run_toy(toy_experiment([{"use": "Counts", "grid": {"power": [1.0, 0.5]}}]))
    assert (grid.planned, grid.done) == (4, 2)
    _, seed, _ = run_toy(toy_experiment(["Counts"], seeds=[5]))
    assert seed.done == 2


@pytest.mark.slow
def test_a_cell_that_takes_too_long_is_stopped(tmp_path: Path, run_toy, toy_experiment) -> None:
    plan, _, watcher = run_toy(toy_experiment(["Sleeps", "Counts"], timeout_minutes=0.05))
    late = [(stage, reason) for label, stage, _, reason in watcher.ended if label.startswith("Sleeps")]
    assert late == [(stage, "stopped after 0.05 minutes") for stage in ("validation", "test")]  # each had its time
    assert states(tmp_path, plan)["Sleeps"][1] == "validation: stopped after 0.05 minutes"
    assert states(tmp_path, plan)["Counts"] == ("ok", "")


@pytest.mark.slow
def test_two_workers_give_the_same_numbers(tmp_path: Path, run_toy, toy_experiment) -> None:
    models = [{"use": "Counts", "grid": {"power": [0.5, 1.0, 1.5]}}]
    plan, _, _ = run_toy(toy_experiment(models), Options(workers=2, threads=1))
    values = {r.model: r.mean for r in build(plan, Store(tmp_path / "runs")).rows if r.metric == "ndcg@10"}
    assert len(values) == 3
    assert len(set(values.values())) == 1  # a power does not change an order


def test_seeds_are_averaged_and_counted(tmp_path: Path, run_toy, toy_experiment) -> None:
    plan, _, _ = run_toy(toy_experiment(["Counts"], seeds=[1, 2]))
    rows = {r.metric: r for r in build(plan, Store(tmp_path / "runs")).rows}
    one = {}
    for seed in (1, 2):
        single, _, _ = run_toy(toy_experiment(["Counts"], seeds=[seed]))
        one[seed] = {r.metric: r for r in build(single, Store(tmp_path / "runs")).rows}
    for metric in ("ndcg@10", "f1"):
        assert rows[metric].mean == pytest.approx((one[1][metric].mean + one[2][metric].mean) / 2)
        assert rows[metric].n == one[1][metric].n + one[2][metric].n
        assert rows[metric].ci_low < rows[metric].mean < rows[metric].ci_high


@pytest.mark.slow
def test_tuning_gives_every_model_the_same_trials_and_replays(
    tmp_path: Path, run_toy, toy_experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = tmp_path / "marks"
    monkeypatch.setenv("TOY_MARKS", str(marks))
    tune = {"on": "ndcg@10", "trials": 4}
    experiment = toy_experiment(
        ["Counts", {"use": "Counts", "label": "other", "with": {"power": 0.3}}, "Raises"], tune=tune
    )
    plan, outcome, watcher = run_toy(experiment)
    assert watcher.expected == [2 * 4 + 1 + 3, 3]  # the trials and then the tests
    by_model = {trials.model: trials for trials in plan.tuning}
    assert len(by_model["Counts"].values) == 4
    assert by_model["Counts"].settings[0] == {"power": 1.0}
    assert list(by_model["other"].settings) == [{"power": 0.3}]  # what the experiment gives is not searched
    assert by_model["Raises"].best is None
    assert set(by_model["Raises"].values) == {None}
    best = by_model["Counts"]
    assert best.values[best.best] == max(best.values)
    tuned = next(c for c in plan.cells if c.model == "Counts" and c.stage == "test")
    assert tuned.identity["model"]["settings"] == best.settings[best.best]
    before = marks.read_text()
    again, outcome, watcher = run_toy(experiment)
    assert again == plan
    assert watcher.expected == [3, 0]
    assert outcome.done == 0
    assert marks.read_text() == before
    store = Store(tmp_path / "runs")
    for key in store.keys("tune"):
        store.drop("tune", key)
    replayed, outcome, _ = run_toy(experiment)
    assert replayed == plan
    assert marks.read_text() == before


@pytest.mark.slow
def test_the_latest_plan_is_remembered_and_its_own_trials_are_no_earlier_results(
    tmp_path: Path, run_toy, toy_experiment
) -> None:
    experiment = toy_experiment(["Counts"], metrics=["f1"], tune={"on": "f1", "trials": 2})
    plan, outcome, watcher = run_toy(experiment)
    assert (outcome.found, outcome.done) == (0, 2)  # the best trial is the plan's cell of validation
    assert not any(line.startswith("resumed") for line in watcher.lines)
    _, again, _ = run_toy(experiment)
    assert (again.found, again.done) == (2, 0)
    store = Store(tmp_path / "runs")
    remember_plan(store, plan)
    assert latest_plan(store, "toy") == plan


def test_a_worker_whose_runner_ended_before_it_began_ends_too() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    code = f"from benchsuite.runner.worker import _end_with_parent; _end_with_parent({gone.pid})"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 1


def _workers(scratch: Path) -> list[psutil.Process]:
    """Return those who write to a log there: workers, and who starts them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            logs = [file.path for file in process.open_files() if file.path.endswith(".txt")]
            if any(path.startswith(str(scratch)) for path in logs):
                found.append(process)
    return found


@pytest.mark.slow
def test_a_kill_loses_only_the_cell_in_flight(tmp_path: Path) -> None:
    """SIGKILL to the whole group in the middle, then the same command: nothing finished is done again."""
    here = Path(__file__).parent
    experiment = tmp_path / "toy.toml"
    experiment.write_text(
        'name = "toy"\n'
        f'sources = ["{here}/toy.py:Toy"]\nsplits = ["random-holdout"]\nmetrics = ["accuracy", "ndcg@10"]\n'
        f'models = ["{here}/toy.py:Counts", "{here}/toy.py:Sleeps"]\n'
    )
    marks = tmp_path / "marks"
    command = [sys.executable, "-m", "benchsuite.cli.main", "run", str(experiment), "--store", str(tmp_path / "runs")]
    scratch = tmp_path / "scratch"  # logs of workers are there, so they can be found
    scratch.mkdir()
    environment = os.environ | {"TOY_MARKS": str(marks), "BENCHSUITE_DATA": "", "TMPDIR": str(scratch)}
    environment["BENCHSUITE_CACHE"] = str(tmp_path / "cache")
    process = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.PIPE)
    store = Store(tmp_path / "runs")
    deadline = time.monotonic() + 60
    while len(store.keys("cell")) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    while len(_workers(scratch)) < 2:  # who forks, and a fork
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)  # at once: the worker may not have read its job yet
    process.communicate()
    while _workers(scratch) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _workers(scratch) == []  # they notice that nobody waits for them
    done = store.keys("cell")
    assert len(done) == 2
    before = marks.read_text()
    text = experiment.read_text().replace(f', "{here}/toy.py:Sleeps"', "")
    experiment.write_text(text)
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "2 were there" in again.stdout
    assert marks.read_text() == before


@pytest.mark.slow
def test_where_only_rankings_are_judged_and_nothing_is_tuned_no_validation_cell_is_fitted(
    tmp_path: Path, run_toy, toy_experiment
) -> None:
    plan, outcome, _ = run_toy(toy_experiment(["Counts"], metrics=["ndcg@10", "coverage@10"]))
    assert [cell.stage for cell in plan.cells] == ["test"]
    assert outcome.planned == outcome.done == 1
    alone = build(plan, Store(tmp_path / "runs"))
    assert alone.provenance["readings"] == {}
    assert not any("threshold" in note for note in alone.notes)
    judged, second, _ = run_toy(toy_experiment(["Counts"], metrics=["ndcg@10", "coverage@10", "accuracy"]))
    assert (second.found, second.done) == (1, 1)  # the fit on the whole training part is the same
    both = build(judged, Store(tmp_path / "runs"))
    assert len(both.provenance["readings"]) == 1

    def ranked(comparison):
        return [row for row in comparison.rows if row.metric in ("ndcg@10", "coverage@10")]

    assert ranked(alone) == ranked(both)
    assert ranked(alone)[0].state == "ok"


LIGHT = ["item-knn", "als", "ease", "content-tfidf", "als-content"]


@pytest.mark.slow
def test_the_number_of_workers_changes_no_bit(tmp_path: Path) -> None:
    table = {
        "name": "light",
        "sources": [{"use": "demo", "with": {"users": 80, "items": 60, "events_per_user": 12}}],
        "splits": ["random-holdout"],
        "models": [{"use": name} for name in LIGHT],
        "metrics": ["ndcg@10"],
    }
    experiment = check_experiment(table, "a test")
    stores = [Store(tmp_path / f"{workers} workers") for workers in (1, 2)]
    for workers, store in enumerate(stores, start=1):
        plan = prepare(experiment, store, DataLocations(cache=tmp_path / "cache", offline=True), lambda _: None)
        with ProgressBars(quiet=True) as watch:
            _, outcome = run(plan, store, Options(workers=workers), watch)
        assert (outcome.done, outcome.failed) == (len(LIGHT), [])
    for cell in plan.cells:
        one, two = (store.get("cell", cell.key).arrays() for store in stores)
        assert one.keys() == two.keys()
        for name in one:
            assert one[name].tobytes() == two[name].tobytes(), (cell.model, name)
