"""Tables of separated cells: fast where all is well, slow and exact where something is wrong."""

from __future__ import annotations

import contextlib
import csv
from collections import deque
from collections.abc import Generator, Iterator
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from benchsuite.errors import DataError
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.text_file import (
    BLOCK,
    CELLS,
    FETCH,
    LONGEST,
    TextFile,
    check_names,
    shorten,
    text_lines,
    to_frame,
)

if TYPE_CHECKING:
    import pandas as pd

Numbers = tuple[str, ...]


def read_delimited(text: TextFile, table: CardTable, numbers: Numbers) -> pd.DataFrame:
    """Read a table of separated cells; see :func:`benchsuite_tables.strict_tables.read_table`."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    if len(table.separator) > 1 or table.format == "columns":
        return _slow(text, table, numbers)
    names = list(table.names) or _header(text, table)
    columns = {
        name: pa.float64() if name in numbers else pa.dictionary(pa.int32(), pa.string()) for name in table.wanted
    }
    skipped = _ShortRows()
    try:
        with text.open() as file, _Held(file).told() as held:
            found = arrow_csv.read_csv(
                pa.PythonFile(held, mode="r"),
                arrow_csv.ReadOptions(
                    column_names=names,
                    skip_rows=1 if table.header else 0,
                    encoding=table.encoding,
                    block_size=BLOCK,
                ),
                arrow_csv.ParseOptions(
                    delimiter=table.separator,
                    quote_char=table.quote or False,
                    escape_char=table.escape or False,
                    newlines_in_values=_may_break_lines(text, table),
                    invalid_row_handler=skipped.append_row if table.cut else None,
                ),
                arrow_csv.ConvertOptions(
                    include_columns=list(table.wanted),
                    column_types=columns,
                    null_values=list(table.missing),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _explain(text, table, names, numbers, str(error)) from None
    frame = to_frame(found)
    return _with_cut_line(frame, text, table, names, skipped.rows) if skipped.rows else frame


class _Held:
    """A file that ends where it cannot be read, and tells why afterwards.

    Arrow reads in a thread of its own; what is raised there may keep the process from ever ending.
    """

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; nothing after an error."""
        try:
            return b"" if self._error is not None else self._file.read(size)
        except Exception as error:  # noqa: BLE001 - raised again by told()
            self._error = error
            return b""

    def close(self) -> None:
        """Leave the file to whoever opened it."""

    @contextlib.contextmanager
    def told(self) -> Iterator[_Held]:
        """Raise at the end what reading raised, in place of what came of half a file."""
        try:
            yield self
        finally:
            if self._error is not None:
                raise self._error


def _may_break_lines(text: TextFile, table: CardTable) -> bool:
    """Return whether cells may hold line ends; without a quote in the file none does, and blocks are split faster."""
    if not table.quote or text.packed:
        return bool(table.quote)
    quote = table.quote.encode()
    with text.open() as file:
        if table.header:
            file.readline(BLOCK)
        return any(quote in block for block in iter(partial(file.read, BLOCK), b""))


class _ShortRows:
    """Collects rows with too few cells while the fast reader leaves them out."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def append_row(self, row: Any) -> str:
        """Take one row from the reader and let it go on."""
        self.rows.append(row.text)
        return "skip" if row.actual_columns < row.expected_columns else "error"


def _with_cut_line(
    frame: pd.DataFrame, text: TextFile, table: CardTable, names: list[str], rows: list[str]
) -> pd.DataFrame:
    """Append the last line of a file that was cut off there; any other short line is an error."""
    import pandas as pd

    last = deque((line for _, line in text_lines(text, table.encoding)), maxlen=1).pop()
    if rows != [last.rstrip("\r\n")]:
        raise _explain(text, table, names, (), "a row has too few cells")
    cells = dict(zip(names, next(csv.reader(rows, delimiter=table.separator)), strict=False))
    columns: dict[str, Any] = {}
    for name in map(str, frame):
        cell = None if cells.get(name, "") in ("", *table.missing) else cells[name]
        column = frame[name].astype(object).where(frame[name].notna(), None)
        columns[name] = pd.Series([*column, cell], dtype=frame[name].dtype.name)
    return pd.DataFrame(columns)


def _header(text: TextFile, table: CardTable) -> list[str]:
    """Return the column names of the first line; all wanted ones must be among them."""
    with contextlib.closing(text_lines(text, table.encoding)) as lines:
        line = next((line for _, line in lines), "")
    names = line.rstrip("\r\n")
    if not names.strip():
        raise DataError("the first line is empty" if line else "is empty", where=text.name, remedy=FETCH)
    if table.format == "columns":
        cells = names.split()
    elif table.quote and len(table.separator) == 1:
        cells = next(csv.reader([names], delimiter=table.separator))
    else:
        cells = names.split(table.separator)
    check_names(cells, text, table)
    return cells


def delimited_rows(text: TextFile, table: CardTable) -> Generator[tuple[int, list[str]], None, None]:
    """Yield (line, cells) of every row below the header, slowly and strictly.

    Raises:
        DataError: when a line cannot be decoded or split; with file and line.
    """
    if not table.quote or len(table.separator) > 1 or table.format == "columns":
        separator = None if table.format == "columns" else table.separator
        for line, row in text_lines(text, table.encoding):
            plain = row.rstrip("\r\n")
            if plain and (line > 1 or not table.header):
                yield line, plain.split(separator)
        return
    lines = (row for _, row in text_lines(text, table.encoding))
    reader = csv.reader(lines, delimiter=table.separator, escapechar=table.escape or None, strict=True)
    line = 0
    try:
        for cells in reader:
            first, line = line + 1, reader.line_num
            if cells and (first > 1 or not table.header):
                yield first, cells
    except csv.Error as error:
        where, why = f"{text.name}, line {line + 1}", f"cannot be split into cells: {error}"
        if "field limit" in str(error):
            why = f"a cell is longer than {LONGEST:,} characters"
        raise DataError(why, where=where, remedy=CELLS) from None


def _checked(text: TextFile, table: CardTable, names: list[str], numbers: Numbers) -> Iterator[tuple[int, list[str]]]:
    """Yield rows that have the right number of cells, with numbers where there must be numbers."""
    where_number = [(names.index(name), name) for name in numbers]
    for line, cells in delimited_rows(text, table):
        if len(cells) != len(names):
            what = f"{len(cells)} columns instead of {len(names)}"
            raise DataError(what, where=f"{text.name}, line {line}", remedy=CELLS)
        for at, name in where_number:
            if cells[at] not in table.missing and not _is_number(cells[at]):
                what = f"{shorten(cells[at])} is not a number"
                raise DataError(what, where=f"{text.name}, line {line}, column {name}", remedy="correct the cell")
        yield line, cells


def _explain(text: TextFile, table: CardTable, names: list[str], numbers: Numbers, fallback: str) -> DataError:
    """Find the first bad row; the fast reader only says that there is one."""
    try:
        for _ in _checked(text, table, names, numbers):
            pass
    except DataError as error:
        return error
    return DataError(fallback[:200], where=text.name, remedy=CELLS)


def _slow(text: TextFile, table: CardTable, numbers: Numbers) -> pd.DataFrame:
    """Read a table whose separator is longer than one character."""
    import pandas as pd

    names = list(table.names) or _header(text, table)
    wanted = [(name, names.index(name)) for name in table.wanted]
    columns: dict[str, list[str | None]] = {name: [] for name, _ in wanted}
    missing = set(table.missing)
    for _, cells in _checked(text, table, names, numbers):
        for name, at in wanted:
            columns[name].append(None if cells[at] in missing else cells[at])
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype="float64") if name in numbers else pd.Categorical(values)
            for name, values in columns.items()
        }
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
