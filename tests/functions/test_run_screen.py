"""The last screen of a run: who won, what failed and where its log lies, where the rest is; one screen at most."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchsuite
from benchsuite.functions.run import idle_processors
from benchsuite.functions.run_ending import SCREEN_COLUMNS, SCREEN_LINES, ending
from benchsuite.plan import read_experiment
from benchsuite.runner import RunSummary
from benchsuite.store import Store

pytestmark = pytest.mark.process


@pytest.mark.slow
def test_the_last_screen_of_the_demo_fits_and_names_the_best_of_each_split(tmp_path):
    demo = read_experiment("demo")
    light = [model for model in demo.models if model.use in ("random", "popular", "ease", "content-tfidf", "oracle")]
    experiment = demo.model_copy(update={"models": light})
    results = benchsuite.run(experiment, store=tmp_path / "runs", offline=True, quiet=True)
    lines = str(results).splitlines()
    assert len(lines) <= SCREEN_LINES
    assert max(map(len, lines)) <= SCREEN_COLUMNS or str(tmp_path) in max(lines, key=len)
    head = next(line for line in lines if line.startswith("model "))
    assert head.split() == ["model", "random-holdout", "item-cold"]
    best = {line.split()[0] for line in lines if "*" in line and not line.startswith("*")}
    assert best == {"ease", "content-tfidf"}
    assert any("benchsuite report demo --store" in line for line in lines)
    full = str(benchsuite.run(experiment, store=tmp_path / "runs", offline=True, quiet=True, full=True))
    assert "How it is measured" in full
    assert len(full.splitlines()) > 3 * SCREEN_LINES


@pytest.mark.parametrize(
    ("cores", "said"), [(3, []), (5, ["--workers 2 would use 4 of 5"]), (64, ["--workers 2 would use 4 of 64"])]
)
def test_processors_that_would_be_idle_are_told_while_something_is_left_to_fit(tmp_path, monkeypatch, cores, said):
    monkeypatch.setattr("benchsuite.provenance.cores", lambda: cores)
    demo = read_experiment("demo")
    popular = [model for model in demo.models if model.use == "popular"]
    experiment = demo.model_copy(update={"models": popular, "splits": demo.splits[:1]})
    store, told = Store(tmp_path / "runs"), []
    idle_processors(benchsuite.plan_experiment(experiment, store=store.root, offline=True).plan, store, 2, told.append)
    assert [line.split(" processors")[0].removeprefix("one fit at a time; ") for line in told] == said
    done = benchsuite.run(experiment, store=store.root, offline=True, quiet=True)
    idle_processors(done.plan, store, 2, told.append)
    assert len(told) == len(said)


def summary(**more) -> RunSummary:
    return RunSummary(planned=36, found=14, done=22, **more)


def test_what_was_there_is_told_and_nothing_is_repeated():
    lines = list(ending("mine", Path("/data/store"), summary()))
    assert lines[0] == "36 fits: 22 done now, 14 were there."
    one = next(iter(ending("mine", Path("runs"), RunSummary(planned=2, found=1, done=1))))
    assert one == "2 fits: 1 done now, 1 was there."
    assert "benchsuite report mine --store /data/store" in lines[1]


def test_failures_of_one_reason_are_one_with_their_log():
    failed = [(f"own on demo, {split}, test", "KeyError: 'gone' (own.py, line 9)") for split in ("warm", "cold")]
    lines = list(ending("mine", Path("runs"), summary(failed=failed, logs={failed[0][0]: "runs/cell/ab/log.txt"})))
    (at,) = [index for index, line in enumerate(lines) if line.startswith("failed: ")]
    assert lines[at] == "failed: own on demo, warm, test, and 1 other: KeyError: 'gone' (own.py, line 9)"
    assert lines[at + 1] == "  log: runs/cell/ab/log.txt"
    assert any("--retry-failed" in line for line in lines)


def test_many_long_failures_stay_short():
    failed = [(f"model {number} on demo, warm, test", f"ValueError: {number} " + "x y " * 120) for number in range(30)]
    lines = list(ending("mine", Path("runs"), summary(failed=failed)))
    assert len(lines) <= 12
    assert max(map(len, lines)) <= SCREEN_COLUMNS
    assert any("28 more reasons: benchsuite status mine" in line for line in lines)
