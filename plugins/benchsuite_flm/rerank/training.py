"""The training of all re-rankers: what a scorer is, the groups that are drawn, and the training loop."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchsuite.data import Float32, Fold, GroundTruth, Int32, Int64, Ragged
from benchsuite_flm.rerank.first_stage import BLOCK, FirstStage

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.optim import ParameterGroup

_VALIDATION_QUERIES = 100  # at most a fifth of all; their held-out items choose the weight and are not trained on


class Scorer(ABC):
    """Scores pairs of a history and an item text with a language model.

    Args:
        backbone: the language model, on its device.
    """

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.own_weights: dict[str, nn.Parameter] = {}
        """The weights beside the language model's, by name."""

    @property
    def device(self) -> torch.device:
        """Where the language model is."""
        device: torch.device = self.backbone.model.device
        return device

    @abstractmethod
    def group_loss(self, histories: Sequence[str], items: Sequence[Sequence[str]], *, half: bool = False) -> Tensor:
        """Return the mean loss of some groups.

        Args:
            histories: one text for each group.
            items: the same number of item texts for each group, the taken one first.
            half: let autocast use bfloat16.
        """

    @abstractmethod
    def scores(self, histories: Sequence[str], owner: Int64, texts: Sequence[str]) -> Float32:
        """Return float32[p], the scores of item texts with ``histories[owner]``; ``owner`` int64[p] is ascending."""


def pairs_of(histories: Sequence[str], items: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return history and item text of each pair in some groups, see :meth:`Scorer.group_loss`."""
    repeated = [history for history, group in zip(histories, items, strict=True) for _ in group]
    return repeated, [text for group in items for text in group]


@dataclass(frozen=True, eq=False)
class Groups:
    """The training data of a re-ranker: each group is one held-out item and other candidates of its query.

    Attributes:
        query: int64[g], the query of each group.
        item: int32[g, 1 + n], first the held-out item, then the others; all are candidates.
        held_out: how many items were held out, all queries together.
        found: how many of them are candidates: only these make groups.
    """

    query: Int64
    item: Int32
    held_out: int
    found: int

    def facts(self) -> dict[str, int]:
        """Return how many items were held out, found and drawn."""
        return {"held out": self.held_out, "among candidates": self.found, "learnt from": len(self.query)}


def draw_groups(
    first: FirstStage,
    held: Fold,
    *,
    count: int,
    negatives: int,
    groups: int,
    seed: int,
    without: Sequence[int] | Int64 = (),
) -> Groups:
    """Draw groups. All items are candidates of the first stage, as they are when it is re-ranked.

    Args:
        first: fitted on ``held.train``.
        held: the held-out items.
        count: how many candidates the first stage selects.
        negatives: other items per group, drawn uniformly, with replacement only where there are too few.
        groups: how many are drawn at most.
        seed: of the draw.
        without: queries without groups.
    """
    excluded = np.zeros(len(held.queries), np.bool_)
    excluded[np.asarray(without, np.int64)] = True
    random = np.random.default_rng([seed, 19])
    row_of, item_of = np.unique(np.stack([held.truth.rows, held.truth.item]), axis=1)  # no item twice
    wanted = Ragged.from_pairs(row_of, item_of, len(held.truth))
    query: list[int] = []
    taken: list[int] = []
    others: list[Int32] = []
    for begin in range(0, len(held.queries), BLOCK):
        end = min(begin + BLOCK, len(held.queries))
        queries = held.queries.slice(begin, end)
        chosen = first.candidates(first.scores(queries), queries, count)
        for row in range(end - begin):
            truth = wanted[begin + row]
            free = np.setdiff1d(np.flatnonzero(chosen[row]), truth).astype(np.int32)
            for item in truth[chosen[row, truth]] if len(free) and not excluded[begin + row] else ():
                query.append(begin + row)
                taken.append(int(item))
                others.append(random.choice(free, negatives, replace=len(free) < negatives))
    keep = random.permutation(len(query))[:groups]
    drawn = np.asarray(others, np.int32).reshape(-1, negatives)[keep]
    first_column = np.asarray(taken, np.int32)[keep, None]
    item = np.hstack([first_column, drawn]).astype(np.int32)
    return Groups(np.asarray(query, np.int64)[keep], item, len(wanted.item), len(query))


def draw_validation(queries: int, seed: int) -> Int64:
    """Return int64, the queries whose held-out items choose the weight."""
    drawn = np.random.default_rng([seed, 29]).permutation(queries)
    return np.sort(drawn[: min(_VALIDATION_QUERIES, queries // 5)])


def with_truth_of(held: Fold, queries: Int64) -> Fold:
    """Return the fold with the ground truth of some queries only."""
    kept = np.isin(held.truth.rows, queries)
    count = np.bincount(held.truth.rows[kept], minlength=len(held.truth))
    truth = GroundTruth(np.concatenate([[0], np.cumsum(count)]), held.truth.item[kept], held.truth.value[kept])
    return dataclasses.replace(held, truth=truth)


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

    In each step: the loss of some groups, backpropagation, one step of the optimizer.

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
    from benchsuite_flm.encoder import fast_half
    from benchsuite_flm.optim import OptimizerConfig, ScheduledOptimizer

    if not len(histories) or not parameters:
        return []
    total = epochs * -(-len(histories) // batch_size)
    random = np.random.default_rng([seed, 23])
    optimizer = ScheduledOptimizer(
        total, *parameters, config=OptimizerConfig(schedule="warmup-cosine", warmup=0.1, clip=1.0)
    )
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
            seen.append(optimizer.minimize(loss))
            done += 1
            report(done, total, f"loss {seen[-1]:.3f}")
        losses += [float(np.mean(seen))] if seen else []
    return losses
