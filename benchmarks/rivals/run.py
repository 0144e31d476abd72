"""Our path and the rivals' on the same work, in turn, several rounds; then the page ``reports/published/speed.md``.

    BENCHSUITE_DATA=... python benchmarks/rivals/run.py [--quick] [--rounds 5] [--fresh]

Work: Gowalla as published, fit, top-20 for 29,858 users out of 40,981 items, Recall@20 and NDCG@20. Each contender is a
process of its own. Rounds alternate, so that a slow minute of the machine hits all; what is quoted are medians of
ratios to the same round's time of ours. A run that was broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import kernels
from data import CACHE, gowalla
from environments import python_of
from page import write_page
from records import Records, hardware

CONTENDERS = {
    "item-knn": {
        "benchsuite": ("benchsuite", "ours.py", ()),
        "implicit": ("benchsuite", "implicit_.py", ()),
        "RecTools": ("rectools", "rectools_.py", ()),
        "LensKit": ("lenskit", "lenskit_.py", ()),
        "Cornac": ("cornac", "cornac_.py", ("--users", "300")),
    },
    "als": {
        "benchsuite": ("benchsuite", "ours.py", ()),
        "implicit": ("benchsuite", "implicit_.py", ()),
        "implicit, users solved anew": ("benchsuite", "implicit_.py", ("--fold-in",)),
        "RecTools": ("rectools", "rectools_.py", ()),
        "LensKit": ("lenskit", "lenskit_.py", ()),
    },
}
"""By model and name: environment, worker, arguments."""

SLOW = ("LensKit", "Cornac")
"""Left out of ``--quick`` and asked in the first round only: their distance is not a matter of noise."""


def main() -> None:
    """Measure, compare, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round, fast rivals, small kernels; no page")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--timeout", type=int, default=900, help="seconds that a contender may take")
    parser.add_argument("--page", type=Path, default=HERE.parents[1] / "reports" / "published" / "speed.md")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    folder = CACHE / ("rivals-quick" if options.quick else "rivals")
    records = Records(folder / "measurements.jsonl", fresh=options.fresh)
    records.once({"what": "machine"}, lambda: {"hardware": hardware(), "threads": options.threads})
    arrays = gowalla()
    for number in range(rounds):
        for model, contenders in CONTENDERS.items():
            for name, how in contenders.items():
                if name in SLOW and (options.quick or number):
                    continue
                key = {"what": "path", "model": model, "who": name, "round": number}
                out = folder / f"{model}-{name.replace(' ', '-')}.npz"
                records.once(key, functools.partial(_run, how, model, arrays, out, options))
        kernels.measure(records, number, quick=options.quick, threads=options.threads)
    for model, contenders in CONTENDERS.items():
        ours = folder / f"{model}-benchsuite.npz"
        for name in contenders:
            other = folder / f"{model}-{name.replace(' ', '-')}.npz"
            if other.exists():
                key = {"what": "agreement", "model": model, "who": name}
                records.once(key, functools.partial(_agreement, ours, other, arrays))
    if options.quick:
        print(write_page(records.all()))
    else:
        options.page.parent.mkdir(parents=True, exist_ok=True)
        options.page.write_text(write_page(records.all()), "utf-8")
        print(f"wrote {options.page}")


def _run(how: tuple[str, str, tuple[str, ...]], model: str, arrays: Path, out: Path, options: Any) -> dict[str, Any]:
    """Run one contender and return what it tells, with the wall time of the whole process."""
    environment, worker, more = how
    python = python_of(environment)
    words = [str(python), "-W", "ignore", worker, str(arrays), model, str(out), str(options.threads), *more]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(options.threads))
    began = time.perf_counter()
    try:
        done = subprocess.run(
            words,
            cwd=HERE / "work",
            env=os.environ | threads,
            capture_output=True,
            text=True,
            timeout=options.timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"did not finish in {options.timeout} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300]}
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told | {"process_seconds": time.perf_counter() - began, "arguments": list(more)}


def _agreement(ours: Path, other: Path, arrays: Path) -> dict[str, Any]:
    """Compare two files of lists, judged by one definition of the metrics."""
    sys.path.insert(0, str(HERE / "work"))
    from common import matrix, plain_metrics

    given = {path.stem: np.load(path) for path in arrays.glob("*.npy")}
    truth = matrix(given, "test")
    with np.load(ours) as a, np.load(other) as b:
        users, left, right = np.intersect1d(a["user"], b["user"], return_indices=True)
        mine, theirs = a["item"][left], b["item"][right]
        near = np.isclose(a["score"][left], b["score"][right], rtol=1e-5, atol=1e-6)
    same = (mine == theirs).all(axis=1)
    return {
        "users": len(users),
        "ours": plain_metrics(mine, users, truth),
        "theirs": plain_metrics(theirs, users, truth),
        "same_lists": float(same.mean()),
        # Lists that differ although the scores at every place are the same differ in the order of ties alone.
        "same_up_to_ties": float((same | near.all(axis=1)).mean()),
    }


if __name__ == "__main__":
    main()
