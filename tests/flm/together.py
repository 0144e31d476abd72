"""One of two processes that fit together: ``together.py BACKBONE OUT PORT``; the launcher's variables say which.

Both fit all cases and write what came out; then both run the ``train`` verb into one folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from conftest import build_fold, build_world, use_float32

from benchsuite.api import Context
from benchsuite.cli.main import main
from benchsuite.data import Queries
from benchsuite.runner.distributed import join_process_group
from benchsuite_flm.models import FLM

COMMON = {"epochs": 3, "batch_size": 15, "learning_rate": 3e-3}
CASES = {
    "softmax": {},
    "bpr, lora": {"loss": "bpr", "tuning": "lora", "interest": "recency", "clip": 0.5},
    "bce, full": {"loss": "bce", "tuning": "full", "catalogue": 30, "average": 0.7},
    "stopping": {"patience": 2, "schedule": "plateau", "plateau": 1, "optimizer": "sgd", "head_learning_rate": 0.05},
}
VERB = ["train", "flm", "--source", "demo", "--source-with", "users = 30; items = 30", "--threads", "1"]


def fit(case: str, backbone: str, told: list[int]) -> dict[str, np.ndarray]:
    """Return what a fit learnt and how it scores; ``told`` gets the epochs that were reported."""
    world = build_world()
    fold = build_fold(world)
    context = Context(seed=3, threads=1, validation=fold, report=lambda *words: told.append(words[0]))
    model = FLM(backbone=backbone, **COMMON, **CASES[case]).fit(fold.train, context)
    rows = world.interactions
    scores = model.score(Queries.from_rows(np.arange(40), rows.user, rows), None)
    head = {f"head.{name}": value.numpy() for name, value in model._head.state_dict().items()}
    return {"vectors": model.vectors, "items": model._items.numpy(), "scores": scores, **head}


def together(backbone: str, out: Path, port: str) -> None:
    """Fit all cases as one of the group, then train by the verb."""
    use_float32(setattr)
    with join_process_group("cpu") as group:
        for number, case in enumerate(CASES):
            told: list[int] = []
            found = fit(case, backbone, told)
            np.savez(out / f"{number}-{os.environ['RANK']}.npz", told=len(told), main=group.main, **found)
    os.environ["MASTER_PORT"] = port
    settings = [f'backbone="{backbone}"', "epochs=2"]
    if code := main([*VERB, "--with", *settings, "--out", str(out / "saved")]):
        sys.exit(code)


if __name__ == "__main__":
    together(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
