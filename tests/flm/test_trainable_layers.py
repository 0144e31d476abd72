import sys

import numpy as np
import pytest
import torch

from benchsuite.errors import ConfigError
from benchsuite_content.backbone import load_backbone
from benchsuite_flm.encoder import TextEncoder
from benchsuite_flm.settings import TuningConfig
from benchsuite_flm.trainable_layers import add_lora

TEXTS = ["sea wave story one", "city", "forest river bear camp story two", "taxi night"]


def build(folder: str, seed: int = 0, **more: object) -> TextEncoder:
    config = TuningConfig(**{"tuning": "lora", "layers": 1, **more})
    return TextEncoder(load_backbone(folder), TEXTS, config, device="cpu", half=False, seed=seed)


def learn(text_encoder: TextEncoder, rate: float = 0.5) -> None:
    target = torch.randn(len(TEXTS), 16, generator=torch.Generator().manual_seed(3))
    for _ in range(3):
        for parameter in text_encoder.parameters:
            parameter.grad = None
        text_encoder.encode(torch.ones(len(TEXTS), dtype=torch.bool)).backward(target)
        with torch.no_grad():
            for parameter in text_encoder.parameters:
                if parameter.grad is not None:
                    parameter.sub_(rate * parameter.grad)


@pytest.mark.parametrize("model", ["bert", "roberta", "distilbert", "modernbert", "gpt2", "llama", "qwen2"])
@pytest.mark.parametrize("part", ["attention", "all"])
def test_starts_as_no_change_learns_and_merges(encoder, model: str, part: str) -> None:
    folder = encoder(model)
    before = TextEncoder(load_backbone(folder), TEXTS, TuningConfig(), device="cpu", half=False).vectors()
    text_encoder = build(folder, lora_part=part, lora_rank=2)
    torch.testing.assert_close(text_encoder.vectors(), before, atol=2e-6, rtol=0)
    frozen = {name: value.clone() for name, value in text_encoder._model.named_parameters() if ".lora_" not in name}
    learn(text_encoder, rate=0.05)  # larger steps make matrices so large that merging them rounds more
    after = text_encoder.vectors()
    assert (after - before).norm(dim=1).min() > 1e-4
    for name, value in text_encoder._model.named_parameters():
        assert ".lora_" in name or value.equal(frozen[name])
    text_encoder.merge_and_freeze()
    torch.testing.assert_close(text_encoder.vectors(), after, atol=1e-5, rtol=0)
    plain = load_backbone(folder).model.state_dict()
    assert {name: value.shape for name, value in text_encoder._model.state_dict().items()} == {
        name: value.shape for name, value in plain.items()
    }
    changed = {name for name, value in text_encoder._model.state_dict().items() if not value.equal(plain[name])}
    assert changed
    assert all(".1." in name for name in changed)  # the top one of two layers
    if part == "attention":
        assert not any(word in name for name in changed for word in ("intermediate", "mlp", "ffn"))


def test_few_weights_learn(tiny: str) -> None:
    one, two = build(tiny, lora_rank=1), build(tiny, lora_rank=3)
    small, large = (sum(weight.numel() for weight in text_encoder.parameters) for text_encoder in (one, two))
    assert large == 3 * small
    assert small == 4 * (16 + 16)  # query, key, value and output, each 16 x 16


def test_seed_decides_and_the_global_state_is_left_alone(tiny: str) -> None:
    before = torch.random.get_rng_state()
    first, same, other = (build(tiny, seed=seed).parameters[0] for seed in (1, 1, 2))
    assert first.equal(same)
    assert not first.equal(other)
    assert torch.random.get_rng_state().equal(before)


def test_without_peft_is_one_line(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ConfigError) as error:
        build(tiny)
    assert 'pip install "benchsuite[lora]"' in str(error.value)
    assert "\n" not in str(error.value)


def test_nothing_to_adapt_is_one_line() -> None:
    model = torch.nn.Sequential(torch.nn.LayerNorm(3))
    with pytest.raises(ConfigError, match="no linear map"):
        add_lora(model, list(model), "all", 2, 0)


def test_full_learns_everything_that_reads(encoder) -> None:
    text_encoder = build(encoder("bert"), tuning="full")
    plain = {name: value.clone() for name, value in text_encoder._model.named_parameters()}
    learn(text_encoder, rate=0.05)  # larger steps make matrices so large that merging them rounds more
    changed = {name for name, value in text_encoder._model.named_parameters() if not value.equal(plain[name])}
    assert "embeddings.word_embeddings.weight" in changed
    assert set(plain) - changed == {"pooler.dense.weight", "pooler.dense.bias"}  # not read by mean pooling
    assert build(encoder("bert"), tuning="frozen").parameters == []
    np.testing.assert_array_equal(
        [parameter.requires_grad for parameter in build(encoder("bert"), tuning="frozen")._model.parameters()], False
    )
