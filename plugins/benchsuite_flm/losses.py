"""All losses: softmax, binary cross-entropy and pairwise (BPR) over a catalogue; those of re-rankers over groups.

Catalogue losses take float32[q, m] logits of users and items, and bool[q, m] masks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid

BatchLoss = Callable[[Tensor, Tensor, slice], Tensor]
"""float32[p, m] logits and bool[p, m] visible items of some rows of a batch, which rows -> their part of the mean loss.

The parts of all rows, each computed by one process, add up to the mean over the batch.
"""

_NEVER = -1e4  # a logit; finite, so that a user whose items are all visible gives 0 and not NaN


def softmax(logits: Tensor, hidden: Tensor, visible: Tensor) -> Tensor:
    """Return the mean cross-entropy of all hidden items, over all items that are not visible."""
    log_probability = torch.log_softmax(logits.masked_fill(visible, _NEVER), dim=1)
    return -log_probability.masked_fill(~hidden, 0.0).sum() / hidden.sum().clamp_min(1)


def bce(logits: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of r = sigmoid(logit), with label 1 or 0 where one of the masks is True."""
    used = positive | negative
    return binary_cross_entropy_with_logits(logits[used], positive[used].to(logits.dtype), reduction="sum") / (
        used.sum().clamp_min(1)
    )


def bpr(logits: Tensor, user: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Return the mean of -log sigmoid(logit of the positive - logit of the negative item) (Rendle et al. 2009).

    Args:
        logits: float32[q, m].
        user: int64[p] rows.
        positive: int64[p] columns of items that were taken.
        negative: int64[p] columns of items that were not.
    """
    gaps = logits[user, positive] - logits[user, negative]
    return -logsigmoid(gaps).sum() / max(1, len(user))


def batch_loss(
    kind: Literal["softmax", "bce", "bpr"],
    hidden: Tensor,
    free: Tensor,
    disliked: Tensor | None,
    negatives: int,
    random: torch.Generator,
) -> BatchLoss:
    """Return the loss of a batch of users as a function of their logits.

    Negatives are drawn here, for the whole batch, so that all processes draw the same.

    Args:
        kind: which loss.
        hidden: bool[q, m], the items to predict.
        free: bool[q, m], what may be drawn as a negative.
        disliked: bool[q, m] or None, hidden items that ``bce`` counts as 0.
        negatives: how many are drawn for each hidden item.
        random: on the CPU, as all arguments are.
    """
    if kind == "softmax":
        count = hidden.sum(dim=1)
        return lambda logits, visible, rows: (
            softmax(logits, hidden[rows].to(logits.device), visible) * _share(count, rows)
        )
    if kind == "bpr":
        pairs = draw_pairs(hidden, free, negatives, random)
        pair_count = torch.bincount(pairs[0], minlength=len(hidden))

        def pairwise(logits: Tensor, _: Tensor, rows: slice) -> Tensor:
            here = (pairs[0] >= rows.start) & (pairs[0] < rows.stop)
            user, positive, negative = (column[here].to(logits.device) for column in pairs)
            return bpr(logits, user - rows.start, positive, negative) * _share(pair_count, rows)

        return pairwise
    positive = hidden if disliked is None else hidden & ~disliked
    drawn = draw_negatives(free, negatives * hidden.sum(dim=1), random)
    negative = (hidden & ~positive) | drawn
    used = (positive | negative).sum(dim=1)
    return lambda logits, _, rows: (
        bce(logits, positive[rows].to(logits.device), negative[rows].to(logits.device)) * _share(used, rows)
    )


def _share(count: Tensor, rows: slice) -> float:
    """Return which share of a batch's terms (int[q], terms of each user) belongs to some rows; 1 for all rows."""
    return max(1, int(count[rows].sum())) / max(1, int(count.sum()))


def draw_negatives(free: Tensor, wanted: Tensor, random: torch.Generator) -> Tensor:
    """Draw some free items of each user, each with the same probability; ``wanted`` of them on average.

    Args:
        free: bool[q, m], what may be drawn.
        wanted: float32[q] or int64[q], how many.
        random: on the CPU, as all arguments are.

    Returns:
        bool[q, m].
    """
    probability = wanted / free.sum(dim=1).clamp_min(1)
    return free & (torch.rand(free.shape, generator=random) < probability[:, None])


def draw_pairs(hidden: Tensor, free: Tensor, each: int, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Pair each hidden item with ``each`` free items of the same user, drawn uniformly with replacement.

    Returns:
        int64[p] user row, hidden item and free item of each pair, all on the CPU; users without free items have none.
    """
    hidden = hidden & free.any(dim=1, keepdim=True)
    user, positive = hidden.nonzero(as_tuple=True)
    if not len(user):
        return user, positive, positive
    most = int(hidden.sum(dim=1).max()) * each
    # multinomial needs a positive weight in every row; draws of users without free items are not used.
    weight = torch.where(free.any(dim=1, keepdim=True), free, True).float()
    drawn = torch.multinomial(weight, most, replacement=True, generator=random)
    rank = hidden.long().cumsum(dim=1)[user, positive] - 1
    place = (rank[:, None] * each + torch.arange(each)).flatten()
    user, positive = user.repeat_interleave(each), positive.repeat_interleave(each)
    return user, positive, drawn[user, place]


def group_softmax(logits: Tensor) -> Tensor:
    """Return the mean cross-entropy of the first item of each group (float32[g, n]) among all items of the group."""
    return cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


def group_bce(logits: Tensor, *, balanced: bool = False) -> Tensor:
    """Return the mean binary cross-entropy of groups (float32[g, n]): 1 for the first item, 0 for the others.

    Args:
        logits: of all groups.
        balanced: weigh the first item as much as all others of its group together.
    """
    label = torch.zeros_like(logits)
    label[:, 0] = 1.0
    weight = torch.tensor(float(logits.shape[1] - 1), device=logits.device) if balanced else None
    return binary_cross_entropy_with_logits(logits, label, pos_weight=weight)
