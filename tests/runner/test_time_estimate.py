"""Order and estimate: cheap fits of all splits first, times from the store before typical ones, numbers unmoved."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from benchsuite.analysis import build
from benchsuite.api import DataLocations
from benchsuite.functions.plan import Status
from benchsuite.functions.plugin_facts import experiments
from benchsuite.plan import read_experiment
from benchsuite.plan.experiment_file import Tune
from benchsuite.runner import Options, prepare, run
from benchsuite.runner.running_now import Heartbeat, running_now
from benchsuite.runner.time_estimate import TimeEstimate, about_missing, duration
from benchsuite.runner.typical_times import Size, _table, typical, usual
from benchsuite.store import Store

pytestmark = pytest.mark.process

METRICS = ("accuracy", "f1", "ndcg@10", "recall@5")
SPLITS = ["random-holdout", {"use": "item-cold", "with": {"items": 0.3}}]


def planned(tmp_path: Path, experiment, folder: str = "runs"):
    store = Store(tmp_path / folder)
    place = DataLocations(cache=tmp_path / "cache", offline=True)
    return prepare(experiment, store, place, lambda _: None), store


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "1 second"),
        (1.9, "2 seconds"),
        (22, "20 seconds"),
        (70, "1 minute"),
        (400, "7 minutes"),
        (9000, "2.5 hours"),
        (21600, "6 hours"),
    ],
)
def test_durations_are_rough(seconds, told):
    assert duration(seconds) == told


def test_cheap_fits_of_all_splits_come_before_dear_ones(tmp_path: Path, toy_experiment, monkeypatch) -> None:
    experiment = toy_experiment(["Counts", {"use": "Counts", "label": "dear", "with": {"power": 2.0}}], splits=SPLITS)
    plan, store = planned(tmp_path, experiment)
    estimate = TimeEstimate(plan, store)
    assert estimate.cheap_first(plan.cells) == list(plan.cells)  # nothing is known of them: the plan's order
    model = next(cell.identity["model"] for cell in plan.cells if cell.model == "dear")
    monkeypatch.setattr(estimate, "seconds", lambda cell: (80.0 if cell.identity["model"] == model else 1.0, "store"))
    order = [(cell.model, cell.split) for cell in estimate.cheap_first(plan.cells) if cell.stage == "test"]
    assert [model for model, _ in order] == ["Counts", "Counts", "dear", "dear"]


def test_what_the_store_measured_counts_and_the_source_is_told(tmp_path: Path, finished_run, toy_experiment) -> None:
    finished_run(toy_experiment(["Counts"], metrics=["ndcg@10"]))
    plan, store = planned(tmp_path, toy_experiment(["Counts", "Raises"], metrics=["ndcg@10"], seeds=[0, 1]))
    estimate = TimeEstimate(plan, store)
    by_model = {cell.model: estimate.seconds(cell) for cell in plan.cells}
    assert by_model["Counts"][1] == "store"
    assert by_model["Raises"] == (None, "")
    told = estimate.sentence([cell for cell in plan.cells if cell.seed == 1], 1)
    assert told == "about 1 second for 2 fits: 1 by what this store measured, 1 not counted, of unknown length"


@pytest.mark.slow
def test_a_run_that_goes_on_says_what_was_there(run_toy, toy_experiment) -> None:
    _, _, first = run_toy(toy_experiment(["Counts"], metrics=["ndcg@10"]))
    assert not any(line.startswith("resumed") for line in first.lines)
    _, _, second = run_toy(toy_experiment(["Counts", "Raises"], metrics=["ndcg@10"]))
    assert "resumed: 1 of 2 fits was there" in second.lines
    assert second.left[-1] is None


@pytest.mark.slow
def test_the_order_of_fits_moves_no_number(
    tmp_path: Path, toy_experiment, silent_watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = ["Counts", {"use": "Counts", "label": "other", "with": {"power": 2.0}}]
    found = []
    for folder, backwards in (("one", False), ("two", True)):
        if backwards:
            monkeypatch.setattr(TimeEstimate, "cheap_first", lambda _, cells: list(reversed(cells)))
        plan, store = planned(tmp_path, toy_experiment(models, splits=SPLITS), folder)
        done, _ = run(plan, store, Options(threads=1), silent_watcher)
        found.append([row for row in build(done, store).rows if row.metric in METRICS])
    assert found[0]
    assert found[0] == found[1]


@pytest.mark.slow
def test_trials_are_numbered_with_what_is_tried(run_toy, toy_experiment) -> None:
    experiment = toy_experiment(["Counts"], metrics=["ndcg@10"], tune={"on": "ndcg@10", "trials": 2})
    _, _, watcher = run_toy(experiment)
    trials = [label for label, *_ in watcher.ended if "trial" in label]
    assert trials
    assert trials[0].startswith("Counts on Toy, random-holdout, trial 1 of 2")
    assert any(line.startswith("tuning first: at most ") for line in watcher.lines)


def test_a_heartbeat_tells_of_jobs_in_flight_and_ends_with_the_run(tmp_path: Path, silent_watcher) -> None:
    store = Store(tmp_path / "runs")
    with Heartbeat(store, "mine", silent_watcher) as pulse:
        pulse.expect(4)
        pulse.job_started("ease on demo")
        pulse.job_moved("ease on demo", "fit", 3, 7, "")
        pulse.cell_ended("ease on demo", "test", "ok", 1.0, "")
        pulse.job_started("als on demo")
        (now,) = running_now(store, "mine")
        assert (now.pid, now.here, now.left) == (os.getpid(), True, 3)
        assert [(job.label, job.phase) for job in now.jobs] == [("ease on demo", "fit 3/7"), ("als on demo", "")]
        assert running_now(store, "other") == []
    assert running_now(store, "mine") == []
    assert not (store.root / "running").exists()


def test_what_a_killed_run_left_does_not_count(tmp_path: Path, silent_watcher) -> None:
    store = Store(tmp_path / "runs")
    pulse = Heartbeat(store, "mine", silent_watcher)
    pulse.__enter__()
    (file,) = (store.root / "running").glob("*.json")
    told = json.loads(file.read_text())
    file.write_text(json.dumps(told | {"process": told["process"] | {"started": -1.0}}))
    assert running_now(store, "mine") == []  # another process has its number now
    elsewhere = told | {"process": told["process"] | {"host": "far-away boot"}}
    file.write_text(json.dumps(elsewhere))
    (now,) = running_now(store, "mine")
    assert (now.host, now.here) == ("far-away", False)
    file.write_text(json.dumps(elsewhere | {"written": time.time() - 10**6}))
    assert running_now(store, "mine") == []
    file.write_text("{")
    assert running_now(store, "mine") == []


def told_by(name: str, store: Store, place: DataLocations) -> str:
    plan = prepare(read_experiment(name), store, place, lambda _: None)
    return about_missing(plan, store)


def in_list(name: str) -> str:
    return next(row["time"] for row in experiments() if row["name"] == name)


@pytest.mark.parametrize("name", ["demo", "demo.v1"])
def test_list_and_plan_tell_the_same_time(tmp_path: Path, name: str) -> None:
    """Where this fails: python benchmarks/typical_times.py."""
    place = DataLocations(cache=tmp_path / "cache", offline=True)
    assert told_by(name, Store(tmp_path / "runs"), place).startswith(f"about {in_list(name)} for ")


@pytest.mark.slow
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("name", ["quick", "newcomers", "claim", "domains"])
def test_so_they_do_of_real_data(tmp_path: Path, name: str, place: DataLocations) -> None:
    assert told_by(name, Store(tmp_path / "runs"), place).startswith(f"about {in_list(name)} for ")


def test_what_a_whole_experiment_took_counts_more_than_its_parts(tmp_path: Path, monkeypatch) -> None:
    """Also where a model of it was never timed; an experiment of other fits is not that one."""
    place = DataLocations(cache=tmp_path / "cache", offline=True)
    for fits, said in ((36, "about 3 hours for 36 fits: 36 by typical"), (35, "about 1 minute for 36 fits")):
        known = {**_table(), "measured": {"demo": {"fits": fits, "seconds": 10_800}}}
        monkeypatch.setattr("benchsuite.runner.typical_times._table", lambda known=known: known)
        assert told_by("demo", Store(tmp_path / "runs"), place).startswith(said)


def test_times_grow_with_the_data_and_with_passes() -> None:
    small = Size(usual().rows // 10, usual().items // 10)
    whole, tenth = (typical("benchsuite/flm", {}, size) for size in (usual(), small))
    short = typical("flm", {"epochs": 2}, usual())
    assert whole is not None
    assert tenth is not None
    assert short is not None
    assert tenth.own < whole.own / 4
    assert tenth.own > whole.own / 10  # a language model is loaded whatever the data is
    assert short.own < whole.own / 2
    assert typical("als", {}, Size(10 * usual().rows, 5)).own == pytest.approx(10 * typical("als", {}, usual()).own)
    assert typical("als-content", {"vectors": "tfidf"}, usual()).of == ""
    assert typical("nobody/timed", {}, usual()) is None


def test_what_fits_share_is_counted_once(tmp_path: Path) -> None:
    place = DataLocations(cache=tmp_path / "cache", offline=True)
    store = Store(tmp_path / "runs")
    experiment = read_experiment("demo").model_copy(update={"splits": read_experiment("demo").splits[:1]})
    plan = prepare(experiment, store, place, lambda _: None)
    estimate = TimeEstimate(plan, store)
    cells = [cell for cell in plan.cells if cell.model == "als-content"]
    each = [estimate.total([cell]) for cell in cells]
    found = typical("als-content", {}, Size(15_625, 300))
    assert len(each) == 2
    assert sum(each) - estimate.total(cells) == pytest.approx(found.shared)


def test_a_store_that_holds_everything_has_nothing_left(tmp_path: Path, finished_run, toy_experiment) -> None:
    finished_run(toy_experiment(["Counts"], metrics=["ndcg@10"]))
    plan, store = planned(tmp_path, toy_experiment(["Counts"], metrics=["ndcg@10"]))
    assert about_missing(plan, store) == "nothing is left to fit: a run takes a few seconds"
    assert about_missing(plan, store) in Status(plan, store, planned=True).text()


def test_trials_of_tuning_are_told_beside_the_fits(tmp_path: Path) -> None:
    place = DataLocations(cache=tmp_path / "cache", offline=True)
    tuned = read_experiment("demo").model_copy(update={"tune": Tune(on="ndcg@10", trials=5)})
    store = Store(tmp_path / "runs")
    told = about_missing(prepare(tuned, store, place, lambda _: None), store)
    assert told.endswith(" of it for at most 66 tuning trials before them")  # 60, and one each of models without ranges
