"""One small run that all tests of the door read."""

from __future__ import annotations

from pathlib import Path

import pytest

TOY = Path(__file__).parents[1] / "runner" / "toy.py"


@pytest.fixture(scope="session")
def toy() -> dict[str, object]:
    """An experiment in plain values: a model that fails, two seeds."""
    return {
        "sources": [f"{TOY}:Toy"],
        "splits": ["random-holdout"],
        "models": [
            {"use": f"{TOY}:Counts", "label": "counts"},
            "random",
            {"use": f"{TOY}:Raises", "label": "<raises>"},
        ],
        "metrics": ["f1", "ndcg@10"],
        "seeds": (0, 1),
        "k": 20,
    }


@pytest.fixture(scope="session")
def store(toy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which it was run."""
    import benchsuite

    folder = tmp_path_factory.mktemp("door") / "runs"
    benchsuite.run(benchsuite.Experiment("toy", **toy), store=folder, offline=True, threads=1, quiet=True)
    return folder
