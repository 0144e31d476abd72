"""Texts to vectors: mean pooling over tokens, unit length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchsuite.data import Float32, Int64
from benchsuite_content.backbone import Backbone

BATCH = 128
"""Texts per batch; they are sorted by length first, so little is padded."""


def encode_texts(
    backbone: Backbone,
    texts: Sequence[str],
    *,
    device: str = "cpu",
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Float32:
    """Return float32[texts, d], one unit-length vector per text; zeros where the text is empty.

    Equal texts are encoded once. On a CPU everything is float32: rounding to bfloat16 moves cosines in the third
    decimal, enough to swap neighbours, and a catalogue is encoded only once.

    Args:
        backbone: the encoder; its weights are read, not changed.
        texts: what to encode.
        device: where to compute.
        threads: CPU threads to use.
        progress: told how many distinct texts are done, of how many.
    """
    import torch

    distinct, place = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
    model = backbone.model.to(device).eval()
    vectors = np.zeros((len(distinct), backbone.width), np.float32)
    with torch_threads(threads), torch.inference_mode():
        done = 0
        for rows, batch in batches(backbone, [str(text) for text in distinct]):
            hidden = model(**{name: part.to(device) for name, part in batch.items()}).last_hidden_state
            pooled = mean_pool(hidden.float(), batch["attention_mask"].to(device))
            vectors[rows] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
            done += len(rows)
            if progress is not None:
                progress(done, len(distinct))
    vectors[distinct == ""] = 0.0  # an unknown text says nothing, so it is near nothing
    return vectors[place]


def batches(backbone: Backbone, texts: Sequence[str], size: int = BATCH) -> Iterator[tuple[Int64, dict[str, Any]]]:
    """Yield (row numbers, tokenizer output as tensors) in order of length, padded to the longest of each batch."""
    if not len(texts):
        return
    tokens = backbone.tokenizer(list(texts), truncation=True, max_length=backbone.max_tokens, padding=False)
    order = np.argsort([len(ids) for ids in tokens["input_ids"]], kind="stable")
    for first in range(0, len(order), size):
        rows = order[first : first + size].astype(np.int64)
        part = {name: [column[row] for row in rows] for name, column in tokens.items()}
        yield rows, dict(backbone.tokenizer.pad(part, padding=True, return_tensors="pt"))


def mean_pool(hidden: Any, mask: Any) -> Any:
    """Return the mean over real tokens: ``hidden`` float[n, t, d], ``mask`` int[n, t] -> float[n, d]."""
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1e-9)


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Let torch use this many CPU threads inside the block."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(max(1, threads))
    try:
        yield
    finally:
        torch.set_num_threads(before)
