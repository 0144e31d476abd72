"""The first rows of a table in any format, and whether its first line names the columns."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchsuite.data.unpacking import check_parquet
from benchsuite.errors import DataError
from benchsuite_tables.column_names import is_known, is_unnamed
from benchsuite_tables.dialect import find_dialect
from benchsuite_tables.formats import json_lines, json_rows
from benchsuite_tables.profiles import BOOLEANS, ColumnProfile, profiles
from benchsuite_tables.recognition import comment_lines, recognize
from benchsuite_tables.text_file import FETCH, TextFile
from benchsuite_tables.times import is_date, number

_PAIR = 2
LOOKED_AT = 1000
"""How many rows are looked at before a table is read."""

NONE = "none"
"""What a user says for a role that no column has, whatever the columns' names suggest."""


@dataclass(frozen=True)
class Said:
    """What the user said of a table; what is empty is found out.

    Attributes:
        columns: column by role: a name, a number counted from 1, or :data:`NONE`.
        format: one of the formats of :class:`benchsuite_tables.card_table.CardTable`.
        separator: what stands between cells.
        encoding: of text.
        header: whether the first line names the columns.
        time: how times are written.
        ordered: whether each user's rows stand in the order of time; None where nothing is said.
        missing_cells: cells that mean "not known".
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    format: str = ""
    separator: str = ""
    encoding: str = "utf-8"
    header: bool | None = None
    time: str = ""
    ordered: bool | None = None
    missing_cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class FirstRows:
    """The beginning of a table.

    Attributes:
        format: see :class:`benchsuite_tables.card_table.CardTable`.
        separator: between cells.
        quote: around cells.
        header: whether the first line is no row.
        names: the columns; ``column 1`` and so on where nothing names them.
        rows: the first rows as cells.
        profiles: what the columns look like.
        is_header_doubtful: whether the first line could as well be a row.
        skip: how many lines of comment come before the table.
    """

    format: str
    separator: str
    quote: str
    header: bool
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    profiles: tuple[ColumnProfile, ...]
    is_header_doubtful: bool = False
    skip: int = 0

    @property
    def has_names(self) -> bool:
        """Whether the columns' names say what they hold: a first line of numbers (``,0,1,2``) does not."""
        return self.header and not all(is_unnamed(name) for name in self.names)


def first_rows(text: TextFile, said: Said) -> FirstRows:
    """Read the beginning of a table.

    Raises:
        DataError: when the file is empty, unreadable or of a kind that is not read.
    """
    kind = recognize(text)
    if kind == "parquet":
        return _named("parquet", *_parquet(text))
    if kind in {"json", "jsonl", "pythonl"}:
        return _named(kind, *_objects(text, kind))
    text = dataclasses.replace(text, skip=comment_lines(text, said.encoding))
    if said.format == "lists":
        found = find_dialect(text, " ", said.encoding)
        return FirstRows("lists", " ", "", False, ("user", "item"), found.rows, (), skip=text.skip)
    dialect = find_dialect(text, said.separator, said.encoding)
    if dialect.format == "lists":
        return FirstRows("lists", " ", "", False, ("user", "item"), dialect.rows, (), skip=text.skip)
    if said.format == "matrix":
        rows, separator, quote = dialect.rows, dialect.separator, dialect.quote
        return FirstRows("matrix", separator, quote, False, ("user", "item", "value"), rows, (), skip=text.skip)
    header, doubtful = _header(dialect.rows, said)
    if header:
        _refuse_short_header(dialect.rows, text)
    names = dialect.rows[0] if header else tuple(f"column {at + 1}" for at in range(len(dialect.rows[0])))
    rows = dialect.rows[1:] if header else dialect.rows
    return FirstRows(
        dialect.format,
        dialect.separator,
        dialect.quote,
        header,
        names,
        rows,
        profiles(names, rows),
        doubtful,
        text.skip,
    )


def _refuse_short_header(rows: Sequence[tuple[str, ...]], text: TextFile) -> None:
    """Raise DataError where each row has one cell more than the first line names."""
    width = len(rows[0])
    if len(rows) > _PAIR and all(len(row) == width + 1 for row in rows[1:]):
        what = f"its first line names {width} columns, its rows have {width + 1} cells"
        remedy = (
            "name the first column, too, if it holds the rows' names (as R writes them), or remove the last separator"
        )
        raise DataError(what, where=f"{text.name}, line 1", remedy=remedy)


def _named(form: str, names: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> FirstRows:
    return FirstRows(form, ",", "", True, names, rows, profiles(names, rows))


def _header(rows: Sequence[tuple[str, ...]], said: Said) -> tuple[bool, bool]:
    """Return whether the first line names the columns, and whether that is doubtful after all that the user said."""
    if said.header is not None:
        return said.header, False
    named = [name for name in said.columns.values() if name and name != NONE]
    if named and all(name in rows[0] for name in named):
        return True, False
    header, doubtful = _has_header(rows)
    if named and all(name.isdigit() for name in named):
        return header and not doubtful, False  # columns are given by number where nothing names them
    return header, doubtful


def _has_header(rows: Sequence[tuple[str, ...]]) -> tuple[bool, bool]:
    """Return whether the first line names the columns, and whether that is doubtful."""
    first, body = rows[0], rows[1:]
    names = [cell.strip() for cell in first]
    while names and not names[-1]:
        names.pop()  # a separator after the last cell
    if len(names) > 1 and not names[0] and all(map(str.isdigit, names[1:])):
        return True, False  # an index without a name beside columns whose names are their numbers
    if len(names) > _PAIR and names == [str(at) for at in range(len(names))]:
        return True, True  # what pandas writes without an index for columns without names, or a row that looks like it
    known = sum(is_known(cell) and len(cell) > 1 for cell in first)
    if any(map(_is_cell, first)):
        return False, bool(known)
    if known:
        return True, False
    below = profiles(first, body)
    if any(one.kind in {"integer", "number", "boolean", "date"} for one in below):
        return True, False
    again = any(cell and cell in one.cells for cell, one in zip(first, below, strict=True))
    return not again, not again and bool(body)


def _is_cell(cell: str) -> bool:
    """Return whether a cell can be no name: it holds a number, a date, or yes or no."""
    plain = cell.strip()
    return number(plain) is not None or is_date(plain) or plain.lower() in BOOLEANS


def _objects(text: TextFile, form: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    # a line that is no object is a bad row, which reading names or leaves out with the others
    lines = list(itertools.islice(json_lines(text, form), LOOKED_AT))
    found = [row for _, row, why in lines if not why]
    if lines and not found:
        next(json_rows(text, form))  # raises for the first of them
    if len(lines) == 1 and found[0] and all(isinstance(cell, dict | list) for cell in found[0].values()):
        what = "is one JSON object that holds all rows, not an object for each"
        remedy = "write one object for each row (in pandas to_json(orient='records', lines=True))"
        raise DataError(what, where=text.name, remedy=remedy)
    names = tuple(dict.fromkeys(key for row in found for key in row))
    if not names:
        raise DataError("is empty", where=text.name, remedy=FETCH)
    return names, tuple(tuple(_plain(row.get(name)) for name in names) for row in found)


def _plain(cell: Any) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)


def _parquet(text: TextFile) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        check_parquet(text.path)
        file = pq.ParquetFile(text.path)
        names = tuple(file.schema_arrow.names)
        batch = next(file.iter_batches(LOOKED_AT), None)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot be read: {str(error)[:200]}", where=text.name, remedy=FETCH) from None
    if batch is None:
        return names, ()
    columns = [["" if cell is None else str(cell) for cell in column.to_pylist()] for column in batch.columns]
    return names, tuple(zip(*columns, strict=True))
