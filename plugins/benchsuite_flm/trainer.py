"""The training loop: fine-tune an encoder and its head on which users took which items.

In reading order: :meth:`Trainer.fit` runs the epochs; :meth:`Trainer.epoch` encodes the catalogue once, has
:meth:`Trainer.head_steps` take several steps of the head on batches of users, which accumulate the gradient of the item
vectors, and takes one step of the encoder; :meth:`Trainer.loss` is the loss of one batch. Several processes may share
the work, see :mod:`benchsuite_flm.data_parallel`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from benchsuite_flm.data_parallel import DataParallel
from benchsuite_flm.history import HistoryFeatures, dense, draw_visible
from benchsuite_flm.losses import batch_loss
from benchsuite_flm.optim import OptimizerConfig, ParameterGroup, ScheduledOptimizer
from benchsuite_flm.saving import Checkpoint, Snapshot, part, prefixed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from benchsuite_flm.encoder import TextEncoder
    from benchsuite_flm.head import Head
    from benchsuite_flm.settings import Settings

Report = Callable[[int, int, str], None]
"""Called with (epochs done, epochs, note)."""

_MOST_OF_SHORT = 5  # short visible histories have 0 to 5 items


@dataclass(frozen=True)
class TrainingConfig:
    """How to train.

    Attributes:
        settings: of the model.
        learning_rate: largest learning rate of the encoder.
        identities: False where nothing is learnt about single items: no residual, no popularity.
        visible: bounds of the share of a history that is visible in training; the rest is to be predicted.
        short: share of users who show only a few items instead, as new users do.
        epochs: epochs to run; the schedules are those of all epochs of the settings anyway. None: all.
        search: whether this training only looks for the number of epochs: it stops early, and averages no weights.
    """

    settings: Settings
    learning_rate: float
    identities: bool = True
    visible: tuple[float, float] = (0.25, 0.75)
    short: float = 0.15
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


class Trainer:
    """Trains an encoder and a head, in place.

    Args:
        encoder: of the distinct item texts.
        place: int64[n], the text of each item.
        head: the head.
        taken: csr[users, n], 1 where a user took an item.
        config: how to train.
        seed: of all random draws.
        features: what else is read of histories.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        place: Tensor,
        head: Head,
        taken: csr_matrix,
        config: TrainingConfig,
        *,
        seed: int,
        features: HistoryFeatures | None = None,
    ) -> None:
        self.encoder, self.place, self.head, self.taken = encoder, place, head, taken
        self.config, self.settings, self.features = config, config.settings, features or HistoryFeatures()
        self.device = head.prior.device
        self.processes = DataParallel.current()
        self.random = torch.Generator().manual_seed(seed)
        self.users = torch.as_tensor(taken.getnnz(axis=1) > 1).nonzero()[:, 0]
        self.warm = head.warm.cpu().nonzero()[:, 0]
        self.catalogue = self.warm
        """int64[m], the items of the current epoch. New items never take part, so they are not pushed down."""
        self.order, self.place_in_order = self.users[:0], 0
        self.batches = max(self.settings.batches, math.ceil(len(self.users) / self.settings.batch_size))
        self.last_epoch = self.settings.epochs if config.epochs is None else config.epochs
        self.done = 0
        how, decay = OptimizerConfig.of(self.settings), self.settings.weight_decay
        groups = head.parameter_groups(self.settings)
        self.head_optimizer = ScheduledOptimizer(self.settings.epochs * self.batches, *groups, config=how)
        group = ParameterGroup(encoder.parameters, config.learning_rate, decay)
        self.encoder_optimizer = (
            ScheduledOptimizer(self.settings.epochs, group, config=how) if encoder.parameters else None
        )
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
        if not len(self.users):
            return history  # nobody took two items, so no item can be hidden and predicted
        if checkpoint is not None:
            history = self._resume(checkpoint)
        patience = self.settings.patience if self.config.search else 0
        while self.done < self.last_epoch and not self.processes.any(stop(), self.device):
            if patience and history.epochs_since_best >= patience:
                break
            history.losses.append(self.epoch())
            if quality is not None:
                history.quality.append(self.processes.from_main(quality(), self.device))
            if checkpoint is not None and self.processes.is_main and checkpoint.due():
                checkpoint.save(self._snapshot({"losses": history.losses, "judged": history.quality}))
            if self.processes.is_main:
                report(self.done, self.settings.epochs, f"loss {history.losses[-1]:.3f}")
        self._use_average()
        return history

    def epoch(self) -> float:
        """Encode the items, take the steps of the head, then one step of the encoder; return the mean loss."""
        if len(self.warm) > self.settings.catalogue:
            drawn = torch.randperm(len(self.warm), generator=self.random)[: self.settings.catalogue]
            self.catalogue = self.warm[drawn.sort().values]
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
            loss = self.loss(leaf[self.place[self.catalogue]], self._next_users())
            total += self.head_optimizer.minimize(loss, self.processes)
        total = self.processes.sum_number(total, self.device)
        if leaf.grad is None:
            return total / self.batches, torch.zeros_like(vectors)
        self.processes.sum_tensors(leaf.grad)
        return total / self.batches, leaf.grad / self.batches

    def loss(self, vectors: Tensor, users: Tensor) -> Tensor:
        """Return the mean loss of a batch: each user's visible items predict the hidden ones.

        Where several processes train, this is the own users' part of the mean. Draws are made for the whole batch.

        Args:
            vectors: float32[m, d], text vectors of the catalogue of this epoch.
            users: int64[q] user codes.
        """
        settings, head, catalogue, device = self.settings, self.head, self.catalogue, self.device
        taken = dense(self.taken, users, catalogue) > 0
        visible = draw_visible(taken, self.config.visible, self.config.short, _MOST_OF_SHORT, self.random)
        dropout = settings.residual_dropout if self.config.identities else 1.0
        keep = torch.rand(len(catalogue), generator=self.random) >= dropout
        disliked = None if self.features.disliked is None else dense(self.features.disliked, users, catalogue) != 0
        loss = batch_loss(settings.loss, taken & ~visible, ~taken, disliked, settings.negatives, self.random)
        own_users = self.processes.user_slice(len(users))
        users, visible = users[own_users], visible[own_users]
        shown = visible.float().to(device)
        weight = self.features.weights(visible, users, catalogue).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.encoder.half):
            items = head.items(vectors, catalogue.to(device), keep.float().to(device))
            own = items[:, : vectors.shape[1]]
            total = weight @ head.attend(own)
            encoded = head.users(total, shown.sum(dim=1), users.to(device), self._friends(own, users))
            logits = head.logits(encoded, items).float()
        return loss(logits, shown > 0, own_users)

    def _friends(self, own: Tensor, users: Tensor) -> Tensor | None:
        if self.features.friends is None:
            return None
        took = dense(self.features.friends, users, self.catalogue).to(self.device)
        return self.settings.friends * torch.nn.functional.normalize(took @ own, dim=-1)

    def _next_users(self) -> Tensor:
        """Return the next batch of users; after all have come, they come in a new order."""
        if self.place_in_order >= len(self.order):
            self.order = self.users[torch.randperm(len(self.users), generator=self.random)]
            self.place_in_order = 0
        first = self.place_in_order
        self.place_in_order += self.settings.batch_size
        return self.order[first : self.place_in_order]

    @property
    def weights(self) -> dict[str, Tensor]:
        """All trained weights, by their names in checkpoints."""
        encoder: dict[str, Tensor] = {str(number): value for number, value in enumerate(self.encoder.parameters)}
        return prefixed("tower", encoder) | prefixed("head", dict(self.head.named_parameters()))

    def _add_to_average(self) -> None:
        average = 0.0 if self.config.search else self.settings.average
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
