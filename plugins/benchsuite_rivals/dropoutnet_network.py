"""The network of DropoutNet (imports torch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DropoutNetwork(nn.Module):
    """Maps user factors, and item factors with text vectors, to vectors whose products repeat those of the factors.

    Args:
        factors: width of the factors.
        texts: width of the text vectors.
        hidden: units of the inner layers.
    """

    def __init__(self, factors: int, texts: int, hidden: int) -> None:
        super().__init__()
        self.user = nn.Sequential(nn.Linear(factors, hidden), nn.Tanh(), nn.Linear(hidden, factors))
        self.item = nn.Sequential(nn.Linear(factors + texts, hidden), nn.Tanh(), nn.Linear(hidden, factors))

    def items(self, factors: Tensor, texts: Tensor) -> Tensor:
        """Return float32[m, d]; rows of ``factors`` are 0 for items known by their text alone."""
        out: Tensor = self.item(torch.cat([factors, texts], dim=1))
        return out
