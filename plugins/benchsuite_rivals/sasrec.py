"""SASRec: self-attention over the order of a user's items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Lt

from benchsuite.api import Categorical, Context, Range, Requirement
from benchsuite.data import Bool, Dataset, Float32, Int32, Int64, Queries, Ragged
from benchsuite_classic.sequences import Places, known_history, length_batches, newest, padded, user_sequences, windows
from benchsuite_classic.support import blas_threads, mask_unscored, select_columns
from benchsuite_content.citations import CITE_SASREC
from benchsuite_content.encode import torch_threads
from benchsuite_rivals.network_model import NetworkModel

if TYPE_CHECKING:
    from torch import Generator, Tensor

_QUERIES = 512  # whose histories are read at one time
_DRAWS = 10  # of negatives, until none is in the user's own window


@dataclass
class SASRec(NetworkModel):
    """Self-attentive sequential recommendation: predicts each next item from the items before it, in their order.

    The network of Kang and McAuley (2018). Its loss is a setting, because published results of one model on one data
    set differ by it: ``bce`` is the paper's, one drawn item against each next item; ``softmax`` is a cross-entropy over
    the whole catalogue, or over drawn items. Histories longer than ``history`` are cut into windows, so that older rows
    are trained on, too (the paper drops them). Every query, of a known user or a new one, is answered from the newest
    items of its visible history. Items without training rows and queries without a known item get no score.

    Attributes:
        factors: width of all embeddings.
        layers: attention blocks.
        heads: of each block; they divide ``factors``.
        history: most items that are read.
        dropout: of embeddings, attention and layers.
        loss: ``softmax`` or ``bce``.
        negatives: items drawn uniformly against the right one: for each batch (``softmax``; 0 means the whole
            catalogue), or for each next item (``bce``; 0 means 1, as in the paper).
    """

    epochs: Annotated[int, Ge(1), Range(10, 200, log=True)] = 30
    factors: Annotated[int, Ge(1), Range(32, 256, log=True)] = 64
    layers: Annotated[int, Ge(1), Range(1, 3)] = 2
    heads: Annotated[int, Ge(1)] = 1
    history: Annotated[int, Ge(1)] = 50
    dropout: Annotated[float, Ge(0), Lt(1), Range(0.1, 0.6)] = 0.2
    loss: Annotated[Literal["softmax", "bce"], Categorical("softmax", "bce")] = "softmax"
    negatives: Annotated[int, Ge(0)] = 0

    needs: ClassVar[frozenset[Requirement]] = frozenset()

    cite: ClassVar[tuple[str, ...]] = (CITE_SASREC,)

    def __post_init__(self) -> None:
        """Refuse heads that do not divide the width."""
        if self.factors % self.heads:
            raise ValueError(f"{self.heads} heads do not divide factors = {self.factors}")

    def _build(self, train: Dataset, context: Context) -> Any:
        from benchsuite_rivals.sasrec_network import SASRecNetwork

        self._places = Places(train)
        self._windows = windows(self._places.kept(user_sequences(train)), self.history + 1)
        return SASRecNetwork(len(self._places), self.factors, self.history, self.layers, self.heads, self.dropout)

    def _losses_of_epoch(self, network: Any, random: Generator) -> Iterator[Tensor]:
        import torch
        from torch.nn import functional

        from benchsuite_rivals.sasrec_network import CatalogueCrossEntropy

        counted = self._windows.counts
        for rows in length_batches(counted, self.batch_size, random):
            window = torch.from_numpy(padded(self._windows, rows, len(self._places)))
            counts = torch.from_numpy(counted[rows] - 1)
            inside = torch.arange(window.shape[1] - 1) < counts[:, None]
            states = network(window[:, :-1].masked_fill(~inside, len(self._places)), counts)[inside]
            wanted = window[:, 1:][inside]
            items = network.item_emb.weight[:-1]
            if self.loss == "bce":
                drawn = self._draw(window, inside, random)
                right = (states * items[wanted]).sum(dim=-1)
                wrong = torch.einsum("nd,nkd->nk", states, items[drawn])
                yield (functional.softplus(-right) + functional.softplus(wrong).sum(dim=1)).mean()
            elif self.negatives:
                drawn = torch.randint(len(items), (self.negatives,), generator=random)
                right = (states * items[wanted]).sum(dim=-1, keepdim=True)
                wrong = (states @ items[drawn].T).masked_fill(wanted[:, None] == drawn, -torch.inf)
                none = torch.zeros(len(wanted), dtype=torch.int64)
                yield functional.cross_entropy(torch.cat([right, wrong], dim=1), none)
            else:
                yield CatalogueCrossEntropy.apply(states, items, wanted)  # type: ignore[no-untyped-call]  # torch's own

    def _draw(self, window: Tensor, inside: Tensor, random: Generator) -> Tensor:
        """Return int64[n, negatives], items outside the user's own window, for each next item."""
        import torch

        own = window.repeat_interleave(inside.sum(dim=1), dim=0)
        size = len(self._places)
        drawn = torch.randint(size, (len(own), max(1, self.negatives)), generator=random)
        for _ in range(_DRAWS):
            wrong = (drawn[:, :, None] == own[:, None, :]).any(dim=-1)
            if not wrong.any():
                break
            drawn[wrong] = torch.randint(size, (int(wrong.sum()),), generator=random)
        return drawn

    def _score_with(self, network: Any) -> None:
        self._network = network
        self._items: Float32 = network.item_emb.weight[:-1].detach().numpy()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], dot products of the last state and the items' embeddings."""
        shown = newest(known_history(queries, self._places), self.history)
        states, known = self._states(shown)
        size = len(self._places.place)
        scores = np.full((len(queries), size), np.nan, np.float32)
        with blas_threads(self._threads):
            scores[:, self._places.codes] = states @ self._items.T
        warm: Bool = self._places.place >= 0
        return mask_unscored(select_columns(scores, candidates), known, warm, candidates)

    def _states(self, shown: Ragged) -> tuple[Float32, Bool]:
        """Return float32[q, d], the state after each history, and bool[q], which have one."""
        import torch

        counts: Int64 = shown.counts
        states = np.zeros((len(shown), self.factors), np.float32)
        known: Bool = counts > 0
        asking = np.flatnonzero(known)
        asking = asking[np.argsort(counts[asking], kind="stable")]  # little is padded
        with torch_threads(self._threads), torch.inference_mode():
            for first in range(0, len(asking), _QUERIES):
                rows = asking[first : first + _QUERIES]
                sequences = torch.from_numpy(padded(shown, rows, len(self._places)))
                lengths = torch.from_numpy(counts[rows])
                out = self._network(sequences, lengths)
                states[rows] = out[torch.arange(len(rows)), lengths - 1].numpy()
        return states, known
