"""Our path: the plugin as anybody would use it, ranked and measured by the harness."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
from common import (
    ALPHA,
    FACTORS,
    ITERATIONS,
    LONGER,
    NEIGHBOURS,
    REGULARIZATION,
    SEED,
    Clock,
    K,
    arguments,
    finish,
    longer_wanted,
)

from benchsuite.api import Context
from benchsuite.evaluate import rank
from benchsuite_classic.als import ALS
from benchsuite_classic.item_knn import ItemKNN
from benchsuite_protocol.metrics.ranking import NDCGAtK, RecallAtK

sys.path.insert(0, str(Path(__file__).parents[2]))
from data import evidence_of, fold_of

# Our plugins import libraries when they need them, the rivals at their start; nobody's imports are counted.
for library in ("scipy.sparse", "implicit.cpu.als", "implicit.cpu.topk", "implicit.nearest_neighbours"):
    importlib.import_module(library)
arrays, name, out, threads = arguments()
fold = fold_of(arrays)
clock = Clock()
model = (
    # implicit counts an item among its own neighbours, we do not; the rest is the same.
    ItemKNN(NEIGHBOURS - 1, alpha=0.5, beta=0.5, user_exponent=0.0, weighting="none", side="history")
    if name == "item-knn"
    else ALS(factors=FACTORS, regularization=REGULARIZATION, alpha=ALPHA, iterations=ITERATIONS)
)
model.fit(fold.train, Context(seed=SEED, threads=threads))
clock.stage("fit")
rankings = rank(model, fold, K, threads=threads)
clock.stage("rank")
evidence = evidence_of(fold, rankings)
everybody = np.ones((1, len(fold.queries)))
found = {}
for label, metric in (("recall", RecallAtK(k=K)), ("ndcg", NDCGAtK(k=K))):
    found[label] = float(metric.estimate(evidence, metric.measure(evidence), everybody)[0])
clock.stage("metrics")
longer = None
if longer_wanted():
    lists = rank(model, fold, LONGER, threads=threads)
    longer = lists.item, lists.score
finish("benchsuite", clock, (fold.queries.user, rankings.item, rankings.score), out, found, longer)
