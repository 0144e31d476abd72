"""Small fits of every row of the family with a fixed seed, and what they learn: the source of ``reference_fits.json``.

``python tests/flm/reference_fits.py`` writes that file anew, in float32. It changes only where the numbers of a row are
meant to change, and then the row's ``version`` changes, too.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "lib"))

from conftest import build_fold, build_world, save_tiny, use_float32
from reading import TOPICS, save_reader, text_world

from benchsuite.api import Context, Model
from benchsuite.data import Fold
from benchsuite.registry import load_model

FILE = Path(__file__).with_suffix(".json")
KEPT = 8
"""Values that are kept of each array, evenly spaced."""

_WORDS = " ".join(TOPICS) + " a person liked these would this also like answer"
_TEXT = {"epochs": 3, "batches": 2, "batch_size": 16, "learning_rate": 5e-3, "layers": 1}
_FROZEN = {"epochs": 3, "batches": 2, "batch_size": 16}
_PAIRS = {"first": "popular", "candidates": 6, "pairs": 60, "epochs": 2, "history": 3, "learning_rate": 2e-3}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "softmax": ("flm", {**_TEXT}),
    "bce, attention, friends": ("flm", {**_TEXT, "loss": "bce", "interest": "attention", "friends": 0.5}),
    "bpr, lora, recency": (
        "flm",
        {**_TEXT, "loss": "bpr", "tuning": "lora", "interest": "recency", "clip": 0.5, "schedule": "warmup-cosine"},
    ),
    "full, part of the catalogue, average": ("flm", {**_TEXT, "tuning": "full", "catalogue": 30, "average": 0.7}),
    "early stopping, plateau": (
        "flm",
        {**_TEXT, "epochs": 6, "patience": 2, "schedule": "plateau", "plateau": 1, "optimizer": "sgd"},
    ),
    "frozen, adam, values": (
        "flm-frozen",
        {**_FROZEN, "optimizer": "adam", "weight_decay": 0.1, "weighting": "value"},
    ),
    "frozen, threshold": ("flm-frozen", {**_FROZEN, "schedule": "threshold", "threshold": 100.0}),
    "text, two layers": ("flm-text", {**_TEXT, "layers": 2}),
    "hybrid, given weight": ("flm-hybrid", {**_TEXT, "weight": 3.0, "popularity_weight": 0.5, "new_weight": 40.0}),
    "cross, softmax": ("flm-cross", {**_PAIRS, "length": 32, "weight": 1.0}),
    "cross, bce, lora": ("flm-cross", {**_PAIRS, "length": 32, "loss": "bce", "tuning": "lora", "weight": 1.0}),
    "decoder, yes or no, lora": ("flm-decoder", {**_PAIRS, "candidates": 4, "weight": 1.0}),
    "decoder, text, top": ("flm-decoder", {**_PAIRS, "candidates": 4, "answer": "text", "tuning": "top", "layers": 1}),
}
"""Name of a row and its settings."""


def folds() -> tuple[Fold, Fold]:
    """Return the world of the encoders, with links, values and a validation fold, and that of the re-rankers."""
    world = build_world()
    users = np.arange(len(world.users))
    values = np.random.default_rng(11).random(len(world.interactions)) * 4 + 1
    rows = dataclasses.replace(world.interactions, value=values)
    links = np.stack([users, (users + 3) % len(users)], axis=1)
    fold = build_fold(dataclasses.replace(world, interactions=rows, links=links))
    inner = dataclasses.replace(build_fold(fold.train), name="validation")
    return dataclasses.replace(fold, validation=inner), text_world()


def backbones(folder: Path) -> dict[str, str]:
    """Return the folders of a tiny encoder, and of readers of pairs; their weights do not depend on any library."""
    found = {}
    for name, kind in (("flm-cross", "bert"), ("flm-decoder", "gpt2"), ("flm", "bert")):
        (folder / name).mkdir()
        found[name] = str(save_tiny(folder / name) if name == "flm" else save_reader(folder / name, kind, _WORDS))
        _redraw(folder / name / "model.safetensors")
    return found


def _redraw(path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    random = np.random.default_rng(7)
    weights = {}
    for name, value in sorted(load_file(path).items()):
        drawn = random.normal(0, 0.1, value.shape).astype(np.float32)
        norm = ("ln_" in name or "LayerNorm" in name) and name.endswith("weight")
        weights[name] = drawn + 1 if norm else drawn
    save_file(weights, path, metadata={"format": "pt"})


def fit(name: str, fold: Fold, names: dict[str, str], settings: dict[str, Any], **more: Any) -> Model:
    """Return a fitted model."""
    backbone = names.get(name, names["flm"])
    model = load_model(name)(**{"backbone": backbone, **settings})
    return model.fit(fold.train, Context(seed=3, threads=1, validation=fold.validation, **more))


def learnt(model: Any, fold: Fold) -> dict[str, np.ndarray]:
    """Return what a fit learnt and how it scores."""
    query, item = np.repeat(np.arange(10), 3).astype(np.int32), np.tile([2, 30, 57], 10).astype(np.int32)
    found = {
        "scores": model.score(fold.queries, None),
        "pairs": model.score_pairs(fold.queries, query, item),
        "losses": np.asarray(model.facts()["losses"]),
    }
    if hasattr(model, "vectors"):
        head = {f"head.{name}": value.numpy() for name, value in model._head.state_dict().items()}
        return {**found, "vectors": model.vectors, "items": model._items.numpy(), **head}
    weights = model._backbone.model.state_dict()
    return {**found, **{name: value.detach().numpy() for name, value in weights.items()}}


def summary(array: np.ndarray) -> list[float]:
    """Return the norm of an array and some of its values."""
    flat = np.asarray(array, np.float64).ravel()
    place = np.linspace(0, max(0, len(flat) - 1), min(KEPT, len(flat))).astype(int)
    return [float(np.linalg.norm(flat)), *flat[place].tolist()]


def each(folder: Path, use: Callable[[str, dict[str, np.ndarray]], None]) -> None:
    """Fit all cases and hand over what each learnt."""
    names, (texts, pairs) = backbones(folder), folds()
    for case, (name, settings) in CASES.items():
        fold = pairs if name in ("flm-cross", "flm-decoder") else texts
        use(case, learnt(fit(name, fold, names, settings), fold))


def main() -> None:
    table: dict[str, dict[str, list[float]]] = {}

    def keep(case: str, found: dict[str, np.ndarray]) -> None:
        table[case] = {name: [round(value, 6) for value in summary(array)] for name, array in sorted(found.items())}

    use_float32(setattr)
    with tempfile.TemporaryDirectory() as folder:
        each(Path(folder), keep)
    cases = ",\n".join(
        f" {json.dumps(case)}: {{\n"
        + ",\n".join(f"  {json.dumps(name)}: {json.dumps(values)}" for name, values in found.items())
        + "\n }"
        for case, found in table.items()
    )
    FILE.write_text(f"{{\n{cases}\n}}\n", "utf-8")


if __name__ == "__main__":
    main()
