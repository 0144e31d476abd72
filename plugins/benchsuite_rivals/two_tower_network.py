"""The network of the two towers (imports torch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Towers(nn.Module):
    """An item tower over text and id, and a user tower over the mean of the history's items.

    Args:
        texts: float32[items, d], frozen text vectors.
        warm: bool[items], which items have training rows and so an id embedding of their own.
        width: of the towers' outputs.
        hidden: units of the user tower's inner layer.
    """

    texts: Tensor
    warm: Tensor

    def __init__(self, texts: Tensor, warm: Tensor, width: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("texts", texts, persistent=False)
        self.register_buffer("warm", warm.float()[:, None], persistent=False)
        self.of_text = nn.Linear(texts.shape[1], width, bias=False)
        self.of_id = nn.Embedding(len(texts), width)
        nn.init.normal_(self.of_id.weight, std=0.05)
        self.tower = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))

    def items(self, kept: Tensor | None = None) -> Tensor:
        """Return float32[items, width]; ``kept`` float32[items, 1] is 0 where an item is to be known by text alone."""
        own = self.of_id.weight * self.warm
        out: Tensor = self.of_text(self.texts) + (own if kept is None else own * kept)
        return out

    def users(self, means: Tensor) -> Tensor:
        """Return float32[q, width] of the means of histories' items."""
        out: Tensor = nn.functional.normalize(means + self.tower(means), dim=-1)
        return out


def history_means(items: Tensor, flat: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Return float32[q, width], weighted sums of each history's items.

    Args:
        items: float32[items, width].
        flat: int64[h] item codes, one history behind the other.
        starts: int64[q], where each begins.
        weights: float32[h].
    """
    return torch.nn.functional.embedding_bag(flat, items, starts, mode="sum", per_sample_weights=weights)
