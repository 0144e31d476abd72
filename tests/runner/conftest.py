from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import DataLocations
from benchsuite.plan import Experiment, Plan
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.runner import Options, RunSummary, prepare
from benchsuite.runner import run as work
from benchsuite.store import Store
from support.shared import made_once

TOY = Path(__file__).parent / "toy.py"


class Quiet:
    """A watcher that keeps what it is told."""

    def __init__(self, after_job: Callable[[], None] = lambda: None) -> None:
        self.after_job = after_job
        self.ended: list[tuple[str, str, str, str]] = []
        self.again: list[tuple[str, str, str]] = []
        self.moved: list[tuple[str, str]] = []
        self.expected: list[int] = []
        self.lines: list[str] = []
        self.left: list[float | None] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def time_left(self, seconds: float | None) -> None:
        self.left.append(seconds)

    def expect(self, cells: int) -> None:
        self.expected.append(cells)

    def job_started(self, label: str) -> None: ...

    def job_moved(self, label: str, phase: str, done: int, total: int, note: str) -> None:
        self.moved.append((phase, note))

    def cell_ended(self, label: str, stage: str, state: str, seconds: float, reason: str) -> None:
        self.ended.append((label, stage, state, reason))

    def cell_again(self, label: str, stage: str, reason: str) -> None:
        self.again.append((label, stage, reason))

    def job_ended(self, label: str) -> None:
        self.after_job()


def make_experiment(models: list[Any], file: Path = TOY, **more: Any) -> Experiment:
    spelled = [
        {**({"use": m} if isinstance(m, str) else m)} | {"use": f"{file}:{m if isinstance(m, str) else m['use']}"}
        for m in models
    ]
    table = {
        "name": "toy",
        "sources": [{"use": f"{TOY}:Toy"}],
        "splits": ["random-holdout"],
        "models": spelled,
        "metrics": ["accuracy", "f1", "ndcg@10", "recall@5"],
    }
    return check_experiment(table | more, "a test")


@pytest.fixture
def toy_experiment() -> Callable[..., Experiment]:
    """Make an experiment on the toy data; models are class names in toy.py, or in ``file``."""
    return make_experiment


@pytest.fixture
def silent_watcher() -> Quiet:
    """A watcher that shows nothing."""
    return Quiet()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints go to the user's cache: give each test one of its own."""
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))


Run = Callable[..., tuple[Plan, RunSummary, Quiet]]


@pytest.fixture
def run_toy(tmp_path: Path) -> Run:
    """Run an experiment in a store of the test's own."""

    def go(
        experiment: Experiment,
        options: Options | None = None,
        after_job: Callable[[], None] = lambda: None,
        folder: str = "runs",
    ) -> tuple[Plan, RunSummary, Quiet]:
        store = Store(tmp_path / folder)
        watcher = Quiet(after_job)
        plan = prepare(experiment, store, DataLocations(cache=tmp_path / "cache", offline=True), lambda _: None)
        plan, outcome = work(plan, store, options or Options(threads=1), watcher)
        return plan, outcome, watcher

    return go


@pytest.fixture
def finished_run(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Experiment], tuple[Plan, Store]]:
    """Return the plan of an experiment and a store in which it was run, as ``run_toy`` leaves them.

    Tests that damage, drop or read what a run left start no run of their own: each experiment is run once.
    """

    def go(experiment: Experiment) -> tuple[Plan, Store]:
        place = DataLocations(cache=tmp_path / "cache", offline=True)

        def make(folder: Path) -> None:
            store = Store(folder / "runs")
            plan = prepare(experiment, store, place, lambda _: None)
            work(plan, store, Options(threads=1), Quiet())

        name = hashlib.sha256(experiment.model_dump_json().encode()).hexdigest()[:16]
        shutil.copytree(made_once(tmp_path_factory, f"toy-{name}", make) / "runs", tmp_path / "runs")
        store = Store(tmp_path / "runs")
        return prepare(experiment, store, place, lambda _: None), store

    return go
