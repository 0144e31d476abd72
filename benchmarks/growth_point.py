"""One point of the growth curves; prints one line of JSON. Called with the point and the number of threads."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from data import evidence_of, fold_of, zipf
from memory import forget_peak, peak, resident

from benchsuite.api import Context
from benchsuite.evaluate import rank
from benchsuite.registry import load_metric, load_model

ASKING = 5_000
"""Users who are ranked for at most; time for everybody is in proportion."""

_CELLS = """
name = "cells"
seeds = [{seeds}]
sources = ["demo"]
splits = ["random-holdout"]
models = ["random", "popular"]
metrics = ["ndcg@10"]
"""


def measure_model(key: dict[str, Any], threads: int) -> dict[str, Any]:
    """Fit, rank for some users, judge the lists."""
    arrays = dict(zipf(key["users"], key["items"], key["rows"]))
    asking = min(ASKING, len(arrays["test_user"]))
    arrays |= {name: arrays[name][:asking] for name in ("test_user", "test_item")}
    fold = fold_of(arrays)
    rows, metric = len(fold.train.interactions), load_metric("ndcg@k").from_settings({"k": 20})
    # Libraries are loaded on a small world first: what they take is not growth.
    small = fold_of(zipf(200, 100, 2000))
    rank(load_model(key["model"])().fit(small.train, Context(seed=1, threads=threads)), small, 20, threads=threads)
    # What generating the data took at its height is not the model's.
    del arrays
    forget_peak()
    before, seconds = resident(), []
    mark = time.perf_counter()
    model = load_model(key["model"])().fit(fold.train, Context(seed=1, threads=threads))
    seconds.append(time.perf_counter() - mark)
    mark = time.perf_counter()
    rankings = rank(model, fold, 20, threads=threads)
    seconds.append(time.perf_counter() - mark)
    mark = time.perf_counter()
    value = float(metric.measure(evidence_of(fold, rankings)).mean())
    seconds.append(time.perf_counter() - mark)
    return {
        "train_rows": rows,
        "asking": asking,
        "fit": seconds[0],
        "rank_per_user": seconds[1] / asking,
        "metric_per_user": seconds[2] / asking,
        "before": before,
        "peak": peak(),
        "ndcg": value,
    }


def measure_cells(key: dict[str, Any], _threads: int) -> dict[str, Any]:
    """Run so many tiny cells, then again with nothing to do; the peak is that of this process or its largest worker."""
    from benchsuite.cli.main import main

    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.toml"
        # Two models, a cell each.
        seeds = range(1, key["cells"] // 2 + 1)
        path.write_text(_CELLS.format(seeds=", ".join(map(str, seeds))), "utf-8")
        for _ in range(2):
            mark = time.perf_counter()
            code = main(["run", str(path), "--store", str(Path(folder) / "store")])
            seconds.append(time.perf_counter() - mark)
            if code:
                raise SystemExit(code)
        done = len(list((Path(folder) / "store").glob("cell/*/*/manifest.json")))
        if done != key["cells"]:
            raise SystemExit(f"there are {done} cells instead of {key['cells']}")
    unit = 1 if sys.platform == "darwin" else 1024
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    return {"run": seconds[0], "again": seconds[1], "peak": max(peak(), workers)}


if __name__ == "__main__":
    point = json.loads(sys.argv[1])
    measure = measure_cells if point["what"] == "cells" else measure_model
    print(json.dumps(measure(point, int(sys.argv[2]))))
