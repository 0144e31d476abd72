"""The other formats of tables: ``user item item ...`` lines, JSON lines, Parquet."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.errors import DataError
from benchsuite_datasets.card import Table
from benchsuite_datasets.text import FETCH, Text, check_names, short, text_lines, to_frame

if TYPE_CHECKING:
    import pandas as pd

_ROW = "correct the row"
_CELL = "correct the cell"


def read_lists(text: Text, table: Table, _numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read lines of a user and the items he took into the columns ``user`` and ``item``; there is nothing else."""
    import pandas as pd

    users: list[str] = []
    counts: list[int] = []
    items: list[str] = []
    for _, line in text_lines(text, table.encoding):
        cells = line.split()
        if cells:
            users.append(cells[0])
            counts.append(len(cells) - 1)
            items += cells[1:]
    who, user_names = pd.factorize(np.array(users, dtype=object))
    what, item_names = pd.factorize(np.array(items, dtype=object))
    return pd.DataFrame(
        {
            "user": pd.Categorical.from_codes(np.repeat(who, counts), pd.Index(user_names.tolist(), dtype=str)),
            "item": pd.Categorical.from_codes(what, pd.Index(item_names.tolist(), dtype=str)),
        }
    )


def json_rows(text: Text) -> Generator[tuple[int, dict[str, Any]], None, None]:
    """Yield (line, object) of every line that is not blank.

    Raises:
        DataError: when a line is no JSON object.
    """
    for line, row in text_lines(text, "utf-8"):
        if not row.strip():
            continue
        where = f"{text.name}, line {line}"
        try:
            value = json.loads(row)
        except (ValueError, RecursionError) as error:
            raise DataError(f"is not JSON: {error}", where=where, remedy=_ROW) from None
        if not isinstance(value, dict):
            raise DataError("is not a JSON object", where=where, remedy=_ROW)
        yield line, value


def read_jsonl(text: Text, table: Table, numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read JSON lines; a key that a line lacks is a missing cell, a key that every line lacks is an error."""
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [] for name in table.wanted}
    seen: set[str] = set()
    rows = 0
    for line, value in json_rows(text):
        rows += 1
        seen |= value.keys()
        for name, cells in columns.items():
            cell = value.get(name)
            if name not in numbers:
                cells.append(_plain(cell, table))
            elif cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)):
                cells.append(cell)
            else:
                where = f"{text.name}, line {line}, column {name}"
                raise DataError(f"{short(cell)} is not a number", where=where, remedy=_CELL)
    if rows:
        check_names(sorted(seen), text, table)
    return pd.DataFrame(
        {
            name: pd.Series(cells, dtype="float64") if name in numbers else pd.Categorical(cells)
            for name, cells in columns.items()
        }
    )


def _plain(cell: Any, table: Table) -> str | None:
    """Return a JSON value as text: lists are joined, objects are written as JSON."""
    if cell is None:
        return None
    if isinstance(cell, list):
        text = table.join.join(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in cell)
    else:
        text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    return None if text in table.missing else text


def read_parquet(text: Text, table: Table, numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read the wanted columns of a Parquet file; whole numbers and the like become text where text is wanted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not text.path.is_file():
        raise DataError("no such file", where=text.name, remedy=FETCH)
    try:
        check_names(pq.read_schema(text.path).names, text, table)
        found = pq.read_table(text.path, columns=list(table.wanted))
        columns = {}
        for name in table.wanted:
            column = found[name]
            if name in numbers:
                columns[name] = column.cast(pa.float64())
            else:
                columns[name] = column.cast(pa.string()).dictionary_encode()
        return to_frame(pa.table(columns))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot be read: {str(error)[:200]}", where=text.name, remedy=FETCH) from None
