"""The training of the rows whose interest is a mean: each user's visible items predict the hidden ones.

The loop is that of :mod:`benchsuite_flm.training_loop`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import embedding

from benchsuite_flm.history import HistoryFeatures, dense, draw_visible
from benchsuite_flm.losses import batch_loss
from benchsuite_flm.training_loop import LoopConfig, TrainingLoop

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from benchsuite_flm.encoder import TextEncoder
    from benchsuite_flm.head import Head
    from benchsuite_flm.settings import Settings

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


class Trainer(TrainingLoop):
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

    head: Head

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
        self.taken, self.settings = taken, config.settings
        self.identities, self.visible, self.short = config.identities, config.visible, config.short
        self.features = features or HistoryFeatures()
        super().__init__(
            encoder,
            place,
            head,
            LoopConfig(config.settings, config.learning_rate, config.epochs, config.search),
            head.parameter_groups(config.settings),
            warm=head.warm,
            # Of two items one can be shown and one predicted.
            rows=torch.as_tensor(taken.getnnz(axis=1) > 1).nonzero()[:, 0],
            batches=config.settings.batches,
            seed=seed,
        )

    def batch_loss(self, texts: Tensor, rows: Tensor) -> Tensor:
        """Return the mean loss of a batch of users."""
        return self.loss(embedding(self.place[self.catalogue].to(self.device), texts), rows)

    def loss(self, vectors: Tensor, users: Tensor) -> Tensor:
        """Return the mean loss of a batch: each user's visible items predict the hidden ones.

        Where several processes train, this is the own users' part of the mean. Draws are made for the whole batch.

        Args:
            vectors: float32[m, d], text vectors of the catalogue of this epoch.
            users: int64[q] user codes.
        """
        settings, head, catalogue, device = self.settings, self.head, self.catalogue, self.device
        taken = dense(self.taken, users, catalogue) > 0
        visible = draw_visible(taken, self.visible, self.short, _MOST_OF_SHORT, self.random)
        dropout = settings.residual_dropout if self.identities else 1.0
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

    def _draw_catalogue(self) -> None:
        """Choose the items of an epoch: of a large catalogue a part (sampled softmax)."""
        if len(self.warm) > self.settings.catalogue:
            drawn = torch.randperm(len(self.warm), generator=self.random)[: self.settings.catalogue]
            self.catalogue = self.warm[drawn.sort().values]
