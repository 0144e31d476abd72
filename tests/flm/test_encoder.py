import dataclasses

import numpy as np
import pytest
import torch

from benchsuite_content.backbone import load_backbone
from benchsuite_content.encode import encode_texts, pool
from benchsuite_flm import encoder as module
from benchsuite_flm.encoder import TextEncoder, fast_half
from benchsuite_flm.settings import TuningConfig

TEXTS = ["sea wave story one", "city", "forest river bear camp story two", "taxi night", "sea sailor harbour"]
KEPT = ["bert", "roberta", "e5", "electra", "modernbert"]
WHOLE = ["distilbert", "mpnet", "albert"]
DECODERS = ["gpt2", "llama", "qwen2", "qwen3"]


def build(folder: str, layers: int = 1) -> TextEncoder:
    return TextEncoder(load_backbone(folder), TEXTS, TuningConfig(layers=layers), device="cpu", half=False)


@pytest.mark.parametrize("model", KEPT + WHOLE + DECODERS)
def test_vectors_are_those_of_the_plain_encoder(encoder, model: str) -> None:
    folder = encoder(model)
    plain = encode_texts(load_backbone(folder), TEXTS)
    np.testing.assert_allclose(build(folder).vectors().numpy(), plain, atol=2e-6)


@pytest.mark.parametrize("model", [*KEPT, *(pytest.param(one, marks=pytest.mark.slow) for one in WHOLE + DECODERS)])
def test_gradients_are_those_of_the_plain_encoder(encoder, model: str) -> None:
    """The kept lower layers, the padding and the pooling must not change what is learnt."""
    folder = encoder(model)
    target = torch.randn(len(TEXTS), 16, generator=torch.Generator().manual_seed(3))
    text_encoder = build(folder)
    encoded = text_encoder.encode(torch.ones(len(TEXTS), dtype=torch.bool))
    encoded.backward(target)
    plain = build(folder)
    total = torch.zeros(())
    for text, row in zip(TEXTS, target, strict=True):
        batch = load_backbone(folder).tokenizer(text, return_tensors="pt")
        hidden = plain._model(**batch).last_hidden_state[0]
        pooled = hidden.mean(dim=0)
        total = total + (pooled / pooled.norm()) @ row
    total.backward()
    assert float((encoded.vectors * target).sum()) == pytest.approx(float(total.detach()), abs=1e-4)
    learnt = [parameter for parameter in text_encoder.parameters if parameter.grad is not None]
    assert learnt
    for ours, theirs in zip(text_encoder.parameters, plain.parameters, strict=True):
        if theirs.grad is not None:
            np.testing.assert_allclose(ours.grad, theirs.grad, atol=2e-5)


@pytest.mark.parametrize("model", DECODERS)
def test_decoders_read_one_text_as_in_a_batch(encoder, model: str) -> None:
    """Padding on the right is never read, and an empty text has a vector too."""
    plain = load_backbone(encoder(model))
    assert plain.pooling == "mean"
    found = dataclasses.replace(plain, pooling="last")
    texts = [*TEXTS, ""]
    vectors, means = encode_texts(found, texts), encode_texts(plain, texts)
    for row, text in enumerate(TEXTS):
        hidden = found.model(**found.tokenizer(text, return_tensors="pt")).last_hidden_state[0].detach()
        np.testing.assert_allclose(vectors[row], hidden[-1] / hidden[-1].norm(), atol=2e-6)
        np.testing.assert_allclose(means[row], hidden.mean(0) / hidden.mean(0).norm(), atol=2e-6)
    assert not vectors[-1].any()
    assert np.abs(means[:4] - vectors[:4]).max() > 1e-3


def test_last_token_is_found_on_either_side() -> None:
    hidden = torch.arange(12.0).reshape(2, 3, 2)
    mask = torch.tensor([[1, 1, 0], [0, 1, 1]])
    np.testing.assert_array_equal(pool(hidden, mask, "last"), [[2, 3], [10, 11]])
    np.testing.assert_array_equal(pool(hidden, mask, "mean"), [[1, 2], [9, 10]])


@pytest.mark.parametrize("model", KEPT + DECODERS)
def test_lower_layers_are_run_once(encoder, model: str) -> None:
    """Of decoders, too, and of ModernBERT: they normalize after their last layer."""
    text_encoder = build(encoder(model))
    assert all(bucket.hidden is not None for bucket in text_encoder._buckets)
    ran = []
    text_encoder._model.get_input_embeddings().register_forward_hook(lambda *_: ran.append(1))
    text_encoder.vectors()
    assert not ran


def test_an_encoder_that_ends_differently_is_run_whole(encoder) -> None:
    """A shortcut that missed what comes after the last layer would give other vectors."""
    found = load_backbone(encoder("llama"))
    found.model.norm = torch.nn.Sequential(found.model.norm, torch.nn.Linear(16, 16))
    text_encoder = TextEncoder(found, TEXTS, TuningConfig(layers=1), device="cpu", half=False)
    assert all(bucket.hidden is None for bucket in text_encoder._buckets)


def test_only_the_top_layers_learn(tiny: str) -> None:
    text_encoder = build(tiny, layers=1)
    layers = text_encoder._model.encoder.layer
    assert [p is q for p, q in zip(text_encoder.parameters, layers[1].parameters(), strict=True)]
    assert not any(parameter.requires_grad for parameter in layers[0].parameters())
    assert not any(parameter.requires_grad for parameter in text_encoder._model.embeddings.parameters())
    assert build(tiny, layers=0).parameters == []
    assert len(build(tiny, layers=99).parameters) == len(list(layers.parameters()))


def test_encoding_twice_gives_the_same_gradients(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue too large to remember its activations is encoded twice, with the same result."""
    target = torch.randn(len(TEXTS), 16, generator=torch.Generator().manual_seed(4))
    wanted = torch.tensor([True, False, True, True, False])
    gradients = []
    monkeypatch.setattr(module, "BATCH", 1)  # a text at a time, so that some fit below a limit
    for limit in (10_000, 8, 0):
        monkeypatch.setattr(module, "KEPT_TOKENS", limit)
        text_encoder = build(tiny, layers=2)
        text_encoder.encode(wanted).backward(target)
        gradients.append([parameter.grad for parameter in text_encoder.parameters])
    for kept, partly, again in zip(*gradients, strict=True):
        np.testing.assert_allclose(kept, again, atol=1e-6)
        np.testing.assert_array_equal(partly, again)


def test_float32_keeps_the_activations_of_half_as_many_tokens(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    for half in (True, False):
        encoder = TextEncoder(load_backbone(tiny), TEXTS, TuningConfig(layers=2), device="cpu", half=half)
        tokens = sum(bucket.mask.numel() for bucket in encoder._buckets)
        monkeypatch.setattr(module, "KEPT_TOKENS", tokens)
        parts = encoder.encode(torch.ones(len(TEXTS), dtype=torch.bool)).parts
        kept = sum(bucket.mask.numel() for bucket, vectors in parts if vectors.requires_grad)
        assert kept == tokens if half else 0 < kept <= tokens // 2


def test_texts_that_take_no_part_are_zero_and_teach_nothing(tiny: str) -> None:
    wanted = torch.tensor([True, False, True, False, False])
    text_encoder = build(tiny)
    encoded = text_encoder.encode(wanted)
    gradient = torch.zeros_like(encoded.vectors)
    gradient[~wanted] = 1.0
    encoded.backward(gradient)
    np.testing.assert_allclose(encoded.vectors.norm(dim=1), [1, 0, 1, 0, 0], atol=1e-6)
    assert all(not parameter.grad.any() for parameter in text_encoder.parameters)


@pytest.mark.parametrize(("capability", "told"), [("AVX512", True), ("AVX2", False), ("DEFAULT", False)])
def test_bfloat16_is_left_alone_where_torch_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capability: str, told: bool
) -> None:
    """The processor has the instructions in all three; ``ATEN_CPU_CAPABILITY`` says which torch may use."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert fast_half("cpu") is told
