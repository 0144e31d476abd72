"""The recipe of the default settings, written out without any of the choices: what every default must give bit by bit.

One epoch: encode, a few AdamW steps of the head on batches of users, one of the encoder. Softmax over the warm items,
one-cycle step sizes, the last weights. Deliberately independent of trainer, optim, history and losses.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.optim.lr_scheduler import LambdaLR

from benchsuite.data import Dataset
from benchsuite_content.backbone import load_backbone
from benchsuite_content.encode import encode_texts
from benchsuite_flm.encoder import TextEncoder
from benchsuite_flm.head import Head, predict_new_items
from benchsuite_flm.models import FLM
from benchsuite_flm.settings import TuningConfig


def fit(model: FLM, train: Dataset, seed: int, layers: int) -> tuple[Head, torch.Tensor]:
    """Return the trained head and float32[n, d + 3] encodings of all items."""
    backbone = load_backbone(model.backbone)
    texts, place = np.unique(np.array(train.items.text, dtype=object).astype(str), return_inverse=True)
    place = torch.from_numpy(place.astype(np.int64))
    profiles = encode_texts(backbone, train.users.text)
    told = np.linalg.norm(profiles, axis=1) > 0
    profiles[told] -= profiles[told].mean(axis=0)
    encoder = TextEncoder(
        backbone, [str(text) for text in texts], TuningConfig(layers=layers), device="cpu", half=False
    )
    matrix = train.matrix()
    taken = torch.from_numpy(np.asarray(matrix.sum(axis=0)).ravel())
    head = Head(taken, torch.from_numpy(profiles), backbone.width, model.temperature)
    random = torch.Generator().manual_seed(seed)
    users = torch.as_tensor(matrix.getnnz(axis=1) > 1).nonzero()[:, 0]
    warm = head.warm.nonzero()[:, 0]
    batches = max(model.batches, math.ceil(len(users) / model.batch_size))
    slow = model.residual_learning_rate
    table = [
        {"params": [head.projection], "lr": model.head_learning_rate},
        {"params": [head.residual, head.prior, head.profile], "lr": slow},
        {"params": [head.text_bias, head.popularity, head.log_shrinkage], "lr": 10 * slow},
    ]
    head_steps = _adamw(table, model.epochs * batches)
    encoder_steps = (
        _adamw([{"params": encoder.parameters, "lr": model.learning_rate}], model.epochs) if layers else None
    )
    stream = _stream(users, model.batch_size, random)
    vectors = encoder.vectors()

    def sweep(now: torch.Tensor) -> torch.Tensor:
        leaf = now.detach().requires_grad_(layers > 0)
        for _ in range(batches):
            chosen = next(stream)
            dense = torch.as_tensor(matrix[chosen.numpy()][:, warm.numpy()].toarray()) > 0
            visible = _visible(dense, random)
            keep = (torch.rand(len(warm), generator=random) >= model.residual_dropout).float()
            items = head.items(leaf[place[warm]], warm, keep)
            shown = visible.float()
            logits = head.logits(head.users(shown @ items[:, :-3], shown.sum(dim=1), chosen), items)
            chances = torch.log_softmax(logits.masked_fill(shown > 0, -1e4), dim=1)
            hidden = dense & ~visible
            head_steps[0].zero_grad()
            (-chances.masked_fill(~hidden, 0.0).sum() / hidden.sum()).backward()
            for part in head_steps:
                part.step()
        return leaf.grad / batches if layers else now

    for _ in range(model.epochs):
        if encoder_steps is None:
            sweep(vectors)
        else:
            wanted = torch.zeros(encoder.size, dtype=torch.bool)
            wanted[place[warm]] = True
            encoder_steps[0].zero_grad()
            encoded = encoder.encode(wanted)
            encoded.backward(sweep(encoded.vectors))
            for part in encoder_steps:
                part.step()
    with torch.no_grad():
        head.log_shrinkage.fill_(float(np.log(model.shrinkage)))
        vectors = encoder.vectors()[place]
        items = head.items(vectors, torch.arange(len(place)), head.warm.float())
        return head, predict_new_items(vectors, items, head.warm, model.regularization)


def _adamw(table: list[dict], total: int) -> tuple[torch.optim.AdamW, LambdaLR]:
    optimizer = torch.optim.AdamW(table, betas=(0.9, 0.99), weight_decay=0.0)

    def share(step: int) -> float:
        top = 0.2 * total
        if step < top:
            return 0.04 + 0.96 * (1 - math.cos(math.pi * step / top)) / 2
        return (1 + math.cos(math.pi * min(1.0, (step - top) / (total - top)))) / 2

    return optimizer, LambdaLR(optimizer, share)


def _stream(users: torch.Tensor, size: int, random: torch.Generator):
    while True:
        yield from torch.split(users[torch.randperm(len(users), generator=random)], size)


def _visible(taken: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    noise = torch.rand(taken.shape, generator=random)
    visible = taken & (noise < 0.25 + 0.5 * torch.rand(len(taken), 1, generator=random))
    short = torch.rand(len(taken), generator=random) < 0.15
    if short.any():
        few = torch.randint(0, 6, (int(short.sum()), 1), generator=random)
        order = noise[short].masked_fill(~taken[short], 2.0).sort(dim=1).values
        visible[short] = taken[short] & (noise[short] < order.gather(1, few))
    return visible
