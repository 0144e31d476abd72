"""Two processes that fit together: ``together.py BACKBONE OUT PORT PORT``, forks that share what they import.

Both fit all cases and write what came out; then both run the ``train`` verb into one folder.
"""

from __future__ import annotations

import os
import sys
import traceback
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


def together(backbone: str, out: Path, ports: list[str], rank: str) -> None:
    """Fit all cases as one of the group, then train by the verb; what is printed goes to a file of each process."""
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(out / f"{rank}.{name}", os.O_WRONLY | os.O_CREAT, 0o600), stream)
    group_of_two = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": ports[0]}
    os.environ |= group_of_two | {"RANK": rank, "LOCAL_RANK": rank}
    use_float32(setattr)
    with join_process_group("cpu") as group:
        for number, case in enumerate(CASES):
            told: list[int] = []
            found = fit(case, backbone, told)
            np.savez(out / f"{number}-{os.environ['RANK']}.npz", told=len(told), main=group.main, **found)
    os.environ["MASTER_PORT"] = ports[1]
    settings = [f'backbone="{backbone}"', "epochs=2"]
    if code := main([*VERB, "--with", *settings, "--out", str(out / "saved")]):
        sys.exit(code)


def fork(*words: str) -> int:
    """Return a child that is one of the two, whose words these are."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        together(words[0], Path(words[1]), list(words[2:4]), words[4])
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - what a launcher would show: a traceback and exit code 1
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    import accelerate  # noqa: F401 - before the fork, so that it is imported once; nothing is computed before
    import peft  # noqa: F401 - the same
    import transformers.models.bert.modeling_bert  # noqa: F401 - the same

    children = [fork(*sys.argv[1:5], rank) for rank in ("0", "1")]
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))
