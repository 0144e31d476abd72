"""The boundary between runner and model: what comes back is checked, what came next stays with the runner."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchsuite.analysis import build
from benchsuite.api import DataLocations
from benchsuite.data import Rankings
from benchsuite.data.files import holds_truth, save_fold
from benchsuite.plan import Plan
from benchsuite.runner import prepare
from benchsuite.runner.answers import wait_for_pairs, write_about, write_lists, write_scores
from benchsuite.runner.ingest import Ingest, _Asked
from benchsuite.runner.jobs import WorkerJob, make_jobs
from benchsuite.runner.refit import refit
from benchsuite.store import Store
from benchsuite.stored_folds import StoredFolds
from benchsuite_testing import last_events, small_dataset

ROGUE = Path(__file__).parent / "rogue.py"
BROKEN = {
    "Repeats": "recommend() of query 0 holds item",
    "ListsBlocked": "it is blocked, for instance because the user took it",
    "OutOfRange": "holds item 30 in place 1: there are codes from 0 to 29, -1 for none",
    "WrapsAround": "there are codes from 0 to 29, -1 for none",
    "Fractions": "recommend() returned item codes of type float64",
    "InfiniteLists": "its score is no finite number",
    "UnknownScores": "its score is no finite number",
    "WrongOrder": "its score is higher than that of the place before",
    "LongLists": "recommend() returned lists of shape (25, 60) for 25 queries and k = 10",
    "Worst": "recommend() and score() differ for query",
    "NoTopK": "recommend() returned a tuple",
    "HugePairs": "score_pairs() returned infinite scores as float32",
    "ComplexPairs": "score_pairs() returned complex64 values",
    "ObjectPairs": "score_pairs() returned object values",
    "ShortPairs": "score_pairs() returned shape",
    "HugeScores": "score() returned infinite scores as float32",
    "ComplexScores": "score() returned complex64 values",
    "ObjectScores": "score() returned object values",
    "FitsNothing": "fit() returned nothing, no model",
    "TellsNoFacts": "facts() returned what JSON cannot hold",
}
RAISED = {
    "OSError": "OSError: [Errno 28] No space left on device",
    "ConnectionError": "ConnectionError: gone",
    "TimeoutError": "TimeoutError: late",
    "StoreError": "somewhere: cannot be written",
    "MemoryError": "MemoryError: no room",
    "KeyboardInterrupt": "KeyboardInterrupt:",
    "SystemExit": "SystemExit: 0",
    "GeneratorExit": "GeneratorExit:",
    "NoText": "NoTextError: (a NoTextError whose text cannot be had: KeyError)",
    "half a letter": "ValueError: \\ud800 in a message",
}


def manifests(tmp_path: Path, plan: Plan) -> dict[str, dict[str, Any]]:
    """The manifest of each model's test cell."""
    store = Store(tmp_path / "runs")
    return {cell.model: store.get("cell", cell.key).manifest for cell in plan.cells if cell.stage == "test"}


@pytest.mark.slow
def test_answers_that_break_a_rule_are_that_cells_failure(tmp_path: Path, run_toy, toy_experiment) -> None:
    models = [{"use": f"{name}", "label": name} for name in ("Honest", *BROKEN)]
    plan, outcome, _ = run_toy(toy_experiment(models, metrics=["ndcg@10", "recall@5"], k=10, file=ROGUE))
    found = manifests(tmp_path, plan)
    reasons = {name: manifest["reason"] for name, manifest in found.items()}
    assert reasons.pop("Honest") == ""
    assert {name: told for name, told in reasons.items() if BROKEN[name] not in told} == {}
    assert [name for name, told in reasons.items() if ";" not in told] == []  # each with a remedy
    assert len(outcome.failed) == len(BROKEN)
    rows = {row.model: row for row in build(plan, Store(tmp_path / "runs")).rows if row.metric == "recall@5"}
    assert 0 < rows["Honest"].mean <= 1


@pytest.mark.slow
def test_whatever_a_model_raises_is_that_cells_failure(tmp_path: Path, run_toy, toy_experiment) -> None:
    models = [{"use": "Fails", "label": kind, "with": {"kind": kind}} for kind in RAISED]
    plan, outcome, _ = run_toy(toy_experiment([*models, "Honest"], metrics=["ndcg@10"], file=ROGUE))
    found = manifests(tmp_path, plan)
    assert found.pop("Honest")["state"] == "ok"
    bound = r"; its memory limit is [\d.]+ GiB$"
    assert [kind for kind in RAISED if re.search(bound, found[kind]["reason"])] == ["MemoryError"]
    told = {kind: re.sub(bound, "", manifest["reason"]) for kind, manifest in found.items()}
    reasons = {kind: re.sub(r" \(rogue\.py, line \d+\)$", "", reason) for kind, reason in told.items()}
    assert reasons == RAISED
    assert [kind for kind in RAISED if reasons[kind] == found[kind]["reason"]] == ["StoreError"]  # our own say enough
    assert len(outcome.failed) == len(RAISED)


def test_odd_progress_harms_nobody(run_toy, toy_experiment) -> None:
    _, outcome, watcher = run_toy(toy_experiment(["ReportsOddly"], metrics=["ndcg@10"], file=ROGUE))
    assert outcome.failed == []
    assert ("fit", "at last") in watcher.moved
    assert max(len(note) for _, note in watcher.moved) <= 500
    assert any("cannot be had" in note for _, note in watcher.moved)


@pytest.mark.slow
def test_a_model_that_searches_finds_nothing(tmp_path: Path, run_toy, toy_experiment) -> None:
    """In both stages: that of the validation must not know the validation's truth either."""
    models = ["SearchesAboveItsCheckpoint", "SearchesItsProcess", "SearchesItsFolder"]
    plan, outcome, _ = run_toy(toy_experiment(models, metrics=["ndcg@10", "accuracy"], file=ROGUE))
    assert outcome.failed == []
    store = Store(tmp_path / "runs")
    told = {(cell.model, cell.stage): store.get("cell", cell.key).manifest["facts"] for cell in plan.cells}
    assert len(told) == 6
    assert {place: facts for place, facts in told.items() if facts != {"found": []}} == {}
    rows = {row.model: row.mean for row in build(plan, store).rows if row.metric == "ndcg@10"}
    assert max(rows.values()) < 0.5


def test_pairs_are_asked_in_an_order_that_says_nothing_and_stored_in_the_old_one() -> None:
    fold = last_events(small_dataset())
    fold = dataclasses.replace(fold, truth=dataclasses.replace(fold.truth, label=None))
    asked = _Asked.of(fold, 3)
    keys = asked.pairs.query.astype(np.int64) * len(fold.train.items) + asked.pairs.item
    assert np.all(np.diff(keys[asked.order]) > 0)
    assert not np.array_equal(keys[asked.order], keys)
    scores = keys[asked.order].astype(np.float32)
    np.testing.assert_array_equal(asked.back(scores), keys.astype(np.float32))


@pytest.fixture
def old_store(finished_run, toy_experiment) -> Store:
    """A store as older versions wrote it: with the truth inside the fold."""
    _, store = finished_run(toy_experiment(["Counts"]))
    for key in store.keys("fold"):
        fold, manifest = StoredFolds(store).fold(key), store.get("fold", key).manifest
        store.drop("fold", key)
        with store.write("fold", key) as draft:
            save_fold(fold, draft.folder)
            draft.manifest = {name: manifest[name] for name in ("identity", "data", "guard", "counts")}
    shutil.rmtree(store.root / "truth")
    assert all(holds_truth(store.folder("fold", key)) for key in store.keys("fold"))
    return store


@pytest.mark.slow
def test_an_old_store_is_read_as_it_is(old_store: Store) -> None:
    (key,) = old_store.keys("fold")
    fold = StoredFolds(old_store).fold(key)
    assert len(fold.truth) == len(fold.queries)
    done = next(key for key in old_store.keys("cell") if old_store.get("cell", key).manifest["state"] == "ok")
    watcher = type("Silent", (), {"__getattr__": lambda *_: lambda *_: None})()
    plugin = old_store.get("cell", done).manifest["identity"]["model"]["plugin"]
    _, differences = refit(old_store, done, watcher, [plugin])
    assert [one.different for one in differences] == [0, 0, 0]
    assert old_store.keys("truth") == []


@pytest.mark.slow
def test_an_old_fold_is_taken_apart_before_anything_is_fitted_on_it(old_store: Store, run_toy, toy_experiment) -> None:
    (key,) = old_store.keys("fold")
    before = StoredFolds(old_store).fold(key)
    kept = {field: np.array(getattr(before.truth, field)) for field in ("start", "item", "value", "timestamp")}
    _, outcome, _ = run_toy(toy_experiment(["Counts", {"use": "Counts", "label": "more", "with": {"power": 0.5}}]))
    assert (outcome.found, outcome.done, outcome.failed) == (2, 2, [])
    assert old_store.keys("fold") == old_store.keys("truth") == [key]
    assert not holds_truth(old_store.folder("fold", key))
    assert not old_store.get("fold", key).damaged()
    after = StoredFolds(old_store).fold(key)
    for field, column in kept.items():
        np.testing.assert_array_equal(getattr(after.truth, field), column)
    assert after.counts == before.counts


@pytest.mark.parametrize("lost", ["fold", "truth"])
def test_half_a_fold_is_cut_again(tmp_path: Path, finished_run, toy_experiment, lost: str) -> None:
    plan, store = finished_run(toy_experiment(["Counts"]))
    (key,) = store.keys("fold")
    store.drop(lost, key)
    again_ = prepare(
        toy_experiment(["Counts"]), store, DataLocations(cache=tmp_path / "cache", offline=True), lambda _: None
    )
    assert again_ == plan
    assert store.keys("fold") == store.keys("truth") == [key]


_ABOUT = {
    "costs": {"fit_seconds": 1.0, "score_seconds": 1.0, "peak_memory_mb": 1.0, "cpu_seconds": 1.0},
    "parameters": None,
    "power": {"cpu": "x", "processors": 1, "sockets": 1, "virtual": False, "gpu": "", "gpu_joules": None},
    "facts": {},
    "device": "cpu",
    "threads": 1,
    "started": "",
    "finished": "",
}


def test_lists_that_come_after_the_pairs_were_asked_do_not_count(tmp_path: Path, finished_run, toy_experiment) -> None:
    plan, store = finished_run(toy_experiment(["Counts"], metrics=["ndcg@10"]))
    (job,) = make_jobs(plan, plan.cells, 1, "cpu")
    (cell,), kept = job.cells, store.get("cell", plan.cells[0].key).arrays()
    ingest = Ingest(store)
    order = WorkerJob.load(ingest.give(job, tmp_path))
    folder = Path(order.cells[0]["answers"])
    first = Rankings(kept["item"], kept["score"], kept["fallback"])
    write_lists(folder, first)
    ingest.ranked(job, cell, tmp_path)
    query, _ = wait_for_pairs(folder)
    write_lists(folder, Rankings(kept["item"][:, ::-1], kept["score"], kept["fallback"]))
    ingest.ranked(job, cell, tmp_path)
    write_scores(folder, np.zeros(len(query), np.float32))
    write_about(folder, _ABOUT)
    store.drop("cell", cell["key"])
    assert ingest.done(job, cell, tmp_path, tmp_path / "no log") == ""
    np.testing.assert_array_equal(store.get("cell", cell["key"]).arrays()["item"], kept["item"])


@pytest.mark.parametrize("damage", ["lists.npz", "scores.npy", "about.json"])
def test_files_that_are_no_answers_are_that_cells_failure(
    tmp_path: Path, finished_run, toy_experiment, damage: str
) -> None:
    plan, store = finished_run(toy_experiment(["Counts"], metrics=["ndcg@10"]))
    (job,) = make_jobs(plan, plan.cells, 1, "cpu")
    (cell,) = job.cells
    store.drop("cell", cell["key"])
    ingest = Ingest(store)
    folder = Path(WorkerJob.load(ingest.give(job, tmp_path)).cells[0]["answers"])
    (folder / damage).write_bytes(b"[NaN]")
    ingest.ranked(job, cell, tmp_path)
    assert ingest.done(job, cell, tmp_path, tmp_path / "no log").startswith("the worker left no")
    assert store.get("cell", cell["key"]).manifest["state"] == "failed"


@pytest.mark.parametrize(
    "told",
    [
        '"costs": {"fit_seconds": 1.0}',
        '"costs": {"fit_seconds": 1.0, "score_seconds": 1.0, "peak_memory_mb": 1.0, "cpu_seconds": 1.0, "x": "y"}',
        '"costs": {"fit_seconds": 1e999, "score_seconds": 1.0, "peak_memory_mb": 1.0, "cpu_seconds": 1.0}',
        '"costs": []',
        '"power": {}',
        f'"parameters": {10**400}',
        '"threads": "many"',
        '"facts": {"deep": 1e999}',
    ],
)
def test_what_no_reader_would_take_is_that_cells_failure(
    tmp_path: Path, finished_run, toy_experiment, told: str
) -> None:
    plan, store = finished_run(toy_experiment(["Counts"], metrics=["ndcg@10"]))
    (job,) = make_jobs(plan, plan.cells, 1, "cpu")
    (cell,), kept = job.cells, store.get("cell", plan.cells[0].key).arrays()
    store.drop("cell", cell["key"])
    ingest = Ingest(store)
    folder = Path(WorkerJob.load(ingest.give(job, tmp_path)).cells[0]["answers"])
    write_lists(folder, Rankings(kept["item"], kept["score"], kept["fallback"]))
    ingest.ranked(job, cell, tmp_path)
    write_scores(folder, kept["pair_score"])
    (folder / "about.json").write_text(f"{json.dumps(_ABOUT)[:-1]}, {told}}}")
    assert ingest.done(job, cell, tmp_path, tmp_path / "no log")
    assert store.get("cell", cell["key"]).manifest["state"] == "failed"
