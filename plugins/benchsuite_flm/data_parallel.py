"""Data-parallel training: each process computes its share of users and texts, and gradients are summed over all.

Whoever starts the processes opens their group (``torchrun``, ``accelerate launch``); without one there is one process,
and nothing here changes a number. All draws come from seeded generators and are made for the whole batch in every
process. A sum is the same bytes in all processes, and so the weights stay the same, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class DataParallel:
    """The processes that train together.

    Attributes:
        size: how many there are.
        rank: which of them this is, from 0; only the first one writes.
    """

    size: int = 1
    rank: int = 0

    @classmethod
    def current(cls) -> DataParallel:
        """Return the open group, or one process."""
        group = torch.distributed
        if not group.is_available() or not group.is_initialized():
            return cls()
        return cls(group.get_world_size(), group.get_rank())

    @property
    def is_main(self) -> bool:
        """True in the process that writes and shows progress."""
        return self.rank == 0

    @property
    def text_slice(self) -> slice:
        """Which texts of a padded batch this process encodes."""
        return slice(self.rank, None, self.size)

    def user_slice(self, count: int) -> slice:
        """Return which of ``count`` users of a batch this process computes; there may be none."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def sum_tensors(self, *tensors: Tensor) -> None:
        """Sum tensors (float, of one device) over all processes, in place."""
        if self.size == 1:
            return
        whole = torch.cat([tensor.reshape(-1) for tensor in tensors])
        torch.distributed.all_reduce(whole)
        parts = torch.split(whole, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def sum_gradients(self, weights: Iterable[nn.Parameter]) -> None:
        """Sum the gradients of weights over all processes; a weight without one in any process keeps none."""
        several = list(weights)
        if self.size == 1 or not several:
            return
        had = torch.tensor([float(weight.grad is not None) for weight in several], device=several[0].device)
        sums = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in several]
        self.sum_tensors(*sums, had)
        for weight, total, any_had in zip(several, sums, had.tolist(), strict=True):
            weight.grad = total if any_had else None

    def sum_number(self, value: float, device: torch.device) -> float:
        """Return the sum of a number over all processes."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=device)
        self.sum_tensors(total)
        return float(total)

    def any(self, value: bool, device: torch.device) -> bool:
        """Return whether the value is True in any process, so that all take the same branch."""
        return self.sum_number(float(value), device) > 0 if self.size > 1 else value

    def from_main(self, value: float, device: torch.device) -> float:
        """Return the main process's value, so that rounding never makes processes decide differently."""
        return self.sum_number(value if self.is_main else 0.0, device)
