"""Read-only arrays, of which all data types are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchsuite.errors import DataError

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]


def lock(array: ArrayLike, dtype: type[np.generic], name: str, ndim: int = 1) -> NDArray[Any]:
    """Return a read-only array of this type; the caller's own array is never locked or shared while writable.

    Args:
        array: anything that NumPy converts.
        dtype: the wanted element type.
        name: what to call it in an error.
        ndim: the wanted number of dimensions.

    Raises:
        DataError: when the shape is wrong, or a value changes in the cast.
    """
    given = np.asarray(array)
    if given.ndim != ndim:
        raise DataError(f"{name} has {given.ndim} dimensions instead of {ndim}")
    if given.dtype == dtype and not given.flags.writeable and given.flags.c_contiguous:
        return given
    cast = np.array(given, dtype=dtype, order="C", copy=True)
    if np.issubdtype(dtype, np.integer) and given.size and not np.array_equal(cast, given):
        raise DataError(f"{name} holds values that do not fit {np.dtype(dtype).name}")
    cast.setflags(write=False)
    return cast


def same_length(what: str, **columns: NDArray[Any] | None) -> int:
    """Return the common length of the columns that are not None.

    Raises:
        DataError: when two lengths differ.
    """
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{what}: columns differ in length ({', '.join(f'{k} {v}' for k, v in lengths.items())})")
    return next(iter(lengths.values()), 0)


@dataclass(frozen=True, eq=False)
class Ragged:
    """One list of item codes per row, of any lengths, as two flat arrays.

    Attributes:
        start: int64[rows + 1]; row ``j`` is ``item[start[j]:start[j + 1]]``.
        item: int32[start[-1]] item codes.
    """

    start: Int64
    item: Int32

    def __post_init__(self) -> None:
        """Lock the arrays and check the boundaries."""
        object.__setattr__(self, "start", lock(self.start, np.int64, "start"))
        object.__setattr__(self, "item", lock(self.item, np.int32, "item"))
        check_start(self.start, len(self.item))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.start) - 1

    def __getitem__(self, row: int) -> Int32:
        """Return the item codes of one row (a view)."""
        return self.item[self.start[row] : self.start[row + 1]]

    @property
    def counts(self) -> Int64:
        """int64[rows]: how many items each row holds."""
        return np.diff(self.start)

    @property
    def rows(self) -> Int64:
        """int64[len(item)]: the row each item belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.counts)

    def slice(self, first: int, last: int) -> Ragged:
        """Return rows ``first`` to ``last`` (exclusive)."""
        begin, end = self.start[first], self.start[last]
        return Ragged(self.start[first : last + 1] - begin, self.item[begin:end])

    @classmethod
    def from_pairs(cls, row: ArrayLike, item: ArrayLike, rows: int) -> Ragged:
        """Group (row, item) pairs by row; within a row the given order stays."""
        row_codes = np.asarray(row, dtype=np.int64)
        order = np.argsort(row_codes, kind="stable")
        return cls(starts(row_codes, rows), np.asarray(item)[order])

    @classmethod
    def empty(cls, rows: int) -> Ragged:
        """Return ``rows`` empty lists."""
        return cls(np.zeros(rows + 1, np.int64), np.zeros(0, np.int32))


def starts(row: ArrayLike, rows: int) -> Int64:
    """Return int64[rows + 1], the boundaries of rows after a stable sort by ``row``."""
    counts = np.bincount(np.asarray(row, dtype=np.int64), minlength=rows)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def check_codes(where: str, what: str, codes: Int32, kind: str, size: int) -> None:
    """Raise DataError unless each code is a row of its table: 0 to ``size - 1``.

    Args:
        where: begins the message.
        what: the codes, such as ``"held-out item codes"``.
        codes: int32[n].
        kind: what the table holds, such as ``"item"``.
        size: of the table.
    """
    if len(codes) and (codes.min() < 0 or codes.max() >= size):
        raise DataError(f"{where}: {what} point outside the {size} known {kind}s")


def check_start(start: Int64, total: int) -> None:
    """Raise DataError unless ``start`` runs from 0 to ``total`` without going down."""
    if len(start) == 0 or start[0] != 0 or start[-1] != total or bool(np.any(np.diff(start) < 0)):
        raise DataError("row boundaries do not fit the rows")
