"""The other formats of tables: ``user item item ...`` lines, JSON lines, Parquet."""

from __future__ import annotations

import dataclasses
import json
from array import array
from collections.abc import Generator
from typing import Any

import numpy as np

from benchsuite.data import unpacking
from benchsuite.errors import DataError
from benchsuite_tables.bad_cells import BadRows, Cells
from benchsuite_tables.card_table import UNITS, CardTable
from benchsuite_tables.repeated_keys import json_parser, parse_array, parse_literal
from benchsuite_tables.text_file import FETCH, TextColumn, TextFile, arrow_columns, check_names, text_lines

_ROW = "correct the row"
_REPEATED = "has the key"
_FIELDS = "write each of its fields as a column of its own"
_LISTS = "one row per item is needed: say explode = ',' and the like, or write one line per user (format lists)"


def read_lists(text: TextFile, table: CardTable, _numbers: dict[str, str]) -> Cells:
    """Read lines of a user and the items he took into the columns ``user`` and ``item``; there is nothing else."""
    import pandas as pd

    users: list[str] = []
    counts = array("q")
    items: list[str] = []
    for _, line in text_lines(text, table.encoding):
        cells = line.split()
        if cells:
            users.append(cells[0])
            counts.append(len(cells) - 1)
            items += cells[1:]
    if not items:
        remedy = "put blanks between them, or leave out format = 'lists'"
        raise DataError("no line holds a user and items", where=text.name, remedy=remedy)
    who, user_names = pd.factorize(np.array(users, dtype=object))
    what, item_names = pd.factorize(np.array(items, dtype=object))
    rows = np.repeat(who, np.array(counts, np.int64))
    return Cells(
        {
            "user": pd.Categorical.from_codes(rows, pd.Index(user_names.tolist(), dtype=str)),
            "item": pd.Categorical.from_codes(what, pd.Index(item_names.tolist(), dtype=str)),
        }
    )


def json_rows(text: TextFile, form: str = "jsonl") -> Generator[tuple[int, dict[str, Any]], None, None]:
    """Yield (line, object) of every line that is not blank, or (number, object) of an array.

    Args:
        text: the file.
        form: ``jsonl``, ``json`` for one array of objects, or ``pythonl`` for lines that Python's ``repr`` wrote
            (``{u'user': u'x'}``), as some old files have them; only literals are read, nothing is run.

    Raises:
        DataError: when a line is no such object.
    """
    for line, value, why in json_lines(text, form):
        if why:
            raise DataError(why, where=f"{text.name}, {_place(form)} {line}", remedy=_ROW)
        yield line, value


def _place(form: str) -> str:
    """Return what rows are counted by: the objects of an array need not stand in lines of their own."""
    return "object" if form == "json" else "line"


def json_lines(text: TextFile, form: str) -> Generator[tuple[int, dict[str, Any], str], None, None]:
    """Yield (line, object, "") of every line that is not blank, or (line, {}, why it is no object)."""
    if form == "json":
        yield from _array(text)
        return
    kind, parse = ("Python literal", parse_literal) if form == "pythonl" else ("JSON", json_parser())
    for line, row in text_lines(text, "utf-8"):
        if not row.strip():
            continue
        try:
            value, repeated = parse(row.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            yield line, {}, f"is not {kind}: {str(error)[:200]}"
            continue
        yield line, *_object(value, repeated, kind)


def _object(value: Any, repeated: str | None, kind: str) -> tuple[dict[str, Any], str]:
    """Return (object, "") or ({}, why it is none)."""
    if not isinstance(value, dict):
        return {}, f"is not a {kind} object"
    return (value, "") if repeated is None else ({}, f"{_REPEATED} {repeated[:40]!r} more than once")


def _array(text: TextFile) -> Generator[tuple[int, dict[str, Any], str], None, None]:
    """Yield (number, object, why it is none) of an array of objects, which is read as a whole."""
    with text.open() as file:
        raw = file.read()
    try:
        found = parse_array(raw)
    except json.JSONDecodeError as error:
        what, remedy = f"is not JSON: {error.msg}", "correct the file"
        if raw.lstrip()[:20].replace(b" ", b"").startswith((b"[{'", b"[{u'")):
            what, remedy = "is a list as Python prints it, not JSON", "write it with json.dump"
        raise DataError(what, where=f"{text.name}, line {error.lineno}", remedy=remedy) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"is not JSON: {str(error)[:200]}", where=text.name, remedy="correct the file") from None
    for number, (value, repeated) in enumerate(found, 1):
        yield number, *_object(value, repeated, "JSON")


def read_jsonl(text: TextFile, table: CardTable, numbers: dict[str, str]) -> Cells:
    """Read JSON lines; a key that a line lacks is a missing cell, a key that every line lacks is an error."""
    columns = {name: TextColumn(table.missing) for name in table.wanted}
    plain = {*numbers, table.columns.get("timestamp")}
    joins = {name: table.explode if name in table.ids else table.join for name in table.wanted if name not in plain}
    seen: set[str] = set()
    bad: dict[str, BadRows] = {}
    for line, value, why in json_lines(text, table.format):
        if why:
            kind = "repeated" if why.startswith(_REPEATED) else "syntax"
            first = bad.get(kind) or BadRows(kind, 0, line, why, _ROW, _place(table.format))
            bad[kind] = dataclasses.replace(first, number=first.number + 1)
            continue
        seen |= value.keys()
        for name, column in columns.items():
            cell = value.get(name)
            if (isinstance(cell, list) and joins.get(name) == "") or (isinstance(cell, dict) and name in table.ids):
                where = f"{text.name}, {_place(table.format)} {line}, column {name}"
                kind, remedy = ("a list", _LISTS) if isinstance(cell, list) else ("an object", _FIELDS)
                raise DataError(f"holds {kind}", where=where, remedy=remedy)
            column.append(_plain(cell, joins.get(name, "")))
    if seen:
        check_names(sorted(map(str, seen)), text, table)
    return Cells({name: column.column() for name, column in columns.items()}, bad=tuple(bad.values()))


def _plain(cell: Any, join: str) -> str | None:
    """Return a JSON value as text: lists are joined, objects are written as JSON."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, list) and join:
        return join.join(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in cell)
    return json.dumps(cell, ensure_ascii=False)


def read_parquet(text: TextFile, table: CardTable, numbers: dict[str, str]) -> Cells:
    """Read the wanted columns of a Parquet file; whole numbers and the like become text where text is wanted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not text.path.is_file():
        raise DataError("no such file", where=text.name, remedy=FETCH)
    try:
        check_names(pq.read_schema(text.path).names, text, table)
        found = unpacking.read_parquet(text.path, table.wanted)
        columns = {}
        times = set()
        for name in table.wanted:
            column = found[name]
            if name == table.columns.get("timestamp") and _is_time(column.type):
                columns[name] = _seconds(column)
                times.add(name)
            elif name in numbers and _is_number(column.type):
                columns[name] = (
                    column
                    if numbers[name] == "int64" and pa.types.is_signed_integer(column.type)
                    else column.cast(pa.float64(), safe=False)
                )
            else:
                columns[name] = _texts(column, table, name, text)
        return Cells(*arrow_columns(pa.table(columns)), times=frozenset(times))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot be read: {str(error)[:200]}", where=text.name, remedy=FETCH) from None


def _is_time(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _seconds(column: Any) -> Any:
    """Return int64 UTC seconds of times of any unit and zone, rounded down; empty ones stay empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_date32(kind):
        return pc.multiply(column.cast(pa.int32()).cast(pa.int64()), 86_400)
    unit = UNITS["ms" if pa.types.is_date64(kind) else kind.unit]
    counted = column.cast(pa.int64())
    down = pc.if_else(pc.less(counted, 0), unit - 1, 0)  # whole division rounds towards 0
    return pc.divide(pc.subtract(counted, down), unit)


def _texts(column: Any, table: CardTable, name: str, text: TextFile) -> Any:
    """Return a column as texts, each different one kept once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        join = table.explode if name in table.ids else table.join
        if not join:
            raise DataError("holds lists", where=f"{text.name}, column {name}", remedy=_LISTS)
        column = pc.binary_join(column.cast(pa.list_(pa.string())), join)
    elif pa.types.is_nested(kind):
        raise DataError(f"holds {kind}, no single cells", where=f"{text.name}, column {name}", remedy=_FIELDS)
    elif pa.types.is_floating(kind):
        column = _whole(column)
    if not pa.types.is_dictionary(column.type):
        return column.cast(pa.string()).dictionary_encode()
    # casting the whole column would write out every row
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices.cast(pa.int32()), chunk.dictionary.cast(pa.string()))
        for chunk in column.unify_dictionaries().chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(pa.int32(), pa.string()))


def _whole(column: Any) -> Any:
    """Return whole numbers as such: a column with an empty cell is often kept as floats, and 7.0 means 7."""
    import pyarrow as pa

    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column
