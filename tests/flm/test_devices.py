"""Everything that trains stays on one device. torch's meta device computes nothing but refuses to mix with the CPU, as
a GPU does."""

import contextlib
import dataclasses

import numpy as np
import pytest
import torch

from benchsuite.data import Dataset
from benchsuite_content.backbone import load_backbone
from benchsuite_content.encode import pool
from benchsuite_flm import losses
from benchsuite_flm.encoder import TextEncoder
from benchsuite_flm.head import Head
from benchsuite_flm.history import HistoryFeatures, HistoryWeighting
from benchsuite_flm.models import FLM
from benchsuite_flm.settings import TuningConfig
from benchsuite_flm.trainer import Trainer, TrainingConfig

META = torch.device("meta")
SETTINGS = FLM(
    epochs=2,
    batches=2,
    batch_size=8,
    head_learning_rate=1e-3,
    residual_learning_rate=1e-3,
    residual_dropout=0.3,
    catalogue=99,
    friends=0.5,
)


@pytest.fixture(autouse=True)
def no_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())  # it knows no meta device


def test_the_meta_device_refuses_to_mix() -> None:
    with pytest.raises(RuntimeError, match="device"):
        torch.ones(3, device=META) + torch.ones(3)


@pytest.mark.parametrize("loss", ["softmax", "bpr", "bce"])
def test_a_batch_of_users(tiny: str, world: Dataset, loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataclasses.replace(world, links=np.array([[0, 1], [2, 3]]))
    texts, place = np.unique(np.array(data.items.text), return_inverse=True)
    encoder = TextEncoder(load_backbone(tiny), list(texts), TuningConfig(layers=1), device="cpu", half=False)
    taken = torch.as_tensor(np.asarray(data.matrix().sum(axis=0)).ravel())
    extras = {"features": torch.ones(60, 3), "attention": True, "literal": loss == "bce"}
    head = Head(taken, torch.ones(40, 5), 16, 0.1, **extras)
    weighting = HistoryWeighting.of(data.interactions, "recency", "value", 2.0)
    features = HistoryFeatures.of(data, weighting, friends=True, disliked=True)
    config = TrainingConfig(dataclasses.replace(SETTINGS, loss=loss), learning_rate=1e-3, visible=(0.2, 0.7), short=0.2)
    trainer = Trainer(encoder, torch.as_tensor(place), head, data.matrix(), config, seed=1, features=features)
    head.to(META)
    trainer.device = META
    # How many are asked depends on the data, which the meta device does not have; where they lie does not.
    monkeypatch.setattr(
        losses, "bce", lambda logits, positive, negative: torch.where(positive | negative, logits, 0.0).sum()
    )
    vectors = torch.ones(len(texts), 16, device=META).requires_grad_(True)
    found = trainer.loss(vectors[trainer.place[trainer.catalogue]], trainer._next_rows())
    found.backward()
    trainer.head_optimizer.step()
    assert found.device == vectors.grad.device == head.residual.device == META


def test_a_step_of_the_encoder(tiny: str) -> None:
    texts = ["sea wave story one", "city", "forest river"]
    encoder = TextEncoder(load_backbone(tiny), texts, TuningConfig(layers=1), device="cpu", half=False)
    encoder._model.to(META)
    encoder._device = META

    def move(value: object) -> object:
        return value.to(META) if isinstance(value, torch.Tensor) else value

    encoder._buckets = [
        dataclasses.replace(
            bucket,
            mask=move(bucket.mask),
            inputs={name: move(value) for name, value in bucket.inputs.items()},
            hidden=move(bucket.hidden),
            args=tuple(map(move, bucket.args)),
            kwargs={name: move(value) for name, value in bucket.kwargs.items()},
        )
        for bucket in encoder._buckets
    ]
    encoded = encoder.encode(torch.tensor([True, False, True]))
    assert encoded.vectors.device == META
    encoded.backward(torch.ones_like(encoded.vectors))
    learnt = [weight.grad for weight in encoder._model.parameters() if weight.grad is not None]
    assert learnt
    assert all(gradient.device == META for gradient in learnt)


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_pooling(pooling: str) -> None:
    hidden, mask = torch.ones(2, 3, 4, device=META), torch.ones(2, 3, dtype=torch.long, device=META)
    assert pool(hidden, mask, pooling).device == META
