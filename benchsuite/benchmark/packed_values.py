"""How the numbers of a result are packed, so that a leaderboard of a hundred rows stays small.

Values by query take few different values (an nDCG@10 depends on the places of the hits and on how many there are), so
each metric has a table of them, the most frequent first, and all cells together one list of places in that table.
Resamples are kept as steps of a 126th of their range: half a step is a third of what 1,000 of them know of where an
interval ends. All lists are kept byte by byte, the first bytes of all numbers before the second ones: equal bytes
beside each other compress best.

Unpacked, an array is named ``N/q/METRIC`` (float32[q], values by query of cell N) or ``N/r/P`` (float32[b], resamples
of the value at place P of cell N). Where results of several models are packed together it is ``N/M/q/METRIC`` and
``N/M/r/P`` with the number M of the model; values of one cell that follow each other are then laid side by side, query
by query: what one model gains on a query others gain, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.data import Float32

Packed = dict[str, NDArray[Any]]
UInt8 = NDArray[np.uint8]
UInt16 = NDArray[np.uint16]
Numbers = tuple[int, ...]

_MOST = 2**16
STEPS = 126
"""A resample moves by half of one of so many steps between the least and the greatest, at most."""
_NO_NUMBERS = np.array([np.nan, np.inf, -np.inf], np.float32)


def rounded(replicates: Float32) -> Float32:
    """Return resamples (float32[b]) as they are kept; a second time changes nothing."""
    steps, ends = _steps(replicates)
    return _resamples(steps, ends)


def pack(arrays: Mapping[str, Float32]) -> Packed:
    """Return what is to be written of arrays ``N/q/METRIC`` and ``N/r/P``, or of several models' ``N/M/q/METRIC``.

    Values by query come back as they were, bit by bit, resamples as :func:`rounded` returns them.
    """
    queries, resamples = dict[str, dict[Numbers, Float32]](), dict[Numbers, Float32]()
    for name, values in arrays.items():
        numbers, kind, rest = _parts(name)
        if kind == "q":
            queries.setdefault(rest, {})[numbers] = values
        else:
            resamples[*numbers, int(rest)] = values
    found: Packed = {}
    for metric, own in queries.items():
        cells = np.array([(*numbers, len(values)) for numbers, values in own.items()], np.int32)
        found[f"cells/{metric}"], lists = cells, list(own.values())
        values = np.concatenate([np.stack(lists[part], axis=1).ravel() for part in _beside(cells)])
        table, places = _coded(values)
        if table is None:
            found[f"values/{metric}"] = planes(values)
        else:
            found[f"table/{metric}"], found[f"places/{metric}"] = planes(table), planes(places)
    if resamples:
        steps, ends = zip(*map(_steps, resamples.values()), strict=True)
        found["resampled"] = np.array([(*place, len(one)) for place, one in resamples.items()], np.int32)
        found["steps"], found["ends"] = planes(np.concatenate(steps)), np.stack(ends)
    return found


def unpack(packed: Mapping[str, NDArray[Any]], *, several: bool = False) -> dict[str, Float32]:
    """Return what :func:`pack` was given.

    Args:
        packed: what was written.
        several: whether results of several models were packed together.

    Raises:
        ValueError: when a part is missing, of another form, or points to what is not there.
    """
    left, found = dict(packed), dict[str, Float32]()
    for metric in [name.partition("/")[2] for name in packed if name.startswith("cells/")]:
        cells = _counted(left, f"cells/{metric}", 2 + several)
        if f"values/{metric}" in left:
            values = joined(left, f"values/{metric}", np.float32)
        else:
            table, places = joined(left, f"table/{metric}", np.float32), joined(left, f"places/{metric}", np.uint16)
            if len(places) and int(places.max()) >= len(table):
                raise ValueError(f"places/{metric} points to values that are not there")
            values = table[places]
        sides = list(_beside(cells))
        lengths = np.array([cells[part, -1].sum(dtype=np.int64) for part in sides], np.int64)
        for part, both in zip(sides, _cut(values, lengths, metric), strict=True):
            for (*numbers, _), own in zip(cells[part].tolist(), both.reshape(-1, len(cells[part])).T, strict=True):
                found[f"{_named(numbers)}/q/{metric}"] = np.ascontiguousarray(own)
    if "resampled" in left:
        found |= _unpacked_resamples(left, 3 + several)
    if left:
        raise ValueError(f"{next(iter(left))} is no part of it")
    return found


def _unpacked_resamples(left: Packed, width: int) -> dict[str, Float32]:
    """Take resamples out of what is left to be read, and return them."""
    cells, steps, ends = _counted(left, "resampled", width), joined(left, "steps", np.uint8), left.pop("ends", None)
    if ends is None or ends.dtype != np.float32 or ends.shape != (len(cells), 2):
        raise ValueError("ends of the resamples are not there")
    if not np.isfinite(ends).all() or (ends[:, 0] > ends[:, 1]).any():
        raise ValueError("an end of the resamples is no number, or the least is above the greatest")
    if len(steps) and int(steps.max()) > STEPS + len(_NO_NUMBERS):
        raise ValueError("steps of the resamples go beyond their ends")
    parts = zip(cells.tolist(), _cut(steps, cells[:, -1], "steps"), ends, strict=True)
    return {f"{_named(numbers)}/r/{place}": _resamples(part, own) for (*numbers, place, _), part, own in parts}


def _parts(name: str) -> tuple[Numbers, str, str]:
    """Return the numbers that an array's name begins with, ``q`` or ``r``, and the rest."""
    first, second, *_ = name.split("/")
    numbers = [first] if second in ("q", "r") else [first, second]
    kind, _, rest = name.split("/", len(numbers))[-1].partition("/")
    return tuple(map(int, numbers)), kind, rest


def _named(numbers: list[int]) -> str:
    return "/".join(map(str, numbers))


def _beside(cells: NDArray[np.int32]) -> Iterator[slice]:
    """Yield slices of rows that follow each other and are of one cell and one length."""
    end = 0
    for _, some in groupby(cells[:, [0, -1]].tolist()):
        yield slice(end, end := end + len(list(some)))


def _coded(values: Float32) -> tuple[Float32 | None, UInt16]:
    """Return the different values, the most frequent first, and the place of each value among them."""
    bits, code, count = np.unique(values.view(np.uint32), return_inverse=True, return_counts=True)
    if len(bits) > _MOST:
        return None, np.zeros(0, np.uint16)
    order = np.argsort(-count, kind="stable")  # equally frequent ones ascend, so that their first bytes repeat
    rank = np.empty(len(order), np.uint16)
    rank[order] = np.arange(len(order), dtype=np.uint16)
    return bits[order].view(np.float32), rank[code]


def _steps(replicates: Float32) -> tuple[UInt8, Float32]:
    """Return uint8[b], the step of each resample, and float32[2], the least and the greatest."""
    known = np.isfinite(replicates)
    ends = np.zeros(2, np.float32)
    if known.any():
        ends[:] = replicates[known].min(), replicates[known].max()
    low, high = ends.astype(np.float64)
    width = (high - low) or 1.0
    steps = np.where(known, np.rint((np.where(known, replicates, low) - low) / width * STEPS), 0).astype(np.uint8)
    for number, odd in enumerate(_NO_NUMBERS, start=1):
        steps[np.isnan(replicates) if np.isnan(odd) else replicates == odd] = STEPS + number
    return steps, ends


def _resamples(steps: UInt8, ends: Float32) -> Float32:
    low, high = ends.astype(np.float64)
    grid = (low + np.arange(STEPS + 1) * ((high - low) / STEPS)).astype(np.float32)
    grid[-1] = ends[1]
    return np.concatenate([grid, _NO_NUMBERS])[steps]


def planes(values: NDArray[Any]) -> UInt8:
    """Return uint8[bytes of a number, n], the bytes of all numbers, the lowest first."""
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    return np.ascontiguousarray(little.view(np.uint8).reshape(len(values), values.itemsize).T)


def joined(left: Packed, name: str, kind: type[np.generic]) -> NDArray[Any]:
    """Take a list of numbers that :func:`planes` laid down out of what is left to be read, and return it.

    Raises:
        ValueError: when it is not there or another list.
    """
    found = left.pop(name, None)
    wanted = np.dtype(kind).newbyteorder("<")
    if found is None or found.dtype != np.uint8 or found.ndim != 2 or len(found) != wanted.itemsize:  # noqa: PLR2004 - two dimensions
        raise ValueError(f"{name} is not there, or no list of numbers")
    return np.ascontiguousarray(found.T).view(wanted)[:, 0].astype(kind, copy=False)


def _counted(left: Packed, name: str, width: int) -> NDArray[np.int32]:
    cells = left.pop(name)
    if cells.dtype != np.int32 or cells.ndim != 2 or cells.shape[1] != width or (cells < 0).any():  # noqa: PLR2004 - same
        raise ValueError(f"{name} is no table of cells and counts")
    if len(np.unique(cells[:, :-1], axis=0)) != len(cells):
        raise ValueError(f"{name} has a cell twice")
    return cells


def _cut(values: NDArray[Any], counts: NDArray[np.int32] | NDArray[np.int64], name: str) -> list[NDArray[Any]]:
    ends = np.cumsum(counts.astype(np.int64))
    if len(values) != (ends[-1] if len(ends) else 0):
        raise ValueError(f"{name} holds {len(values):,} numbers, its cells have {ends[-1] if len(ends) else 0:,}")
    return np.split(values, ends[:-1])
