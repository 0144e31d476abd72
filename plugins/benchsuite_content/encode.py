"""Texts to vectors: pooled over tokens, unit length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchsuite.api import SharedCache
from benchsuite.data import Float32, Int64
from benchsuite_content.backbone import Backbone
from benchsuite_content.kept import encoding_key, keeper, read_array, write_array

BATCH = 128
"""Texts per batch; they are sorted by length first, so little is padded."""


def encode_texts(
    backbone: Backbone,
    texts: Sequence[str],
    *,
    device: str = "cpu",
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    shared: SharedCache | None = None,
) -> Float32:
    """Return float32[texts, d], one unit-length vector per text; zeros where the text is empty.

    Equal texts are encoded once. On a CPU everything is float32: rounding to bfloat16 moves cosines in the third
    decimal, enough to swap neighbours, and a catalogue is encoded only once.

    Args:
        backbone: the encoder; its weights are read, not changed.
        texts: what to encode.
        device: where to compute.
        threads: CPU threads to use.
        progress: called with the number of distinct texts done, and of all.
        shared: where the vectors are kept for the next call; only for an encoder as it was loaded, not trained.
    """
    distinct, place = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
    several = [str(text) for text in distinct]
    vectors = keeper(backbone, shared, device).get(
        "text vectors",
        encoding_key(backbone, several, threads=threads),
        lambda: _encode(backbone, several, device, threads, progress),
        write=write_array,
        read=read_array,
    )
    found: Float32 = vectors[place]
    return found


def _encode(
    backbone: Backbone,
    distinct: Sequence[str],
    device: str,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> Float32:
    import torch

    model = backbone.model.to(device).eval()
    vectors = np.zeros((len(distinct), backbone.width), np.float32)
    with torch_threads(threads), torch.inference_mode():
        done = 0
        for rows, batch in batches(backbone, distinct):
            hidden = model(**{name: part.to(device) for name, part in batch.items()}).last_hidden_state
            pooled = pool(hidden.float(), batch["attention_mask"].to(device), backbone.pooling)
            vectors[rows] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
            done += len(rows)
            if progress is not None:
                progress(done, len(distinct))
    vectors[[text == "" for text in distinct]] = 0.0  # no text, no similarity to anything
    return vectors


def batches(
    backbone: Backbone, texts: Sequence[str], size: int = BATCH, *, seconds: Sequence[str] | None = None, limit: int = 0
) -> Iterator[tuple[Int64, dict[str, Any]]]:
    """Yield (row numbers, tokenizer output as tensors) in order of length, padded to the longest of each batch.

    Args:
        backbone: whose tokenizer.
        texts: what to read.
        size: texts per batch.
        seconds: the second text of each pair, where pairs are read; of a pair the longer text is cut first.
        limit: tokens that are read at most, where that is less than the backbone's own limit.
    """
    if not len(texts):
        return
    longest = min(limit or backbone.max_tokens, backbone.max_tokens)
    pair = () if seconds is None else (list(seconds),)
    tokens = backbone.tokenizer(list(texts), *pair, truncation=True, max_length=longest, padding=False)
    for row, ids in enumerate(tokens["input_ids"]):
        if not ids:  # without start and end tokens an empty text has no token at all
            tokens["input_ids"][row] = [backbone.tokenizer.pad_token_id]
            tokens["attention_mask"][row] = [1]
    order = np.argsort([len(ids) for ids in tokens["input_ids"]], kind="stable")
    for first in range(0, len(order), size):
        rows = order[first : first + size].astype(np.int64)
        part = {name: [column[row] for row in rows] for name, column in tokens.items()}
        yield rows, dict(backbone.tokenizer.pad(part, padding=True, return_tensors="pt"))


def pool(hidden: Any, mask: Any, pooling: str) -> Any:
    """Return float[n, d] of ``hidden`` float[n, t, d] and ``mask`` int[n, t]: the ``mean`` of all real tokens, or the
    ``last`` of them."""  # noqa: D205, D209 - one sentence
    return last_pool(hidden, mask) if pooling == "last" else mean_pool(hidden, mask)


def last_pool(hidden: Any, mask: Any) -> Any:
    """Return the last real token: ``hidden`` float[n, t, d], ``mask`` int[n, t] -> float[n, d]."""
    import torch

    place = (mask * torch.arange(1, mask.shape[1] + 1, device=mask.device)).argmax(dim=1)
    return hidden[torch.arange(len(hidden), device=hidden.device), place]


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
