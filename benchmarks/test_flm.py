"""FLM: tokens per second of reading texts and of fine-tuning on them, with the built-in encoder."""

from __future__ import annotations

from typing import Any

import pytest

from benchsuite.api import Context
from benchsuite_content.backbone import load_backbone
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.encode import encode_texts, torch_threads

TEXTS = [f"{place} is a place by the {what}, one of many" for place in range(64) for what in ("sea", "city")]
LAYERS = 2


@pytest.fixture(scope="module")
def backbone() -> Any:
    """The built-in encoder; no network is asked."""
    return load_backbone(DEFAULT_BACKBONE)


def _tokens(backbone: Any) -> int:
    return sum(map(len, backbone.tokenizer(TEXTS, truncation=True, max_length=backbone.max_tokens)["input_ids"]))


def test_encoding(benchmark: Any, backbone: Any, context: Context) -> None:
    benchmark.pedantic(lambda: encode_texts(backbone, TEXTS, threads=context.threads), rounds=3, warmup_rounds=1)
    benchmark.extra_info["tokens"] = _tokens(backbone)
    if benchmark.stats is not None:
        benchmark.extra_info["tokens_per_second"] = round(_tokens(backbone) / benchmark.stats.stats.median)


def test_fine_tuning(benchmark: Any, context: Context) -> None:
    """Forward and backward through the top layers, as one step of training does."""
    import torch

    own = load_backbone(DEFAULT_BACKBONE)
    model = own.model.train()
    layers = model.encoder.layer
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parameter in layers[-LAYERS:].parameters():
        parameter.requires_grad_(True)
    batch = own.tokenizer(TEXTS, truncation=True, max_length=own.max_tokens, padding=True, return_tensors="pt")

    def step() -> None:
        with torch_threads(context.threads):
            model(**batch).last_hidden_state.square().mean().backward()

    benchmark.pedantic(step, rounds=3, warmup_rounds=1)
    assert torch.isfinite(next(layers[-1].parameters()).grad).all()
    benchmark.extra_info["tokens"] = int(batch["attention_mask"].sum())
    if benchmark.stats is not None:
        rate = benchmark.extra_info["tokens"] / benchmark.stats.stats.median
        benchmark.extra_info["tokens_per_second"] = round(rate)
