"""The state of training between epochs, and what one epoch does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from benchsuite_flm import losses
from benchsuite_flm.checkpoints import Snapshot
from benchsuite_flm.interest import Signals, dense
from benchsuite_flm.processes import Processes
from benchsuite_flm.steps import Group, Steps

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from benchsuite_flm.engine import Recipe
    from benchsuite_flm.head import Head
    from benchsuite_flm.tower import TextTower

Judge = Callable[[Tensor, Tensor, slice], Tensor]
"""float32[q, m] logits and bool[q, m] shown of some rows of a batch, which rows -> their part of the mean loss."""

_FEW = 6  # short visible histories have 0 to 5 items


class Loop:
    """Trains epoch by epoch; the arguments are those of :func:`benchsuite_flm.engine.train`."""

    def __init__(
        self,
        tower: TextTower,
        place: Tensor,
        head: Head,
        taken: csr_matrix,
        recipe: Recipe,
        seed: int,
        signals: Signals,
    ) -> None:
        self.tower, self.place, self.head, self.recipe, self.taken = tower, place, head, recipe, taken
        self.signals = signals
        self.device = head.prior.device
        self.processes = Processes.current()
        self.random = torch.Generator().manual_seed(seed)
        self.users = torch.as_tensor(taken.getnnz(axis=1) > 1).nonzero()[:, 0]
        self.warm = head.warm.cpu().nonzero()[:, 0]
        self.part = self.warm
        self.order, self.place_in_order = self.users[:0], 0
        self.batches = max(recipe.batches, math.ceil(len(self.users) / recipe.batch_size))
        self.done = 0
        self.vectors = tower.vectors()  # stays what it is where the encoder does not learn
        self.head_steps = Steps(recipe.epochs * self.batches, *_groups(head, recipe), rule=recipe.rule)
        learn = Group(tower.parameters, recipe.learning_rate, recipe.weight_decay)
        self.tower_steps = Steps(recipe.epochs, learn, rule=recipe.rule) if tower.parameters else None
        self.sums: dict[str, Tensor] = {}
        self.summed = 0

    @property
    def weights(self) -> dict[str, Tensor]:
        """Everything that may learn, by name."""
        own: dict[str, Tensor] = {f"tower.{number}": value for number, value in enumerate(self.tower.parameters)}
        return own | {f"head.{name}": value for name, value in self.head.named_parameters()}

    def epoch(self) -> float:
        """Do one epoch; return its mean loss."""
        if len(self.warm) > self.recipe.catalogue:
            drawn = torch.randperm(len(self.warm), generator=self.random)[: self.recipe.catalogue]
            self.part = self.warm[drawn.sort().values]
        if self.tower_steps is None:
            loss = self._sweep(self.vectors)[0]
        else:
            wanted = torch.zeros(self.tower.size, dtype=torch.bool)
            wanted[self.place[self.part]] = True
            self.tower_steps.clear()
            loss = self.tower.step(wanted, self._sweep)
            self.processes.add_gradients(self.tower.parameters)
            self.tower_steps.take()
            self.tower_steps.observe(loss)
        self.head_steps.observe(loss)
        self.done += 1
        self._add_up()
        return loss

    def _sweep(self, vectors: Tensor) -> tuple[float, Tensor]:
        """Let the head learn from batches of users; return the mean loss and the gradient of the vectors."""
        leaf = vectors.detach().requires_grad_(self.tower_steps is not None)
        total = 0.0
        for _ in range(self.batches):
            loss = self._loss(leaf[self.place[self.part]], self._users())
            self.head_steps.clear()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
            self.processes.add_gradients(self.head.parameters())
            self.head_steps.take()
            total += float(loss.detach())
        total = self.processes.total(total, self.device)
        if leaf.grad is None:
            return total / self.batches, torch.zeros_like(vectors)
        self.processes.add(leaf.grad)
        return total / self.batches, leaf.grad / self.batches

    def _loss(self, vectors: Tensor, users: Tensor) -> Tensor:
        """Return the mean loss of all hidden items of a batch of users; in several processes this one's part of it.

        Items are those of the part of the catalogue at hand: warm ones only (new ones must not be pushed down),
        without those the user shows (they are never asked).
        """
        head, part, device = self.head, self.part, self.device
        taken = dense(self.taken, users, part) > 0
        visible = self._visible(taken)
        hidden = taken & ~visible
        keep = torch.rand(len(part), generator=self.random) >= self.recipe.residual_dropout
        judge = self._judge(users, hidden, ~taken)
        mine = self.processes.rows(len(users))
        users, visible = users[mine], visible[mine]
        shown = visible.float().to(device)
        weight = self.signals.weigh(visible, users, part).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.tower.half):
            items = head.items(vectors, part.to(device), keep.float().to(device))
            own = items[:, : vectors.shape[1]]
            total = weight @ head.attend(own)
            encoded = head.users(total, shown.sum(dim=1), users.to(device), self._friends(own, users))
            logits = head.logits(encoded, items).float()
        return judge(logits, shown > 0, mine)

    def _judge(self, users: Tensor, hidden: Tensor, free: Tensor) -> Judge:
        """Return what makes a loss of logits; what it draws is drawn for the whole batch, alike in all processes."""
        device = self.device
        if self.recipe.loss == "softmax":
            asked = hidden.sum(dim=1)
            return lambda logits, shown, mine: (
                losses.softmax(logits, hidden[mine].to(device), shown) * _part(asked, mine)
            )
        if self.recipe.loss == "bpr":
            pairs = losses.draw_pairs(hidden, free, self.recipe.negatives, self.random)
            asked = torch.bincount(pairs[0], minlength=len(users))

            def bpr(logits: Tensor, _: Tensor, mine: slice) -> Tensor:
                here = (pairs[0] >= mine.start) & (pairs[0] < mine.stop)
                user, better, worse = (column[here].to(device) for column in pairs)
                return losses.bpr(logits, user - mine.start, better, worse) * _part(asked, mine)

            return bpr
        liked = hidden
        if self.signals.disliked is not None:
            liked = hidden & (dense(self.signals.disliked, users, self.part) == 0)
        wanted = self.recipe.negatives * hidden.sum(dim=1)
        other = (hidden & ~liked) | losses.draw_negatives(free, wanted, self.random)
        asked = (liked | other).sum(dim=1)
        return lambda logits, _, mine: (
            losses.bce(logits, liked[mine].to(device), other[mine].to(device)) * _part(asked, mine)
        )

    def _friends(self, own: Tensor, users: Tensor) -> Tensor | None:
        if self.signals.friends is None:
            return None
        took = dense(self.signals.friends, users, self.part).to(self.device)
        return self.recipe.friends * torch.nn.functional.normalize(took @ own, dim=-1)

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

    def _users(self) -> Tensor:
        """Return the next batch of users; after all have come, they come in a new order."""
        if self.place_in_order >= len(self.order):
            self.order = self.users[torch.randperm(len(self.users), generator=self.random)]
            self.place_in_order = 0
        first = self.place_in_order
        self.place_in_order += self.recipe.batch_size
        return self.order[first : self.place_in_order]

    def _add_up(self) -> None:
        """Add the weights to their sum when the epochs to average have begun."""
        last = self.recipe.epochs if self.recipe.last is None else self.recipe.last
        if self.done <= last - round(self.recipe.average * last):
            return
        self.summed += 1
        for name, value in self.weights.items():
            old = self.sums.get(name)
            self.sums[name] = value.detach().clone() if old is None else old + value.detach()

    def settle(self) -> None:
        """Put the averaged weights in place, if any were asked for and reached."""
        if self.summed:
            with torch.no_grad():
                for name, value in self.weights.items():
                    value.copy_(self.sums[name] / self.summed)

    def snapshot(self, more: Mapping[str, Any]) -> Snapshot:
        """Return all that :meth:`restore` needs."""
        head, head_numbers = self.head_steps.state()
        tower, tower_numbers = ({}, {}) if self.tower_steps is None else self.tower_steps.state()
        tensors = {"random": self.random.get_state(), "order": self.order} | self.weights
        tensors |= {f"head_steps.{name}": value for name, value in head.items()}
        tensors |= {f"tower_steps.{name}": value for name, value in tower.items()}
        tensors |= {f"sums.{name}": value for name, value in self.sums.items()}
        numbers = {
            **more,
            "done": self.done,
            "place": self.place_in_order,
            "summed": self.summed,
            "head_steps": head_numbers,
            "tower_steps": tower_numbers,
        }
        return Snapshot(tensors, numbers)

    def restore(self, found: Snapshot) -> None:
        """Go on where a snapshot was taken."""
        with torch.no_grad():
            for name, value in self.weights.items():
                value.copy_(found.tensors[name])
        numbers = found.numbers
        self.done, self.place_in_order, self.summed = numbers["done"], numbers["place"], numbers["summed"]
        self.order = found.tensors["order"]
        self.random.set_state(found.tensors["random"])
        self.sums = {name: value.to(self.device) for name, value in _below("sums.", found).items()}
        self.head_steps.restore(_below("head_steps.", found), numbers["head_steps"])
        if self.tower_steps is not None:
            self.tower_steps.restore(_below("tower_steps.", found), numbers["tower_steps"])


def _part(asked: Tensor, mine: slice) -> float:
    """Return the share of a batch's answers (int[q] for each user) that is asked of some rows; 1 for all rows.

    A mean over these rows times this share, added up over all shares, is the mean over the batch.
    """
    return max(1, int(asked[mine].sum())) / max(1, int(asked.sum()))


def _below(prefix: str, found: Snapshot) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in found.tensors.items() if name.startswith(prefix)}


def _groups(head: Head, recipe: Recipe) -> list[Group]:
    """Return the head's weights with their largest step sizes; biases learn fast and never decay."""
    slow, fast, decay = recipe.residual_learning_rate, 10 * recipe.residual_learning_rate, recipe.weight_decay
    second = [head.residual, head.prior, head.profile]
    third = [head.text_bias, head.popularity, head.log_shrinkage]
    if head.features is not None:
        second.append(head.feature)
    if head.attention is not None:
        second.append(head.attention)
    if head.w2 is not None and head.b is not None:
        second.append(head.w2)
        third.append(head.b)
    return [
        Group([head.projection], recipe.head_learning_rate, decay),
        Group(second, slow, decay),
        Group(third, fast),
    ]
