"""The network of SASRec: causal self-attention over a sequence of items (imports torch)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class FeedForward(nn.Module):
    """Two pointwise layers with a residual connection: float32[b, t, d] -> float32[b, t, d]."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.process = nn.Sequential(
            nn.Linear(width, width), nn.Dropout(dropout), nn.ReLU(), nn.Linear(width, width), nn.Dropout(dropout)
        )

    def forward(self, states: Tensor) -> Tensor:
        """Return the layers' output plus their input."""
        out: Tensor = self.process(states) + states
        return out


class SASRecNetwork(nn.Module):
    """Causal self-attention over item embeddings, as Kang and McAuley (2018), sections III.A to III.D.

    Sequences are filled up on the right, so that no real item ever sees padding; positions are counted from the end of
    the longest sequence, as if they were filled up on the left.

    Args:
        items: number of items; the next number is padding.
        width: of all embeddings.
        length: most items in a sequence.
        layers: attention blocks.
        heads: of each block.
        dropout: of embeddings, attention weights and layers.
    """

    def __init__(self, items: int, width: int, length: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.padding, self.length = items, length
        self.item_emb = nn.Embedding(items + 1, width, padding_idx=items)
        self.pos_emb = nn.Embedding(length, width)
        self.emb_dropout = nn.Dropout(dropout)
        norms, attention = nn.LayerNorm, nn.MultiheadAttention
        self.attention_layernorms = nn.ModuleList(norms(width, eps=1e-8) for _ in range(layers))
        self.attention_layers = nn.ModuleList(attention(width, heads, dropout, batch_first=True) for _ in range(layers))
        self.forward_layernorms = nn.ModuleList(norms(width, eps=1e-8) for _ in range(layers))
        self.forward_layers = nn.ModuleList(FeedForward(width, dropout) for _ in range(layers))
        self.last_layernorm = norms(width, eps=1e-8)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
        with torch.no_grad():
            self.item_emb.weight[items] = 0

    def forward(self, sequences: Tensor, counts: Tensor) -> Tensor:
        """Return float32[b, t, d], the state after each item.

        Args:
            sequences: int64[b, t] item places, padding behind them; t is at most ``length``.
            counts: int64[b], how many items each sequence has.
        """
        steps = sequences.shape[1]
        place = torch.arange(steps) + (self.length - counts)[:, None]
        states = self.item_emb(sequences) * self.item_emb.embedding_dim**0.5
        states = self.emb_dropout(states + self.pos_emb(place.clamp(max=self.length - 1)))
        future = torch.triu(torch.ones(steps, steps, dtype=torch.bool), diagonal=1)
        blocks = zip(
            self.attention_layernorms,
            self.attention_layers,
            self.forward_layernorms,
            self.forward_layers,
            strict=True,
        )
        for before, attend, between, forward in blocks:
            asked = before(states)
            seen, _ = attend(asked, states, states, attn_mask=future, is_causal=True, need_weights=False)
            states = forward(between(asked + seen))
        out: Tensor = self.last_layernorm(states)
        return out


_CHUNK = 256  # next items whose scores of the whole catalogue are in memory at one time


class CatalogueCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy over a catalogue: loss and gradients in one pass over chunks, in less than half the time.

    ``apply(states, items, wanted)`` of float32[n, d], float32[m, d] and int64[n] equals
    ``cross_entropy(states @ items.T, wanted)``.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, items: Tensor, wanted: Tensor) -> Tensor:
        """Return the loss; the gradients of ``states`` and ``items`` are computed here and kept."""
        size = len(wanted)
        total, to_states, to_items = states.new_zeros(()), torch.empty_like(states), torch.zeros_like(items)
        for first in range(0, size, _CHUNK):
            own, right = states[first : first + _CHUNK], wanted[first : first + _CHUNK]
            scores = own @ items.T
            reached, top = scores.gather(1, right[:, None]), scores.amax(dim=1, keepdim=True)
            weight = scores.sub_(top).exp_().sum(dim=1, keepdim=True)
            total += (weight.log() + top - reached).sum()
            scores.mul_(1 / (weight * size))
            scores.scatter_add_(1, right[:, None], scores.new_full((len(right), 1), -1 / size))
            torch.mm(scores, items, out=to_states[first : first + _CHUNK])
            to_items.addmm_(scores.T, own)
        ctx.save_for_backward(to_states, to_items)
        return total / size

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return the kept gradients, scaled."""
        to_states, to_items = ctx.saved_tensors
        return outer[0] * to_states, outer[0] * to_items, None
