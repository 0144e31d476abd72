"""The network of LightGCN: embeddings smoothed over the graph of users and items (imports torch)."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn


class _Smooth(torch.autograd.Function):
    """The product of a symmetric sparse matrix and a dense one.

    Its gradient is the same product again; torch would transpose the matrix anew in every step, which takes longer than
    all products.
    """

    @staticmethod
    def forward(context: Any, graph: Tensor, dense: Tensor) -> Tensor:
        """Return float32[n, d]."""
        context.graph = graph
        return graph @ dense

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[None, Tensor]:
        """Return the gradient of the dense matrix."""
        return None, context.graph @ gradient


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
        graph = torch.sparse_coo_tensor(edges, weight, (users + items,) * 2, check_invariants=False).coalesce()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")  # told once a process
            self.graph = graph.to_sparse_csr()

    def forward(self) -> list[Tensor]:
        """Return float32[users + items, width] of each layer, that of the embeddings first."""
        found = [self.embedding.weight]
        for _ in range(self.layers):
            found.append(_Smooth.apply(self.graph, found[-1]))  # type: ignore[no-untyped-call]  # torch's own
        return found
