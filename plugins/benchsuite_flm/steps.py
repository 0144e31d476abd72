"""How weights move: an optimizer, the schedule of its step sizes, and clipping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from benchsuite_flm.schedules import Pace
from benchsuite_flm.settings import Optimizer, Schedule

_BETAS = (0.9, 0.99)


class Group(NamedTuple):
    """Weights that share a largest step size and a decay."""

    parameters: Sequence[nn.Parameter]
    rate: float
    decay: float = 0.0


@dataclass(frozen=True)
class Rule:
    """How weights move.

    Attributes:
        optimizer: ``adamw`` (Loshchilov and Hutter 2019; decay apart from the gradient), ``adam`` (Kingma and Ba 2015;
            decay as an L2 penalty) or ``sgd`` with momentum.
        momentum: of ``sgd``.
        schedule: see :class:`benchsuite_flm.schedules.Pace`.
        rise: share of the steps that rise.
        patience: epochs that the schedule ``plateau`` waits.
        below: the loss that the schedule ``threshold`` waits for.
        clip: largest norm of all gradients of a step together; 0 lets them be.
    """

    optimizer: Optimizer = "adamw"
    momentum: float = 0.9
    schedule: Schedule = "one-cycle"
    rise: float = 0.2
    patience: int = 3
    below: float = 0.0
    clip: float = 0.0


class Steps:
    """Takes the steps of some groups of weights.

    Args:
        total: how many steps there will be.
        groups: what moves, and how far.
        rule: how.
    """

    def __init__(self, total: int, *groups: Group, rule: Rule | None = None) -> None:
        self._rule = rule or Rule()
        self._rates = [group.rate for group in groups]
        self._optimizer = _optimizer(self._rule, groups)
        self._pace = Pace(self._rule.schedule, total, self._rule.rise, self._rule.patience, self._rule.below)
        self._done = 0
        self._set()

    def clear(self) -> None:
        """Forget the gradients."""
        self._optimizer.zero_grad()

    def take(self) -> None:
        """Take one step."""
        if self._rule.clip:
            torch.nn.utils.clip_grad_norm_(self._parameters, self._rule.clip)
        self._optimizer.step()
        self._done += 1
        self._set()

    def observe(self, loss: float) -> None:
        """Hear the mean loss of an epoch; some schedules wait for it."""
        self._pace.observe(loss)
        self._set()

    @property
    def rates(self) -> list[float]:
        """The size of the next step of each group."""
        return [float(group["lr"]) for group in self._optimizer.param_groups]

    @property
    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self._optimizer.param_groups for parameter in group["params"]]

    def _set(self) -> None:
        share = self._pace.share(self._done)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * share

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what a later process needs to go on: the optimizer's tensors by name, and numbers, JSON-like."""
        kept: Mapping[int, Mapping[str, Any]] = self._optimizer.state_dict()["state"]
        tensors = {
            f"{number}.{name}": value
            for number, entry in kept.items()
            for name, value in entry.items()
            if isinstance(value, Tensor)
        }
        return tensors, {"done": self._done, "pace": self._pace.state()}

    def restore(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Take up what :meth:`state` returned."""
        kept: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            number, _, key = name.partition(".")
            kept.setdefault(int(number), {})[key] = value
        self._optimizer.load_state_dict(self._optimizer.state_dict() | {"state": kept})
        self._pace.restore(numbers["pace"])
        self._done = int(numbers["done"])
        self._set()


def _optimizer(rule: Rule, groups: Sequence[Group]) -> torch.optim.Optimizer:
    table = [{"params": list(group.parameters), "lr": group.rate, "weight_decay": group.decay} for group in groups]
    if rule.optimizer == "sgd":
        return torch.optim.SGD(table, momentum=rule.momentum)
    if rule.optimizer == "adam":
        return torch.optim.Adam(table, betas=_BETAS)
    return torch.optim.AdamW(table, betas=_BETAS)
