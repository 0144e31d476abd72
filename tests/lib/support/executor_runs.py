"""What tests of executors share: an experiment with good, bad and dying models, and what its store holds."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from benchsuite.api import DataLocations
from benchsuite.plan import Experiment
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.runner import Options, prepare
from benchsuite.runner import run as work
from benchsuite.runner.executor import Executor
from benchsuite.store import Store

TOY = Path(__file__).parents[2] / "runner" / "toy.py"


class Lines:
    """A watcher that keeps what is said.

    Args:
        gate: opened as soon as a cell is tried once more, for fits that wait.
    """

    def __init__(self, gate: Path | None = None) -> None:
        self._gate = gate
        self.lines: list[str] = []
        self.again: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def cell_again(self, label: str, stage: str, reason: str) -> None:
        self.again.append(reason)
        if self._gate is not None:
            (self._gate / "open").touch()

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def experiment(*models: Any, **more: Any) -> Experiment:
    """Return an experiment on the toy data, with both stages."""
    table = {
        "name": "executors",
        "sources": [{"use": f"{TOY}:Toy"}],
        "splits": ["random-holdout"],
        "models": list(models) or ["popular", "random", "ease", "item-knn", toy("Counts"), toy("Raises"), toy("Dies")],
        "metrics": ["f1", "ndcg@10"],
    }
    return check_experiment(table | more, "a test")


def toy(name: str, **more: Any) -> dict[str, Any]:
    """Return a model of the toys."""
    return {"use": f"{TOY}:{name}", **more}


def run(
    asked: Experiment, folder: Path, executor: Executor | None, workers: int = 1, gate: Path | None = None
) -> tuple[Any, Lines]:
    """Run an experiment in a new store; return the summary, and what was said."""
    store, watcher = Store(folder), Lines(gate)
    place = DataLocations(cache=folder.parent / "cache", offline=True, say=lambda _: None)
    plan = prepare(asked, store, place, lambda _: None)
    _, outcome = work(plan, store, Options(workers=workers, threads=1, executor=executor), watcher)
    return outcome, watcher


def contents(folder: Path) -> dict[str, str]:
    """Return by key what a store holds: the sum of a cell's arrays, or why it failed."""
    store, found = Store(folder), {}
    for key in store.keys("cell"):
        entry = store.get("cell", key)
        if entry.manifest["state"] == "ok":
            found[key] = hashlib.sha256(entry.path("arrays.npz").read_bytes()).hexdigest()
        else:
            found[key] = f"{entry.manifest['cause']}: {entry.manifest['reason']}"
    return found
