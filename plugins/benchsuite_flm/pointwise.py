"""The pointwise score: will this user like this item? The formula, fitted to likes and dislikes.

The user's encoding is ``u = [interest, mean, activity, 1, 1, 1]`` and the item's is ``i = [own part, 0, 0, mean,
popularity, own bias]``, where the own parts are those of the ranking head, at unit length. ``W1·(u * i)`` is then the
affinity of interest and item plus the item's terms, and ``W2·u`` the user's terms. Means are damped: few labels count
little. In training every row is left out of the means and the interest that predict it, so that no label leaks into its
own prediction.
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

from benchsuite.data import Float32, Int8, Interactions
from benchsuite_flm.optim import ParameterGroup, ScheduledOptimizer

_DAMPING = 10.0  # labels of the overall mean that are added to those of every item and user
_INTEREST_DAMPING = 5.0
_BATCH = 2048
_EPOCHS = 8
_ROWS = 2_000_000  # rows read at most, all epochs together
_KEPT = 100_000_000  # numbers of float32 (400 MB) that are kept from one epoch to the next

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Labels:
    """Likes and dislikes: ``label`` int8[n] (1 or 0) of ``item`` int[n] by ``owner`` int[n], 0 to ``owners`` - 1."""

    owner: Array
    item: Array
    label: Int8
    owners: int

    @classmethod
    def of(cls, rows: Interactions, owner: Array, owners: int) -> Labels:
        """Return the labels of some rows, each with its owner; no labels where the rows have none."""
        label = rows.label if rows.label is not None else np.zeros(0, np.int8)
        return cls(owner[: len(label)], rows.item[: len(label)], label, owners)


@dataclass(frozen=True, eq=False)
class UserStats:
    """Statistics of the labels of each owner.

    Attributes:
        residual: float64[n], each label less the damped mean of its item.
        total: float64[owners], sum of the residuals.
        count: int64[owners], number of labels.
        weighted: float32[owners, d], sum of the items' own parts, each times its residual.
        plain: float32[owners, d], sum of the items' own parts.
    """

    residual: Array
    total: Array
    count: Array
    weighted: Float32
    plain: Float32


class LikeClassifier(nn.Module):
    """The formula's weights for likes and dislikes, and the item statistics it uses.

    Args:
        labels: the training rows, with both labels among them.
        own: float32[n, d], own parts of all items.
    """

    def __init__(self, labels: Labels, own: Float32) -> None:
        super().__init__()
        items, width = own.shape
        self.own = own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-9)
        self.mean = float(labels.label.mean())
        self.item_sum = np.bincount(labels.item, labels.label - self.mean, items)
        self.item_count = np.bincount(labels.item, minlength=items)
        self.affinity = nn.Parameter(torch.full((width,), 4.0))
        self.lean = nn.Parameter(torch.zeros(width))
        # A logit is four times as steep as a share near one half, so this starts as the sum of both means.
        self.user_terms = nn.Parameter(torch.tensor([4.0, 0.0]))
        self.item_terms = nn.Parameter(torch.tensor([4.0, 0.0]))
        self.own_bias = nn.Parameter(torch.zeros(width))
        self.b = nn.Parameter(torch.tensor(float(np.log(self.mean / (1 - self.mean)))))

    def tensors(self) -> dict[str, Tensor]:
        """Return all that :meth:`of` needs, by name."""
        arrays = {"own": self.own, "item_sum": self.item_sum, "item_count": self.item_count, "mean": [self.mean]}
        return dict(self.state_dict()) | {name: torch.as_tensor(np.asarray(array)) for name, array in arrays.items()}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> LikeClassifier:
        """Return a fitted classifier from its :meth:`tensors`."""
        weights = dict(tensors)
        own, item_sum, item_count, mean = (weights.pop(n) for n in ("own", "item_sum", "item_count", "mean"))
        zeros = np.zeros(2, np.int64)
        found = cls(Labels(zeros, zeros, np.array([0, 1], np.int8), 1), own.numpy())  # of two rows, replaced below
        found.own, found.mean = own.numpy(), float(mean[0])
        found.item_sum, found.item_count = item_sum.numpy(), item_count.numpy()
        found.load_state_dict(weights)
        return found

    @property
    def w1(self) -> Tensor:
        """float32[d + 5], the weights W1 of the formula."""
        return torch.cat([self.affinity, torch.zeros(2), self.item_terms, torch.ones(1)])

    @property
    def w2(self) -> Tensor:
        """float32[d + 5], the weights W2 of the formula."""
        return torch.cat([self.lean, self.user_terms, torch.zeros(3)])

    def logits(self, interest: Tensor, statistics: Tensor, item: Array) -> Tensor:
        """Return float32[p], the formula before the sigmoid; its terms one by one, so that no encoding is put together.

        Args:
            interest: float32[p, d].
            statistics: float32[p, 4]: user mean, activity, item mean, popularity.
            item: int[p] item codes.
        """
        own = torch.from_numpy(self.own[item])
        affinity, lean = (interest * own) @ self.affinity, interest @ self.lean
        means = statistics[:, :2] @ self.user_terms + statistics[:, 2:] @ self.item_terms
        logits: Tensor = affinity + lean + means + own @ self.own_bias + self.b
        return logits

    def user_stats(self, labels: Labels) -> UserStats:
        """Return the statistics of the owners of labels."""
        item = labels.item
        expected = self.mean + self.item_sum[item] / (self.item_count[item] + _DAMPING)
        residual = labels.label - expected
        total = np.bincount(labels.owner, residual, labels.owners)
        count = np.bincount(labels.owner, minlength=labels.owners)
        shape = (labels.owners, len(self.own))
        weighted = csr_matrix((residual.astype(np.float32), (labels.owner, item)), shape=shape) @ self.own
        plain = csr_matrix((np.ones(len(item), np.float32), (labels.owner, item)), shape=shape) @ self.own
        return UserStats(residual, total, count, np.asarray(weighted), np.asarray(plain))

    def fit(self, labels: Labels, seed: int) -> LikeClassifier:
        """Fit the weights by the cross-entropy of the labels, each row left out of what predicts it."""
        stats = self.user_stats(labels)
        owner, item = labels.owner, labels.item
        label = torch.from_numpy(labels.label.astype(np.float32))
        others = stats.count[owner] - 1
        mean = (stats.total[owner] - stats.residual) / (others + _DAMPING)
        fans = self.item_count[item] - 1
        item_mean = (self.item_sum[item] - (labels.label - self.mean)) / (fans + _DAMPING)
        statistics = _statistics(mean, others, item_mean, fans)
        # What a row leaves out does not change between epochs.
        kept = self._interests(labels, stats, mean, others) if label.numel() * self.own.shape[1] <= _KEPT else None
        random = torch.Generator().manual_seed(seed)
        epochs = max(1, min(_EPOCHS, _ROWS // len(label)))
        batch = min(_BATCH, max(1, len(label) // 16))
        batches = -(-min(len(label), _ROWS) // batch)
        optimizer = ScheduledOptimizer(
            epochs * batches,
            ParameterGroup([self.affinity], 2e-2, 0.03),
            ParameterGroup([self.own_bias, self.lean], 1e-2, 3.0),
            ParameterGroup([self.user_terms, self.item_terms, self.b], 1e-2),
        )
        for number in range(epochs * batches):
            if number % batches == 0:
                order = torch.randperm(len(label), generator=random)
            begin = number % batches * batch
            chosen = order[begin : begin + batch].numpy()
            interest = self._others(labels, stats, mean, others, chosen) if kept is None else kept[chosen]
            logits = self.logits(interest, statistics[chosen], item[chosen])
            optimizer.minimize(binary_cross_entropy_with_logits(logits, label[chosen]))
        return self

    def _interests(self, labels: Labels, stats: UserStats, mean: Array, others: Array) -> Tensor:
        """Return float32[n, d], the interest of each row's owner without the row."""
        found = torch.empty(len(labels.item), self.own.shape[1])
        for first in range(0, len(found), _BATCH):
            rows = np.arange(first, min(first + _BATCH, len(found)))
            found[first : first + _BATCH] = self._others(labels, stats, mean, others, rows)
        return found

    def _others(self, labels: Labels, stats: UserStats, mean: Array, others: Array, rows: Array) -> Tensor:
        """Return float32[p, d], the same of some rows (int[p])."""
        owner, own = labels.owner[rows], self.own[labels.item[rows]]
        weighted = stats.weighted[owner] - stats.residual[rows, None] * own
        return _interest(weighted, stats.plain[owner] - own, mean[rows], others[rows])

    def score(self, labels: Labels, query: Array, item: Array) -> Float32:
        """Return float32[p], logits of pairs, given the labels in the queries' histories.

        Args:
            labels: of each query (the owner).
            query: int[p] query of each pair.
            item: int[p] item of each pair.
        """
        stats = self.user_stats(labels)
        count = stats.count[query]
        item_mean = self.item_sum[item] / (self.item_count[item] + _DAMPING)
        mean = stats.total[query] / (count + _DAMPING)
        statistics = _statistics(mean, count, item_mean, self.item_count[item])
        interest = _interest(stats.weighted[query], stats.plain[query], mean, count)
        with torch.no_grad():
            scores: Float32 = self.logits(interest, statistics, item).numpy()
        return scores


def _statistics(user_mean: Array, activity: Array, item_mean: Array, popularity: Array) -> Tensor:
    """Return float32[p, 4]; counts on a log scale, near 0 for some fifty labels."""
    columns = [user_mean, np.log1p(activity) - 4, item_mean, np.log1p(popularity) - 4]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))


def _interest(weighted: Array, plain: Array, mean: Array, count: Array) -> Tensor:
    """Return float32[p, d]: own parts weighted by each label less the user's own mean, damped."""
    lean = weighted - mean[:, None] * plain
    return torch.from_numpy((lean / np.sqrt(count[:, None] + _INTEREST_DAMPING)).astype(np.float32))
