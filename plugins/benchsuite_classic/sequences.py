"""Who took what in which order: training sequences and visible histories as padded arrays of item places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from benchsuite.data import Dataset, Int64, Queries, Ragged
from benchsuite_classic.support import compact_codes

if TYPE_CHECKING:
    from torch import Generator

_POOL = 32


def user_sequences(train: Dataset) -> Ragged:
    """Return each user's items, oldest first; rows without times, and of one time, stay in the order of the data."""
    rows = train.interactions
    order = np.arange(len(rows)) if rows.timestamp is None else np.argsort(rows.timestamp, kind="stable")
    return Ragged.from_pairs(rows.user[order], rows.item[order], len(train.users))


class Places:
    """The items with training rows, numbered without gaps: networks learn nothing of other items.

    Args:
        train: the training part.
    """

    def __init__(self, train: Dataset) -> None:
        self.codes, self.place = compact_codes(train.interactions.item, len(train.items))
        """int64[m], the item of each place, and int64[items], the place of each item or -1."""

    def __len__(self) -> int:
        """Return m."""
        return len(self.codes)

    def kept(self, lists: Ragged) -> Ragged:
        """Return lists of places; items without training rows are left out."""
        place = self.place[lists.item]
        return Ragged.from_pairs(lists.rows[place >= 0], place[place >= 0], len(lists))


def windows(lists: Ragged, length: int) -> Ragged:
    """Cut long lists into windows of ``length``, counted from their ends; those of one item are left out."""
    counts = lists.counts
    back = counts[lists.rows] - 1 - (np.arange(len(lists.item)) - lists.start[lists.rows])
    parts = -(-counts // length)
    first = np.cumsum(parts) - parts
    number = first[lists.rows] + back // length
    cut = Ragged.from_pairs(number, lists.item, int(parts.sum()))
    long = cut.counts > 1
    renumbered = np.cumsum(long) - 1
    kept = long[cut.rows]
    return Ragged.from_pairs(renumbered[cut.rows[kept]], cut.item[kept], int(long.sum()))


def length_batches(counts: Int64, size: int, random: Generator) -> Iterator[Int64]:
    """Yield int64 row numbers of batches in random order, with lists of about one length in each, so little is padded.

    Args:
        counts: int64[rows], the length of each list.
        size: rows in a batch.
        random: draws the order; pools of 32 batches are sorted by length.
    """
    import torch

    order = torch.randperm(len(counts), generator=random).numpy()
    for first in range(0, len(order), _POOL * size):
        pool = order[first : first + _POOL * size]
        pool = pool[np.argsort(counts[pool], kind="stable")]
        starts = range(0, len(pool), size)
        for batch in torch.randperm(len(starts), generator=random).tolist():
            yield pool[starts[batch] : starts[batch] + size]


def newest(lists: Ragged, length: int) -> Ragged:
    """Return the last ``length`` items of each list."""
    back = lists.counts[lists.rows] - (np.arange(len(lists.item)) - lists.start[lists.rows])
    kept = back <= length
    return Ragged.from_pairs(lists.rows[kept], lists.item[kept], len(lists))


def padded(lists: Ragged, rows: Int64, padding: int) -> Int64:
    """Return int64[rows, longest], these lists from the left, filled up with ``padding``."""
    counts = lists.counts[rows]
    out = np.full((len(rows), int(counts.max(initial=0))), padding, np.int64)
    column = np.arange(out.shape[1])
    inside = column < counts[:, None]
    out[inside] = lists.item[(lists.start[rows][:, None] + column)[inside]]
    return out


def known_history(queries: Queries, places: Places) -> Ragged:
    """Return the places of each query's visible history, oldest first."""
    return places.kept(queries.items)
