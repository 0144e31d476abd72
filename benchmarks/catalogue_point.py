"""One model on a large generated catalogue; prints one line of JSON. Called with the point and how many threads."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from data import fold_of, zipf
from memory import forget_peak, peak

from benchsuite.api import Context
from benchsuite.data import Entities, Fold
from benchsuite.evaluate import rank
from benchsuite.registry import load_model
from benchsuite_content.backbone import load_backbone
from benchsuite_content.encode import batches

ASKING = 1_000
_WORDS = (3, 15)


def main() -> None:
    """Measure one model."""
    key, threads = json.loads(sys.argv[1]), int(sys.argv[2])
    users, items, rows = key["size"]
    fold, small = _fold(users, items, rows), _fold(200, 100, 2000)
    texts = key["model"].startswith("flm")
    if texts:
        fold, small = _with_titles(fold), _with_titles(small)
    tokens = _tokens(fold) if texts else 0
    context = Context(seed=1, threads=threads)
    # Libraries and weights are loaded on a small world first.
    rank(load_model(key["model"])().fit(small.train, context), small, 20, threads=threads)
    parts: dict[str, dict[str, float]] = {}
    if texts:
        _watch(parts)
    forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    model = load_model(key["model"])()
    model.fit(fold.train, context)
    told = {"fit": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    mark = time.perf_counter()
    rank(model, fold, 20, threads=threads)
    told |= {"rank": time.perf_counter() - mark, "asking": len(fold.queries.user), "peak": peak()}
    told |= {"rows": len(fold.train.interactions), "tokens": tokens}
    print(json.dumps(told | {"parts": parts, "catalogue": getattr(model, "catalogue", 0)}))


def _fold(users: int, items: int, rows: int) -> Fold:
    arrays = dict(zipf(users, items, rows))
    asking = min(ASKING, len(arrays["test_user"]))
    return fold_of(arrays | {name: arrays[name][:asking] for name in ("test_user", "test_item")})


def _with_titles(fold: Fold) -> Fold:
    """Return the fold, its items with titles of words that the encoder's vocabulary holds whole."""
    vocabulary = load_backbone().tokenizer.get_vocab()
    words = np.array(sorted(word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 2))
    rng = np.random.default_rng(7)
    items = fold.train.items
    length = rng.integers(_WORDS[0], _WORDS[1] + 1, len(items))
    titles = tuple(" ".join(rng.choice(words, size)) for size in length)
    named = Entities(items.ids, text=titles)
    return dataclasses.replace(fold, train=dataclasses.replace(fold.train, items=named))


def _tokens(fold: Fold) -> int:
    """Return how many tokens all titles have, padding left out."""
    text = [str(one) for one in fold.train.items.text or ()]
    backbone = load_backbone()
    return sum(int(batch["attention_mask"].sum()) for _, batch in batches(backbone, text, 1024))


def _watch(parts: dict[str, dict[str, float]]) -> None:
    """Time the parts of a fit."""
    from benchsuite_flm import head
    from benchsuite_flm.encoder import EncodedTexts, TextEncoder
    from benchsuite_flm.training_loop import TrainingLoop

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            mark = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                found = parts.setdefault(name, {"seconds": 0.0, "peak": 0.0})
                found["seconds"] += time.perf_counter() - mark
                found["peak"] = peak()

        return wrapper

    for owner, method, name in (
        (TextEncoder, "__init__", "frozen layers"),
        (TextEncoder, "encode", "encoder"),
        (EncodedTexts, "backward", "encoder"),
        (TrainingLoop, "head_steps", "head"),
        (TextEncoder, "vectors", "final vectors"),
        (head, "encode_items", "new items"),
    ):
        setattr(owner, method, timed(name, getattr(owner, method)))


if __name__ == "__main__":
    main()
