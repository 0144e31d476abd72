"""Tables as files: CSV, JSON and Parquet, row by row or batch by batch, the same bytes for the same rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Literal

import numpy as np

from benchsuite.data.result_tables import Batch, TidyColumn, TidyTable

Form = Literal["csv", "json", "parquet"]

ENDINGS: Mapping[Form, str] = {"csv": "csv", "json": "jsonl", "parquet": "parquet"}
"""The endings of large tables; in JSON these have one object a line."""

DESCRIPTOR = "datapackage.json"
"""Beside CSV files: their schema as a Data Package (https://datapackage.org)."""

LARGE_DESCRIPTOR = "datapackage-large.json"
"""The same beside large tables in CSV or JSON lines."""

_SIGNS = "=+-@'\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
_RISKY = re.compile(rf" *[\t\r\n{re.escape(_SIGNS)}]")
_RISKY_INSIDE = re.compile(rf"([\t\r\n;|] *)(?=[{re.escape(_SIGNS)}])")
_QUOTED = frozenset(',;|"\t\r\n')
_TYPES = {"string": "string", "float64": "number", "int64": "integer", "bool": "boolean"}
_ROW_GROUP = 2**17


def write_table(form: Form, table: TidyTable, batches: Iterable[Batch], file: IO[bytes]) -> int:
    """Write a table and return how many rows it has; only one batch is in memory at a time.

    Args:
        form: ``csv``; ``json``, one object a line; or ``parquet``.
        table: what the columns are.
        batches: the rows.
        file: opened for bytes.
    """
    return {"csv": _write_csv, "json": _write_lines, "parquet": _write_parquet}[form](table, batches, file)


def _write_csv(table: TidyTable, batches: Iterable[Batch], file: IO[bytes]) -> int:
    """Write UTF-8 with a header, lines ended by a line feed, floats with the fewest digits that read back the same.

    Texts that a spreadsheet could take for a formula are disarmed, see :func:`safe`.
    """
    file.write((",".join(table.names) + "\n").encode())
    count = 0
    for batch in batches:
        columns = [_csv_cells(column, batch) for column in table.columns]
        for cells in zip(*columns, strict=True):
            file.write((",".join(cells) + "\n").encode())
            count += 1
    return count


def _csv_cells(column: TidyColumn, batch: Batch) -> Iterator[str]:
    values = batch[column.name].tolist()
    if column.dtype == "string":
        known: dict[str | None, str] = {None: ""}
        for text in values:
            if text not in known:
                known[text] = safe(text)
            yield known[text]
    elif column.dtype == "float64":
        yield from ("" if value != value else repr(value) for value in values)  # noqa: PLR0124 - NaN is no value
    elif column.dtype == "bool":
        yield from ("true" if value else "false" for value in values)
    else:
        yield from map(str, values)


def safe(text: str) -> str:
    """Return a text cell that no spreadsheet runs, not even one that splits at tabs, semicolons or line breaks.

    An apostrophe goes in front of a text that begins, after blanks, with ``= + - @`` (also in full width), an
    apostrophe, a tab or a line break; and inside, after a tab, line break, ``;`` or ``|`` (and blanks), in front of
    one of these signs. Taking those apostrophes away gives back the exact text.
    """
    text = _RISKY_INSIDE.sub(r"\1'", text)
    if _RISKY.match(text):
        text = f"'{text}"
    if _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _write_lines(table: TidyTable, batches: Iterable[Batch], file: IO[bytes]) -> int:
    count = 0
    for batch in batches:
        for row in records(table, batch):
            file.write((json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode())
            count += 1
    return count


def records(table: TidyTable, batch: Batch) -> Iterator[dict[str, Any]]:
    """Yield the rows as JSON-like values; no value is None, and infinities are the texts ``inf`` and ``-inf``."""
    columns = [batch[name].tolist() for name in table.names]
    for place, column in enumerate(table.columns):
        if column.dtype == "float64" and not np.isfinite(batch[column.name]).all():
            columns[place] = [_finite(value) for value in columns[place]]
    for values in zip(*columns, strict=True):
        yield dict(zip(table.names, values, strict=True))


def _finite(value: float) -> float | str | None:
    if np.isfinite(value):
        return value
    return None if np.isnan(value) else str(value)


def _write_parquet(table: TidyTable, batches: Iterable[Batch], file: IO[bytes]) -> int:
    """Write Parquet (zstd, row groups of up to 131,072 rows); the schema carries every column's meaning."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(table)
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd", compression_level=3, version="2.6") as writer:
        waiting = pa.Table.from_batches([], schema)
        for batch in batches:
            waiting = pa.concat_tables([waiting, to_arrow(table, batch, schema)])
            while len(waiting) >= _ROW_GROUP:
                writer.write_table(waiting.slice(0, _ROW_GROUP).combine_chunks())
                waiting, count = waiting.slice(_ROW_GROUP), count + _ROW_GROUP
        if len(waiting) or not count:
            writer.write_table(waiting.combine_chunks())
    return count + len(waiting)


def arrow_schema(table: TidyTable) -> Any:
    """Return the ``pyarrow.Schema`` of a table; fields hold their meaning as metadata."""
    import pyarrow as pa

    kinds = {"string": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}
    fields = [
        pa.field(column.name, kinds[column.dtype], metadata={"description": column.meaning}) for column in table.columns
    ]
    return pa.schema(fields, metadata={"name": table.name, "description": table.about})


def to_arrow(table: TidyTable, batch: Batch, schema: Any = None) -> Any:
    """Return a batch as a ``pyarrow.Table``; NaN becomes no value."""
    import pyarrow as pa

    schema = arrow_schema(table) if schema is None else schema
    arrays = [pa.array(batch[field.name], field.type, from_pandas=True) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def describe(name: str, tables: Iterable[TidyTable], ending: str = "csv", note: str = "") -> bytes:
    """Return the descriptor of files as a Data Package: every file, column, type and meaning, and a note on all."""
    resources = [
        {
            "name": table.name,
            "path": f"{table.name}.{ending}",
            "profile": "tabular-data-resource",
            "description": table.about,
            "encoding": "utf-8",
            "schema": {
                "fields": [
                    {"name": column.name, "type": _TYPES[column.dtype], "description": column.meaning}
                    for column in table.columns
                ],
                "missingValues": [""],
            },
        }
        for table in tables
    ]
    about = (
        "An apostrophe stands in front of a text, or of a part after a tab, line break, ; or |, that a spreadsheet "
        "could take for a formula or that begins with an apostrophe: take it away for the exact text."
    )
    if ending != "csv":
        about = "Texts are as they are."
    about = f"{note} {about}" if note else about
    package = {"profile": "tabular-data-package", "title": name, "description": about, "resources": resources}
    return (json.dumps(package, indent=1, ensure_ascii=False) + "\n").encode()
