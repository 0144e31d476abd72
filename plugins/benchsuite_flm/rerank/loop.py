"""The training loop of all re-rankers: in each step, the loss of some groups, backpropagation, one optimizer step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from benchsuite.data import Float32, Int64
from benchsuite_flm.encoder import fast_half
from benchsuite_flm.optim import OptimizerConfig, ParameterGroup, ScheduledOptimizer

_CONFIG = OptimizerConfig(schedule="warmup-cosine", warmup=0.1, clip=1.0)


class Scorer(Protocol):
    """Scores pairs of a history and an item text with a language model."""

    @property
    def device(self) -> torch.device:
        """Where the language model is."""
        ...

    @property
    def own_weights(self) -> Mapping[str, nn.Parameter]:
        """The weights beside the language model's, by name."""
        ...

    def group_loss(self, histories: Sequence[str], items: Sequence[Sequence[str]], *, half: bool = False) -> Tensor:
        """Return the mean loss of some groups.

        Args:
            histories: one text for each group.
            items: the same number of item texts for each group, the taken one first.
            half: let autocast use bfloat16.
        """
        ...

    def scores(self, histories: Sequence[str], owner: Int64, texts: Sequence[str]) -> Float32:
        """Return float32[p], the scores of item texts with ``histories[owner]``; ``owner`` int64[p] is ascending."""
        ...


def train(
    scorer: Scorer,
    parameters: Sequence[ParameterGroup],
    histories: Sequence[str],
    items: Sequence[Sequence[str]],
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    report: Callable[[int, int, str], None],
    stop: Callable[[], bool],
) -> list[float]:
    """Train weights in place, and return the mean loss of each epoch; nothing is done without weights or groups.

    Args:
        scorer: computes the losses.
        parameters: the weights to train.
        histories: one text for each group.
        items: item texts of each group, the taken one first.
        epochs: passes over the groups.
        batch_size: groups per step.
        seed: of the order of the groups.
        report: called with (steps done, steps, note).
        stop: True when training should end.
    """
    if not len(histories) or not parameters:
        return []
    total = epochs * -(-len(histories) // batch_size)
    random = np.random.default_rng([seed, 23])
    optimizer = ScheduledOptimizer(total, *parameters, config=_CONFIG)
    half = fast_half(str(scorer.device))
    losses: list[float] = []
    done = 0
    for _ in range(epochs):
        order = random.permutation(len(histories))
        seen: list[float] = []
        for first in range(0, len(order), batch_size):
            if stop():
                break
            chosen = order[first : first + batch_size]
            loss = scorer.group_loss([histories[n] for n in chosen], [items[n] for n in chosen], half=half)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
            optimizer.step()
            seen.append(float(loss.detach()))
            done += 1
            report(done, total, f"loss {seen[-1]:.3f}")
        losses += [float(np.mean(seen))] if seen else []
    return losses
