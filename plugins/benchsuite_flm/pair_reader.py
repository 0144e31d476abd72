"""Reads pair texts with an encoder, and answers with the formula: r = sigmoid(W1·x + W2·u + b)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from benchsuite_content.backbone import Backbone
from benchsuite_content.encode import batches, pool
from benchsuite_flm.formula import encoded_logits
from benchsuite_flm.steps import Group, Rule, Steps
from benchsuite_flm.tower import fast_half

Loss = Literal["softmax", "bce"]

_BATCH = 64
"""Pairs that are encoded together."""


class PairReader(nn.Module):
    """An encoder and the weights of the formula.

    Args:
        backbone: the encoder, on its device.
        length: tokens that are read at most.
    """

    def __init__(self, backbone: Backbone, length: int) -> None:
        super().__init__()
        self._backbone, self._length = backbone, length
        self.w1 = nn.Parameter(torch.zeros(backbone.width))
        self.w2 = nn.Parameter(torch.zeros(backbone.width))
        self.b = nn.Parameter(torch.zeros(()))

    @property
    def device(self) -> torch.device:
        """Where the encoder is."""
        device: torch.device = self._backbone.model.device
        return device

    def encode(self, texts: Sequence[str], seconds: Sequence[str] | None = None, *, half: bool = False) -> Tensor:
        """Return float32[n, d], the encoder's pooled output of texts or of pair texts "first [SEP] second"."""
        if seconds is not None and self._backbone.tokenizer.sep_token is None:
            seconds = [f"\n{text}" for text in seconds]  # a decoder's tokenizer has no mark of its own
        out = torch.zeros(len(texts), self._backbone.width, device=self.device)
        order, parts = [], []
        for rows, batch in batches(self._backbone, texts, _BATCH, seconds=seconds, limit=self._length):
            inputs = {name: value.to(self.device) for name, value in batch.items()}
            with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
                hidden = self._backbone.model(**inputs).last_hidden_state
            parts.append(pool(hidden.float(), inputs["attention_mask"], self._backbone.pooling))
            order.append(torch.from_numpy(rows))
        return out.index_copy(0, torch.cat(order).to(self.device), torch.cat(parts)) if parts else out

    def logits(self, x: Tensor, u: Tensor) -> Tensor:
        """Return float32[p], the formula before the sigmoid, of x float32[p, d] and u float32[p, d]."""
        logits: Tensor = encoded_logits(x, u, self.w1, self.w2, self.b)
        return logits


@dataclass(frozen=True)
class Course:
    """How to train.

    Attributes:
        loss: ``softmax`` over the items of a group, or ``bce`` of each pair.
        epochs: passes over the groups.
        batch_size: groups per step.
        learning_rate: largest step size of the encoder.
        head_learning_rate: largest step size of W1, W2 and b.
        weight_decay: of the encoder.
    """

    loss: Loss
    epochs: int
    batch_size: int
    learning_rate: float
    head_learning_rate: float
    weight_decay: float


def train(
    reader: PairReader,
    weights: Sequence[nn.Parameter],
    histories: Sequence[str],
    items: Sequence[Sequence[str]],
    course: Course,
    *,
    seed: int,
    report: Callable[[int, int, str], None],
    stop: Callable[[], bool],
) -> list[float]:
    """Train the formula's weights and ``weights`` of the encoder, in place; return the mean loss of each epoch.

    Args:
        reader: what reads the pairs.
        weights: what learns of the encoder.
        histories: one for each group.
        items: for each group the same number of candidates' texts, the taken one first.
        course: how.
        seed: of the order.
        report: told (steps done, steps, note).
        stop: True when training should come to an end.
    """
    random = np.random.default_rng([seed, 23])
    steps_each = -(-len(histories) // course.batch_size)
    total = course.epochs * steps_each
    head = Group([reader.w1, reader.w2, reader.b], course.head_learning_rate)
    groups = [Group(weights, course.learning_rate, course.weight_decay)] if weights else []
    steps = Steps(max(1, total), *groups, head, rule=Rule(schedule="warmup-cosine", rise=0.1, clip=1.0))
    losses: list[float] = []
    done = 0
    for _ in range(course.epochs if len(histories) else 0):
        order = random.permutation(len(histories))
        seen: list[float] = []
        for first in range(0, len(order), course.batch_size):
            if stop():
                break
            chosen = order[first : first + course.batch_size]
            loss = group_loss(reader, [histories[n] for n in chosen], [items[n] for n in chosen], course.loss)
            steps.clear()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
            steps.take()
            seen.append(float(loss.detach()))
            done += 1
            report(done, total, f"loss {seen[-1]:.3f}")
        losses += [float(np.mean(seen))] if seen else []
    return losses


def group_loss(reader: PairReader, histories: Sequence[str], items: Sequence[Sequence[str]], loss: Loss) -> Tensor:
    """Return the mean loss of some groups; the first item of each is the one that was taken."""
    many = len(items[0])
    half = fast_half(str(reader.device))
    shown = [history for history in histories for _ in range(many)]
    x = reader.encode(shown, [text for group in items for text in group], half=half)
    u = reader.encode(histories, half=half).repeat_interleave(many, dim=0)
    logits = reader.logits(x, u).view(-1, many)
    if loss == "softmax":
        return cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))
    wanted = torch.zeros_like(logits)
    wanted[:, 0] = 1.0
    return binary_cross_entropy_with_logits(logits, wanted)
