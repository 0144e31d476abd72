"""The training of ``flm-seq``: each item of a history is predicted from those before it.

The loop is that of :mod:`benchsuite_flm.training_loop`; a batch holds histories, or parts of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, embedding

from benchsuite_classic.sequences import length_batches, padded
from benchsuite_flm.saving import Snapshot
from benchsuite_flm.training_loop import LoopConfig, TrainingLoop

if TYPE_CHECKING:
    from benchsuite.data import Ragged
    from benchsuite_flm.encoder import TextEncoder
    from benchsuite_flm.sequence import SequenceFLM
    from benchsuite_flm.sequence_head import SequenceHead

_DROPOUT = "dropout"
"""The state of torch's generator on the CPU, in a checkpoint; on a GPU a resumed training drops other weights."""


class SequenceTrainer(TrainingLoop):
    """Trains an encoder and the head of ``flm-seq``, in place.

    Args:
        encoder: of the distinct item texts.
        place: int64[n], the text of each item.
        head: the head.
        sequences: item codes, oldest first: histories, those longer than the head reads in parts.
        settings: of the model.
        config: how long and how fast.
        seed: of all random draws.
    """

    head: SequenceHead

    def __init__(
        self,
        encoder: TextEncoder,
        place: Tensor,
        head: SequenceHead,
        sequences: Ragged,
        settings: SequenceFLM,
        config: LoopConfig,
        *,
        seed: int,
    ) -> None:
        self.sequences, self.settings = sequences, settings
        super().__init__(
            encoder,
            place,
            head,
            config,
            head.parameter_groups(settings),
            warm=head.warm,
            rows=torch.arange(len(sequences)),
            batches=1,
            seed=seed,
        )

    def _new_order(self) -> Tensor:
        return torch.cat(list(self._batches()))

    def _batches(self) -> Iterator[Tensor]:
        for batch in length_batches(self.sequences.counts, self.settings.batch_size, self.random):
            yield torch.from_numpy(batch)

    def batch_loss(self, texts: Tensor, rows: Tensor) -> Tensor:
        """Return the mean cross-entropy of the next items of some sequences, against drawn items.

        The drawn ones stand for the whole catalogue: their share of it is added to their logits, so that the sum over
        them estimates that over all (Jean et al. 2015). Draws are made for the whole batch; where several processes
        train, this is the own sequences' part of the mean.

        Args:
            texts: float32[texts, w], the vectors of all texts.
            rows: int64[q] sequences.
        """
        head, device = self.head, self.device
        wanted = torch.from_numpy(padded(self.sequences, rows.numpy(), -1))
        everything = len(self.warm) <= self.settings.negatives
        drawn = (
            self.warm
            if everything
            else self.warm[torch.randint(len(self.warm), (self.settings.negatives,), generator=self.random)]
        )
        codes, where = torch.unique(torch.cat([wanted.clamp(min=0).flatten(), drawn]), return_inverse=True)
        keep = torch.rand(len(codes), generator=self.random) >= self.settings.residual_dropout
        count = int((wanted >= 0).sum())
        own = self.processes.user_slice(len(rows))
        sequences, right = where[: wanted.numel()].view_as(wanted)[own].to(device), (wanted[own] >= 0).to(device)
        negatives = where[wanted.numel() :].to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.encoder.half):
            vectors = embedding(self.place[codes].to(device), texts)
            items = head.items(vectors, codes.to(device), keep.float().to(device))
            states = head.users(items, sequences[:, :-1])[right]
            target = sequences[right]
            logits = head.logits(states, embedding(negatives, items)).float()
        if everything:
            label = torch.searchsorted(negatives, target)
            return cross_entropy(logits, label, reduction="sum") / count
        reached = ((states * head.w1) * embedding(target, items)).sum(dim=1, keepdim=True).float()
        more = math.log(len(self.warm) / self.settings.negatives)
        others = (logits + more).masked_fill(negatives == target[:, None], -torch.inf)
        label = torch.zeros(len(target), dtype=torch.int64, device=device)
        return cross_entropy(torch.cat([reached, others], dim=1), label, reduction="sum") / count

    def head_steps(self, vectors: Tensor) -> tuple[float, Tensor]:
        """Take the steps of the head in one epoch, with dropout."""
        self.head.train()
        found = super().head_steps(vectors)
        self.head.eval()
        return found

    def _snapshot(self, more: Mapping[str, Any]) -> Snapshot:
        found = super()._snapshot(more)
        return Snapshot({**found.tensors, _DROPOUT: torch.get_rng_state()}, found.numbers)

    def _restore(self, found: Snapshot) -> None:
        super()._restore(found)
        torch.set_rng_state(found.tensors[_DROPOUT])
