"""The head of ``flm-seq``: text vectors and a history in order become the encodings u and i (imports torch).

The item's encoding ``i`` is ``[own, t]``: the direction of its projected text vector plus a residual of its own
(``own``), and a bias (``t``). The user's encoding ``u`` is ``[h, 1]``: the direction in which a causal transformer ends
after the items' own parts in order. With ``W1 = [1 / temperature, ..., 1]`` the formula's ``W1·x`` is the cosine
of interest and item, divided by the temperature, plus the bias; ``W2`` and ``b`` are zero, as they are the same for all
items of a user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, normalize

from benchsuite_flm.formula import catalogue_logits
from benchsuite_flm.optim import ParameterGroup

if TYPE_CHECKING:
    from benchsuite_flm.sequence import SequenceFLM

_LEAST_SPREAD = 0.1  # directions in which texts differ less than this share of the mean are not stretched further


class SequenceHead(nn.Module):
    """The trainable map from text vectors and histories in order to encodings.

    Args:
        taken: float32[n], how often each item was taken in training.
        vectors: float32[n, w], text vectors of the untrained encoder. Their directions of large spread are shrunk, as
            a whole catalogue of one shop lies in few of them (half way to whitening, Su et al. 2021).
        width: d, of the own parts and the transformer.
        layers: of the transformer.
        heads: of its attention.
        history: items that are read at most.
        dropout: of its inputs and layers.
        temperature: divides cosines.
    """

    warm: Tensor
    """bool[n], which items have training rows."""

    centre: Tensor

    spread: Tensor

    def __init__(
        self,
        taken: Tensor,
        vectors: Tensor,
        width: int,
        *,
        layers: int,
        heads: int,
        history: int,
        dropout: float,
        temperature: float,
    ) -> None:
        super().__init__()
        device, items = taken.device, len(taken)
        self.temperature, self.history = temperature, history
        self.register_buffer("warm", taken > 0)
        centre, spread = _half_whitening(vectors)
        self.register_buffer("centre", centre)
        self.register_buffer("spread", spread)
        self.projection = nn.Parameter(0.1 * torch.randn(vectors.shape[1], width, device=device))
        self.residual = nn.Parameter(0.02 * torch.randn(items, width, device=device))
        self.bias = nn.Parameter(torch.zeros(items, device=device))
        self.start = nn.Parameter(0.02 * torch.randn(width, device=device))
        self.position = nn.Parameter(0.02 * torch.randn(history + 1, width, device=device))
        self.read = nn.LayerNorm(width, device=device)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout, "gelu", batch_first=True, norm_first=True, device=device
        )
        last = nn.LayerNorm(width, device=device)
        self.transformer = nn.TransformerEncoder(layer, layers, last, enable_nested_tensor=False)

    @classmethod
    def of(cls, settings: SequenceFLM, taken: Tensor, vectors: Tensor) -> SequenceHead:
        """Return an untrained head as the settings ask for."""
        return cls(
            taken,
            vectors,
            settings.factors,
            layers=settings.transformer_layers,
            heads=settings.heads,
            history=settings.history,
            dropout=settings.dropout,
            temperature=settings.temperature,
        )

    def parameter_groups(self, settings: SequenceFLM) -> list[ParameterGroup]:
        """Return the weights with their largest learning rates; biases never decay."""
        decaying = [weight for name, weight in self.named_parameters() if name != "bias"]
        rate = settings.head_learning_rate
        return [ParameterGroup(decaying, rate, settings.weight_decay), ParameterGroup([self.bias], rate)]

    @property
    def w1(self) -> Tensor:
        """float32[d + 1], the weights W1 of the formula."""
        ones = torch.ones_like(self.start[:1])
        return torch.cat([torch.full_like(self.start, 1 / self.temperature), ones])

    def items(self, vectors: Tensor, rows: Tensor, keep: Tensor) -> Tensor:
        """Return float32[m, d + 1], the encodings i of some items.

        Args:
            vectors: float32[m, w] their text vectors.
            rows: int64[m] their codes.
            keep: float32[m], 1 where residual and bias of the item are used, 0 where they are dropped, as for a new
                item.
        """
        own = (vectors - self.centre) @ (self.spread @ self.projection)
        own = normalize((own + embedding(rows, self.residual) * keep[:, None]).float(), dim=1)
        return torch.cat([own, (self.bias[rows] * keep)[:, None]], dim=1)

    def users(self, items: Tensor, sequences: Tensor) -> Tensor:
        """Return float32[q, t + 1, d + 1], the encodings u before and after each item of some histories.

        Args:
            items: float32[m, d + 1] encodings; the transformer reads their own parts.
            sequences: int64[q, t], rows of ``items``, oldest first; what fills up short ones stands behind them, so it
                changes nothing before it.
        """
        own = embedding(sequences, self.read(items[:, :-1]))
        states = torch.cat([self.start.expand(len(own), 1, -1), own], dim=1) + self.position[: own.shape[1] + 1]
        future = nn.Transformer.generate_square_subsequent_mask(states.shape[1], device=states.device)
        states = self.transformer(self.dropout(states), mask=future, is_causal=True)
        interest = normalize(states.float(), dim=-1)
        return torch.cat([interest, torch.ones_like(interest[..., :1])], dim=-1)

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return float32[q, m], the formula before the sigmoid, of every user with every item."""
        w1 = self.w1
        logits: Tensor = catalogue_logits(users, items, w1, torch.zeros_like(w1), 0.0)
        return logits


def _half_whitening(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return float32[w], the mean, and float32[w, w], which divides each principal direction by the root of its spread.

    Mapped vectors have a mean length of 1.
    """
    centre = vectors.mean(dim=0)
    centred = (vectors - centre).double()
    values, directions = torch.linalg.eigh(centred.T @ centred)
    spread = values.clamp(min=0).sqrt()
    spread = spread.clamp(min=max(_LEAST_SPREAD * float(spread.mean()), 1e-12))
    mapping = directions / spread.sqrt()
    length = (centred @ mapping).norm(dim=1).mean().clamp(min=1e-12)
    return centre, (mapping / length).float()
