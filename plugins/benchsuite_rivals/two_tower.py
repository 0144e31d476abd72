"""Two towers: one network for the user's history, one for item text and id, trained with items of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from benchsuite.api import Context, Range
from benchsuite.data import Bool, Dataset, Float32, Int32, Int64, Queries, Ragged
from benchsuite_classic.support import blas_threads, has_known_history, mask_unscored, warm_items
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.citations import CITE_MINILM, CITE_SBERT
from benchsuite_content.encode import torch_threads
from benchsuite_rivals.text_network import TextNetwork

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass
class TwoTower(TextNetwork):
    """Two networks, one of the user's history and one of item text and id, trained by a softmax over the batch's items.

    Yi et al. (2019): each pair of a user and an item is to be found among the batch's items, whose logits are corrected
    by how often each is in a batch. The user tower reads the mean of the history's items without the one to be found.
    An id is left out with probability ``dropout``, so that the text is predictive by itself and new items can be
    ranked.

    It differs from ``flm-text`` in four ways: the language model stays frozen, only a linear map of its vectors is
    learnt; known items have an id embedding, too; the user is a network of the history's mean, not its direction; and
    the softmax is over the items of a batch, not the catalogue. It is what industry runs, not a language model that
    learnt to recommend.

    Items with neither training rows nor a text, and queries whose history shows no other item, get no score.

    Attributes:
        factors: width of both towers' outputs.
        hidden: units of the user tower's inner layer.
        temperature: by which logits, of a user of length 1, are divided.
        dropout: share of the items that are known by their text alone in a step.
        backbone: the frozen encoder of item texts.
    """

    epochs: Annotated[int, Ge(1), Range(5, 100, log=True)] = 15
    learning_rate: Annotated[float, Gt(0), Range(3e-4, 1e-2, log=True)] = 2e-3
    batch_size: Annotated[int, Ge(2)] = 1024
    factors: Annotated[int, Ge(1), Range(32, 256, log=True)] = 64
    hidden: Annotated[int, Ge(1)] = 256
    temperature: Annotated[float, Gt(0), Range(0.03, 1, log=True)] = 0.2
    dropout: Annotated[float, Ge(0), Le(1), Range(0, 0.9)] = 0.3
    backbone: str = DEFAULT_BACKBONE

    cite: ClassVar[tuple[str, ...]] = (
        """@inproceedings{yi2019sampling,
  title = {Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations},
  author = {Yi, Xinyang and Yang, Ji and Hong, Lichan and Cheng, Derek Zhiyuan and Heldt, Lukasz and Kumthekar, Aditee
    and Zhao, Zhe and Wei, Li and Chi, Ed},
  booktitle = {Proceedings of the 13th ACM Conference on Recommender Systems (RecSys '19)},
  pages = {269--277},
  year = {2019},
  doi = {10.1145/3298689.3346996}
}""",
        CITE_SBERT,
        CITE_MINILM,
    )

    def _build(self, train: Dataset, context: Context) -> Any:
        import torch

        from benchsuite_rivals.two_tower_network import Towers

        warm = warm_items(train)
        self._known: Bool = warm | self._texts.any(axis=1)
        taken = train.matrix()
        self._taken = Ragged(taken.indptr, taken.indices)
        self._share = np.bincount(taken.indices, minlength=len(warm)) / max(1, taken.nnz)
        # A pair whose user took nothing else says nothing: there is no history to find it by.
        self._rows = np.flatnonzero(self._taken.counts[self._taken.rows] > 1)
        return Towers(torch.from_numpy(self._texts), torch.from_numpy(warm), self.factors, self.hidden)

    def _losses_of_epoch(self, network: Any, random: Generator) -> Iterator[Tensor]:
        import torch
        from torch.nn import functional

        order = self._rows[torch.randperm(len(self._rows), generator=random).numpy()]
        frequency = torch.from_numpy(np.log(np.maximum(self._share, 1e-12)).astype(np.float32))
        owner = self._taken.rows
        for first in range(0, len(order), self.batch_size):
            pairs = order[first : first + self.batch_size]
            user, target = owner[pairs], self._taken.item[pairs].astype(np.int64)
            kept = (torch.rand(len(self._share), 1, generator=random) >= self.dropout).float()
            items = network.items(kept)
            users = network.users(self._means(items, self._histories(user), target))
            wanted, found = np.unique(target, return_inverse=True)
            columns, place = torch.from_numpy(wanted), torch.from_numpy(found)
            logits = users @ items[columns].T / self.temperature - frequency[columns]
            others = torch.from_numpy(self._took(user, wanted))
            others[torch.arange(len(place)), place] = False
            yield functional.cross_entropy(logits.masked_fill(others, -torch.inf), place)

    def _histories(self, user: Int64) -> Ragged:
        """Return all items of these users."""
        counts = self._taken.counts[user]
        inner = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = np.repeat(np.arange(len(user)), counts)
        return Ragged.from_pairs(rows, self._taken.item[self._taken.start[user][rows] + inner], len(user))

    def _took(self, user: Int64, items: Int64) -> Bool:
        """Return bool[q, items], which of these items each user took."""
        histories = self._histories(user)
        place = np.minimum(np.searchsorted(items, histories.item), len(items) - 1)
        found = items[place] == histories.item
        out = np.zeros((len(user), len(items)), np.bool_)
        out[histories.rows[found], place[found]] = True
        return out

    def _means(self, items: Tensor, histories: Ragged, left_out: Int64 | None = None) -> Tensor:
        """Return float32[q, d], means of each history's items that have a vector, without the one left out."""
        import torch

        from benchsuite_rivals.two_tower_network import history_means

        counts = self._known[histories.item]
        if left_out is not None:
            counts = counts & (histories.item != left_out[histories.rows])
        total = np.bincount(histories.rows[counts], minlength=len(histories))
        weight = counts.astype(np.float32) / np.maximum(total, 1)[histories.rows].astype(np.float32)
        flat = torch.from_numpy(histories.item.astype(np.int64))
        return history_means(items, flat, torch.from_numpy(histories.start[:-1].copy()), torch.from_numpy(weight))

    def _score_with(self, network: Any) -> None:
        import torch

        self._network = network
        with torch.no_grad():
            self._items = network.items()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], dot products of both towers' outputs."""
        import torch

        with torch_threads(self._threads), torch.inference_mode():
            users = self._network.users(self._means(self._items, queries.items)).numpy()
        vectors = self._items.numpy() if candidates is None else self._items.numpy()[candidates]
        with blas_threads(self._threads):
            scores: Float32 = users @ vectors.T
        return mask_unscored(scores, has_known_history(queries, self._known), self._known, candidates)
