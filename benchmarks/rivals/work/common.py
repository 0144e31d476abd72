"""What all workers share. It runs in every rival's environment, so it needs NumPy and SciPy only.

A worker is called with the folder of the arrays, the model (``item-knn`` or ``als``), the file to write its lists to,
and the number of threads. It prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

K, LONGER = 20, 60
"""Length of the lists, and of those from which ties at the end of a list are told (``--longer``)."""
NEIGHBOURS = 100
FACTORS, ITERATIONS, REGULARIZATION, ALPHA, SEED = 64, 15, 0.01, 1.0, 1


class Clock:
    """Measures stages and keeps what they took, and the most memory held up to the end of the last one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak = self.child_peak = 0
        self._last = time.perf_counter()

    def stage(self, name: str) -> None:
        """End a stage; what came since the last call belongs to it."""
        now = time.perf_counter()
        self.seconds[name] = now - self._last
        unit = 1 if sys.platform == "darwin" else 1024
        self.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        self.child_peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
        self._last = time.perf_counter()


def arguments() -> tuple[dict[str, np.ndarray], str, Path, int]:
    """Return the arrays, the model's name, where lists go, and how many threads there are."""
    folder, model, out, threads = sys.argv[1:5]
    arrays = {path.stem: np.load(path) for path in Path(folder).glob("*.npy")}
    return arrays, model, Path(out), int(threads)


def matrix(arrays: dict[str, np.ndarray], part: str) -> Any:
    """Return float32 csr[users, items] of a part, one where there is a row."""
    from scipy.sparse import csr_matrix

    user, item = arrays[f"{part}_user"], arrays[f"{part}_item"]
    shape = (int(arrays["users"]), int(arrays["items"]))
    return csr_matrix((np.ones(len(user), np.float32), (user, item)), shape=shape)


def longer_wanted() -> bool:
    """Tell whether longer lists are asked for, after the measurement."""
    return "--longer" in sys.argv


def finish(
    package: str,
    clock: Clock,
    lists: tuple[np.ndarray, np.ndarray, np.ndarray],
    out: Path,
    own: dict[str, float],
    longer: tuple[np.ndarray, np.ndarray] | None = None,
) -> None:
    """Keep the lists and print the measurements.

    Args:
        package: whose version to tell.
        clock: what the stages took.
        lists: int[n] users, int[n, k] items (-1 where there are no more), float[n, k] scores.
        out: where lists go.
        own: what the package's own metrics say.
        longer: int[n, longer] items and their scores, if they were made.
    """
    user, item, score = lists
    arrays: dict[str, Any] = {"user": user, "item": item, "score": score}
    if longer is not None:
        arrays |= {"longer_item": longer[0], "longer_score": longer[1]}
    np.savez(out, **arrays)
    told = {"version": version(package), "seconds": clock.seconds, "peak": clock.peak, "child_peak": clock.child_peak}
    print(json.dumps(told | {"own": own}), flush=True)


def plain_metrics(item: np.ndarray, user: np.ndarray, truth: Any) -> dict[str, float]:
    """Return Recall@k and NDCG@k of lists, the same for everybody: binary gain, mean over users with a truth."""
    listed = np.where(item < 0, 0, item)
    hit = np.asarray(truth[np.repeat(user, item.shape[1]), listed.ravel()]).reshape(item.shape) * (item >= 0)
    size = np.diff(truth.indptr)[user]
    discount = 1 / np.log2(np.arange(2, item.shape[1] + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(size, item.shape[1])]
    counts = size > 0
    return {
        "recall": float((hit.sum(axis=1)[counts] / size[counts]).mean()),
        "ndcg": float(((hit @ discount)[counts] / ideal[counts]).mean()),
    }
