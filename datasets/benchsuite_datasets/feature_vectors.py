"""Precomputed vectors by id: image or audio embeddings, risk scores, anything that is a matrix of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data.unpacking import read_parquet
from benchsuite.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_MATRIX = 2


def read_features(path: Path) -> pd.DataFrame:
    """Return float32 columns by raw id.

    Args:
        path: a Parquet file with a column ``id`` and number columns, or a ``.npy`` matrix whose rows are named, in
            order, by the lines of the file beside it that ends in ``.ids``.

    Raises:
        DataError: when the file cannot be read, ids repeat or do not fit, or a number is not finite.
    """
    frame = _npy(path) if path.suffix == ".npy" else _parquet(path)
    if frame.index.has_duplicates:
        repeated = str(frame.index[frame.index.duplicated()][0])
        raise DataError(f"id {repeated!r} is there twice", where=str(path), remedy="give each id one row")
    bad = ~np.isfinite(frame.to_numpy())
    if bad.any():
        row, column = np.argwhere(bad)[0]
        where = f"{path}, id {frame.index[row]}, column {frame.columns[column]}"
        raise DataError("is no finite number", where=where, remedy="correct the number, or leave the row out")
    return frame


def _npy(path: Path) -> pd.DataFrame:
    import pandas as pd

    names = path.with_suffix(".ids")
    try:
        matrix: Any = np.load(path, allow_pickle=False)
        ids = names.read_text("utf-8").splitlines()
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"cannot be read: {error}", where=str(path), remedy=f"it needs a {names.name} beside it"
        ) from None
    if not isinstance(matrix, np.ndarray) or matrix.ndim != _MATRIX or matrix.dtype.kind not in "fiub":
        raise DataError("is no matrix of numbers", where=str(path), remedy="save a two-dimensional array of numbers")
    if len(ids) != len(matrix):
        what = f"has {len(matrix)} rows, but {names.name} names {len(ids)}"
        raise DataError(what, where=str(path), remedy="one id a line, in the order of the rows")
    columns = [f"{path.stem}{at}" for at in range(matrix.shape[1])]
    return pd.DataFrame(matrix.astype(np.float32), index=pd.Index(ids, dtype=object), columns=columns)


def _parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa

    try:
        frame: pd.DataFrame = read_parquet(path, dense=True).to_pandas()
    except (OSError, ValueError, pa.ArrowException) as error:
        remedy = "name a Parquet file with a column id, or a .npy matrix"
        raise DataError(f"cannot be read: {str(error)[:200]}", where=str(path), remedy=remedy) from None
    if "id" not in frame:
        raise DataError('column "id" is missing', where=str(path), remedy="name the column with the ids id")
    numbers = frame.drop(columns="id")
    for name in numbers:
        if numbers[name].dtype.kind not in "fiub":
            raise DataError("holds no numbers", where=f"{path}, column {name}", remedy="leave the column out")
    if not len(numbers.columns):
        raise DataError("holds no number columns", where=str(path))
    return numbers.astype(np.float32).set_axis(frame["id"].astype(str).astype(object), axis=0)
