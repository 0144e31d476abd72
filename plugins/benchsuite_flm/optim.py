"""Optimizers, schedules of the learning rate, and gradient clipping."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from benchsuite_flm.data_parallel import DataParallel
from benchsuite_flm.settings import Optimizer, Schedule, TrainingSettings

_BETAS = (0.9, 0.99)
_START = 0.04  # first learning rate of a cycle, as a share of the largest
_SHRINK = 0.1  # factor of the learning rate at a plateau, or when the loss falls below the threshold
_LEAST = 1e-3  # a plateau leaves at least this share of the largest learning rate


class ParameterGroup(NamedTuple):
    """Weights that share a largest learning rate and a weight decay."""

    parameters: Sequence[nn.Parameter]
    learning_rate: float
    weight_decay: float = 0.0


@dataclass(frozen=True)
class OptimizerConfig:
    """How weights are updated.

    Attributes:
        optimizer: ``adamw`` (Loshchilov and Hutter 2019; decay apart from the gradient), ``adam`` (Kingma and Ba 2015;
            decay as an L2 penalty) or ``sgd`` with momentum.
        momentum: of ``sgd``.
        schedule: of the learning rate, see :class:`RateSchedule`.
        warmup: share of the steps in which the learning rate rises.
        patience: epochs that the schedule ``plateau`` waits.
        threshold: the loss that the schedule ``threshold`` waits for.
        clip: largest norm of all gradients of a step together; 0 does not clip.
    """

    optimizer: Optimizer = "adamw"
    momentum: float = 0.9
    schedule: Schedule = "one-cycle"
    warmup: float = 0.2
    patience: int = 3
    threshold: float = 0.0
    clip: float = 0.0

    @classmethod
    def of(cls, settings: TrainingSettings) -> OptimizerConfig:
        """Return what the settings ask for."""
        return cls(
            optimizer=settings.optimizer,
            momentum=settings.momentum,
            schedule=settings.schedule,
            warmup=settings.warmup,
            patience=settings.plateau,
            threshold=settings.threshold,
            clip=settings.clip,
        )


class ScheduledOptimizer:
    """An optimizer with a schedule of its learning rates.

    Args:
        total: how many steps there will be.
        groups: the weights to update.
        config: how.
    """

    def __init__(self, total: int, *groups: ParameterGroup, config: OptimizerConfig | None = None) -> None:
        self._config = config or OptimizerConfig()
        self._largest = [group.learning_rate for group in groups]
        self._weights = [weight for group in groups for weight in group.parameters]
        self._optimizer = _build(self._config, groups)
        self._schedule = RateSchedule(self._config, total)
        self._done = 0
        self._set_rates()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self._optimizer.zero_grad()

    def minimize(self, loss: Tensor, processes: DataParallel | None = None) -> float:
        """Backpropagate a loss, update the weights once, and return the loss.

        Args:
            loss: a number; where several processes train, this process's part of it.
            processes: over which the gradients are summed.
        """
        self.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
        if processes is not None:
            processes.sum_gradients(self._weights)
        self.step()
        return float(loss.detach())

    def step(self) -> None:
        """Update the weights once, by their gradients."""
        if self._config.clip:
            torch.nn.utils.clip_grad_norm_(self._weights, self._config.clip)
        self._optimizer.step()
        self._done += 1
        self._set_rates()

    def end_epoch(self, loss: float) -> None:
        """Tell the mean loss of an epoch; the schedules ``plateau`` and ``threshold`` depend on it."""
        self._schedule.end_epoch(loss)
        self._set_rates()

    @property
    def learning_rates(self) -> list[float]:
        """The learning rate of each group in the next step."""
        return [float(group["lr"]) for group in self._optimizer.param_groups]

    def _set_rates(self) -> None:
        share = self._schedule.share(self._done)
        for group, largest in zip(self._optimizer.param_groups, self._largest, strict=True):
            group["lr"] = largest * share

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what :meth:`restore` needs: the optimizer's tensors by name, and JSON-like numbers."""
        kept: Mapping[int, Mapping[str, Any]] = self._optimizer.state_dict()["state"]
        tensors = {
            f"{number}.{name}": value
            for number, entry in kept.items()
            for name, value in entry.items()
            if isinstance(value, Tensor)
        }
        return tensors, {"done": self._done, "pace": self._schedule.state()}

    def restore(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Set the state that :meth:`state` returned."""
        kept: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            number, _, key = name.partition(".")
            kept.setdefault(int(number), {})[key] = value
        self._optimizer.load_state_dict(self._optimizer.state_dict() | {"state": kept})
        self._schedule.restore(numbers["pace"])
        self._done = int(numbers["done"])
        self._set_rates()


def _build(config: OptimizerConfig, groups: Sequence[ParameterGroup]) -> torch.optim.Optimizer:
    table = [{"params": list(g.parameters), "lr": g.learning_rate, "weight_decay": g.weight_decay} for g in groups]
    if config.optimizer == "sgd":
        return torch.optim.SGD(table, momentum=config.momentum)
    if config.optimizer == "adam":
        return torch.optim.Adam(table, betas=_BETAS)
    return torch.optim.AdamW(table, betas=_BETAS)


class RateSchedule:
    """The learning rate of each step, as a share of the largest.

    ``one-cycle`` and ``warmup-cosine`` depend on the step alone. ``constant`` is always 1. ``plateau`` divides by ten
    each time the loss has not improved for ``patience`` epochs, down to a thousandth. ``threshold`` divides by ten,
    once, when the loss of an epoch first falls below ``threshold``.

    Args:
        config: the schedule and its settings.
        total: how many steps there will be.
    """

    def __init__(self, config: OptimizerConfig, total: int) -> None:
        self._config, self._total = config, total
        self._factor = 1.0
        self._best: float | None = None
        self._bad_epochs = 0

    def share(self, step: int) -> float:
        """Return the share for a step, counted from 0."""
        if self._config.schedule == "one-cycle":
            return one_cycle(step, self._total, self._config.warmup)
        if self._config.schedule == "warmup-cosine":
            return warmup_cosine(step, self._total, self._config.warmup)
        return self._factor

    def end_epoch(self, loss: float) -> None:
        """Take note of the mean loss of an epoch."""
        if self._config.schedule == "threshold" and loss < self._config.threshold:
            self._factor = _SHRINK
        if self._config.schedule != "plateau":
            return
        if self._best is None or loss < self._best:
            self._best, self._bad_epochs = loss, 0
            return
        self._bad_epochs += 1
        if self._bad_epochs >= self._config.patience:
            self._factor, self._bad_epochs = max(_LEAST, self._factor * _SHRINK), 0

    def state(self) -> dict[str, Any]:
        """Return what :meth:`end_epoch` changed, JSON-like."""
        return {"factor": self._factor, "best": self._best, "bad": self._bad_epochs}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set the state that :meth:`state` returned."""
        self._factor, self._best, self._bad_epochs = state["factor"], state["best"], state["bad"]


def one_cycle(step: int, total: int, warmup: float) -> float:
    """Return the share for a step: up, then down to zero, both along a cosine (Smith 2018)."""
    top = warmup * total
    if step < top:
        return _START + (1 - _START) * (1 - math.cos(math.pi * step / top)) / 2
    return (1 + math.cos(math.pi * min(1.0, (step - top) / (total - top)))) / 2


def warmup_cosine(step: int, total: int, warmup: float) -> float:
    """Return the share for a step: up along a line, then down along a cosine.

    With w = ceil(``warmup`` * ``total``) steps of warm-up it is (step + 1) / (w + 1) for step < w, then
    (1 + cos(pi * (step - w) / (total - w))) / 2.
    """
    rising = math.ceil(warmup * total)
    if step < rising:
        return (step + 1) / (rising + 1)
    return (1 + math.cos(math.pi * min(1.0, (step - rising) / max(1, total - rising)))) / 2
