"""One training in several processes: each does its share of users and texts, and gradients are added up.

Whoever starts the processes opens their group (``torchrun``, ``accelerate launch``); without one there is one process,
and nothing here changes a number. All draws come from seeded generators and are made for the whole batch in each
process, so every process knows what the others do. What is added up is the same bytes in all of them afterwards, and so
are the weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Processes:
    """The processes that train together.

    Attributes:
        number: how many there are.
        index: which of them this is, from 0; only the first one writes.
    """

    number: int = 1
    index: int = 0

    @classmethod
    def current(cls) -> Processes:
        """Return the open group, or one process."""
        group = torch.distributed
        if not group.is_available() or not group.is_initialized():
            return cls()
        return cls(group.get_world_size(), group.get_rank())

    @property
    def main(self) -> bool:
        """True in the process that writes and shows progress."""
        return self.index == 0

    @property
    def every(self) -> slice:
        """Which of the texts of one length are this process's."""
        return slice(self.index, None, self.number)

    def rows(self, count: int) -> slice:
        """Return which rows of a batch are this process's; there may be none."""
        return slice(self.index * count // self.number, (self.index + 1) * count // self.number)

    def add(self, *tensors: Tensor) -> None:
        """Add up tensors (float, of one device) over all processes, in place."""
        if self.number == 1:
            return
        whole = torch.cat([tensor.reshape(-1) for tensor in tensors])
        torch.distributed.all_reduce(whole)
        parts = torch.split(whole, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def add_gradients(self, weights: Iterable[nn.Parameter]) -> None:
        """Add up the gradients of weights; what has none in any process keeps none."""
        several = list(weights)
        if self.number == 1 or not several:
            return
        had = torch.tensor([float(weight.grad is not None) for weight in several], device=several[0].device)
        sums = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in several]
        self.add(*sums, had)
        for weight, total, there in zip(several, sums, had.tolist(), strict=True):
            weight.grad = total if there else None

    def total(self, value: float, device: torch.device) -> float:
        """Return the sum of a number over all processes."""
        if self.number == 1:
            return value
        told = torch.tensor(value, dtype=torch.float64, device=device)
        self.add(told)
        return float(told)

    def any(self, value: bool, device: torch.device) -> bool:
        """Return whether it is true in any process: what one cannot do, none goes on with."""
        return self.total(float(value), device) > 0 if self.number > 1 else value

    def agreed(self, value: float, device: torch.device) -> float:
        """Return what the main process says, so that the last bit of a sum never parts the processes' ways."""
        return self.total(value if self.main else 0.0, device)
