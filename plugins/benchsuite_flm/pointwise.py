"""The pointwise answer: will this user like this item? The formula, fitted to likes and dislikes.

The user's encoding is ``u = [interest, mean, activity, 1, 1, 1]`` and the item's is ``i = [own part, 0, 0, mean,
popularity, own bias]``, where the own parts are those that the ranking head learnt, at unit length. ``W1·(u * i)`` then
holds the affinity of interest and item, and the item's own terms; ``W2·u`` holds the user's. Means are damped: few
opinions count little. In training every row is left out of the means and the interest that predict it, or the model
would learn to read its own answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from benchsuite.data import Float32, Int8
from benchsuite_flm.formula import pair_logits
from benchsuite_flm.steps import Group, Steps

_DAMPING = 10.0  # opinions at the overall mean that every item and user starts with
_INTEREST_DAMPING = 5.0
_STATISTICS = 5  # user mean, activity, item mean, popularity, own bias
_BATCH = 2048
_EPOCHS = 8
_ROWS = 2_000_000  # at most so many rows are looked at, all epochs together

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Opinions:
    """Likes and dislikes: ``label`` int8[n] (1 or 0) of ``item`` int[n] by ``owner`` int[n], 0 to ``owners`` - 1."""

    owner: Array
    item: Array
    label: Int8
    owners: int


@dataclass(frozen=True, eq=False)
class _People:
    """What a set of opinions tells about each owner.

    Attributes:
        surprise: float64[n], how far each label is above what the item alone makes one expect.
        total: float64[owners], sum of the surprises.
        count: int64[owners], number of opinions.
        weighted: float32[owners, d], sum of the items' own parts, each times its surprise.
        plain: float32[owners, d], sum of the items' own parts.
    """

    surprise: Array
    total: Array
    count: Array
    weighted: Float32
    plain: Float32


class Tastes(nn.Module):
    """The formula's weights for likes and dislikes, and the item statistics they rest on.

    Args:
        opinions: the training rows, with both labels among them.
        own: float32[n, d], own parts of all items.
    """

    def __init__(self, opinions: Opinions, own: Float32) -> None:
        super().__init__()
        items, width = own.shape
        self.own = own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-9)
        self.mean = float(opinions.label.mean())
        self.item_sum = np.bincount(opinions.item, opinions.label - self.mean, items)
        self.item_count = np.bincount(opinions.item, minlength=items)
        self.affinity = nn.Parameter(torch.full((width,), 4.0))
        self.lean = nn.Parameter(torch.zeros(width))
        # A logit is four times as steep as a share near one half, so this starts as the sum of both means.
        self.user_terms = nn.Parameter(torch.tensor([4.0, 0.0]))
        self.item_terms = nn.Parameter(torch.tensor([4.0, 0.0]))
        self.own_bias = nn.Parameter(torch.zeros(width))
        self.b = nn.Parameter(torch.tensor(float(np.log(self.mean / (1 - self.mean)))))

    def tensors(self) -> dict[str, Tensor]:
        """Return all that answers are made of, by name."""
        arrays = {"own": self.own, "item_sum": self.item_sum, "item_count": self.item_count, "mean": [self.mean]}
        return dict(self.state_dict()) | {name: torch.as_tensor(np.asarray(array)) for name, array in arrays.items()}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Tastes:
        """Return the fitted weights again from their :meth:`tensors`."""
        weights = dict(tensors)
        own, item_sum, item_count, mean = (weights.pop(n) for n in ("own", "item_sum", "item_count", "mean"))
        zeros = np.zeros(2, np.int64)
        tastes = cls(Opinions(zeros, zeros, np.array([0, 1], np.int8), 1), own.numpy())  # two rows that do not stay
        tastes.own, tastes.mean = own.numpy(), float(mean[0])
        tastes.item_sum, tastes.item_count = item_sum.numpy(), item_count.numpy()
        tastes.load_state_dict(weights)
        return tastes

    @property
    def w1(self) -> Tensor:
        """float32[d + 5], the weights W1 of the formula."""
        return torch.cat([self.affinity, torch.zeros(2), self.item_terms, torch.ones(1)])

    @property
    def w2(self) -> Tensor:
        """float32[d + 5], the weights W2 of the formula."""
        return torch.cat([self.lean, self.user_terms, torch.zeros(3)])

    def logits(self, interest: Tensor, statistics: Tensor, item: Array) -> Tensor:
        """Return float32[p], the formula before the sigmoid.

        Args:
            interest: float32[p, d].
            statistics: float32[p, 4]: user mean, activity, item mean, popularity.
            item: int[p] item codes.
        """
        own = torch.from_numpy(self.own[item])
        one = torch.ones(len(item), 3)
        user = torch.cat([interest, statistics[:, :2], one], dim=1)
        encoded = torch.cat([own, 0 * one[:, :2], statistics[:, 2:], (own @ self.own_bias)[:, None]], dim=1)
        logits: Tensor = pair_logits(user, encoded, self.w1, self.w2, self.b)
        return logits

    def people(self, opinions: Opinions) -> _People:
        """Add up what opinions tell about their owners."""
        item = opinions.item
        expected = self.mean + self.item_sum[item] / (self.item_count[item] + _DAMPING)
        surprise = opinions.label - expected
        total = np.bincount(opinions.owner, surprise, opinions.owners)
        count = np.bincount(opinions.owner, minlength=opinions.owners)
        shape = (opinions.owners, len(self.own))
        weighted = csr_matrix((surprise.astype(np.float32), (opinions.owner, item)), shape=shape) @ self.own
        plain = csr_matrix((np.ones(len(item), np.float32), (opinions.owner, item)), shape=shape) @ self.own
        return _People(surprise, total, count, np.asarray(weighted), np.asarray(plain))

    def fit(self, opinions: Opinions, seed: int) -> Tastes:
        """Fit the weights by the cross-entropy of the labels, each row left out of what predicts it."""
        people = self.people(opinions)
        owner, item = opinions.owner, opinions.item
        label = torch.from_numpy(opinions.label.astype(np.float32))
        others = people.count[owner] - 1
        mean = (people.total[owner] - people.surprise) / (others + _DAMPING)
        fans = self.item_count[item] - 1
        item_mean = (self.item_sum[item] - (opinions.label - self.mean)) / (fans + _DAMPING)
        statistics = _statistics(mean, others, item_mean, fans)
        random = torch.Generator().manual_seed(seed)
        epochs = max(1, min(_EPOCHS, _ROWS // len(label)))
        batch = min(_BATCH, max(1, len(label) // 16))
        batches = -(-min(len(label), _ROWS) // batch)
        steps = Steps(
            epochs * batches,
            Group([self.affinity], 2e-2, 0.03),
            Group([self.own_bias, self.lean], 1e-2, 3.0),
            Group([self.user_terms, self.item_terms, self.b], 1e-2),
        )
        for number in range(epochs * batches):
            if number % batches == 0:
                order = torch.randperm(len(label), generator=random)
            begin = number % batches * batch
            chosen = order[begin : begin + batch].numpy()
            own = self.own[item[chosen]]
            weighted = people.weighted[owner[chosen]] - people.surprise[chosen, None] * own
            plain = people.plain[owner[chosen]] - own
            interest = _interest(weighted, plain, mean[chosen], others[chosen])
            logits = self.logits(interest, statistics[chosen], item[chosen])
            loss = binary_cross_entropy_with_logits(logits, label[chosen])
            steps.clear()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
            steps.take()
        return self

    def score(self, opinions: Opinions, query: Array, item: Array) -> Float32:
        """Return float32[p], logits of pairs, given the opinions that the queries show.

        Args:
            opinions: what each query (the owner) shows.
            query: int[p] query of each pair.
            item: int[p] item of each pair.
        """
        people = self.people(opinions)
        count = people.count[query]
        item_mean = self.item_sum[item] / (self.item_count[item] + _DAMPING)
        mean = people.total[query] / (count + _DAMPING)
        statistics = _statistics(mean, count, item_mean, self.item_count[item])
        interest = _interest(people.weighted[query], people.plain[query], mean, count)
        with torch.no_grad():
            scores: Float32 = self.logits(interest, statistics, item).numpy()
        return scores


def _statistics(user_mean: Array, activity: Array, item_mean: Array, popularity: Array) -> Tensor:
    """Return float32[p, 4]; counts on a log scale, near 0 for some fifty opinions."""
    columns = [user_mean, np.log1p(activity) - 4, item_mean, np.log1p(popularity) - 4]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))


def _interest(weighted: Array, plain: Array, mean: Array, count: Array) -> Tensor:
    """Return float32[p, d]: own parts weighted by how far each opinion is above the user's own mean, damped."""
    lean = weighted - mean[:, None] * plain
    return torch.from_numpy((lean / np.sqrt(count[:, None] + _INTEREST_DAMPING)).astype(np.float32))
