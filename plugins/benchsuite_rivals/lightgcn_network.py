"""The network of LightGCN: embeddings smoothed over the graph of users and items (imports torch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LightGCNNetwork(nn.Module):
    """Light graph convolutions, equation 7 of He et al. (2020): no weights but the embeddings themselves.

    Args:
        user: int64[n] and
        item: int64[n], the distinct pairs of the training part, numbered without gaps.
        users: number of users.
        items: number of items.
        width: of the embeddings.
        layers: convolutions.
        spread: standard deviation of the embeddings before training.
    """

    def __init__(
        self, user: Tensor, item: Tensor, users: int, items: int, width: int, layers: int, *, spread: float
    ) -> None:
        super().__init__()
        self.users, self.layers = users, layers
        self.embedding = nn.Embedding(users + items, width)
        nn.init.normal_(self.embedding.weight, std=spread)
        edges = torch.cat([torch.stack([user, users + item]), torch.stack([users + item, user])], dim=1)
        degree = torch.bincount(edges[0], minlength=users + items).float()
        weight = (degree[edges[0]] * degree[edges[1]]).rsqrt()
        self.graph = torch.sparse_coo_tensor(edges, weight, (users + items,) * 2, check_invariants=False).coalesce()

    def forward(self) -> list[Tensor]:
        """Return float32[users + items, width] of each layer, that of the embeddings first."""
        found = [self.embedding.weight]
        for _ in range(self.layers):
            found.append(torch.sparse.mm(self.graph, found[-1]))
        return found
