"""Do rivals in processes of their own give the lists that their libraries give? And what does the protocol cost?

``python benchmarks/parity.py`` compares the best ten on MovieLens-100K (random hold-out, seed 0) for every rival that
is set up: through benchsuite, and through the library's own functions in the same environment. Cornac runs in ours, by
its own ``recommend``. A list is *identical* when it has the same items in the same order; *by ties* when the scores of
both lists are the same, place by place, up to rounding. A word picks rows by library or model.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.api import Context, Model
from benchsuite.arguments import data_locations
from benchsuite.data import Fold, Rankings
from benchsuite.evaluate import rank
from benchsuite.registry import load_model, load_source, load_split
from benchsuite_external.environments import RIVALS
from benchsuite_external.fold_folder import read_scores, write_block, write_fold

DIRECT = Path(__file__).parent / "rivals" / "work" / "parity_.py"
K = 10
ROWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("lenskit", "ItemKNNScorer", {"feedback": "implicit", "max_nbrs": 100}),
    ("lenskit", "EASEScorer", {}),
    ("rectools", "ImplicitItemKNNWrapperModel", {"model": {"cls": "CosineRecommender", "K": 100}}),
    ("rectools", "EASEModel", {"regularization": 500.0}),
    ("cornac", "EASE", {}),
    ("cornac", "BPR", {"k": 20, "max_iter": 20}),
)


def ones(fold: Fold) -> Fold:
    """Return the fold without values: both sides are told who took what."""
    import dataclasses

    rows = dataclasses.replace(fold.train.interactions, value=np.ones(len(fold.train.interactions), np.float32))
    return dataclasses.replace(fold, train=dataclasses.replace(fold.train, interactions=rows), validation=None)


def compare(fold: Fold, library: str, name: str, settings: dict[str, Any], folder: Path) -> str:
    """Return a line about one model."""
    started = time.perf_counter()
    model: Model = load_model(library).from_settings({"model": name, "options": settings})
    lists = rank(model.fit(fold.train, Context(seed=0)), fold, K)
    seconds = time.perf_counter() - started
    out = folder / f"{library}-{name}.npz"
    words = [str(RIVALS[library].python), str(DIRECT), str(folder), library, name, json.dumps(settings), str(out)]
    told = []
    for numbers in ("own", "codes") if library == "rectools" else ("own",):
        started = time.perf_counter()
        subprocess.run([*words, numbers], check=True)
        direct = time.perf_counter() - started
        share = _shares(fold, lists, np.load(out))
        told.append(f"numbers by {numbers}: {share}; {seconds:.1f} s here, {direct:.1f} s through its own functions")
    return f"{library} {name}: {'; '.join(told)}"


def compare_cornac(fold: Fold, name: str, settings: dict[str, Any]) -> str:
    """Return a line about one of Cornac's models, which the adapter ``cornac`` fits in this process."""
    started = time.perf_counter()
    model: Model = load_model("cornac").from_settings({"model": name, "parameters": settings})
    lists = rank(model.fit(fold.train, Context(seed=0, threads=1)), fold, K)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    found = cornac_lists(fold, name, settings)
    direct = time.perf_counter() - started
    return f"cornac {name}: {_shares(fold, lists, found)}; {seconds:.1f} s here, {direct:.1f} s by its own functions"


def cornac_lists(fold: Fold, name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return user_id, item_id, score as Cornac's users get them: the library's data, fit and recommend."""
    import inspect

    import cornac

    rows = fold.train.interactions
    pairs = dict.fromkeys(zip(rows.user.tolist(), rows.item.tolist(), strict=True))  # Cornac counts a pair once
    data = cornac.data.Dataset.from_uir([(user, item, 1.0) for user, item in pairs], seed=0)
    kind = getattr(cornac.models, name)
    single = {"num_threads": 1} if "num_threads" in inspect.signature(kind).parameters else {}  # threads race
    model = kind(seed=0, verbose=False, **settings, **single).fit(data)
    users, items, scores = [], [], []
    for user, place in data.uid_map.items():
        best = model.recommend(user, k=K, remove_seen=True, train_set=data)
        users += [user] * len(best)
        items += best
        scores += np.ravel(model.score(place))[[data.iid_map[item] for item in best]].tolist()
    return {"user_id": np.array(users), "item_id": np.array(items), "score": np.array(scores, np.float32)}


def _shares(fold: Fold, lists: Rankings, found: Any) -> str:
    """Return how many lists are the same, how many differ by ties, and how many else."""
    same = tied = asked = 0
    for row, user in enumerate(fold.queries.user):
        theirs = found["user_id"] == user
        item, score = found["item_id"][theirs], found["score"][theirs]
        ours = lists.item[row][~lists.fallback[row] & (lists.item[row] >= 0)]
        if not len(item) and not len(ours):
            continue
        asked += 1
        if len(item) == len(ours) and (item == ours).all():
            same += 1
        elif len(item) == len(ours) and np.allclose(score, lists.score[row][: len(score)], rtol=1e-5, atol=1e-6):
            tied += 1
    return f"{same} of {asked} lists identical ({same / asked:.1%}), {tied} differ by ties, {asked - same - tied} else"


def cost(fold: Fold) -> str:
    """Return what the protocol itself takes: writing the fold, and one block with its scores."""
    with tempfile.TemporaryDirectory() as scratch:
        home, spent = Path(scratch), []
        for step in ("fold", "block", "scores"):
            started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
            if step == "fold":
                write_fold(home, fold.train, Context(validation=fold.validation), {})
            elif step == "block":
                write_block(home / "blocks" / "1", fold.queries, None)
            else:
                shape = (len(fold.queries), len(fold.train.items))
                np.save(home / "blocks" / "1" / "scores.npy", np.zeros(shape, np.float32))
                read_scores(home / "blocks" / "1", shape)
            after = resource.getrusage(resource.RUSAGE_SELF)
            processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            spent.append(f"{step} {time.perf_counter() - started:.3f} s ({processor:.3f} s of the processor)")
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
        return f"protocol: {', '.join(spent)}; {size / 1e6:.1f} MB in all"


def main() -> None:
    """Print a line for each rival that is set up."""
    data = load_source("ml-100k")().load(data_locations((), offline=True))
    whole = next(iter(load_split("random-holdout")().split(data, 0)))
    print(cost(whole), flush=True)
    fold = ones(whole)
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("user", "item"):
            np.save(Path(scratch) / f"{name}.npy", getattr(fold.train.interactions, name))
        for library, name, settings in ROWS:
            if not any(word in f"{library} {name}" for word in sys.argv[1:] or [""]):
                continue
            if library == "cornac":
                print(compare_cornac(fold, name, settings), flush=True)
            elif RIVALS[library].manifest():
                print(compare(fold, library, name, settings, Path(scratch)), flush=True)
            else:
                print(f"{library} {name}: not set up", flush=True)


if __name__ == "__main__":
    main()
