"""What a batch of users teaches: softmax, binary cross-entropy, or pairwise (BPR).

All take float32[q, m] logits of users and items of the catalogue at hand, and bool[q, m] masks.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

_NEVER = -1e4  # a logit; finite, so that a user who shows everything leaves no NaN behind


def softmax(logits: Tensor, hidden: Tensor, shown: Tensor) -> Tensor:
    """Return the mean cross-entropy of all hidden items, over all items that are not shown."""
    chances = torch.log_softmax(logits.masked_fill(shown, _NEVER), dim=1)
    return -chances.masked_fill(~hidden, 0.0).sum() / hidden.sum().clamp_min(1)


def bce(logits: Tensor, liked: Tensor, other: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of r = sigmoid(logit): label 1 where ``liked``, 0 where ``other``."""
    asked = liked | other
    return binary_cross_entropy_with_logits(logits[asked], liked[asked].to(logits.dtype), reduction="sum") / (
        asked.sum().clamp_min(1)
    )


def bpr(logits: Tensor, user: Tensor, better: Tensor, worse: Tensor) -> Tensor:
    """Return the mean of -log sigmoid(logit of the better item - logit of the worse one) (Rendle et al. 2009).

    Args:
        logits: float32[q, m].
        user: int64[p] rows.
        better: int64[p] columns of items that were taken.
        worse: int64[p] columns of items that were not.
    """
    gaps = logits[user, better] - logits[user, worse]
    return -logsigmoid(gaps).sum() / max(1, len(user))


def draw_negatives(free: Tensor, wanted: Tensor, random: torch.Generator) -> Tensor:
    """Draw some free items of each user, each with the same chance; ``wanted`` of them on average.

    Args:
        free: bool[q, m], what may be drawn.
        wanted: float32[q] or int64[q], how many.
        random: on the CPU, as all arguments are.

    Returns:
        bool[q, m].
    """
    chance = wanted / free.sum(dim=1).clamp_min(1)
    return free & (torch.rand(free.shape, generator=random) < chance[:, None])


def draw_pairs(hidden: Tensor, free: Tensor, each: int, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Pair each hidden item with ``each`` free items of the same user, drawn with the same chance, with replacement.

    Returns:
        int64[p] user row, hidden item and free item of each pair, all on the CPU; users without free items have none.
    """
    hidden = hidden & free.any(dim=1, keepdim=True)
    user, better = hidden.nonzero(as_tuple=True)
    if not len(user):
        return user, better, better
    most = int(hidden.sum(dim=1).max()) * each
    # A user without free items is never looked up; the ones only keep the draw defined.
    weight = torch.where(free.any(dim=1, keepdim=True), free, True).float()
    drawn = torch.multinomial(weight, most, replacement=True, generator=random)
    rank = hidden.long().cumsum(dim=1)[user, better] - 1
    place = (rank[:, None] * each + torch.arange(each)).flatten()
    user, better = user.repeat_interleave(each), better.repeat_interleave(each)
    return user, better, drawn[user, place]
