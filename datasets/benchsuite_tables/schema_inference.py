"""Schema inference: what the columns of a user's file mean, from their names and first cells."""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass

from benchsuite_tables.column_names import find_column
from benchsuite.data.unpacking import check_parquet
from benchsuite.errors import DataError
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.delimited import delimited_rows
from benchsuite_tables.formats import json_rows
from benchsuite_tables.text_file import CELLS, FETCH, TextFile, text_lines

_SEPARATORS = ("\t", ",", ";", "|", "::")
_SAMPLE = 200
_MILLISECONDS, _MICROSECONDS = 1e11, 1e14
_FORMS = ("%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S UTC")


@dataclass(frozen=True)
class Schema:
    """The format and the columns of a file.

    Attributes:
        format: see :class:`benchsuite_datasets.card.CardTable`.
        separator: between cells.
        quote: around cells.
        names: the columns.
        header: whether the first line holds their names.
    """

    format: str
    separator: str
    quote: str
    names: tuple[str, ...]
    header: bool


def infer_schema(text: TextFile, separator: str, encoding: str, *, header: bool | None = None) -> Schema:
    """Infer the schema from a file's name and first line.

    Args:
        text: the file.
        separator: between cells, as the user set it, or "" to infer it.
        encoding: of the file.
        header: whether the first line names the columns; None to infer it: it does unless it holds a number.

    Raises:
        DataError: when the file is empty or unreadable, or no separator can be found.
    """
    name = (text.member or text.path.name).lower().removesuffix(".gz").removesuffix(".zst")
    if name.endswith((".parquet", ".pq")):
        return Schema("parquet", ",", "", _parquet_names(text), header=True)
    if name.endswith((".jsonl", ".ndjson", ".json")):
        keys = dict.fromkeys(key for _, row in itertools.islice(json_rows(text), _SAMPLE) for key in row)
        if not keys:
            raise DataError("is empty", where=text.name, remedy=FETCH)
        return Schema("jsonl", ",", "", tuple(keys), header=True)
    lines = text_lines(text, encoding)
    line = next((line for _, line in lines), "").rstrip("\r\n")
    lines.close()
    if not line:
        raise DataError("is empty", where=text.name, remedy=FETCH)
    separator = separator or max(_SEPARATORS, key=line.count)
    if separator not in line:
        spaced = _spaced(line, header)
        if spaced is not None:
            return spaced
        what = "has one column only, or an unknown separator"
        raise DataError(what, where=f"{text.name}, line 1", remedy="say separator = '...'")
    # tables of plain ids and numbers are often written without any care for quotes
    quote = '"' if separator in {",", ";"} else ""
    cells = next(csv.reader([line], delimiter=separator)) if quote else line.split(separator)
    return Schema("delimited", separator, quote, *_named(cells, header))


def _named(cells: list[str], header: bool | None) -> tuple[tuple[str, ...], bool]:
    """Return the columns' names and whether the first line holds them; it does unless it holds a number."""
    header = not any(_is_number(cell) for cell in cells) if header is None else header
    names = cells if header else ("user", "item", "value", "timestamp")[: len(cells)]
    return (*names, *(f"column {at + 1}" for at in range(len(names), len(cells)))), header


def _spaced(line: str, header: bool | None) -> Schema | None:
    """Return the schema of a table with white space between cells, as Surprise writes them; None for other text."""
    cells = line.split()
    names, has_header = _named(cells, header)
    known = find_column("user", names, set()) and find_column("item", names, set())
    return Schema("columns", " ", "", names, has_header) if len(cells) > 1 and known else None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _parquet_names(text: TextFile) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return tuple(pq.read_schema(text.path).names)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot be read: {str(error)[:200]}", where=text.name, remedy=FETCH) from None


def infer_time_format(text: TextFile, table: CardTable, name: str) -> str:
    """Return how times are written, from the first cells of their column.

    Raises:
        DataError: when they could mean more than one thing, or nothing known.
    """
    cells = _sample(text, table, name)
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    if cells and len(numbers) == len(cells):
        largest = max(numbers)
        return "s" if largest < _MILLISECONDS else "ms" if largest < _MICROSECONDS else "us"
    import pandas as pd

    fitting = [
        form
        for form in ("iso", *_FORMS)
        if cells
        and pd.to_datetime(
            pd.Series(cells, dtype=object), format="ISO8601" if form == "iso" else form, utc=True, errors="coerce"
        )
        .notna()
        .all()
    ]
    if len(fitting) == 1 or "iso" in fitting:
        return fitting[0]
    what = f"times like {cells[0]!r} could be {' or '.join(fitting)}" if fitting else "times are of no known form"
    remedy = "say time = '%d/%m/%Y' (day first), '%m/%d/%Y' (month first) or whatever it is"
    raise DataError(what, where=f"{text.name}, column {name}", remedy=remedy if cells else CELLS)


def _sample(text: TextFile, table: CardTable, name: str) -> list[str]:
    """Return the first cells of a column that are not empty."""
    if table.format == "parquet":
        import pyarrow.parquet as pq

        check_parquet(text.path)
        batch = next(pq.ParquetFile(text.path).iter_batches(_SAMPLE, columns=[name]), None)
        found = [] if batch is None else [str(cell) for cell in batch.column(0).to_pylist() if cell is not None]
    elif table.format == "jsonl":
        found = [str(row[name]) for _, row in itertools.islice(json_rows(text), _SAMPLE) if row.get(name) is not None]
    else:
        names = list(table.names)
        if table.header:
            first = next(line for _, line in text_lines(text, table.encoding)).rstrip("\r\n")
            cells = csv.reader([first], delimiter=table.separator) if table.quote else [first.split(table.separator)]
            names = next(iter(cells))
        at = names.index(name)
        rows = itertools.islice(delimited_rows(text, table), _SAMPLE)
        found = [cells[at] for _, cells in rows if at < len(cells)]
    return [cell for cell in found if cell not in table.missing]
