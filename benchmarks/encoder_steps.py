"""Can fine-tuning take fewer or smaller passes over the catalogue without losing quality?

    python benchmarks/encoder_steps.py OUT.jsonl [--cuts films-warm-1 ...] [--ways "8 epochs, 3e-4" ...] [--summary]

Fits ``flm`` on the training part of validation folds, never on test rows, and appends one line for each fit; what is
there already is left out, so that it can be stopped and started. Ways of one cut follow one another, so that a slow
hour hits all of them; compare processor seconds. ``--summary`` prints the table: quality and seconds as shares of those
of 24 epochs, and the floor: tokens times trained weights times 6 FLOP an epoch, over the measured float32 speed.
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

from benchsuite.api import Context, DataLocations, SharedCache, Source, Split
from benchsuite.data import Dataset, Fold
from benchsuite_content.backbone import load_backbone
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.encode import BATCH, batches, torch_threads
from benchsuite_datasets.ml_100k import MovieLens100K
from benchsuite_datasets.sources import online_retail
from benchsuite_flm import encoder
from benchsuite_flm.fine_tuned import ndcg_at_10
from benchsuite_flm.models import FLM
from benchsuite_flm.settings import TuningConfig
from benchsuite_flm.trainable_layers import TrainableLayers
from benchsuite_protocol.splits.item_cold import ItemCold
from benchsuite_protocol.splits.random_holdout import RandomHoldout

FORMER = {"epochs": 24, "batches": 8, "learning_rate": 2e-4}
"""The defaults until version 2 of ``flm``."""

WAYS: dict[str, dict[str, Any]] = {
    "24 epochs": FORMER,
    "12 epochs, 3e-4": {"epochs": 12, "batches": 16, "learning_rate": 3e-4},
    "12 epochs, 4e-4": {"epochs": 12, "batches": 16, "learning_rate": 4e-4},
    "8 epochs, 3e-4": {"epochs": 8, "batches": 24, "learning_rate": 3e-4},
    "6 epochs, 3e-4": {"epochs": 6, "batches": 32, "learning_rate": 3e-4},
    "24 epochs, one layer, 4e-4": FORMER | {"layers": 1, "learning_rate": 4e-4},
}
"""The head takes as many steps in all of them; the encoder one an epoch."""

SETS: Mapping[str, Callable[[], Source]] = {"films": MovieLens100K, "shop": online_retail}

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
    """Return the validation fold of ``films-warm-1``, ``shop-cold-2``...: the set, the split and its seed."""
    _, name, seed = cut.split("-")
    (fold,) = SPLITS[name]().split(data, int(seed))
    assert fold.validation is not None
    return fold.validation


def measure(fold: Fold, way: str, threads: int, shared: SharedCache) -> dict[str, Any]:
    """Fit once; return quality, processor seconds and losses."""
    model = Ranking(**WAYS[way])
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(fold.train, Context(seed=1, threads=threads, shared=shared))
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
    """Return a table: each way's nDCG@10 by cut, its mean share of 24 epochs', and its processor seconds likewise."""
    found = {(line["cut"], line["way"]): line for line in lines}
    cuts = sorted({cut for cut, _ in found})
    head = ["way", *cuts, "mean share", "worst share", "CPU s", "share of CPU s"]
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for way in WAYS:
        here = [cut for cut in cuts if (cut, way) in found and (cut, "24 epochs") in found]
        if not here:
            continue
        shares = [found[cut, way]["ndcg"] / found[cut, "24 epochs"]["ndcg"] for cut in here]
        times = [found[cut, way]["cpu"] for cut in here]
        time_shares = [found[cut, way]["cpu"] / found[cut, "24 epochs"]["cpu"] for cut in here]
        cells = [f"{found[cut, way]['ndcg']:.4f}" if cut in here else "" for cut in cuts]
        numbers = f"{np.mean(shares):.3f} | {min(shares):.3f} | {np.mean(times):.0f} | {np.mean(time_shares):.2f}"
        rows.append(f"| {way} | {' | '.join(cells)} | {numbers} |")
    return "\n".join(rows)


def locations() -> DataLocations:
    """Return where data lies."""
    where = os.environ.get("BENCHSUITE_DATA")
    return DataLocations((Path(where),) if where else ())


def floor(data: Dataset) -> float:
    """Return the GFLOP of one epoch: tokens of the catalogue, padding included, times trained weights times 6."""
    backbone = load_backbone(DEFAULT_BACKBONE)
    texts = [str(text) for text in np.unique(np.array(data.items.text, dtype=object).astype(str))]
    tokens = sum(int(batch["attention_mask"].numel()) for _, batch in batches(backbone, texts, BATCH))
    layers = TrainableLayers(backbone.model, TuningConfig(layers=FLM().layers), seed=1, device="cpu")
    return tokens * sum(int(weight.numel()) for weight in layers.weights) * 6 / 1e9


def page(lines: list[dict[str, Any]], gflop: float) -> str:
    """Return the published page."""
    speeds = [line["gflops"] for line in lines if line["way"] == "24 epochs" and line["cut"].startswith("films")]
    seconds = gflop / float(np.median(speeds))
    now, was = FLM(), WAYS["24 epochs"]
    return f"""# How few passes of the encoder are enough

Generated by `python benchmarks/encoder_steps.py OUT.jsonl --page FILE`; not edited by hand.

`flm` fitted on the training parts of validation folds of MovieLens-100K (films) and Online Retail (shop), and scored on
their validation rows: nDCG@10. No test row was read. The encoder takes one step an epoch, over the whole catalogue. The
head takes as many in all ways for the films; in the shop every user comes once an epoch: fewer epochs, fewer steps of
the head, too. Defaults are now {now.epochs} epochs of {now.batches} batches with
a largest learning rate of {now.learning_rate:g}; up to version 2 of `flm` they were {was["epochs"]} epochs of
{was["batches"]} batches with {was["learning_rate"]:g}. Processor seconds of one thread without bfloat16, beside other
work, of the ranking alone (the pointwise model comes on top).

{summary(lines)}

*Shares* are of what 24 epochs reach and take on the same cuts.

**The floor.** One epoch over the films is {gflop:.0f} GFLOP (tokens of the catalogue x trained weights x 6). At
{np.median(speeds):.0f} GFLOP a processor second, the median of float32 products measured beside the fits, 24 epochs
cannot take less than {24 * seconds:.0f} processor seconds, and {now.epochs} not less than {now.epochs * seconds:.0f};
the head comes on top.

**What brought nothing.** Only the passes that are fewer were measured on all cuts; what follows, and one trained layer, on one to
three of them, as it fell behind at once.

- Reading a third, quarter or sixth of the texts in each of 24 epochs, and keeping the last vectors of the others: on
  films-cold-1 .404, .402 and .395 (24 whole epochs: .404), but on films-warm-1 .265, .259 and .261 (.267). Vectors of
  different ages in one list cost more than the passes they save.
- More steps of the head where there are many users (in the shop each user comes 8 times with 8 epochs, 24 times
  with 24): with each user three times an epoch .154 on shop-warm-1 (8 epochs: .150, 24 epochs: .153), but .192 and .201
  on the two cold cuts (8 epochs: .201 and .207, 24 epochs: .200 and .208). Where a shop is warm, `epochs = 24` and
  `batches = 8` are the slower and better setting.
- Continuing for 4 epochs from a fit to a part of the rows, as the last fit of a mixture could from its validation fit:
  .393 on films-cold-1, where 8 epochs from the beginning give .405.
- `torch.compile` of the encoder (shapes left open): 16.2 processor seconds for the texts of the films in place of 17.2,
  after 37 for compiling, and it needs a C++ compiler on the user's machine.
- int8 for the frozen layers (dynamic quantization of their linear maps): 10.6 processor seconds in place of 17.2, and
  13.9 in place of 24.1 without the newer instructions, but vectors of unit length move by up to .44, far more than the
  .001 that was asked for; bfloat16 moves them by .006.
"""


def main() -> None:
    """Measure what is missing, or print the summary."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--cuts", nargs="+", default=[f"films-{name}" for name in ("cold-1", "warm-1", "cold-2", "warm-2")]
    )
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--float32", action="store_true", help="as on a processor without bfloat16")
    parser.add_argument("--summary", action="store_true")
    parser.add_argument("--page", type=Path, help="write the published page")
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.out.read_text("utf-8").splitlines()] if options.out.exists() else []
    if options.summary:
        print(summary(lines))
        return
    if options.page:
        options.page.write_text(page(lines, floor(MovieLens100K().load(locations()))), encoding="utf-8")
        return
    if options.float32:
        vars(encoder)["fast_half"] = lambda _: False
    sets = {name: SETS[name]().load(locations()) for name in {cut.partition("-")[0] for cut in options.cuts}}
    done = {(line["cut"], line["way"]) for line in lines}
    with tempfile.TemporaryDirectory() as folder:
        for cut in options.cuts:
            fold = validation_fold(sets[cut.partition("-")[0]], cut)
            for way in options.ways:
                if (cut, way) in done:
                    continue
                about = {"cut": cut, "way": way, "half": encoder.fast_half("cpu"), "gflops": speed(options.threads)}
                line = about | measure(fold, way, options.threads, SharedCache(Path(folder)))
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
