"""Full-catalogue evaluation at the size of MovieLens-20M: 138,000 users x 27,000 items x 2 x 10^7 interactions.

    python benchmarks/large.py [--quick] [--fresh]

Data are generated (``data.zipf``). Per model, in a process of its own: fit, rank top-20 for everybody, Recall@20 and
NDCG@20, peak memory; beside it the bare matrix product of the same blocks, for one block in twenty and scaled. The
limit is 6 GB. EASE alone holds a matrix of 2.9 GB. Finished models are not measured again.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from data import CACHE, evidence_of, fold_of, zipf
from measurement_steps import Step, carry_out, measured_apart, worker_environment
from records import Records, hardware

from benchsuite.api import Context
from benchsuite.evaluate import rank, topk
from benchsuite.registry import load_metric, load_model

SIZES = {"quick": (6_900, 1_350, 1_000_000 // 20), "full": (138_000, 27_000, 20_000_000)}
WIDTHS = {"als": 128, "ease": 0}
"""Length of the vectors in the bare product; 0 stands for the sparse product of histories with a full matrix."""
LIMIT = 6e9


def main() -> None:
    """Measure both models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a twentieth of users and items")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = "quick" if options.quick else "full"
    if options.one:
        print(json.dumps(_measure(options.one, size, options.threads)))
        return
    records = Records(CACHE / f"large-{size}.jsonl", fresh=options.fresh)
    records.once({"what": "machine"}, lambda: {"hardware": hardware(), "threads": options.threads})
    keys = {model: {"what": "large", "model": model, "size": SIZES[size]} for model in WIDTHS}
    guess = 10 if options.quick else 600
    carry_out(records, [Step(m, key, functools.partial(_process, m, options), guess) for m, key in keys.items()])
    for model, key in keys.items():
        found = records.once(key, dict)
        if "failed" in found:
            print(f"{model}: {found['failed']}")
            continue
        word = "within" if found["peak"] <= LIMIT else "ABOVE"
        times = f"fit {found['fit']:.1f} s, rank {found['rank']:.1f} s (bare product {found['bare']:.1f} s)"
        memory = f"peak {found['peak'] / 1e9:.2f} GB, {word} {LIMIT / 1e9:.0f} GB"
        print(f"{model}: {times}, metrics {found['metrics']:.2f} s, {memory}; {found['train_rows']:,} training rows")


def _process(model: str, options: Any) -> dict[str, Any]:
    words = ["--one", model, "--threads", str(options.threads), *(["--quick"] if options.quick else [])]
    return measured_apart(__file__, words, worker_environment(options.threads))


def _measure(name: str, size: str, threads: int) -> dict[str, Any]:
    """Fit, rank, judge; then the bare product."""
    fold = fold_of(zipf(*SIZES[size]))
    kind = load_model(name)
    judges = {label: load_metric(f"{label}@k").from_settings({"k": 20}) for label in ("recall", "ndcg")}
    small = fold_of(zipf(200, 100, 2000))
    # Libraries are loaded on a small world first.
    rank(kind().fit(small.train, Context(seed=1, threads=threads)), small, 20, threads=threads)
    marks = [time.perf_counter()]
    model = kind().fit(fold.train, Context(seed=1, threads=threads))
    marks.append(time.perf_counter())
    rankings = rank(model, fold, 20, threads=threads)
    marks.append(time.perf_counter())
    evidence = evidence_of(fold, rankings)
    everybody = np.ones((1, len(fold.queries)))
    values = {}
    for label, metric in judges.items():
        values[label] = float(metric.estimate(evidence, metric.measure(evidence), everybody)[0])
    marks.append(time.perf_counter())
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    fit, ranked, metrics = np.diff(marks).tolist()
    bare = _bare(model, fold, WIDTHS[name])
    rows = len(fold.train.interactions)
    return {"train_rows": rows, "fit": fit, "rank": ranked, "metrics": metrics, "bare": bare, "peak": peak, **values}


def _bare(model: Any, fold: Any, width: int) -> float:
    """Return the seconds of the matrix product for everybody, from one block in twenty."""
    items = len(fold.train.items)
    step = topk.block_rows(items)
    firsts = list(range(0, len(fold.queries), step))[::20]
    generator = np.random.default_rng(0)
    users = generator.normal(size=(step, max(width, 1))).astype(np.float32)
    vectors = generator.normal(size=(items, max(width, 1))).astype(np.float32)
    seconds, rows = 0.0, 0
    for first in firsts:
        queries = fold.queries.slice(first, min(first + step, len(fold.queries)))
        mark = time.perf_counter()
        if width:
            users[: len(queries)] @ vectors.T
        else:
            model.score(queries, None)
        seconds += time.perf_counter() - mark
        rows += len(queries)
    return seconds * len(fold.queries) / rows


if __name__ == "__main__":
    main()
