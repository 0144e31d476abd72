"""Guesses the separator and the quoting of a text table from its first lines."""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchsuite.errors import DataError
from benchsuite_tables.column_names import is_known
from benchsuite_tables.text_file import FETCH, LONGEST, TextFile, text_lines

SPACES = " "
"""The separator of tables whose cells stand between any white space."""

_SEPARATORS = ("\t", ",", ";", "|", "::")
_LINES = 1001
_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Dialect:
    """How the lines of a file are split into cells.

    Attributes:
        format: ``delimited``, ``columns`` (white space) or ``lists`` (a user and a list of items in each line).
        separator: what stands between cells; a blank where any white space does.
        quote: the quoting character, "" where quotes mean nothing.
        rows: the first rows as cells.
    """

    format: str
    separator: str
    quote: str
    rows: tuple[tuple[str, ...], ...]


def find_dialect(text: TextFile, separator: str, encoding: str) -> Dialect:
    """Find out how a file of text is laid out, from its first lines.

    Args:
        text: the file.
        separator: what stands between cells, as the user says, or "" to find it out.
        encoding: of the file.

    Raises:
        DataError: when it is empty or not in this encoding, or holds one column only.
    """
    lines = _first_lines(text, encoding)
    if not lines:
        raise DataError("is empty", where=text.name, remedy=FETCH)
    if separator == SPACES:
        return _spaced(lines)
    if separator:
        if separator not in lines[0]:
            what, remedy = f"has no {separator!r} in its first line", "say another separator, or none"
            raise DataError(what, where=f"{text.name}, line 1", remedy=remedy)
        return _split("delimited", separator, lines)
    found = [_split("delimited", mark, lines) for mark in _SEPARATORS if mark in lines[0]]
    even = [one for one in found if _is_even(one)]
    spaced = _spaced(lines)
    if (not even or _holds_spaced_numbers(even)) and _is_even(spaced) and _looks_plain(spaced):
        return spaced
    if even or found:
        # among separators that fit, the one that makes most cells: titles hold commas, but few tabs or bars
        return max(even or found, key=lambda one: (len(one.rows[0]), one.separator == "\t"))
    if spaced.quote or _lacks_a_name(spaced):
        return spaced  # whoever asks for the names says what is wrong
    if len(spaced.rows[0]) > 1 and _are_lists(spaced):
        return Dialect("lists", SPACES, "", spaced.rows)
    what = "has one column only, or an unknown separator"
    raise DataError(what, where=f"{text.name}, line 1", remedy="say separator = '...'")


def _first_lines(text: TextFile, encoding: str) -> list[str]:
    """Return the first lines that are not blank, without their ends."""
    lines: list[str] = []
    size = 0
    numbered = text_lines(text, encoding)
    for _, line in itertools.islice(numbered, _LINES):
        size += len(line)
        if line.strip():
            lines.append(line.rstrip("\r\n"))
        if size > _CHARACTERS:
            break
    numbered.close()
    return lines


def _spaced(lines: Sequence[str]) -> Dialect:
    """Split at white space; cells in quotes, as R writes them, need single blanks between them."""
    if lines[0].startswith('"'):
        quoted = _split("delimited", SPACES, lines)
        if quoted.quote:
            return quoted
    return _split("columns", SPACES, lines)


def _split(form: str, separator: str, lines: Sequence[str]) -> Dialect:
    if form == "columns":
        return Dialect(form, separator, "", tuple(tuple(line.split()) for line in lines))
    quote = _quote(separator, lines)
    if quote:
        return Dialect(form, separator, quote, tuple(_quoted_rows(separator, lines)))
    return Dialect(form, separator, "", tuple(tuple(line.split(separator)) for line in lines))


def _quote(separator: str, lines: Sequence[str]) -> str:
    """Return the quoting character: only where each cell that begins with one ends with one."""
    if len(separator) > 1:
        return ""
    if not any('"' in line for line in lines):
        # a table of plain ids and numbers; programs that write commas and semicolons quote where they must
        return '"' if separator in {",", ";"} else ""
    if separator in {",", ";"}:
        return "" if _quotes_swallow_rows(separator, lines) else '"'
    # between tabs and bars quotes are plain signs of titles, unless every line is well formed with them
    cell = rf'(?:"(?:[^"]|"")*"|[^"{re.escape(separator)}]*)'
    well_formed = re.compile(f"{cell}(?:{re.escape(separator)}{cell})*")
    return '"' if all(well_formed.fullmatch(line) for line in lines) else ""


def _quotes_swallow_rows(separator: str, lines: Sequence[str]) -> bool:
    """Return whether every line is a row by itself, while quotes would make one cell of pieces of several rows."""
    widths = {line.count(separator) for line in lines}
    if len(widths) > 1:
        return False
    return any("\n" in cell and separator in cell for row in _quoted_rows(separator, lines) for cell in row)


def _quoted_rows(separator: str, lines: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the rows of quoted cells; what cannot be split is left to the reader, which says where."""
    rows: list[tuple[str, ...]] = []
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator)
    with contextlib.suppress(csv.Error):
        rows.extend(tuple(cells) for cells in reader if cells)
    # a quote that is not closed takes all the lines to the end of the sample into its cell
    if len(rows) > 1 and any("\n" in cell for cell in rows[-1]):
        rows.pop()
    return rows or [tuple(lines[0][:LONGEST].split(separator))]


def _is_even(dialect: Dialect) -> bool:
    """Return whether (nearly) all rows have the same number of cells, and more than one."""
    widths = Counter(len(row) for row in dialect.rows)
    width, rows = widths.most_common(1)[0]
    return width > 1 and len(dialect.rows[0]) == width and rows >= 0.9 * len(dialect.rows)


def _holds_spaced_numbers(found: Sequence[Dialect]) -> bool:
    """Return whether first cells hold several numbers between blanks, as in ``1 1 2<TAB>97``."""
    return any(
        all(len(row[0].split()) > 1 and _are_numbers(row[0].split()) for row in one.rows[1:] or one.rows)
        and not any(_is_moment(cell) for cell in one.rows[-1])
        for one in found
    )


def _is_moment(cell: str) -> bool:
    from benchsuite_tables.times import is_date

    return is_date(cell)


def _looks_plain(dialect: Dialect) -> bool:
    """Return whether the cells between white space are ids and numbers, not words of a text."""
    width = len(dialect.rows[0])
    numeric = [all(_are_numbers([row[at]]) for row in dialect.rows[1:] if len(row) == width) for at in range(width)]
    names = sum(map(is_known, dialect.rows[0]))
    return width > 1 and (any(numeric) or names > 1 or width <= 3)  # noqa: PLR2004 - user, item, value


def _are_lists(dialect: Dialect) -> bool:
    """Return whether lines look like a user and his items: of different lengths, and each user once."""
    firsts = [row[0] for row in dialect.rows]
    return (
        min(len(row) for row in dialect.rows) > 1
        and len({len(row) for row in dialect.rows}) > 1
        and len(set(firsts)) == len(firsts)
    )


def _lacks_a_name(dialect: Dialect) -> bool:
    """Return whether the first line names columns, one less than each row has: R does not name the rows' names."""
    first, rows = dialect.rows[0], dialect.rows[1:]
    return bool(rows) and all(len(row) == len(first) + 1 for row in rows) and sum(map(is_known, first)) > 1


def _are_numbers(cells: Sequence[str]) -> bool:
    from benchsuite_tables.times import number

    return all(number(cell) is not None for cell in cells)
