"""Anybody's files: recommendations ``user,item,score`` or ``user,item,rank`` and test rows ``user,item[,value]``.

CSV, TSV (both with a header line, as they are or compressed by gzip) and Parquet. Every complaint names file, line (or
row, in Parquet) and column.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from benchsuite.data import Float64, Int32
from benchsuite.data.unpacking import open_gzip, read_parquet
from benchsuite.errors import DataError
from benchsuite_interchange.lists import Lists

if TYPE_CHECKING:
    import pyarrow as pa

_PARQUET = (".parquet", ".pq")
_HEADER = "the first line must name the columns"


def read_lists(recommendations: Path, test: Path) -> Lists:
    """Read recommendations and test rows.

    Raises:
        DataError: when a file cannot be read, lacks a column, has an empty id or something that is no number, or names
            an item twice for one user.
    """
    recs, truth = _Table(recommendations, "user,item,score"), _Table(test, "user,item,value")
    order = recs.either("score", "rank")
    rec_score = recs.numbers(order)
    test_value = truth.numbers("value") if truth.has("value") else np.ones(len(truth), np.float64)
    users, (rec_user, test_user) = _codes([recs.ids("user"), truth.ids("user")])
    items, (rec_item, test_item) = _codes([recs.ids("item"), truth.ids("item")])
    for table, user, item in ((recs, rec_user, rec_item), (truth, test_user, test_item)):
        table.refuse_twice(user, item, len(items))
    score = -rec_score if order == "rank" else rec_score
    return Lists(users, items, rec_user, rec_item, score, test_user, test_item, test_value)


class _Table:
    """One file, its columns as they were written."""

    def __init__(self, path: Path, wanted: str) -> None:
        self._path = path
        self._wanted = wanted
        self._columns = _read(path, wanted)
        for name in ("user", "item"):
            if not self.has(name):
                raise self._lacks(f'"{name}"')
        if not len(self):
            raise DataError("has no rows", where=str(path), remedy=f"it must hold {wanted}")

    def __len__(self) -> int:
        return int(self._columns.num_rows)

    def has(self, name: str) -> bool:
        return name in self._columns.column_names

    def either(self, first: str, second: str) -> str:
        """Return the one of two columns that is there."""
        present = [name for name in (first, second) if self.has(name)]
        if len(present) > 1:
            what = f'has both "{first}" and "{second}"'
            raise DataError(what, where=str(self._path), remedy="keep the one that orders the lists")
        if not present:
            raise self._lacks(f'"{first}" or "{second}"')
        return present[0]

    def ids(self, name: str) -> pa.ChunkedArray:
        """Return a column of ids as text."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._columns[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if not (pa.types.is_integer(column.type) or _is_text(column.type)):
            raise self._bad(f"holds {column.type}, not text or whole numbers", None, name, "write ids as text")
        column = column.cast(pa.string())
        empty = pc.fill_null(pc.equal(column, ""), True).to_numpy()
        if empty.any():
            raise self._bad("is empty", int(np.flatnonzero(empty)[0]), name, "give every row an id")
        return column

    def numbers(self, name: str) -> Float64:
        """Return a column of finite numbers."""
        import pyarrow as pa

        column = self._columns[name]
        if not _is_text(column.type):
            if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
                raise self._bad(f"holds {column.type}, not numbers", None, name, "write numbers")
            values: Float64 = column.cast(pa.float64()).to_numpy()
        else:
            try:
                values = column.cast(pa.float64()).to_numpy()
            except pa.ArrowInvalid:
                values = np.array([_number(text) for text in column.to_pylist()], np.float64)
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            said = column[int(wrong[0])].as_py()
            raise self._bad(
                f'"{"" if said is None else said}" is no finite number', int(wrong[0]), name, "write a number"
            )
        return values

    def refuse_twice(self, user: Int32, item: Int32, items: int) -> None:
        """Raise where a user has an item twice."""
        key = user.astype(np.int64) * items + item
        order = np.argsort(key, kind="stable")
        again = np.flatnonzero(key[order][1:] == key[order][:-1])
        if len(again):
            second = order[again + 1]
            at = int(again[np.argmin(second)])
            first, row = int(order[at]), int(order[at + 1])
            who, what = (self._columns[name][row].as_py() for name in ("user", "item"))
            remedy = "keep one row per user and item"
            raise self._bad(
                f'user "{who}" has item "{what}" a second time, first {self._place(first)}', row, "", remedy
            )

    def _bad(self, what: str, row: int | None, column: str, remedy: str) -> DataError:
        where = [str(self._path)]
        where += [self._place(row)] if row is not None else []
        where += [f'column "{column}"'] if column else []
        return DataError(what, where=", ".join(where), remedy=remedy)

    def _place(self, row: int) -> str:
        """Say where a row lies; lines are counted only when somebody asks."""
        if self._path.suffix.lower() in _PARQUET:
            return f"row {row + 1}"
        with _open(self._path) as file:
            for number, line in enumerate(_filled(csv.reader(file, delimiter=_delimiter(self._path)))):
                if number == row + 1:
                    return f"line {line}"
        return f"row {row + 1}"

    def _lacks(self, column: str) -> DataError:
        has = ", ".join(map(str, self._columns.column_names[:8]))
        return DataError(
            f"has no column {column}, but {has}", where=str(self._path), remedy=f"{_HEADER} {self._wanted}"
        )


def _filled(reader: Any) -> Iterator[int]:
    """Yield the line number of every line that is not empty, the header's first."""
    for cells in reader:
        if cells:
            yield reader.line_num


def _read(path: Path, wanted: str) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    try:
        if path.suffix.lower() in _PARQUET:
            return read_parquet(path, dense=True)
        names = _header(path)
        with open_gzip(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            return arrow_csv.read_csv(
                file,
                parse_options=arrow_csv.ParseOptions(delimiter=_delimiter(path)),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
    except FileNotFoundError:
        raise DataError("no such file", where=str(path), remedy="check the path") from None
    except UnicodeDecodeError:
        raise DataError("is not UTF-8 text", where=str(path), remedy="convert it, or use Parquet") from None
    except (pa.ArrowInvalid, EOFError) as error:
        raise _unreadable(path, wanted, error) from None
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise DataError(f"cannot be read: {reason}", where=str(path), remedy="check the file") from None


def _header(path: Path) -> Sequence[str]:
    with _open(path) as file:
        names = next(csv.reader(file, delimiter=_delimiter(path)), [])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f'names column "{twice[0]}" twice', where=f"{path}, line 1", remedy="keep one")
    return names


def _unreadable(path: Path, wanted: str, error: Exception) -> DataError:
    """Find the line that has too few or too many cells."""
    if path.suffix.lower() not in _PARQUET:
        with _open(path) as file:
            reader = csv.reader(file, delimiter=_delimiter(path))
            width = len(next(reader, []))
            try:
                for cells in reader:
                    if cells and len(cells) != width:
                        what = f"has {len(cells)} columns, the header has {width}"
                        return DataError(what, where=f"{path}, line {reader.line_num}", remedy="mend the line")
            except (csv.Error, UnicodeDecodeError):
                pass
    return DataError(f"cannot be read: {error}", where=str(path), remedy=f"it must hold {wanted}")


def _open(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return io.TextIOWrapper(open_gzip(path), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _delimiter(path: Path) -> str:
    """Return tab where the header line has one, else comma."""
    with _open(path) as file:
        return "\t" if "\t" in file.readline() else ","


def _codes(columns: Sequence[pa.ChunkedArray]) -> tuple[tuple[str, ...], list[Int32]]:
    """Return the different ids of several columns, and each column as codes into them."""
    import pyarrow as pa

    joined = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
    coded = joined.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy().astype(np.int32)
    return tuple(coded.dictionary.to_pylist()), np.split(codes, np.cumsum([len(column) for column in columns])[:-1])


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _number(text: str | None) -> float:
    try:
        return float("nan" if not text or "_" in text else text)
    except ValueError:
        return float("nan")
