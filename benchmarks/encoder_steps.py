"""Can fine-tuning take fewer or smaller passes over the catalogue without losing quality?

    python benchmarks/encoder_steps.py OUT.jsonl [--cuts warm-1 cold-1 ...] [--ways today half ...] [--summary]

Fits ``flm`` on the training part of validation folds, never on test rows, and appends one line for each fit; what is
there already is left out, so that it can be stopped and started. Ways of one cut follow one another, so that a slow
hour hits all of them; compare processor seconds. ``--summary`` prints the table: quality and seconds as shares of
today's, and the floor: tokens times trained weights times 6 FLOP an epoch, over the measured float32 speed.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchsuite.api import Context, DataLocations, SharedCache, Split
from benchsuite.data import Dataset, Fold
from benchsuite_content.encode import torch_threads
from benchsuite_datasets.ml_100k import MovieLens100K
from benchsuite_flm import encoder
from benchsuite_flm.base import ndcg_at_10
from benchsuite_flm.models import FLM
from benchsuite_protocol.splits.item_cold import ItemCold
from benchsuite_protocol.splits.random_holdout import RandomHoldout

WAYS: dict[str, dict[str, Any]] = {
    "today": {},
    "half": {"epochs": 12, "batches": 16},
    "half, faster": {"epochs": 12, "batches": 16, "learning_rate": 3e-4},
    "half, twice as fast": {"epochs": 12, "batches": 16, "learning_rate": 4e-4},
    "third, faster": {"epochs": 8, "batches": 24, "learning_rate": 3e-4},
    "quarter, faster": {"epochs": 6, "batches": 32, "learning_rate": 3e-4},
    "quarter, twice as fast": {"epochs": 6, "batches": 32, "learning_rate": 4e-4},
    "third, twice as fast": {"epochs": 8, "batches": 24, "learning_rate": 4e-4},
    "two thirds": {"epochs": 16, "batches": 12},
    "two thirds, faster": {"epochs": 16, "batches": 12, "learning_rate": 3e-4},
    "half of the texts": {"text_share": 0.5},
    "half of the texts, faster": {"text_share": 0.5, "learning_rate": 3e-4},
    "third of the texts, faster": {"text_share": 1 / 3, "learning_rate": 3e-4},
    "quarter of the texts": {"text_share": 0.25},
    "sixth of the texts": {"text_share": 1 / 6},
    "sixth of the texts, faster": {"text_share": 1 / 6, "learning_rate": 3e-4},
    "third of the texts": {"text_share": 1 / 3},
    "quarter of the texts, faster": {"text_share": 0.25, "learning_rate": 3e-4},
    "quarter of the texts, twice as fast": {"text_share": 0.25, "learning_rate": 4e-4},
    "sixth of the texts, twice as fast": {"text_share": 1 / 6, "learning_rate": 4e-4},
    "eighth of the texts, twice as fast": {"text_share": 1 / 8, "learning_rate": 4e-4},
    "one layer": {"layers": 1},
    "one layer, faster": {"layers": 1, "learning_rate": 4e-4},
    "one layer, half, faster": {"layers": 1, "epochs": 12, "batches": 16, "learning_rate": 4e-4},
}
"""The head takes as many steps in all of them; the encoder one an epoch."""

AGAIN: dict[str, dict[str, Any]] = {
    "again, 12 epochs": {"epochs": 12},
    "again, 8 epochs": {"epochs": 8},
    "again, 8 epochs, half as fast": {"epochs": 8, "learning_rate": 1e-4},
    "again, 6 epochs": {"epochs": 6},
    "again, 8 epochs, half of the texts": {"epochs": 8, "text_share": 0.5},
}
"""Ways to continue from a fit to a part of the rows, as the final fit of a mixture could from its validation fit."""

SPLITS: Mapping[str, Callable[[], Split]] = {
    "warm": lambda: RandomHoldout(test=0.1, validation=0.1),
    "cold": lambda: ItemCold(items=0.2, validation_items=0.2),
}


class Ranking(FLM):
    """Leaves out the pointwise model, which is fitted after the ranking and does not change it."""

    def _fit_likes(self, train: Dataset, seed: int) -> None:
        """Fit nothing."""
        del train, seed


def validation_fold(data: Dataset, cut: str) -> Fold:
    """Return the validation fold of ``warm-1``, ``cold-2``...: the split and its seed."""
    name, _, seed = cut.partition("-")
    (fold,) = SPLITS[name]().split(data, int(seed))
    assert fold.validation is not None
    return fold.validation


def part_of(fold: Fold, cut: str) -> Dataset:
    """Return a part of the training part, cut as the fold was."""
    name, _, seed = cut.partition("-")
    (inner,) = SPLITS[name]().split(fold.train, int(seed) + 100)
    return inner.train


def measure(fold: Fold, cut: str, way: str, threads: int, shared: SharedCache) -> dict[str, Any]:
    """Fit once; return quality, processor seconds and losses."""
    context = Context(seed=1, threads=threads, shared=shared)
    start = {}
    if way in AGAIN:
        first = {"text_share": AGAIN[way].get("text_share", 1.0)}
        start = Ranking(**first).fit(part_of(fold, cut), context).trained_weights
    model = Ranking(**(WAYS | AGAIN)[way])
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit_from(start, fold.train, context)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    value = ndcg_at_10(fold, lambda queries: model.score(queries, fold.candidates), 1)
    return {"ndcg": value, "cpu": cpu, "wall": wall, "losses": [round(loss, 4) for loss in model.losses]}


def speed(threads: int) -> float:
    """Return float32 GFLOP a processor second, of products as large as a layer's."""
    left, right = torch.randn(4096, 384), torch.randn(384, 1536)
    with torch_threads(threads):
        left @ right
        start = time.process_time()
        for _ in range(20):
            left @ right
        return 20 * 2 * 4096 * 384 * 1536 / (time.process_time() - start) / 1e9


def summary(lines: list[dict[str, Any]]) -> str:
    """Return a table: each way's nDCG@10 by cut, its mean share of today's, and its processor seconds likewise."""
    found = {(line["cut"], line["way"]): line for line in lines}
    cuts = sorted({cut for cut, _ in found})
    rows = [f"| way | {' | '.join(cuts)} | of today's | worst | CPU s | of today's |", "|---" * (len(cuts) + 5) + "|"]
    for way in WAYS | AGAIN:
        here = [cut for cut in cuts if (cut, way) in found and (cut, "today") in found]
        if not here:
            continue
        shares = [found[cut, way]["ndcg"] / found[cut, "today"]["ndcg"] for cut in here]
        times = [found[cut, way]["cpu"] for cut in here]
        time_shares = [found[cut, way]["cpu"] / found[cut, "today"]["cpu"] for cut in here]
        cells = [f"{found[cut, way]['ndcg']:.4f}" if cut in here else "" for cut in cuts]
        numbers = f"{np.mean(shares):.3f} | {min(shares):.3f} | {np.mean(times):.0f} | {np.mean(time_shares):.2f}"
        rows.append(f"| {way} | {' | '.join(cells)} | {numbers} |")
    return "\n".join(rows)


def main() -> None:
    """Measure what is missing, or print the summary."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--cuts", nargs="+", default=["warm-1", "cold-1", "cold-2", "warm-2"])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS | AGAIN))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--float32", action="store_true", help="as on a processor without bfloat16")
    parser.add_argument("--summary", action="store_true")
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.out.read_text("utf-8").splitlines()] if options.out.exists() else []
    if options.summary:
        print(summary(lines))
        return
    if options.float32:
        vars(encoder)["fast_half"] = lambda _: False
    where = os.environ.get("BENCHSUITE_DATA")
    data = MovieLens100K().load(DataLocations((Path(where),) if where else ()))
    done = {(line["cut"], line["way"]) for line in lines}
    with tempfile.TemporaryDirectory() as folder:
        for cut in options.cuts:
            fold = validation_fold(data, cut)
            for way in options.ways:
                if (cut, way) in done:
                    continue
                about = {"cut": cut, "way": way, "half": encoder.fast_half("cpu"), "gflops": speed(options.threads)}
                line = about | measure(fold, cut, way, options.threads, SharedCache(Path(folder)))
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
