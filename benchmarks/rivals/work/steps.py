"""One kernel: ours and its measure, one after the other in one process. Prints one line of JSON.

Called with the kernel's name, its size, and the number of threads.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from data import evidence_of, fold_of, gowalla, zipf
from kernels import timed
from memory import forget_peak, peak, resident

from benchsuite.api import Context, Model
from benchsuite.data import Pairs, Rankings
from benchsuite.evaluate import rank, topk

METRICS = ("accuracy", "precision", "recall", "f1", "ndcg", "map", "mrr", "hit-rate", "coverage", "novelty")
CUTOFFS = (5, 10, 20)


@dataclass
class Vectors(Model):
    """A model that has nothing but vectors of 384 numbers."""

    def fit(self, train: Any, context: Context) -> Vectors:
        """Draw them."""
        generator = np.random.default_rng(context.seed)
        self._users = generator.normal(size=(len(train.users), 384)).astype(np.float32)
        self._items = generator.normal(size=(len(train.items), 384)).astype(np.float32)
        return self

    def score(self, queries: Any, candidates: Any) -> Any:
        """Return their products."""
        items = self._items if candidates is None else self._items[candidates]
        return self._users[queries.user] @ items.T


def ranking(size: int, threads: int) -> dict[str, Any]:
    """The generic path against the bare matrix product in the same blocks."""
    arrays = {path.stem: np.load(path) for path in gowalla().glob("*.npy")}
    few = np.isin(arrays["test_user"], np.unique(arrays["test_user"])[:size])
    arrays |= {name: arrays[name][few] for name in ("test_user", "test_item")}
    fold = fold_of(arrays)
    model = Vectors().fit(fold.train, Context(seed=1))
    step = topk.block_rows(len(fold.train.items))

    def bare() -> None:
        for first in range(0, len(fold.queries), step):
            model.score(fold.queries.slice(first, min(first + step, len(fold.queries))), None)

    bare_seconds, ours = [], []
    for _ in range(3):
        bare_seconds.append(timed(bare)[0])
        ours.append(timed(lambda: rank(model, fold, 20, threads=threads))[0])
    return {"ours": float(np.median(ours)), "theirs": float(np.median(bare_seconds)), "peak": peak()}


def metrics(size: int, _threads: int) -> dict[str, Any]:
    """Ten metrics at three cutoffs against ranx, which compiles on first use and is asked twice before."""
    import ranx

    from benchsuite_protocol.metrics import beyond_accuracy
    from benchsuite_protocol.metrics import ranking as lists

    arrays = {path.stem: np.load(path) for path in gowalla().glob("*.npy")}
    fold = fold_of(arrays)
    chosen = range(min(size, len(fold.queries)))
    item = np.random.default_rng(0).integers(0, len(fold.train.items), (len(fold.queries), 20)).astype(np.int32)
    for row in chosen:
        some = fold.truth.items[row][:3]
        item[row, : len(some)] = some
    item = np.random.default_rng(1).permuted(item, axis=1)
    rankings = Rankings(item, np.zeros(item.shape, np.float32), np.zeros(item.shape, np.bool_))
    classes: dict[str, Any] = {
        "accuracy": lists.AccuracyAtK,
        "precision": lists.PrecisionAtK,
        "recall": lists.RecallAtK,
        "f1": lists.F1AtK,
        "ndcg": lists.NDCGAtK,
        "map": lists.MAPAtK,
        "mrr": lists.MRRAtK,
        "hit-rate": lists.HitRateAtK,
        "coverage": lists.CoverageAtK,
        "novelty": beyond_accuracy.NoveltyAtK,
    }
    made = [classes[name](k=k) for name in METRICS for k in CUTOFFS]
    everybody = np.ones((1, len(fold.queries)))

    def ours() -> list[float]:
        # New evidence each time, so that nothing is remembered.
        evidence = evidence_of(fold, rankings)
        began = time.perf_counter()
        found = [float(metric.estimate(evidence, metric.measure(evidence), everybody)[0]) for metric in made]
        seconds.append(time.perf_counter() - began)
        return found

    truth = {str(row): dict.fromkeys(map(str, fold.truth.items[row].tolist()), 1) for row in chosen}
    run = {str(row): {str(code): 1.0 - place / 100 for place, code in enumerate(item[row].tolist())} for row in chosen}
    qrels, lists_of = ranx.Qrels(truth), ranx.Run(run)
    # Seven at three cutoffs are all that both have; three more of ranx's own make ten.
    both = ("precision", "recall", "f1", "ndcg", "map", "mrr", "hit_rate")
    asked = [f"{name}@{k}" for name in (*both, "hits", "dcg", "ndcg_burges") for k in CUTOFFS]

    def theirs() -> Any:
        return ranx.evaluate(qrels, lists_of, asked, make_comparable=False)

    seconds: list[float] = []
    theirs(), theirs(), ours()
    seconds.clear()
    rival = []
    for _ in range(5):
        ours()
        rival.append(timed(theirs)[0])
    mine = ours()[METRICS.index("recall") * 3 : METRICS.index("recall") * 3 + 3]
    other = [float(theirs()[f"recall@{k}"]) for k in CUTOFFS]
    return {
        "ours": float(np.median(seconds)),
        "theirs": float(np.median(rival)),
        "recall_gap": float(np.abs(np.subtract(mine, other)).max()) if size >= len(fold.queries) else None,
        "note": f"{len(made)} values of ours, {len(asked)} of ranx",
    }


def ease(size: int, threads: int) -> dict[str, Any]:
    """EASE's solver against LAPACK's own potrf and potri on the same matrix, and its memory against the matrix.

    ``memory`` is what building the matrix and solving add to the process; ``memory_in_all`` is all that it holds.
    """
    from scipy.linalg.lapack import spotrf, spotri
    from scipy.sparse import csr_matrix

    from benchsuite_classic.ease import gram, invert
    from benchsuite_classic.support import blas_threads

    arrays = zipf(5 * size, size, 100 * size)
    shape = (int(arrays["users"]), int(arrays["items"]))
    taken = csr_matrix(
        (np.ones(len(arrays["train_user"]), np.float32), (arrays["train_user"], arrays["train_item"])), shape
    )
    forget_peak()
    before = resident()

    def made() -> Any:
        weights = gram(taken, threads)
        np.einsum("ii->i", weights)[:] += 500.0
        return weights

    def lapack(matrix: Any) -> None:
        factor, _ = spotrf(matrix.T, lower=0, clean=0, overwrite_a=1)
        spotri(factor, lower=0, overwrite_c=1)

    with blas_threads(threads):
        ours, _ = timed(functools.partial(invert, made()))
        most = peak()
        theirs, _ = timed(functools.partial(lapack, made()))
    matrix = 4.0 * size * size
    return {"ours": ours, "theirs": theirs, "memory": (most - before) / matrix, "memory_in_all": most / matrix}


def surprise(size: int, threads: int) -> dict[str, Any]:
    """SVD and kNN-baseline against Surprise itself: fit and estimate the same pairs of MovieLens-100K."""
    import os

    import surprise as library
    from data import CACHE

    from benchsuite.api import DataLocations
    from benchsuite.registry import load_source
    from benchsuite_classic.knn_baseline import KNNBaseline
    from benchsuite_classic.svd import SVD
    from benchsuite_protocol.splits.random_holdout import RandomHoldout

    where = os.environ.get("BENCHSUITE_DATA")
    dataset = load_source("ml-100k")().load(DataLocations((Path(where),) if where else (), CACHE))
    fold = next(iter(RandomHoldout().split(dataset, 1)))
    rows, held = fold.train.interactions, fold.truth
    pairs = Pairs(held.rows.astype(np.int32), held.item, np.ones(len(held.item), np.int8), held.value)
    triples = list(zip(rows.user.tolist(), rows.item.tolist(), rows.value.tolist(), strict=True))
    asked = list(zip(fold.queries.user[held.rows].tolist(), held.item.tolist(), held.value.tolist(), strict=True))
    reader = library.Reader(rating_scale=(1, 5))

    def rival(make: Callable[[], Any]) -> None:
        builder = library.Dataset(reader)
        learner = make().fit(builder.construct_trainset([(u, i, r, None) for u, i, r in triples]))
        learner.test(asked)

    def ours(make: Callable[[], Model]) -> None:
        make().fit(fold.train, Context(seed=1, threads=threads)).score_pairs(fold.queries, pairs.query, pairs.item)

    svd, knn = SVD(), KNNBaseline()
    contests = {
        "svd": (
            lambda: ours(SVD),
            lambda: rival(
                lambda: library.SVD(
                    n_factors=svd.factors, n_epochs=svd.epochs, lr_all=svd.learning_rate, reg_all=svd.regularization
                )
            ),
        ),
        "knn-baseline": (
            lambda: ours(KNNBaseline),
            lambda: rival(lambda: knn_rival(library, knn)),
        ),
    }
    out: dict[str, Any] = {}
    for name, (mine, theirs) in contests.items():
        times = [(timed(mine)[0], timed(theirs)[0]) for _ in range(size)]
        out[name] = dict(zip(("ours", "theirs"), np.median(times, axis=0).tolist(), strict=True))
    return out


def knn_rival(library: Any, knn: Any) -> Any:
    """Return Surprise's learner with our settings."""
    similar = {"name": "pearson_baseline", "user_based": False, "shrinkage": knn.shrinkage}
    return library.KNNBaseline(k=knn.neighbours, verbose=False, sim_options=similar, bsl_options={"method": "als"})


if __name__ == "__main__":
    kernel = {"ranking": ranking, "metrics": metrics, "ease": ease, "surprise": surprise}[sys.argv[1]]
    print(json.dumps(kernel(int(sys.argv[2]), int(sys.argv[3]))))
