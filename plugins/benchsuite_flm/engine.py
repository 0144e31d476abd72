"""The training loop: fine-tune a text tower and its head on who took what.

One epoch encodes the catalogue once, lets the head learn from several batches of users on these vectors, adds up what
the batches would have the vectors be, and takes one large step with the encoder. Several processes share this work, see
:mod:`benchsuite_flm.processes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import Tensor

from benchsuite_flm.interest import Signals
from benchsuite_flm.loop import Loop
from benchsuite_flm.settings import Loss
from benchsuite_flm.steps import Rule

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from benchsuite_flm.checkpoints import Checkpoint
    from benchsuite_flm.head import Head
    from benchsuite_flm.tower import TextTower

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Recipe:
    """How to train; the settings of :class:`benchsuite_flm.settings.Settings` tell what each number means.

    Attributes:
        last: epochs to do; the schedule of step sizes is made for ``epochs`` all the same. None: all.
        patience: epochs without a better judgement after which training stops; 0: never.
    """

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
    loss: Loss = "softmax"
    negatives: int = 1
    rule: Rule = field(default_factory=Rule)
    weight_decay: float = 0.0
    average: float = 0.0
    friends: float = 0.0
    last: int | None = None
    patience: int = 0


@dataclass
class Course:
    """How training went.

    Attributes:
        losses: mean loss of each epoch.
        judged: what the judge said after each epoch; empty without a judge.
        resumed: epochs that were done before, by a process that was killed.
        seconds: what they took, 0 where there are none.
    """

    losses: list[float] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    resumed: int = 0
    seconds: float = 0.0

    @property
    def best(self) -> int:
        """The number of epochs after which the judge was most content; all, where it judged none."""
        if not self.judged:
            return len(self.losses)
        return self.judged.index(max(self.judged)) + 1


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
    signals: Signals | None = None,
    judge: Callable[[], float] | None = None,
    checkpoint: Checkpoint | None = None,
) -> Course:
    """Train the tower's open weights (if any) and the head, in place.

    Args:
        tower: over the distinct item texts.
        place: int64[n], the text of each item.
        head: the head.
        taken: csr[users, n], 1 where a user took an item.
        recipe: how.
        seed: of all random choices.
        report: told (epochs done, epochs, note).
        stop: True when training should come to an end.
        signals: what else is read in training.
        judge: tells after each epoch how good the model is; higher is better.
        checkpoint: where the state is kept after an epoch, and taken up again.

    Returns:
        How it went.
    """
    loop = Loop(tower, place, head, taken, recipe, seed, signals or Signals())
    several, device = loop.processes, loop.device
    course = Course()
    if not len(loop.users):
        return course  # nobody took two items, so nothing can be hidden and asked
    if checkpoint is not None:
        found = checkpoint.load()
        if not several.any(found is None, device) and found is not None:
            loop.restore(found)
            course = Course(found.numbers["losses"], found.numbers["judged"], loop.done, checkpoint.seconds)
    last = recipe.epochs if recipe.last is None else recipe.last
    while loop.done < last and not several.any(stop(), device):
        if recipe.patience and len(course.judged) - course.best >= recipe.patience:
            break
        course.losses.append(loop.epoch())
        if judge is not None:
            course.judged.append(several.agreed(judge(), device))
        if checkpoint is not None and several.main and checkpoint.due():
            checkpoint.save(loop.snapshot({"losses": course.losses, "judged": course.judged}))
        if several.main:
            report(loop.done, recipe.epochs, f"loss {course.losses[-1]:.3f}")
    loop.settle()
    return course
