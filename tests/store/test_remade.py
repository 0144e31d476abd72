"""What is changed in a fold, in data or in a study reaches no later model: it is made anew."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import benchsuite
from benchsuite.errors import StoreError
from benchsuite.store.json_files import AGAIN

TOY = Path(__file__).parents[1] / "runner" / "toy.py"


def run(store: Path, *models: Any, **more: Any) -> dict[tuple[str, str], float | None]:
    """Run models on the toy data; return the means that are no costs."""
    parts = {"sources": [f"{TOY}:Toy"], "splits": ["random-holdout"], "metrics": ["ndcg@10"], "k": 10, "seeds": (0,)}
    experiment = benchsuite.Experiment("toy", models=models, **parts, **more)
    done = benchsuite.run(experiment, store=store, offline=True, threads=1, quiet=True)
    return {(row.model, row.metric): row.mean for row in done.comparison.rows if row.metric == "ndcg@10"}


COUNTS = {"use": f"{TOY}:Counts", "label": "counts"}
MORE = {"use": f"{TOY}:Counts", "label": "more", "with": {"power": 0.5}}


def change(path: Path) -> None:
    array = np.load(path)
    np.save(path, array.max() - array)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["fold/*/*/train.item.npy", "data/*/*/interactions.item.npy", "split/*/*/manifest.json"]
)
def test_a_changed_fold_does_not_reach_the_next_model(tmp_path: Path, name: str) -> None:
    first = run(tmp_path / "runs", COUNTS)
    shutil.copytree(tmp_path / "runs", tmp_path / "clean")
    (path,) = (tmp_path / "runs").glob(name)
    whole = path.read_bytes()
    if path.suffix == ".npy":
        change(path)
    else:
        path.write_text(path.read_text().replace('"counts"', '"count"'))
    found = run(tmp_path / "runs", COUNTS, MORE)
    assert found == run(tmp_path / "clean", COUNTS, MORE)
    assert found["counts", "ndcg@10"] == first["counts", "ndcg@10"]
    assert path.read_bytes() == whole, "it is made anew, the same to the last byte"


@pytest.mark.slow
def test_the_winner_of_a_study_cannot_be_changed(tmp_path: Path) -> None:
    tune = {"on": "ndcg@10", "trials": 2}
    before = run(tmp_path / "runs", COUNTS, tune=tune)
    (path,) = (tmp_path / "runs" / "tune").glob("*/*/manifest.json")
    study = json.loads(path.read_text())
    path.write_text(json.dumps(study | {"best": 1 - study["best"]}))
    assert run(tmp_path / "runs", COUNTS, tune=tune) == before
    assert json.loads(path.read_text()) == study


@pytest.mark.slow
def test_a_changed_cell_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "runs", COUNTS)
    (path,) = (tmp_path / "runs" / "cell").glob("*/*/manifest.json")
    path.write_text(path.read_text().replace('"ok"', '"failed"'))
    with pytest.raises(StoreError, match=f"it has changed since it was written; {AGAIN}"):
        run(tmp_path / "runs", COUNTS)
    shutil.rmtree(path.parent)
    run(tmp_path / "runs", COUNTS)


def test_a_plan_that_was_changed_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "runs", COUNTS)
    path = tmp_path / "runs" / "plans" / "toy.json"
    path.write_text(path.read_text().replace('"counts"', '"count5"'))
    with pytest.raises(StoreError, match="it has changed since it was written; run the experiment again"):
        benchsuite.load("toy", store=tmp_path / "runs")
