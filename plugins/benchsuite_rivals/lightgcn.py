"""LightGCN: embeddings of users and items, smoothed over the graph of who took what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Categorical, Context, Range
from benchsuite.data import Bool, Dataset, Float32, Int32, Int64, Queries
from benchsuite_classic.support import blas_threads, compact_codes, has_known_history, mask_unscored
from benchsuite_rivals.network_model import NetworkModel

if TYPE_CHECKING:
    from torch import Generator, Tensor

_DRAWS = 10  # of negatives, until none was taken by the user


@dataclass
class LightGCN(NetworkModel):
    """Graph convolution without weights: users and items are smoothed by each other's embeddings, trained by BPR.

    He et al. (2020): the embedding of a node is the mean of its layers, each layer the normalized sum of its
    neighbours' last one. The loss is BPR with one drawn item for each pair, plus ``regularization`` times half the
    squared length of the three embeddings that a pair touches. A known user is answered by what was learnt; a new one
    by the sums over its visible history, without an embedding of its own. Items without training rows, and new users
    without a known item, get no score. The published settings (``learning_rate`` .001, ``draws`` ``users``, up to a
    thousand epochs) take days on two cores; the defaults take larger steps and fewer epochs.

    Attributes:
        factors: width of the embeddings.
        layers: convolutions.
        initial_deviation: standard deviation of the embeddings before training; the authors' programs have .01
            (TensorFlow) and .1 (PyTorch).
        draws: which pairs an epoch learns from: ``pairs`` takes each once; ``users`` draws users uniformly and one item
            of each, as many as there are pairs, which the authors' programs do, so users with few items count more.
    """

    version: ClassVar[str] = "3"

    epochs: Annotated[int, Ge(1), Range(20, 400, log=True)] = 30
    learning_rate: Annotated[float, Gt(0), Range(1e-3, 3e-2, log=True)] = 1e-2
    regularization: Annotated[float, Ge(0)] = 1e-4
    batch_size: Annotated[int, Ge(1)] = 2048
    factors: Annotated[int, Ge(1), Range(32, 256, log=True)] = 64
    layers: Annotated[int, Ge(1), Range(1, 4)] = 3
    initial_deviation: Annotated[float, Gt(0)] = 0.1
    draws: Annotated[Literal["pairs", "users"], Categorical("pairs", "users")] = "pairs"

    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)
    decays: ClassVar[bool] = False

    cite: ClassVar[tuple[str, ...]] = (
        """@inproceedings{he2020lightgcn,
  title = {{LightGCN}: Simplifying and Powering Graph Convolution Network for Recommendation},
  author = {He, Xiangnan and Deng, Kuan and Wang, Xiang and Li, Yan and Zhang, Yongdong and Wang, Meng},
  booktitle = {Proceedings of the 43rd International ACM SIGIR Conference},
  pages = {639--648},
  year = {2020},
  doi = {10.1145/3397271.3401063}
}""",
    )

    def _build(self, train: Dataset, context: Context) -> Any:
        import torch

        from benchsuite_rivals.lightgcn_network import LightGCNNetwork

        rows = train.interactions
        self._users, self._user_place = compact_codes(rows.user, len(train.users))
        self._items, self._item_place = compact_codes(rows.item, len(train.items))
        size = len(self._items)
        self._pairs: Int64 = np.unique(self._user_place[rows.user] * size + self._item_place[rows.item])
        user, item = torch.from_numpy(self._pairs // size), torch.from_numpy(self._pairs % size)
        self._degree = np.bincount(self._pairs % size, minlength=size)
        counts = len(self._users), size
        return LightGCNNetwork(user, item, *counts, self.factors, self.layers, spread=self.initial_deviation)

    def _losses_of_epoch(self, network: Any, random: Generator) -> Iterator[Tensor]:
        import torch
        from torch.nn import functional

        size = len(self._items)
        order = self._order(random)
        for first in range(0, len(order), self.batch_size):
            pairs = self._pairs[order[first : first + self.batch_size]]
            user = torch.from_numpy(pairs // size)
            right = torch.from_numpy(pairs % size) + network.users
            wrong = self._draw(user, random) + network.users
            nodes = torch.stack([user, right, wrong])
            # Indexing would add gradients up in the order in which threads finish; a look-up keeps their order.
            mean = functional.embedding(nodes, torch.stack(network()).mean(dim=0))
            gap = (mean[0] * (mean[1] - mean[2])).sum(dim=-1)
            length = network.embedding(nodes).square().sum() / (2 * len(user))
            yield functional.softplus(-gap).mean() + self.regularization * length

    def _order(self, random: Generator) -> Int64:
        """Return int64[pairs], the pairs that an epoch learns from."""
        import torch

        count = len(self._pairs)
        if self.draws == "pairs":
            order: Int64 = torch.randperm(count, generator=random).numpy()
            return order
        start = np.searchsorted(self._pairs, np.arange(len(self._users) + 1) * len(self._items))
        user = torch.randint(len(self._users), (count,), generator=random).numpy()
        share = torch.rand(count, generator=random, dtype=torch.float64).numpy()
        drawn: Int64 = start[user] + (share * np.diff(start)[user]).astype(np.int64)
        return drawn

    def _draw(self, user: Tensor, random: Generator) -> Tensor:
        """Return int64[n], an item that the user did not take, for each."""
        import torch

        size = len(self._items)
        drawn = torch.randint(size, user.shape, generator=random)
        for _ in range(_DRAWS):
            key = (user * size + drawn).numpy()
            place = np.minimum(np.searchsorted(self._pairs, key), len(self._pairs) - 1)
            wrong = torch.from_numpy(self._pairs[place] == key)
            if not wrong.any():
                break
            drawn[wrong] = torch.randint(size, (int(wrong.sum()),), generator=random)
        return drawn

    def _score_with(self, network: Any) -> None:
        import torch

        with torch.no_grad():
            layers = torch.stack(network())
        users = network.users
        self._user_vectors: Float32 = layers[:, :users].mean(dim=0).numpy()
        self._item_vectors: Float32 = layers[:, users:].mean(dim=0).numpy()
        # What a new user's own layers are sums of: all but the last layer of the items.
        self._shown_vectors: Float32 = (layers[:-1, users:].sum(dim=0) / len(layers)).numpy()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], dot products of the means of layers."""
        from scipy.sparse import diags_array

        warm: Bool = self._item_place >= 0
        place = self._user_place[queries.user]
        known: Bool = place >= 0
        vectors = self._user_vectors[np.maximum(place, 0)]
        shown = queries.matrix(len(warm))[:, self._items]
        count = np.maximum(shown.getnnz(axis=1), 1)[:, None].astype(np.float32)
        weighted = shown @ diags_array(self._degree.astype(np.float32) ** -0.5)
        with blas_threads(self._threads):
            new = np.asarray(weighted @ self._shown_vectors, np.float32) / np.sqrt(count)
            vectors = np.where(known[:, None], vectors, new)
            codes = np.arange(len(warm)) if candidates is None else candidates
            scores = vectors @ self._item_vectors[np.maximum(self._item_place[codes], 0)].T
        return mask_unscored(scores, known | has_known_history(queries, warm), warm, candidates)
