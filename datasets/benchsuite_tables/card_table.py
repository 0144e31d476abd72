"""How one table is read and what its columns mean, as plain checked values."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from benchsuite.errors import DataError
from benchsuite_tables.card_parts import Inside, Strict

_Part = TypeVar("_Part", bound=Strict)

OnBad = Literal["stop", "drop"]
"""Stop with an error, or leave the row out and count it."""

_REMEDY = "correct the card, or the settings it was made of"

UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
"""How times since 1970 may be counted, and how many of each make a second."""

NOT_KNOWN = frozenset({"NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "NaT", "\\N"})
"""What programs write for a cell that is not known: R, spreadsheets, pandas, databases, Python."""

IDS = ("user", "item", "other", "id")
"""Our names of columns that hold ids."""


def _time(form: str) -> str:
    """Refuse what is no way to write a time."""
    if form not in {*UNITS, "iso"}:
        if "%" not in form:
            raise ValueError(f"{form!r} is none of {', '.join(UNITS)}, iso and no pattern like '%d-%m-%Y'")
        datetime.strptime(datetime(2000, 1, 2, tzinfo=UTC).strftime(form), form).replace(tzinfo=UTC)
    return form


class Drop(Strict):
    """Rows of a file that are no events at all.

    Attributes:
        column: the file's column that tells.
        cells: what stands there in such rows.
        pattern: or what its cells match in such rows, as a regular expression.
        missing: or that the cell is empty there.
        why: what these rows are, after the word "drop".
    """

    column: str
    cells: tuple[str, ...] = ()
    pattern: str = ""
    missing: bool = False
    why: str

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if [bool(self.cells), bool(self.pattern), self.missing].count(True) != 1:
            raise ValueError("a drop needs one of cells, pattern and missing")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return self


class Lookup(Strict):
    """A table that turns a code into words, e.g. a diagnosis code into its title.

    Attributes:
        table: where the words are; its columns must be ``id`` and ``text``.
        column: which of our columns holds codes to replace.
    """

    table: CardTable
    column: str


class CardTable(Strict):
    """One table of a file: how to read it and what its columns mean.

    Attributes:
        file: the file's name; with ``from_rows`` there is none.
        member: file inside a zip, where the file is one.
        format: ``delimited`` (CSV and the like), ``columns`` (cells between any white space), ``lists``
            (``user item item ...`` lines), ``matrix`` (a row for each user, a column for each item), ``json`` (an array
            of objects), ``jsonl``, ``pythonl`` (lines of Python literals), ``parquet``.
        separator: what stands between two cells.
        quote: the quoting character, "" where quotes mean nothing.
        escape: what makes the next sign plain, "" for nothing.
        skip: how many lines come before the table.
        header: whether the first line (behind those) names the columns.
        names: the columns' names where there is no header.
        encoding: of the text.
        row_begins: what the first column of a matrix holds: ``user`` (the id; else users are numbered from 1),
            ``count`` (how many values the row has, which is checked) or "" where it is an item's.
        cut: whether the file was cut off in its last line, whose last cells are then missing.
        missing: cells that mean "not known".
        columns: the file's column by our name for it: ``user``, ``item``, ``value``, ``timestamp``, ``behaviour`` in
            interactions; ``id`` and any text column in user and item tables; ``user``, ``other`` in links.
        numbers: text columns whose cells are whole numbers, perhaps written ``17850.0`` or ``007``: 7, 7.0 and 007
            are one id.
        decimal: the sign before the decimals of a number.
        trim: whether ids lose blanks around them.
        on_bad_row: whether a row with a bad cell, or with too many or too few cells, is an error or is left out.
        on_missing: whether a row with an empty number or time is an error or is left out.
        time: ``s``, ``ms``, ``us``, ``ns`` (since 1970), ``iso``, or a ``strptime`` format such as ``%d-%m-%Y`` or
            ``%Y%m%d``. Local times without a zone are read as UTC; a Parquet column of times needs none of these.
        ordered: whether the rows of each user stand in the order of time, oldest first, in a table without times.
        part: name of the published part the rows belong to (``train``, ``test``).
        from_rows: for user and item tables: take the columns from the interaction rows, most frequent text first.
        collect: join several rows of one id, distinct values in the order of the file, rather than keep the first.
        join: what stands between joined values.
        top: how many of the joined values are kept at most, 0 for all.
        replace: pieces of text to replace, by column: ``{ genres = { "|" = ", " } }``.
        words: whole cells to replace, by column: ``{ gender = { M = "male" } }``.
        flags: text columns made of the names of the file's columns whose cell is 1: ``{ genres = ["Action"] }``.
        html: whether cells hold markup and character references, which are taken out of texts.
        lookup: words for codes; in interactions, what replaces the codes of a column (an order by its user).
        explode: what stands between several items (in links: other users) in one cell; each makes a row of its own.
        mark: what stands between an exploded item and its behaviour, e.g. ``-`` in ``N55689-1``.
        drops: rows that are no events.
    """

    file: Inside | Literal[""] = ""
    member: Inside | Literal[""] = ""
    format: Literal["delimited", "columns", "lists", "matrix", "json", "jsonl", "pythonl", "parquet"] = "delimited"
    separator: Annotated[str, Field(min_length=1, max_length=4)] = ","
    quote: Literal['"', ""] = '"'
    escape: Literal["\\", ""] = ""
    skip: Annotated[int, Field(ge=0)] = 0
    header: bool = True
    names: tuple[str, ...] = ()
    encoding: Literal["utf-8", "latin-1", "cp1252"] = "utf-8"
    row_begins: Literal["", "user", "count"] = ""
    cut: bool = False
    missing: tuple[str, ...] = ("",)
    columns: dict[str, str] = Field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    trim: bool = True
    on_bad_row: OnBad = "stop"
    on_missing: OnBad = "stop"
    time: Annotated[str, AfterValidator(_time)] = "s"
    ordered: bool = False
    part: str = ""
    from_rows: bool = False
    collect: bool = False
    join: str = ", "
    top: Annotated[int, Field(ge=0)] = 0
    replace: dict[str, dict[str, str]] = Field(default_factory=dict)
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    flags: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    html: bool = False
    lookup: Lookup | None = None
    explode: str = ""
    mark: str = ""
    drops: tuple[Drop, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The file's columns that are read."""
        flags = (name for names in self.flags.values() for name in names)
        return tuple(dict.fromkeys((*self.columns.values(), *flags, *(drop.column for drop in self.drops))))

    @property
    def ids(self) -> frozenset[str]:
        """The file's columns that hold ids."""
        return frozenset(self.columns[role] for role in IDS if role in self.columns)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.from_rows == bool(self.file):
            raise ValueError("a table needs either file or from_rows = true")
        if self.format in {"delimited", "columns"} and self.file and self.header == bool(self.names):
            raise ValueError("names are given exactly where header = false")
        if self.ordered and "timestamp" in self.columns:
            raise ValueError("ordered is for tables without times; leave it out, or the timestamp")
        unknown = set(self.wanted) - set(self.names)
        if self.names and unknown:
            raise ValueError(f"columns {sorted(unknown)} are not among names")
        return self


def table_of(table: dict[str, Any], where: str) -> CardTable:
    """Check the plain values of one table.

    Raises:
        DataError: for a value that does not fit, naming the key.
    """
    return checked(CardTable, table, where)


def checked(kind: type[_Part], table: dict[str, Any], where: str) -> _Part:
    """Return a part of a card, checked.

    Raises:
        DataError: for an unknown key or a value that does not fit, naming the key.
    """
    try:
        return kind.model_validate_json(_json(table))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        what = message[:1].lower() + message[1:]
        raise DataError(what, where=f"{where}, key {key}" if key else where, remedy=_REMEDY) from None


def _json(table: dict[str, Any]) -> str:
    """Return JSON, where pydantic's strict mode takes lists for tuples."""
    return json.dumps(table, default=str)
