"""How a table was read: right, refused with a reason, or wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchsuite.api import DataLocations
from benchsuite.errors import BenchsuiteError, ConfigError, DataError
from benchsuite_datasets.file_source import FileSource
from support.messy_content import MessyTable

if TYPE_CHECKING:
    from benchsuite.data import Dataset

Verdict = Literal["right", "refused", "wrong"]
Row = tuple[str, str, float, float | None]
Read = Mapping[tuple[str, str], tuple[float, float | None]]


@dataclass(frozen=True)
class Judged:
    """A table and how it was read.

    Attributes:
        table: the table.
        verdict: ``right``, ``refused`` (in one line with place and remedy) or ``wrong``.
        why: the line of the refusal, or what is wrong.
    """

    table: MessyTable
    verdict: Verdict
    why: str = ""


def judge(table: MessyTable, folder: Path, **given: Any) -> Judged:
    """Read a table as a user would.

    Args:
        table: the table.
        folder: an empty one, for the table and a cache.
        given: settings of the source.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / table.name
    path.write_bytes(table.data)
    place = DataLocations(folders=(), cache=folder / "cache", offline=True, say=lambda _: None)
    try:
        dataset = FileSource(path=str(path), **given).load(place)
    except (DataError, ConfigError) as error:
        lacks = [part for part in ("what", "where", "remedy") if not getattr(error, part)]
        if lacks or "\n" in str(error):
            return Judged(table, "wrong", f"the refusal lacks {lacks}: {error}")
        return Judged(table, "refused", str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the user sees a traceback
        return Judged(table, "wrong", f"raises {type(error).__name__}: {error}")
    if table.faulty:
        return Judged(table, "wrong", "reads a table that has a cell of no meaning")
    fault = difference(rows_read(dataset), table.expected())
    return Judged(table, "wrong" if fault else "right", fault)


def read_or_refusal(path: Path, place: DataLocations, **given: Any) -> list[Row] | BenchsuiteError:
    """Return the rows of a table, or the error that refuses it; any other exception is raised."""
    try:
        return rows_read(FileSource(path=str(path), **given).load(place))
    except (DataError, ConfigError) as error:
        return error


def complaint(error: BenchsuiteError, path: Path, *says: str) -> str:
    """Return what is wrong with a refusal, or "".

    Args:
        error: it must have a cause, a place and a remedy, and be one line.
        path: the file, whose name does not count as said.
        says: regular expressions that it must match, in letters of any size.
    """
    line = str(error)
    if not (error.what and error.where and error.remedy) or "\n" in line:
        return f"has no cause, place or remedy, or several lines: {line!r}"
    said = line.replace(str(path), "").replace(path.name, "")
    missing = [part for part in says if not re.search(part, said, re.IGNORECASE)]
    return f"names no {missing}: {line}" if missing else ""


def rows_read(dataset: Dataset) -> list[Row]:
    """Return (user, item, value, seconds or None) of each row."""
    rows = dataset.interactions
    users = [dataset.users.ids[code] for code in rows.user]
    items = [dataset.items.ids[code] for code in rows.item]
    times = [None] * len(users) if rows.timestamp is None else rows.timestamp.tolist()
    return list(zip(users, items, rows.value.tolist(), times, strict=True))


def difference(found: list[Row], expected: Read) -> str:
    """Return what is wrong with rows, or ""."""
    read = {(user, item): (value, time) for user, item, value, time in found}
    if len(read) < len(found):
        return "repeats are still there"
    for drop in ((False, False), (True, False), (False, True), (True, True)):
        # ids such as 17850.0 are right with and without the point, but alike in the whole column
        wanted = {(_whole(user, drop[0]), _whole(item, drop[1])): rest for (user, item), rest in expected.items()}
        if read.keys() == wanted.keys():
            break
    else:
        return (
            f"rows {_few(read.keys() - expected.keys())} are not in the table, {_few(expected.keys() - read.keys())}"
            f" are lost; {len(read)} instead of {len(expected)}"
        )
    for pair, (value, time) in wanted.items():
        if not math.isclose(read[pair][0], value, rel_tol=1e-5, abs_tol=1e-6):
            return f"value of {pair} is {read[pair][0]}, not {value}"
        other = read[pair][1]
        if (time is None) != (other is None) or (time is not None and other is not None and abs(time - other) >= 1):
            return f"time of {pair} is {other}, not {time}"
    return ""


def _whole(name: str, drop: bool) -> str:
    return name.removesuffix(".0") if drop else name


def _few(pairs: Any) -> str:
    shown = ", ".join(map(str, sorted(pairs)[:2]))
    return f"{shown} and {len(pairs) - 2} more" if len(pairs) > 2 else shown or "none"
