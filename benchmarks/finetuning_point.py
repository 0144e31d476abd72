"""One measurement of ``finetuning.py``, in a process of its own; prints one line of JSON.

Learns from the training part of a validation fold and is judged on that fold, so test rows are never looked at.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchsuite.api import Context, DataLocations
from benchsuite.data import Float32, Fold, Queries
from benchsuite_classic.als import ALS
from benchsuite_content.als_content import predict_factors
from benchsuite_content.backbone import Backbone, load_backbone
from benchsuite_content.backbone_files import backbone_folder
from benchsuite_datasets.demo import Demo
from benchsuite_datasets.ml_100k import MovieLens100K
from benchsuite_flm import encoder, trainer
from benchsuite_flm.fine_tuned import ndcg_at_10
from benchsuite_flm.models import FLM
from benchsuite_flm.optim import OptimizerConfig, ParameterGroup, ScheduledOptimizer
from benchsuite_flm.trainer import Trainer
from benchsuite_protocol.splits.item_cold import ItemCold

EVERY = 50
BATCH = 64
RATE = 2e-5
RIDGES = (3.0, 10.0)
"""Of the plain loop: steps from one judgement to the next, pairs a step, largest step size; penalties of the regression
that reads its vectors out."""

Answer = Callable[[Queries], Float32]


def fold_of(source: str, seed: int) -> Fold:
    """Return the validation fold of new items."""
    where = os.environ.get("BENCHSUITE_DATA")
    reader = Demo(users=80, items=60) if source == "demo" else MovieLens100K()
    data = reader.load(DataLocations((Path(where),) if where else ()))
    (fold,) = ItemCold(items=0.2, validation_items=0.2).split(data, seed)
    assert fold.validation is not None
    return fold.validation


class Stepwise(Trainer):
    """Takes one encoder step for each batch of users, instead of one for each pass over the catalogue."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._each, self.batches = self.batches, 1
        group = ParameterGroup(self.encoder.parameters, self.config.learning_rate, self.settings.weight_decay)
        config = OptimizerConfig.of(self.settings)
        self.encoder_optimizer = ScheduledOptimizer(self.settings.epochs * self._each, group, config=config)

    def epoch(self) -> float:
        """Do one epoch; return its mean loss."""
        before = self.done
        losses = [Trainer.epoch(self) for _ in range(self._each)]
        self.done = before + 1
        return float(np.mean(losses))


def unsorted(backbone: Backbone, texts: list[str], size: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield batches in the given order, each padded to its longest text."""
    for first in range(0, len(texts), size):
        rows = np.arange(first, min(first + size, len(texts)))
        part = [texts[row] for row in rows]
        tokens = backbone.tokenizer(
            part, truncation=True, max_length=backbone.max_tokens, padding=True, return_tensors="pt"
        )
        yield rows, dict(tokens)


def _no(*_: Any) -> bool:
    return False


def switch_off(trick: str) -> None:
    """Take one trick away. That of memory is taken away by who starts this process."""
    if trick == "bf16":
        vars(encoder)["fast_half"] = _no
    elif trick == "buckets":
        vars(encoder)["batches"] = unsorted
    elif trick == "cache":
        setattr(encoder.TextEncoder, "_can_skip_frozen", _no)  # noqa: B010 - a method is exchanged here on purpose
    elif trick == "accumulation":
        vars(trainer)["Trainer"] = Stepwise  # the class that a fit uses


def ours(fold: Fold, options: argparse.Namespace) -> dict[str, Any]:
    """Fit ``flm`` with its defaults, or without a trick."""
    switch_off(options.without)
    load_backbone()  # files are read once before the clock runs
    model = FLM(epochs=options.epochs) if options.epochs else FLM()
    mark = time.perf_counter()
    model.fit(fold.train, Context(seed=options.seed, threads=options.threads))
    seconds = time.perf_counter() - mark
    value = ndcg_at_10(fold, lambda queries: model.score(queries, fold.candidates), options.seed)
    half = encoder.fast_half("cpu")
    return {"seconds": seconds, "ndcg": value, "peak": _peak(), "epochs": model.epochs, "half": half}


def plain(fold: Fold, options: argparse.Namespace) -> dict[str, Any]:
    """Fine-tune as sentence-transformers' guide does, until the target or the limit is reached."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import SentenceTransformerTrainer as Trainer
    from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import TrainerCallback

    library: Any = importlib.import_module("datasets")  # not our folder of that name

    torch.set_num_threads(options.threads)
    texts = [str(text) for text in fold.train.items.text or ()]
    model = SentenceTransformer(str(backbone_folder("all-MiniLM-L6-v2")), device="cpu")
    judged: list[tuple[float, float]] = []
    als = ALS().fit(fold.train, Context(seed=options.seed, threads=options.threads))
    answers = [functools.partial(_cosine, fold), *(functools.partial(_regression, fold, als, r) for r in RIDGES)]

    def judge(seconds: float) -> float:
        vectors = model.encode(texts, batch_size=128, normalize_embeddings=True, show_progress_bar=False)
        value = max(ndcg_at_10(fold, answer(vectors), options.seed) for answer in answers)
        judged.append((seconds, value))
        return value

    class Watch(TrainerCallback):
        """Judges now and then, off the clock."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            """Start the clock."""
            self.start, self.off = time.perf_counter(), 0.0

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            """Stop at the target, or at the limit."""
            seconds = time.perf_counter() - self.start - self.off
            if state.global_step % EVERY and seconds < options.limit:
                return
            value = judge(seconds)
            self.off += time.perf_counter() - self.start - self.off - seconds
            control.should_training_stop = value >= options.target or seconds >= options.limit

    judge(0.0)
    pairs = _pairs(fold, texts, options.seed)
    settings = Arguments(
        output_dir=options.scratch, num_train_epochs=options.epochs or 3, per_device_train_batch_size=BATCH,
        learning_rate=RATE, warmup_steps=0.1, seed=options.seed, save_strategy="no", logging_strategy="no",
        report_to="none", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    # A name is given, or the library would work one out by pickling the table, which fails with pyarrow 26.
    table = library.Dataset(library.table.InMemoryTable.from_pydict(pairs), fingerprint="pairs")
    trainer = Trainer(
        model=model, args=settings, train_dataset=table,
        loss=MultipleNegativesRankingLoss(model), callbacks=[Watch()],
    )  # fmt: skip
    trainer.train()
    seconds, value = max(judged, key=lambda one: (one[1] >= options.target, one[0]))
    best = max(value for _, value in judged)
    return {"seconds": seconds, "ndcg": value, "best": best, "peak": _peak(), "steps": int(trainer.state.global_step),
            "reached": value >= options.target, "untouched": judged[0][1], "pairs": len(pairs["anchor"])}  # fmt: skip


def _pairs(fold: Fold, texts: list[str], seed: int) -> dict[str, list[str]]:
    """Return pairs of items that a user took: each item of a history with another one, drawn at random."""
    rows = fold.train.interactions
    random = np.random.default_rng(seed)
    pairs: dict[str, list[str]] = {"anchor": [], "positive": []}
    for user in np.unique(rows.user):
        taken = random.permutation(np.unique(rows.item[rows.user == user]))
        if len(taken) > 1:
            pairs["anchor"] += [texts[item] for item in taken]
            pairs["positive"] += [texts[item] for item in np.roll(taken, 1)]
    return pairs


def _cosine(fold: Fold, vectors: Any) -> Answer:
    """Answer as ``content-lm`` does, with the cosine of the mean of a history, around the mean of the known items."""
    known = np.asarray(fold.train.matrix().sum(axis=0)).ravel() > 0
    centred = vectors - vectors[known].mean(axis=0)
    centred = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    items = centred if fold.candidates is None else centred[fold.candidates]
    return lambda queries: np.asarray((queries.matrix(len(centred)) @ centred) @ items.T, np.float32)


def _regression(fold: Fold, als: ALS, ridge: float, vectors: Any) -> Answer:
    """Answer as ``als-content`` does, with ALS factors predicted from the vectors."""
    known = np.asarray(fold.train.matrix().sum(axis=0)).ravel() > 0
    factors = np.where(known[:, None], als.item_factors, np.float32(0))
    guessed = predict_factors(vectors[known], factors[known], vectors[~known], ridge)
    both = factors.copy()
    both[~known] = guessed
    items = both if fold.candidates is None else both[fold.candidates]
    return lambda queries: np.asarray(als.fold_in(queries, factors) @ items.T, np.float32)


def _peak() -> int:
    """Return the largest memory of this process, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["ours", "plain"])
    parser.add_argument("--without", default="", help="a trick")
    parser.add_argument("--source", choices=["ml-100k", "demo"], default="ml-100k")
    parser.add_argument("--epochs", type=int, default=0, help="0: the default")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", type=float, default=1.0)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds of the plain loop")
    parser.add_argument("--scratch", default="")
    options = parser.parse_args()
    fold = fold_of(options.source, options.seed)
    print(json.dumps((ours if options.what == "ours" else plain)(fold, options)))


if __name__ == "__main__":
    main()
