"""How the numbers of a result are packed, so that a leaderboard of a hundred rows stays small.

Values by query take few different values (an nDCG@10 depends on the places of the hits and on how many there are), so
each metric has a table of them, and each cell the places in that table. Resamples keep the digits that mean something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.data import Float32

_TABLE = "table/"
_MOST = 2**16
_BITS = 8
"""Of the 23 binary digits after the first, so many are dropped of a resample: it moves by 3 in 100,000 of itself at
most."""


def rounded(replicates: Float32) -> Float32:
    """Return resamples (float32[b]) with the last digits 0, rounded to the nearest; they compress to half."""
    half, mask = np.uint32(1 << (_BITS - 1)), np.uint32(0xFFFFFFFF << _BITS & 0xFFFFFFFF)
    known = np.isfinite(replicates)
    bits = (replicates.view(np.uint32) + half) & mask
    return np.where(known, bits.view(np.float32), replicates)


def packed_queries(cells: Sequence[Mapping[str, Float32]]) -> dict[str, NDArray[Any]]:
    """Return arrays by name: ``table/METRIC`` float32[u], and ``N/q/METRIC`` uint16[q], the places in it, of cell N.

    A metric with more than 65,536 different values has no table; its values stand there themselves, float32[q].

    Args:
        cells: values by query, float32[q] by metric, of each cell.
    """
    found: dict[str, NDArray[Any]] = {}
    for metric in dict.fromkeys(metric for cell in cells for metric in cell):
        own = {number: cell[metric] for number, cell in enumerate(cells) if metric in cell}
        table, places = _coded(np.concatenate(list(own.values())))
        if table is not None:
            found[_TABLE + metric] = table
        ends = np.cumsum([len(values) for values in own.values()])
        for number, end, values in zip(own, ends.tolist(), own.values(), strict=True):
            found[f"{number}/q/{metric}"] = values if table is None else places[end - len(values) : end]
    return found


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Float32]:
    """Return float32 arrays by name without the tables, of what was packed or lies there as it is.

    Raises:
        ValueError: when places have no table, or point beyond it.
    """
    found = {}
    for name, array in arrays.items():
        if name.startswith(_TABLE):
            continue
        if array.dtype != np.uint16:
            found[name] = array
            continue
        table = arrays.get(_TABLE + name.split("/", 2)[-1])
        if table is None or table.dtype != np.float32 or (len(array) and int(array.max()) >= len(table)):
            raise ValueError(f"{name} points to values that are not there")
        found[name] = table[array]
    return found


def _coded(values: Float32) -> tuple[Float32 | None, NDArray[np.uint16]]:
    """Return the different values, the most frequent first, and the place of each value among them."""
    bits, first, code, count = np.unique(
        values.view(np.uint32), return_index=True, return_inverse=True, return_counts=True
    )
    if len(bits) > _MOST:
        return None, np.zeros(0, np.uint16)
    order = np.lexsort((first, -count))
    rank = np.empty(len(order), np.uint16)
    rank[order] = np.arange(len(order), dtype=np.uint16)
    return bits[order].view(np.float32), rank[code]
