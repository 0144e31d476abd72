"""The other formats of tables: ``user item item ...`` lines, JSON lines, Parquet."""

from __future__ import annotations

import ast
import contextlib
import json
import math
from array import array
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import unpacking
from benchsuite.errors import DataError
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.text_file import FETCH, TextFile, check_names, shorten, text_lines, to_frame

if TYPE_CHECKING:
    import pandas as pd

_ROW = "correct the row"
_CELL = "correct the cell"


def read_lists(text: TextFile, table: CardTable, _numbers: tuple[str, ...]) -> pd.DataFrame:
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


def json_rows(text: TextFile, form: str = "jsonl") -> Generator[tuple[int, dict[str, Any]], None, None]:
    """Yield (line, object) of every line that is not blank.

    Args:
        text: the file.
        form: ``jsonl``, or ``pythonl`` for lines that Python's ``repr`` wrote (``{u'user': u'x'}``), as some old
            files have them; only literals are read, nothing is run.

    Raises:
        DataError: when a line is no such object.
    """
    kind, parse = ("Python literal", ast.literal_eval) if form == "pythonl" else ("JSON", json.loads)
    for line, row in text_lines(text, "utf-8"):
        if not row.strip():
            continue
        where = f"{text.name}, line {line}"
        try:
            value = parse(row.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            raise DataError(f"is not {kind}: {str(error)[:200]}", where=where, remedy=_ROW) from None
        if not isinstance(value, dict):
            raise DataError(f"is not a {kind} object", where=where, remedy=_ROW)
        yield line, value


class _Cells:
    """One column of text while it is read: each different cell is kept once, each row as a number."""

    def __init__(self) -> None:
        self._codes = array("i")
        self._place: dict[str, int] = {}

    def append(self, cell: str | None) -> None:
        """Add a row."""
        self._codes.append(-1 if cell is None else self._place.setdefault(cell, len(self._place)))

    def column(self) -> pd.Categorical[str]:
        """Return the rows read so far."""
        import pandas as pd

        return pd.Categorical.from_codes(np.array(self._codes, np.int32), pd.Index(list(self._place), dtype=str))


def read_jsonl(text: TextFile, table: CardTable, numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read JSON lines; a key that a line lacks is a missing cell, a key that every line lacks is an error."""
    import pandas as pd

    texts = {name: _Cells() for name in table.wanted if name not in numbers}
    floats = {name: array("d") for name in table.wanted if name in numbers}
    seen: set[str] = set()
    rows = 0
    for line, value in json_rows(text, table.format):
        rows += 1
        seen |= value.keys()
        for name, cells in texts.items():
            cells.append(_plain(value.get(name), table))
        for name, column in floats.items():
            column.append(_number(value.get(name), f"{text.name}, line {line}, column {name}"))
    if rows:
        check_names(sorted(map(str, seen)), text, table)
    return pd.DataFrame(
        {name: texts[name].column() if name in texts else np.array(floats[name]) for name in table.wanted}
    )


def _number(cell: Any, where: str) -> float:
    """Return a JSON number, NaN for null."""
    if cell is None:
        return math.nan
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        with contextlib.suppress(OverflowError):
            return float(cell)
    raise DataError(f"{shorten(cell)} is not a number", where=where, remedy=_CELL)


def _plain(cell: Any, table: CardTable) -> str | None:
    """Return a JSON value as text: lists are joined, objects are written as JSON."""
    if cell is None:
        return None
    if isinstance(cell, list):
        text = table.join.join(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in cell)
    else:
        text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    return None if text in table.missing else text


def read_parquet(text: TextFile, table: CardTable, numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read the wanted columns of a Parquet file; whole numbers and the like become text where text is wanted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not text.path.is_file():
        raise DataError("no such file", where=text.name, remedy=FETCH)
    try:
        check_names(pq.read_schema(text.path).names, text, table)
        found = unpacking.read_parquet(text.path, table.wanted)
        columns = {}
        for name in table.wanted:
            column = found[name]
            if name in numbers:
                columns[name] = column.cast(pa.float64())
            else:
                columns[name] = _texts(column)
        return to_frame(pa.table(columns))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot be read: {str(error)[:200]}", where=text.name, remedy=FETCH) from None


def _texts(column: Any) -> Any:
    """Return a column as texts, each different one kept once."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column.cast(pa.string()).dictionary_encode()
    # casting the whole column would write out every row
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(pa.string()))
        for chunk in column.unify_dictionaries().chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(pa.int32(), pa.string()))
