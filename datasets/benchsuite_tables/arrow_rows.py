"""Arrow's reader of separated cells, with an end that tells whether a quote is open, and rows it leaves out."""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from benchsuite_tables.card_table import CardTable
from benchsuite_tables.text_file import BLOCK, END, TextFile

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = dict[str, str]
"""Columns that should hold numbers, and the arrow type to try first."""


def arrow_table(text: TextFile, table: CardTable, names: list[str], numbers: Numbers, others: OtherRows) -> pa.Table:
    """Return the wanted columns; rows with another number of cells go to ``others``.

    Raises:
        pyarrow.ArrowInvalid, UnicodeDecodeError: when a cell or the file is not what it should be.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    texts = pa.dictionary(pa.int32(), pa.string())
    kinds = {name: pa.type_for_alias(numbers[name]) if name in numbers else texts for name in table.wanted}
    with text.open() as file, _Held(file, others.end).told() as held, others.decoded():
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
                newlines_in_values=bool(others.end),
                invalid_row_handler=others.append_row,
            ),
            arrow_csv.ConvertOptions(
                include_columns=list(table.wanted),
                column_types=kinds,
                null_values=list(table.missing),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
        others.broken = held.lines > found.num_rows + others.count + (1 if table.header else 0)
        return found


class _Held:
    """A file that ends where it cannot be read, and tells why afterwards.

    Arrow reads in a thread of its own; what is raised there may keep the process from ever ending.
    """

    closed = False

    def __init__(self, file: IO[bytes], end: bytes = b"") -> None:
        self._file = file
        self._end = end
        self._error: Exception | None = None
        self.lines = 0
        self._last = b"\n"

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; nothing after an error."""
        try:
            data = b"" if self._error is not None else self._file.read(size)
        except Exception as error:  # noqa: BLE001 - raised again by told()
            self._error = error
            return b""
        if not data:
            self.lines += self._last != b"\n"
            self._last = b"\n"
            data, self._end = self._end, b""
        elif self._end:
            self.lines += data.count(b"\n")
            self._last = data[-1:]
        return data

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


def may_break_lines(text: TextFile, table: CardTable) -> bool:
    """Return whether cells may hold line ends; without a quote in the file none does, and blocks are split faster."""
    if not table.quote or text.packed:
        return bool(table.quote)
    quote = table.quote.encode()
    with text.open() as file:
        if table.header:
            file.readline(BLOCK)
        return any(quote in block for block in iter(partial(file.read, BLOCK), b""))


class OtherRows:
    """Collects rows with too few or too many cells while the fast reader leaves them out.

    One such row is put behind the end of the file, which tells whether a quote is open there.

    Attributes:
        end: what is put behind the end.
        ended: whether it came out as a row.
        broken: whether the file has more lines than rows: some cells hold line ends, or lines are blank.
        rows: the last two of the rows.
        count: of the rows.
    """

    def __init__(self, names: list[str], table: CardTable, *, quoted: bool) -> None:
        self._row = table.separator.join([END] * (len(names) + 1))
        self.end = f"\n{self._row}\n".encode() if quoted else b""
        self.ended = False
        self.broken = False
        self.count = 0
        self.rows: deque[str] = deque(maxlen=2)

    @contextlib.contextmanager
    def decoded(self) -> Iterator[None]:
        """Raise UnicodeDecodeError for a row that cannot be decoded; arrow itself would only print it."""
        before = sys.unraisablehook
        failed: list[UnicodeDecodeError] = []

        def hook(told: Any) -> None:
            if isinstance(told.exc_value, UnicodeDecodeError):
                failed.append(told.exc_value)
            else:
                before(told)

        sys.unraisablehook = hook
        try:
            yield
        finally:
            sys.unraisablehook = before
        if failed:
            raise failed[0]

    def append_row(self, row: Any) -> str:
        """Take one row from the reader and let it go on."""
        if self.end and row.text.strip("\r\n") == self._row:
            self.ended = True
        else:
            self.rows.append(row.text)
            self.count += 1
        return "skip"
