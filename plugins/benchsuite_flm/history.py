"""Histories: the weight of each event, friends, the part that training shows, and a history as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Dataset, Float32, Int64, Interactions, Queries
from benchsuite_flm.settings import Interest, Weighting

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class HistoryWeighting:
    """The weights of the events of histories, the same in training and when scoring.

    Attributes:
        behaviour: float32[behaviours], the weight of each, or None.
        value: whether the weight of an event is log(1 + value).
        half_life: number of later items that halve an item's weight; 0 where age does not matter.
    """

    behaviour: Float32 | None
    value: bool
    half_life: float

    @classmethod
    def of(cls, rows: Interactions, interest: Interest, weighting: Weighting, half_life: float) -> HistoryWeighting:
        """Return the weighting for some training rows.

        The weight of a behaviour is 1 + log(count of the most frequent one / own count): rare ones, such as buying,
        count more. A behaviour without training rows has the weight of the rarest one.
        """
        behaviour = None
        if weighting == "behaviour" and len(rows):
            count = np.bincount(rows.behaviour, minlength=len(rows.behaviours))
            least = count[count > 0].min()
            behaviour = (1 + np.log(count.max() / np.maximum(count, least))).astype(np.float32)
        return cls(behaviour, weighting == "value", half_life if interest == "recency" else 0.0)

    @property
    def uniform(self) -> bool:
        """True where all events have the same weight."""
        return self.behaviour is None and not self.value and not self.half_life

    def events(self, rows: Interactions) -> Float32 | None:
        """Return float32[n], the weights of events apart from their age; None where all are 1."""
        if self.behaviour is not None:
            return np.asarray(self.behaviour[rows.behaviour], np.float32)
        if self.value:
            return np.log1p(np.maximum(rows.value, 0)).astype(np.float32)
        return None

    def matrix(self, queries: Queries, items: int) -> csr_matrix:
        """Return float32 csr[q, items], the weight of each item in each history."""
        if self.uniform:
            return queries.matrix(items)
        events = self.events(queries.history)
        matrix = queries.matrix(items, events)
        if self.half_life:
            age = ages(queries.rows, queries.history.item, items)
            aged = queries.matrix(items, np.where(age >= 0, age, 0))
            matrix.data *= np.exp2(-aged.data / self.half_life).astype(np.float32)
        return matrix


def ages(owner: NDArray[Any], item: NDArray[Any], items: int) -> Int64:
    """Return int64[n]: how many different items the owner took after an event; -1 where the item comes again later.

    Args:
        owner: int[n] ascending.
        item: int[n] codes, oldest first within each owner.
        items: number of items.
    """
    count = len(owner)
    pair = owner.astype(np.int64) * items + item
    _, backwards = np.unique(pair[::-1], return_index=True)
    age = np.full(count, -1, np.int64)
    last = np.sort(count - 1 - backwards)
    owners = owner[last]
    end = np.searchsorted(owners, owners, side="right")
    age[last] = end - 1 - np.arange(len(last))
    return age


@dataclass(frozen=True, eq=False)
class HistoryFeatures:
    """What training reads of histories beside which items they hold.

    Attributes:
        weight: float32 csr[users, n], weight of each item apart from its age; None: all the same.
        place: float32 csr[users, n], place of each item in its history, from 1, oldest first; None: not used.
        half_life: number of later items that halve an item's weight.
        friends: float32 csr[users, n], what friends took; rows sum to 1 or 0. None: not used.
        disliked: csr[users, n], nonzero where a user disliked an item; None: nowhere.
    """

    weight: csr_matrix | None = None
    place: csr_matrix | None = None
    half_life: float = 0.0
    friends: csr_matrix | None = None
    disliked: csr_matrix | None = None

    @classmethod
    def of(cls, train: Dataset, weighting: HistoryWeighting, *, friends: bool, disliked: bool) -> HistoryFeatures:
        """Return the features of a training part."""
        rows = train.interactions
        events = weighting.events(rows)
        dislikes = None
        if disliked and rows.label is not None and not rows.label.all():
            liked = train.matrix(rows.label.astype(np.float32))
            dislikes = train.matrix()
            dislikes.data = (liked.data == 0).astype(np.float32)
        return cls(
            weight=None if events is None else train.matrix(events),
            place=_places(train) if weighting.half_life else None,
            half_life=weighting.half_life,
            friends=friends_took(train) if friends else None,
            disliked=dislikes,
        )

    def weights(self, visible: Tensor, users: Tensor, part: Tensor) -> Tensor:
        """Return float32[q, m], the weight of each visible item, 0 for the others.

        Args:
            visible: bool[q, m].
            users: int64[q] codes of the rows.
            part: int64[m] codes of the columns.
        """
        import torch

        weight = visible.float()
        if self.weight is not None:
            weight = weight * dense(self.weight, users, part)
        if self.place is not None:
            place = dense(self.place, users, part).masked_fill(~visible, 0.0)
            age = place.argsort(dim=1, descending=True).argsort(dim=1)  # visible items first, the latest before others
            weight = weight * torch.exp2(-age / self.half_life)
        return weight


def _places(train: Dataset) -> csr_matrix:
    rows = train.interactions
    time = np.zeros(len(rows), np.int64) if rows.timestamp is None else rows.timestamp
    order = np.lexsort((time, rows.user))  # stable: without time the given order
    user, item = rows.user[order], rows.item[order]
    age = ages(user, item, len(train.items))
    most = age.max(initial=0) + 1
    values = np.where(age >= 0, most - age, 0)
    return rows.take(order).matrix(len(train.users), len(train.items), values)


def friends_took(train: Dataset) -> csr_matrix | None:
    """Return float32 csr[users, n]: the mean over a user's friends of what they took, each friend's row summing to 1.

    Links count in both directions; friends without a training row are left out. None where there are no links.
    """
    from scipy.sparse import coo_matrix, csr_matrix, diags

    if train.links is None or not len(train.links):
        return None
    size = len(train.users)
    one, two = train.links[:, 0], train.links[:, 1]
    both = coo_matrix((np.ones(2 * len(one), np.float32), (np.r_[one, two], np.r_[two, one])), shape=(size, size))
    known = csr_matrix(both)
    known.setdiag(0)
    known.data[:] = np.minimum(known.data, 1)
    taken = train.matrix()
    active = np.asarray(taken.sum(axis=1)).ravel()
    known = known @ diags((active > 0).astype(np.float32))
    degree = np.asarray(known.sum(axis=1)).ravel()
    rows = diags(1 / np.maximum(active, 1)) @ taken
    mixed = csr_matrix(diags(1 / np.maximum(degree, 1)) @ (known @ rows), dtype=np.float32)
    mixed.eliminate_zeros()
    return mixed


def draw_visible(taken: Tensor, share: tuple[float, float], short: float, most: int, random: torch.Generator) -> Tensor:
    """Return bool[q, m], which items of each history training shows; the others are to be predicted.

    Args:
        taken: bool[q, m], the histories.
        share: of each history that is visible, drawn between these bounds.
        short: share of users who show only 0 to ``most`` items instead, as new users do.
        most: see ``short``.
        random: of all draws.
    """
    import torch

    low, high = share
    noise = torch.rand(taken.shape, generator=random)
    limit = low + (high - low) * torch.rand(len(taken), 1, generator=random)
    visible = taken & (noise < limit)
    is_short = torch.rand(len(taken), generator=random) < short
    if bool(is_short.any()):
        few = torch.randint(0, most + 1, (int(is_short.sum()), 1), generator=random)
        order = noise[is_short].masked_fill(~taken[is_short], 2.0).sort(dim=1).values
        few_limit = order.gather(1, few.clamp(max=order.shape[1] - 1))
        visible[is_short] = taken[is_short] & (noise[is_short] < few_limit)
    return visible


def dense(matrix: csr_matrix, rows: Tensor, columns: Tensor) -> Tensor:
    """Return float32[len(rows), len(columns)] of a sparse matrix."""
    import torch

    return torch.as_tensor(matrix[rows.numpy()][:, columns.numpy()].toarray(), dtype=torch.float32)


def history_texts(queries: Queries, titles: Sequence[str], count: int) -> list[str]:
    """Return one text per query: the titles of its items, liked ones first, the latest first, no item twice.

    Args:
        queries: the queries.
        titles: of all items.
        count: items at most.
    """
    texts = []
    for query in range(len(queries)):
        rows = np.arange(queries.start[query], queries.start[query + 1])[::-1]
        if queries.history.label is not None:
            rows = rows[np.argsort(-queries.history.label[rows], kind="stable")]
        codes = dict.fromkeys(queries.history.item[rows].tolist())
        texts.append("; ".join([titles[code] for code in codes if titles[code]][:count]))
    return texts
