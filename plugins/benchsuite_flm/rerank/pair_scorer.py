"""Scores pairs by r = sigmoid(W1·x + W2·u + b), where an encoder reads both texts as one and x is its vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from benchsuite.data import Float32, Int64
from benchsuite_content.backbone import Backbone
from benchsuite_content.encode import batches, pool
from benchsuite_flm.formula import encoded_logits
from benchsuite_flm.losses import group_bce, group_softmax

_BATCH = 64
"""Pairs that are encoded together."""


class PairScorer:
    """An encoder and the weights of the formula, zero at the start.

    Args:
        backbone: the encoder, on its device.
        length: tokens that are read at most.
        loss: ``softmax`` over the items of a group, or ``bce`` of each pair.
    """

    def __init__(self, backbone: Backbone, length: int, loss: Literal["softmax", "bce"]) -> None:
        self._backbone, self._length, self._loss = backbone, length, loss
        self.w1 = nn.Parameter(torch.zeros(backbone.width, device=self.device))
        self.w2 = nn.Parameter(torch.zeros(backbone.width, device=self.device))
        self.b = nn.Parameter(torch.zeros((), device=self.device))

    @property
    def device(self) -> torch.device:
        """Where the encoder is."""
        device: torch.device = self._backbone.model.device
        return device

    @property
    def own_weights(self) -> Mapping[str, nn.Parameter]:
        """The weights of the formula."""
        return {"w1": self.w1, "w2": self.w2, "b": self.b}

    def encode(self, texts: Sequence[str], seconds: Sequence[str] | None = None, *, half: bool = False) -> Tensor:
        """Return float32[n, d], the encoder's pooled output of texts or of pair texts "first [SEP] second"."""
        if seconds is not None and self._backbone.tokenizer.sep_token is None:
            seconds = [f"\n{text}" for text in seconds]  # the tokenizers of decoders have no separator
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

    def group_loss(self, histories: Sequence[str], items: Sequence[Sequence[str]], *, half: bool = False) -> Tensor:
        """Return the mean loss of some groups, see :class:`benchsuite_flm.rerank.loop.Scorer`."""
        size = len(items[0])
        repeated = [history for history in histories for _ in range(size)]
        x = self.encode(repeated, [text for group in items for text in group], half=half)
        u = self.encode(histories, half=half).repeat_interleave(size, dim=0)
        logits = self.logits(x, u).view(-1, size)
        return group_softmax(logits) if self._loss == "softmax" else group_bce(logits)

    def scores(self, histories: Sequence[str], owner: Int64, texts: Sequence[str]) -> Float32:
        """Return float32[p], the logits of pairs, see :class:`benchsuite_flm.rerank.loop.Scorer`."""
        # In float32: rounding to bfloat16 depends on the other pairs of a batch, and would swap neighbours.
        with torch.inference_mode():
            used, place = np.unique(owner, return_inverse=True)
            u = self.encode([histories[number] for number in used])[torch.from_numpy(place)]
            x = self.encode([histories[number] for number in owner], texts)
            scores: Float32 = self.logits(x, u).cpu().numpy()
        return scores
