"""The training loop: fine-tune a text tower and its head on who took what.

One epoch encodes the catalogue once, lets the head learn from several batches of users on these vectors, adds up what
the batches would have the vectors be, and takes one large step with the encoder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from benchsuite_flm.head import Head
from benchsuite_flm.steps import Group, Steps
from benchsuite_flm.tower import TextTower

_NEVER = -1e4  # a logit; finite, so that a user who shows everything leaves no NaN behind
_FEW = 6  # short visible histories have 0 to 5 items

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Recipe:
    """How to train; the settings of :class:`benchsuite_flm.flm.FLM` tell what each number means."""

    epochs: int
    batches: int
    batch_size: int
    learning_rate: float
    head_learning_rate: float
    residual_learning_rate: float
    residual_dropout: float
    visible: tuple[float, float]
    short: float
    catalogue: int


def train(
    tower: TextTower,
    place: Tensor,
    head: Head,
    taken: csr_matrix,
    recipe: Recipe,
    *,
    seed: int,
    report: Report,
    stop: Callable[[], bool],
) -> list[float]:
    """Train the tower's open layers (if any) and the head, in place; return the mean loss of each epoch.

    Args:
        tower: over the distinct item texts.
        place: int64[n], the text of each item.
        head: the head.
        taken: csr[users, n], 1 where a user took an item.
        recipe: how.
        seed: of all random choices.
        report: told (epochs done, epochs, note).
        stop: True when training should come to an end.
    """
    loop = _Loop(tower, place, head, taken, recipe, seed)
    losses: list[float] = []
    if not len(loop.users):
        return losses  # nobody took two items, so nothing can be hidden and asked
    for number in range(recipe.epochs):
        if stop():
            break
        losses.append(loop.epoch())
        report(number + 1, recipe.epochs, f"loss {losses[-1]:.3f}")
    return losses


class _Loop:
    """The state of training between epochs."""

    def __init__(
        self, tower: TextTower, place: Tensor, head: Head, taken: csr_matrix, recipe: Recipe, seed: int
    ) -> None:
        self.tower, self.place, self.head, self.recipe, self.taken = tower, place, head, recipe, taken
        self.device = head.prior.device
        self.random = torch.Generator().manual_seed(seed)
        self.users = torch.as_tensor(taken.getnnz(axis=1) > 1).nonzero()[:, 0]
        self.warm = head.warm.cpu().nonzero()[:, 0]
        self.part = self.warm
        self.stream = self._users()
        self.batches = max(recipe.batches, math.ceil(len(self.users) / recipe.batch_size))
        self.vectors = tower.vectors()  # stays what it is where the encoder does not learn
        steps = recipe.epochs * self.batches
        slow, fast = recipe.residual_learning_rate, 10 * recipe.residual_learning_rate
        self.head_steps = Steps(
            steps,
            Group([head.projection], recipe.head_learning_rate),
            Group([head.residual, head.prior, head.profile], slow),
            Group([head.text_bias, head.popularity, head.log_shrinkage], fast),
        )
        learn = bool(tower.parameters)
        self.tower_steps = Steps(recipe.epochs, Group(tower.parameters, recipe.learning_rate)) if learn else None

    def epoch(self) -> float:
        """Do one epoch; return its mean loss."""
        if len(self.warm) > self.recipe.catalogue:
            drawn = torch.randperm(len(self.warm), generator=self.random)[: self.recipe.catalogue]
            self.part = self.warm[drawn.sort().values]
        if self.tower_steps is None:
            return self._sweep(self.vectors)[0]
        wanted = torch.zeros(self.tower.size, dtype=torch.bool)
        wanted[self.place[self.part]] = True
        self.tower_steps.clear()
        loss = self.tower.step(wanted, self._sweep)
        self.tower_steps.take()
        return loss

    def _sweep(self, vectors: Tensor) -> tuple[float, Tensor]:
        """Let the head learn from batches of users; return the mean loss and the gradient of the vectors."""
        leaf = vectors.detach().requires_grad_(self.tower_steps is not None)
        total = 0.0
        for _ in range(self.batches):
            loss = self._loss(leaf[self.place[self.part]], next(self.stream))
            self.head_steps.clear()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
            self.head_steps.take()
            total += float(loss.detach())
        gradient = torch.zeros_like(vectors) if leaf.grad is None else leaf.grad / self.batches
        return total / self.batches, gradient

    def _loss(self, vectors: Tensor, users: Tensor) -> Tensor:
        """Return the mean cross-entropy of all hidden items of a batch of users.

        The softmax runs over the part of the catalogue at hand: warm items only (new ones must not be pushed down),
        without those the user shows (they are never asked).
        """
        head, part = self.head, self.part
        taken = torch.as_tensor(self.taken[users.numpy()][:, part.numpy()].toarray()) > 0
        visible = self._visible(taken)
        hidden = (taken & ~visible).to(self.device)
        keep = torch.rand(len(part), generator=self.random) >= self.recipe.residual_dropout
        shown = visible.float().to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.tower.half):
            items = head.items(vectors, part.to(self.device), keep.float().to(self.device))
            own = items[:, : vectors.shape[1]]
            encoded = head.users(shown @ own, shown.sum(dim=1), users.to(self.device))
            logits = head.logits(encoded, items).float()
        chances = torch.log_softmax(logits.masked_fill(shown > 0, _NEVER), dim=1)
        return -chances.masked_fill(~hidden, 0.0).sum() / hidden.sum().clamp_min(1)

    def _visible(self, taken: Tensor) -> Tensor:
        """Choose what is visible of each history: a random share, or for some users only a few items."""
        low, high = self.recipe.visible
        noise = torch.rand(taken.shape, generator=self.random)
        share = low + (high - low) * torch.rand(len(taken), 1, generator=self.random)
        visible = taken & (noise < share)
        short = torch.rand(len(taken), generator=self.random) < self.recipe.short
        if bool(short.any()):
            few = torch.randint(0, _FEW, (int(short.sum()), 1), generator=self.random)
            order = noise[short].masked_fill(~taken[short], 2.0).sort(dim=1).values
            limit = order.gather(1, few.clamp(max=order.shape[1] - 1))
            visible[short] = taken[short] & (noise[short] < limit)
        return visible

    def _users(self) -> Iterator[Tensor]:
        while True:
            order = self.users[torch.randperm(len(self.users), generator=self.random)]
            yield from torch.split(order, self.recipe.batch_size)
