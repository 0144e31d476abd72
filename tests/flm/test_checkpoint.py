"""A run that is killed and started again gives what an undisturbed one gives, bit by bit."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchsuite.api import Context, DataLocations
from benchsuite.data import Fold
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.runner import Options, prepare
from benchsuite.runner import run as work
from benchsuite.store import Store
from benchsuite_flm import saving
from benchsuite_flm.models import FLM
from benchsuite_flm.saving import Checkpoint, Snapshot

TOY = Path(__file__).parent / "toy.py"
FAST = {"epochs": 6, "batches": 2, "batch_size": 16, "learning_rate": 5e-3, "layers": 1}


class Quiet:
    """A watcher that shows nothing."""

    def say(self, line: str) -> None: ...

    def time_left(self, seconds: float | None) -> None: ...

    def expect(self, cells: int) -> None: ...

    def job_started(self, label: str) -> None: ...

    def job_moved(self, *words: object) -> None: ...

    def cell_ended(self, *words: object) -> None: ...

    def cell_again(self, label: str, stage: str, reason: str) -> None: ...

    def job_ended(self, label: str) -> None: ...


@pytest.fixture
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "SHARE", float("inf"))


@pytest.mark.slow
@pytest.mark.process
def test_a_killed_worker_goes_on(tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = FAST | {"backbone": tiny, "patience": 3, "average": 0.5, "interest": "attention", "catalogue": 40}
    moments = {"killed in the search": "1 3", "killed in training": "2 1", "undisturbed": "0 0"}
    experiment = check_experiment(
        {
            "name": "kill",
            "sources": [{"use": "demo", "with": {"users": 60, "items": 50, "events_per_user": 10}}],
            "splits": ["random-holdout"],
            "models": [
                {"use": f"{TOY}:Mortal", "label": name, "with": {**settings, "moment": moment}}
                for name, moment in moments.items()
            ],
            "metrics": ["ndcg@10"],
        },
        "a test",
    )
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv("TOY_MARKS", str(marks))
    store = Store(tmp_path / "runs")
    plan = prepare(experiment, store, DataLocations(cache=tmp_path / "cache", offline=True), lambda _: None)
    work(plan, store, Options(threads=1), Quiet())
    assert {mark.name for mark in marks.iterdir()} == {"1 3", "2 1"}
    assert not list((store.root / "checkpoints").glob("*"))
    assert [cell.stage for cell in plan.cells] == ["test"] * 3
    found = {cell.model: store.get("cell", cell.key) for cell in plan.cells}
    whole = found["undisturbed"]
    assert whole.manifest["state"] == "ok"
    assert whole.manifest["facts"]["stopping"]["resumed"] == 0
    assert "resumed" not in whole.manifest["facts"]
    assert found["killed in the search"].manifest["facts"]["stopping"]["resumed"] == 3
    assert found["killed in training"].manifest["facts"]["resumed"]["epochs"] == 1
    for entry in found.values():
        for array, value in whole.arrays().items():
            np.testing.assert_array_equal(entry.arrays()[array], value)
        assert entry.manifest["facts"]["losses"] == whole.manifest["facts"]["losses"]


@pytest.mark.slow
@pytest.mark.usefixtures("every_epoch")
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"schedule": "plateau", "plateau": 1, "average": 0.8},
        {"schedule": "threshold", "threshold": 3.9, "optimizer": "sgd", "learning_rate": 0.05},
        {"tuning": "lora", "loss": "bce", "interest": "attention", "optimizer": "adam", "weight_decay": 0.01},
        {"tuning": "frozen", "loss": "bpr", "catalogue": 30, "friends": 0.5},
        {"tuning": "full", "schedule": "warmup-cosine", "clip": 0.5, "batches": 3, "batch_size": 7},
    ],
)
def test_all_state_is_kept(tiny: str, fold: Fold, tmp_path: Path, more: dict) -> None:
    model = FLM(**FAST | {"backbone": tiny} | more)
    whole = model.fit(fold.train, Context(seed=3)).score(fold.queries, None)

    def die(done: int, *_: object) -> None:
        if done == 4:
            raise KeyboardInterrupt

    folder = tmp_path / "kept"
    folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        model.fit(fold.train, Context(seed=3, checkpoint=folder, report=die))
    again = FLM(**FAST | {"backbone": tiny} | more).fit(fold.train, Context(seed=3, checkpoint=folder))
    np.testing.assert_array_equal(again.score(fold.queries, None), whole)
    assert again.facts()["resumed"]["epochs"] == 4
    other = FLM(**FAST | {"backbone": tiny} | more).fit(fold.train, Context(seed=4, checkpoint=folder))
    assert "resumed" not in other.facts()  # another seed never finds it


def test_the_file_is_safetensors_with_json(tmp_path: Path) -> None:
    import json

    from safetensors import safe_open

    kept = Checkpoint(tmp_path, {"seed": 1})
    assert kept.load() is None
    weights = torch.randn(3, 4).T
    kept.save(Snapshot({"w": weights}, {"losses": [0.1, 1 / 3], "best": None}))
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".safetensors"
    with safe_open(path, framework="np") as file:
        assert json.loads(file.metadata()["state"])["losses"] == [0.1, 1 / 3]
    found = Checkpoint(tmp_path, {"seed": 1}).load()
    assert found.tensors["w"].equal(weights)
    assert found.numbers["losses"] == [0.1, 1 / 3]
    assert Checkpoint(tmp_path, {"seed": 2}).load() is None


def test_a_damaged_file_counts_as_absent(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path, {})
    kept.save(Snapshot({"w": torch.ones(50)}, {}))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-20])
    assert kept.load() is None
    path.write_bytes(b"")
    assert kept.load() is None


def test_a_full_disk_is_told_and_training_goes_on(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "gone", {})
    with pytest.warns(RuntimeWarning, match="no checkpoint"):
        kept.save(Snapshot({"w": torch.ones(2)}, {}))
    assert kept.load() is None
