"""How much each event of a history says about its owner's interest, and what friends add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Dataset, Float32, Int64, Interactions, Queries
from benchsuite_flm.settings import Interest, Weighting

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Weigher:
    """Weighs the events of histories, in training and when answering alike.

    Attributes:
        behaviour: float32[behaviours] weight of each, or None.
        value: whether an event weighs log(1 + value).
        half_life: items after which an older one weighs half, or 0 where age does not matter.
    """

    behaviour: Float32 | None
    value: bool
    half_life: float

    @classmethod
    def of(cls, rows: Interactions, interest: Interest, weighting: Weighting, half_life: float) -> Weigher:
        """Build one for training rows.

        Behaviours weigh 1 + log(most frequent / own count): what is rare, such as buying, says more. A behaviour
        without training rows weighs what the rarest does.
        """
        behaviour = None
        if weighting == "behaviour" and len(rows):
            count = np.bincount(rows.behaviour, minlength=len(rows.behaviours))
            least = count[count > 0].min()
            behaviour = (1 + np.log(count.max() / np.maximum(count, least))).astype(np.float32)
        return cls(behaviour, weighting == "value", half_life if interest == "recency" else 0.0)

    @property
    def plain(self) -> bool:
        """True where all events weigh the same."""
        return self.behaviour is None and not self.value and not self.half_life

    def events(self, rows: Interactions) -> Float32 | None:
        """Return float32[n], what events weigh apart from their age; None where all weigh 1."""
        if self.behaviour is not None:
            return np.asarray(self.behaviour[rows.behaviour], np.float32)
        if self.value:
            return np.log1p(np.maximum(rows.value, 0)).astype(np.float32)
        return None

    def matrix(self, queries: Queries, items: int) -> csr_matrix:
        """Return float32 csr[q, items], how much each item of each history weighs."""
        if self.plain:
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
class Signals:
    """What training reads beside who took what.

    Attributes:
        weight: float32 csr[users, n], what each taken item weighs apart from its age; None: the same.
        place: float32 csr[users, n], place of each item in its history, from 1, oldest first; None: no matter.
        half_life: items after which an older one weighs half.
        friends: float32 csr[users, n], what friends took; rows sum to 1 or 0. None: no matter.
        disliked: csr[users, n], nonzero where a user disliked an item; None: nobody did.
    """

    weight: csr_matrix | None = None
    place: csr_matrix | None = None
    half_life: float = 0.0
    friends: csr_matrix | None = None
    disliked: csr_matrix | None = None

    @classmethod
    def of(cls, train: Dataset, weigher: Weigher, *, friends: bool, disliked: bool) -> Signals:
        """Read them from a training part."""
        rows = train.interactions
        events = weigher.events(rows)
        dislikes = None
        if disliked and rows.label is not None and not rows.label.all():
            liked = train.matrix(rows.label.astype(np.float32))
            dislikes = train.matrix()
            dislikes.data = (liked.data == 0).astype(np.float32)
        return cls(
            weight=None if events is None else train.matrix(events),
            place=_places(train) if weigher.half_life else None,
            half_life=weigher.half_life,
            friends=friends_took(train) if friends else None,
            disliked=dislikes,
        )

    def weigh(self, visible: Tensor, users: Tensor, part: Tensor) -> Tensor:
        """Return float32[q, m], how much each visible item weighs.

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
            age = place.argsort(dim=1, descending=True).argsort(dim=1)  # visible items come first, youngest before
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


def dense(matrix: csr_matrix, rows: Tensor, columns: Tensor) -> Tensor:
    """Return float32[len(rows), len(columns)] of a sparse matrix."""
    import torch

    return torch.as_tensor(matrix[rows.numpy()][:, columns.numpy()].toarray(), dtype=torch.float32)


def standardize(features: Float32) -> Float32:
    """Return float32[m, f], each column with mean 0 and the same deviation; columns that do not vary become 0.

    Rows have a mean square length of 1, as text vectors have, however many columns there are.
    """
    table = features.astype(np.float64)
    spread = table.std(axis=0)
    centred = table - table.mean(axis=0)
    scaled = np.where(spread > 1e-12, centred / np.maximum(spread, 1e-12), 0.0)  # noqa: PLR2004 - no variation
    out: Float32 = (scaled / np.sqrt(table.shape[1])).astype(np.float32)
    return out
