"""What the harness adds: the wall time of a run against the models' own fit and score times by the workers in use.

    python benchmarks/overhead.py [EXPERIMENT] [--workers 1] [--quick] [--data FOLDER]

Runs the experiment (default: quick) into a new store and reads the costs from the manifests. ``--quick`` runs a small
experiment on the built-in demo set. The run is one piece and begins anew each time: a wall time in parts is none.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from data import CACHE
from records import Records, hardware

LIMIT = 1.1
_SMALL = """
name = "small"
sources = ["demo"]
splits = ["random-holdout"]
models = ["popular", "item-knn", "als", "ease", "content-lm"]
metrics = ["ndcg@10"]
"""


def main() -> int:
    """Run and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", nargs="?", default="quick")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--data", default="", help="folder of data sets, passed on")
    parser.add_argument("--quick", action="store_true", help="a small experiment")
    parser.add_argument("--store", type=Path, default=CACHE / "overhead")
    options = parser.parse_args()
    experiment = options.experiment
    if options.quick:
        path = CACHE / "small.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_SMALL, "utf-8")
        experiment = str(path)
    store = options.store / f"{Path(experiment).stem}-{options.workers}-{time.time_ns()}"
    words = [sys.executable, "-m", "benchsuite.cli.main", "run", experiment, "--store", str(store)]
    words += ["--workers", str(options.workers)] + (["--data", options.data] if options.data else [])
    began = time.perf_counter()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - began
    if done.returncode not in (0, 1):
        return done.returncode
    costs = [json.loads(path.read_text("utf-8"))["costs"] for path in sorted(store.glob("cell/*/*/manifest.json"))]
    fitted = [cost for cost in costs if "fit_seconds" in cost]
    own = sum(cost["fit_seconds"] + cost["score_seconds"] for cost in fitted)
    if not fitted:
        print(f"no cell in {store} has a cost")
        return 1
    ratio = wall * options.workers / own
    print(hardware())
    print(f"{experiment}: {len(fitted)} cells, wall {wall:.1f} s with {options.workers} workers")
    print(f"fit and score {own:.1f} s; wall x workers / own = {ratio:.3f} (wanted: <= {LIMIT})")
    key = {"what": "overhead", "experiment": Path(experiment).stem, "workers": options.workers}
    Records(CACHE / "overhead.jsonl").put(key, {"wall": wall, "own": own, "cells": len(fitted), "ratio": ratio})
    rest = wall - own / options.workers
    print(f"{rest:.1f} s are the harness's, {rest / len(fitted):.2f} s a cell")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
