"""Anybody's train and test files: CSV and the like, Parquet, with or without a header line, as they are or gzipped.

Every complaint names the file, the line (the row, in Parquet) and the column.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np

from benchsuite.data import Float64, Int32
from benchsuite.data.unpacking import open_gzip, read_parquet
from benchsuite.errors import DataError, did_you_mean
from benchsuite_tables.column_names import find_column, normalize_name

_ROLES = {"user": ("user", ()), "item": ("item", ("sid",)), "time": ("timestamp", ()), "value": ("value", ("label",))}
"""Which role of :mod:`benchsuite_tables.column_names` each is, and further names of it."""

_PARQUET = (".parquet", ".pq")
_NAME_THEM = "name them, e.g. --user user_id --item item_id, or by number (--user 1 --item 2) without a header line"


@dataclass(frozen=True)
class Wanted:
    """Which column is which: a name, a number counted from 1 (then the file has no header line), or "" to guess."""

    user: str = ""
    item: str = ""
    time: str = ""
    value: str = ""

    @property
    def numbered(self) -> bool:
        """True where columns are given by number."""
        return all(name.isdigit() for name in self.named.values()) and bool(self.named)

    @property
    def named(self) -> dict[str, str]:
        """What the user named."""
        return {role: name for role in _ROLES if (name := getattr(self, role))}


@dataclass(frozen=True, eq=False)
class SplitPart:
    """The rows of one file.

    Attributes:
        path: the file.
        user: raw ids.
        item: raw ids.
        time: float64[n], in the file's own unit (ISO dates become seconds), or None.
        value: float64[n], or None.
        lines: the line (row, in Parquet) of each.
        columns: the column of each role, as the file calls it.
    """

    path: Path
    user: list[str]
    item: list[str]
    time: Float64 | None
    value: Float64 | None
    lines: list[int]
    columns: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.user)

    def place(self, row: int) -> str:
        """Say where a row lies."""
        return f"{self.path} {'row' if self.path.suffix.lower() in _PARQUET else 'line'} {self.lines[row]}"


def read_part(path: Path, wanted: Wanted) -> SplitPart:
    """Read one file.

    Raises:
        DataError: when the file cannot be read, lacks a column, or holds a line that does not fit.
    """
    lines, cells, named = _cells(path, wanted)
    for role in ("user", "item"):
        if "" in cells[role]:
            where = _where(path, lines[cells[role].index("")], named[role])
            raise DataError("is empty", where=where, remedy="give every row an id")
    return SplitPart(
        path,
        cells["user"],
        cells["item"],
        _numbers(cells["time"], lines, path, named["time"], dates=True) if "time" in cells else None,
        _numbers(cells["value"], lines, path, named["value"]) if "value" in cells else None,
        lines,
        named,
    )


def _cells(path: Path, wanted: Wanted) -> tuple[list[int], dict[str, list[str]], dict[str, str]]:
    """Return each row's line number, the cells of each role, and the roles' columns."""
    try:
        rows = _parquet(path) if path.suffix.lower() in _PARQUET else _text(path)
        first, header = next(rows, (0, []))
        if not header:
            raise DataError("has no rows", where=str(path))
        places = _places(header, wanted, path)
        cells: dict[str, list[str]] = {role: [] for role in places}
        lines: list[int] = []
        for number, row in itertools.chain([(first, header)] if wanted.numbered else [], rows):
            if len(row) != len(header):
                what = f"has {len(row)} columns, the first line has {len(header)}"
                raise DataError(what, where=f"{path}, line {number}", remedy="mend the line")
            lines.append(number)
            for role, place in places.items():
                cells[role].append(row[place])
    except FileNotFoundError:
        raise DataError("no such file", where=str(path), remedy="check the path") from None
    except UnicodeDecodeError:
        raise DataError("is not UTF-8 text", where=str(path), remedy="convert it, or use Parquet") from None
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot be read: {reason}", where=str(path), remedy="check the file") from None
    if not lines:
        raise DataError("has no rows", where=str(path))
    return lines, cells, {role: str(at + 1) if wanted.numbered else header[at] for role, at in places.items()}


def code(columns: Sequence[list[str]]) -> tuple[list[Int32], int]:
    """Return int32 codes of several columns of ids, the same id the same code, and how many ids there are."""
    known: dict[str, int] = {}
    codes = [np.fromiter((known.setdefault(raw, len(known)) for raw in column), np.int32) for column in columns]
    return codes, len(known)


def _places(header: Sequence[str], wanted: Wanted, path: Path) -> dict[str, int]:
    """Return the place of each role's column."""
    if wanted.numbered:
        for role, number in wanted.named.items():
            if not 1 <= int(number) <= len(header):
                what = f"has {len(header)} columns, --{role} says {number}"
                raise DataError(what, where=f"{path}, line 1", remedy="count from 1")
        found = {role: int(number) - 1 for role, number in wanted.named.items()}
    else:
        plain = [normalize_name(name) for name in header]
        twice = {name for name, short in zip(header, plain, strict=True) if plain.count(short) > 1}
        found = {}
        for role, (usual, more) in _ROLES.items():
            name = wanted.named.get(role)
            column = _named(name, header, path) if name is not None else find_column(usual, header, twice, more)
            if column:
                found[role] = header.index(column)
    lost = [role for role in ("user", "item") if role not in found]
    if lost:
        what = f"has no column that is surely the {' or the '.join(lost)}, but {', '.join(header[:8])}"
        raise DataError(what, where=f"{path}, line 1", remedy=_NAME_THEM)
    return found


def _named(name: str, header: Sequence[str], path: Path) -> str:
    """Return the column that the user named; RecBole's files write the type behind the name: ``user_id:token``."""
    short = [column.partition(":")[0].strip() for column in header]
    for names in (list(header), short):
        if names.count(name) == 1:
            return header[names.index(name)]
    raise DataError(f'has no column "{name}"', where=f"{path}, line 1", remedy=did_you_mean(name, short))


def _text(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line that is not empty."""
    with _open(path) as file:
        first = file.readline()
    with _open(path) as file:
        separator = next((mark for mark in ("\t", "::", ",", ";", "|") if mark in first), " ")
        if len(separator) > 1 or separator == " ":
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n").split(separator if separator.strip() else None)
            return
        reader = csv.reader(
            file, delimiter=separator, quoting=csv.QUOTE_MINIMAL if separator in ",;" else csv.QUOTE_NONE
        )
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            where = f"{path}, line {reader.line_num}"
            raise DataError(f"cannot be read: {error}", where=where, remedy="mend the line") from None


def _open(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return io.TextIOWrapper(open_gzip(path), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _parquet(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the names as row 0 and then the rows, all as text."""
    import pyarrow as pa

    try:
        table = read_parquet(path, dense=True)
    except pa.ArrowInvalid as error:
        raise DataError(f"cannot be read: {error}", where=str(path), remedy="check the file") from None
    yield 0, list(table.column_names)
    columns = [["" if cell is None else str(cell) for cell in column.to_pylist()] for column in table.columns]
    for number, cells in enumerate(zip(*columns, strict=True), 1):
        yield number, list(cells)


def _numbers(cells: list[str], lines: list[int], path: Path, column: str, *, dates: bool = False) -> Float64:
    try:
        values = np.array(cells, np.float64)
    except ValueError:
        values = np.array([_number(cell, dates=dates) for cell in cells])
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        kind = "number and no ISO date" if dates else "finite number"
        remedy = "write 881250949 or 1997-12-04T15:55:49" if dates else "write a number"
        where = _where(path, lines[int(wrong[0])], column)
        raise DataError(f'"{cells[int(wrong[0])]}" is no {kind}', where=where, remedy=remedy)
    return values


def _number(cell: str, *, dates: bool) -> float:
    try:
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(cell.strip()) if dates else None
    except ValueError:
        moment = None
    if moment is None:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _where(path: Path, line: int, column: str) -> str:
    kind = "row" if path.suffix.lower() in _PARQUET else "line"
    return f'{path}, {kind} {line}, column "{column}"'
