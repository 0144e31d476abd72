"""The training loop of all rows that fine-tune a text encoder and a head together.

In reading order: :meth:`TrainingLoop.fit` runs the epochs; :meth:`TrainingLoop.epoch` encodes the catalogue once, has
:meth:`TrainingLoop.head_steps` take several steps of the head on batches of rows, which accumulate the gradient of the
item vectors, and takes one step of the encoder. A subclass says what a row is and what the loss of a batch:
:class:`benchsuite_flm.trainer.Trainer` and :class:`benchsuite_flm.sequence_trainer.SequenceTrainer`. Several processes
may share the work, see :mod:`benchsuite_flm.data_parallel`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from benchsuite_flm.data_parallel import DataParallel
from benchsuite_flm.optim import OptimizerConfig, ParameterGroup, ScheduledOptimizer
from benchsuite_flm.saving import Checkpoint, Snapshot, part, prefixed

if TYPE_CHECKING:
    from benchsuite_flm.encoder import TextEncoder
    from benchsuite_flm.settings import TrainingSettings

Report = Callable[[int, int, str], None]
"""Called with (epochs done, epochs, note)."""


@dataclass(frozen=True)
class LoopConfig:
    """How long and how fast to train.

    Attributes:
        settings: of the model.
        learning_rate: largest learning rate of the encoder.
        epochs: epochs to run; the schedules are those of all epochs of the settings anyway. None: all.
        search: whether this training only looks for the number of epochs: it stops early, and averages no weights.
    """

    settings: TrainingSettings
    learning_rate: float
    epochs: int | None = None
    search: bool = False


@dataclass
class TrainingHistory:
    """How training went.

    Attributes:
        losses: mean loss of each epoch.
        quality: of the model after each epoch, higher is better; empty where it was not measured.
        resumed: epochs that a killed process had done before.
        seconds: that these epochs took.
    """

    losses: list[float] = field(default_factory=list)
    quality: list[float] = field(default_factory=list)
    resumed: int = 0
    seconds: float = 0.0

    @property
    def best_epoch(self) -> int:
        """The number of epochs of the best quality; all epochs, where it was not measured."""
        if not self.quality:
            return len(self.losses)
        return self.quality.index(max(self.quality)) + 1

    @property
    def epochs_since_best(self) -> int:
        """The number of epochs without a better quality."""
        return len(self.quality) - self.best_epoch if self.quality else 0


class TrainingLoop(ABC):
    """Trains an encoder and a head, in place.

    Args:
        encoder: of the distinct item texts.
        place: int64[n], the text of each item.
        head: the head.
        config: how long and how fast.
        groups: the weights of the head, with their learning rates.
        warm: bool[n], which items have training rows.
        rows: int64[r], numbers of users or of parts of histories.
        batches: batches of an epoch, at least; each row comes at least once.
        seed: of all random draws.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        place: Tensor,
        head: nn.Module,
        config: LoopConfig,
        groups: Sequence[ParameterGroup],
        *,
        warm: Tensor,
        rows: Tensor,
        batches: int,
        seed: int,
    ) -> None:
        self.encoder, self.place, self.config, self.rows = encoder, place, config, rows
        self.head: nn.Module = head
        self.device = next(head.parameters()).device
        self.processes = DataParallel.current()
        self.random = torch.Generator().manual_seed(seed)
        self.warm = warm.cpu().nonzero()[:, 0]
        self.catalogue = self.warm
        """int64[m], the items of the current epoch. New items never take part, so they are not pushed down."""
        self.order, self.place_in_order = self.rows[:0], 0
        settings = config.settings
        self.batches = max(batches, math.ceil(len(self.rows) / settings.batch_size))
        self.last_epoch = settings.epochs if config.epochs is None else config.epochs
        self.done = 0
        how = OptimizerConfig.of(settings)
        self.head_optimizer = ScheduledOptimizer(settings.epochs * self.batches, *groups, config=how)
        group = ParameterGroup(encoder.parameters, config.learning_rate, settings.weight_decay)
        self.encoder_optimizer = ScheduledOptimizer(settings.epochs, group, config=how) if encoder.parameters else None
        self.sums: dict[str, Tensor] = {}
        self.summed = 0

    def fit(
        self,
        *,
        report: Report,
        stop: Callable[[], bool],
        quality: Callable[[], float] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> TrainingHistory:
        """Run all epochs.

        Args:
            report: called after each epoch.
            stop: True when training should end.
            quality: measures the model after each epoch; higher is better.
            checkpoint: where the state is saved after an epoch, and training is resumed from.
        """
        history = TrainingHistory()
        if not len(self.rows):
            return history  # nobody took two items, so no item can be hidden and predicted
        if checkpoint is not None:
            history = self._resume(checkpoint)
        patience = self.config.settings.patience if self.config.search else 0
        while self.done < self.last_epoch and not self.processes.any(stop(), self.device):
            if patience and history.epochs_since_best >= patience:
                break
            history.losses.append(self.epoch())
            if quality is not None:
                history.quality.append(self.processes.from_main(quality(), self.device))
            if checkpoint is not None and self.processes.is_main and checkpoint.due():
                checkpoint.save(self._snapshot({"losses": history.losses, "judged": history.quality}))
            if self.processes.is_main:
                report(self.done, self.config.settings.epochs, f"loss {history.losses[-1]:.3f}")
        self._use_average()
        return history

    def epoch(self) -> float:
        """Encode the items, take the steps of the head, then one step of the encoder; return the mean loss."""
        self._draw_catalogue()
        if self.encoder_optimizer is None:
            loss, _ = self.head_steps(self.encoder.vectors())  # they stay the same
        else:
            wanted = torch.zeros(self.encoder.size, dtype=torch.bool)
            wanted[self.place[self.catalogue]] = True
            self.encoder_optimizer.zero_grad()
            encoded = self.encoder.encode(wanted)
            loss, gradient = self.head_steps(encoded.vectors)
            encoded.backward(gradient)
            self.processes.sum_gradients(self.encoder.parameters)
            self.encoder_optimizer.step()
            self.encoder_optimizer.end_epoch(loss)
        self.head_optimizer.end_epoch(loss)
        self.done += 1
        self._add_to_average()
        return loss

    def head_steps(self, vectors: Tensor) -> tuple[float, Tensor]:
        """Take the steps of the head in one epoch; return the mean loss and the mean gradient of the text vectors."""
        leaf = vectors.detach().requires_grad_(self.encoder_optimizer is not None)
        total = 0.0
        for _ in range(self.batches):
            total += self.head_optimizer.minimize(self.batch_loss(leaf, self._next_rows()), self.processes)
        total = self.processes.sum_number(total, self.device)
        if leaf.grad is None:
            return total / self.batches, torch.zeros_like(vectors)
        self.processes.sum_tensors(leaf.grad)
        return total / self.batches, leaf.grad / self.batches

    @abstractmethod
    def batch_loss(self, texts: Tensor, rows: Tensor) -> Tensor:
        """Return the mean loss of a batch of rows (int64[q]); ``texts`` are float32[texts, w] all texts' vectors."""

    def _draw_catalogue(self) -> None:
        """Choose the items of an epoch."""
        self.catalogue = self.warm

    def _new_order(self) -> Tensor:
        return self.rows[torch.randperm(len(self.rows), generator=self.random)]

    def _next_rows(self) -> Tensor:
        """Return the next batch of rows; after all have come, they come in a new order."""
        if self.place_in_order >= len(self.order):
            self.order, self.place_in_order = self._new_order(), 0
        first = self.place_in_order
        self.place_in_order += self.config.settings.batch_size
        return self.order[first : self.place_in_order]

    @property
    def weights(self) -> dict[str, Tensor]:
        """All trained weights, by their names in checkpoints."""
        encoder: dict[str, Tensor] = {str(number): value for number, value in enumerate(self.encoder.parameters)}
        return prefixed("tower", encoder) | prefixed("head", dict(self.head.named_parameters()))

    def _add_to_average(self) -> None:
        average = 0.0 if self.config.search else self.config.settings.average
        if self.done <= self.last_epoch - round(average * self.last_epoch):
            return
        self.summed += 1
        for name, value in self.weights.items():
            old = self.sums.get(name)
            self.sums[name] = value.detach().clone() if old is None else old + value.detach()

    def _use_average(self) -> None:
        """Replace the weights by the mean of those of the last epochs, where the settings ask for it."""
        if self.summed:
            with torch.no_grad():
                for name, value in self.weights.items():
                    value.copy_(self.sums[name] / self.summed)

    def _resume(self, checkpoint: Checkpoint) -> TrainingHistory:
        """Continue from a checkpoint, where all processes find it."""
        found = checkpoint.load()
        if self.processes.any(found is None, self.device) or found is None:
            return TrainingHistory()
        self._restore(found)
        return TrainingHistory(found.numbers["losses"], found.numbers["judged"], self.done, checkpoint.seconds)

    def _snapshot(self, more: Mapping[str, Any]) -> Snapshot:
        """Return all that :meth:`_restore` needs; the names belong to the format of checkpoints."""
        head, head_numbers = self.head_optimizer.state()
        encoder, encoder_numbers = ({}, {}) if self.encoder_optimizer is None else self.encoder_optimizer.state()
        tensors = {"random": self.random.get_state(), "order": self.order} | self.weights
        tensors |= prefixed("head_steps", head) | prefixed("tower_steps", encoder) | prefixed("sums", self.sums)
        numbers = {"done": self.done, "place": self.place_in_order, "summed": self.summed}
        return Snapshot(tensors, {**more, **numbers, "head_steps": head_numbers, "tower_steps": encoder_numbers})

    def _restore(self, found: Snapshot) -> None:
        with torch.no_grad():
            for name, value in self.weights.items():
                value.copy_(found.tensors[name])
        numbers = found.numbers
        self.done, self.place_in_order, self.summed = numbers["done"], numbers["place"], numbers["summed"]
        self.order = found.tensors["order"]
        self.random.set_state(found.tensors["random"])
        self.sums = {name: value.to(self.device) for name, value in part("sums", found.tensors).items()}
        self.head_optimizer.restore(part("head_steps", found.tensors), numbers["head_steps"])
        if self.encoder_optimizer is not None:
            self.encoder_optimizer.restore(part("tower_steps", found.tensors), numbers["tower_steps"])
