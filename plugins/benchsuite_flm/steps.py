"""How weights move: AdamW with a one-cycle schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

_START = 0.04  # first step size, as a share of the largest


class Group(NamedTuple):
    """Weights that share a largest step size and a decay."""

    parameters: Sequence[nn.Parameter]
    rate: float
    decay: float = 0.0


class Steps:
    """AdamW (Loshchilov and Hutter 2019); step sizes rise, then fall to zero, both along a cosine (Smith 2018).

    Args:
        total: how many steps there will be.
        groups: what moves, and how far.
        rise: share of the steps that rise.
    """

    def __init__(self, total: int, *groups: Group, rise: float = 0.2) -> None:
        self._optimizer = torch.optim.AdamW(
            [{"params": list(group.parameters), "lr": group.rate, "weight_decay": group.decay} for group in groups],
            betas=(0.9, 0.99),
        )
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, lambda step: size(step, total, rise))

    def clear(self) -> None:
        """Forget the gradients."""
        self._optimizer.zero_grad()

    def take(self) -> None:
        """Take one step."""
        self._optimizer.step()
        self._schedule.step()


def size(step: int, total: int, rise: float) -> float:
    """Return the size of a step (from 0 to ``total`` - 1) as a share of the largest."""
    top = rise * total
    if step < top:
        return _START + (1 - _START) * (1 - math.cos(math.pi * step / top)) / 2
    return (1 + math.cos(math.pi * min(1.0, (step - top) / (total - top)))) / 2
