"""Messy tables of text: separators, quotes, headers, encodings, ends of lines, and what else goes wrong."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from random import Random

from support.messy_cells import IDS, Cell, Column
from support.messy_content import FOREIGN, Content, MessyTable, contents, named_columns, names_of

_ENDINGS = {
    ",": ("csv", "txt"),
    ";": ("csv", "txt"),
    "\t": ("tsv", "txt", "csv", "data"),
    "|": ("csv", "txt", "dat"),
    "::": ("dat", "txt"),
    " ": ("txt", "dat"),
    "blanks": ("txt", "dat"),
    "a blank and a tab": ("txt",),
}
_SPACED = {" ", "blanks", "a blank and a tab"}
_QUOTES = ("one title is a quote", "titles are quotes", "title with quotes")
HEADERS = ("usual", "usual", "usual", "usual", "usual", "usual", "index", "Unnamed: 0", "row id", "RecBole", "none",
           "none", "time second", "numbers of pandas", "foreign")  # fmt: skip
CLEAR_HEADERS = {"usual", "index", "Unnamed: 0", "row id", "RecBole"}
ODDITIES = ("gzip", "no last end of line", "blank lines between", "blank lines after", "blank line before",
            "comment lines", "separators after", "separators after rows only", "blanks after separators")  # fmt: skip
_UNCLEAR_ODDITIES = {"blank line before", "separators after rows only"}
_PLAIN_VALUES = {"ratings", "half stars", "counts", "negatives", "0 and 1"}
_PLAIN_TIMES = {"none", "s", "ms", "us", "iso", "iso with a blank", "iso, UTC", "iso, zones", "iso dates"}
_POSITIONS = 4


def texts(rng: Random) -> MessyTable:
    """Draw a table of separated cells."""
    separator = rng.choice((",", ",", *_ENDINGS))
    encoding = rng.choice((*["utf-8"] * 8, "utf-8-sig", "latin-1", "cp1252", "utf-16"))
    kinds = {"latin-1": ("latin",), "cp1252": ("cp1252",)}.get(encoding, IDS)
    if separator in _SPACED and encoding in {"latin-1", "cp1252"}:
        encoding, kinds = "utf-8", IDS
    content = contents(rng, blanks=separator not in _SPACED, id_kinds=kinds)
    header = rng.choice(HEADERS)
    if separator == "a blank and a tab":
        header = "none"
    if header == "RecBole":
        separator = "\t"
    oddities = rng.sample(ODDITIES, rng.choice((0, 0, 1, 1, 2)))
    return write_text(
        content,
        names_of(rng, content),
        separator=separator,
        encoding=encoding,
        header=header,
        foreign=rng.choice(FOREIGN if encoding.startswith("utf") else FOREIGN[:3]),
        quoting=rng.choice(("minimal", "minimal", "all", "raw")),
        end=rng.choice(("\n", "\n", "\r\n")),
        oddities=oddities,
        ending=rng.choice(_ENDINGS[separator]),
        rng=rng,
    )


def write_text(
    content: Content,
    names: dict[str, str],
    *,
    separator: str = ",",
    encoding: str = "utf-8",
    header: str = "usual",
    foreign: Sequence[str] = (),
    quoting: str = "minimal",
    end: str = "\n",
    oddities: Sequence[str] = (),
    ending: str = "csv",
    rng: Random,
) -> MessyTable:
    """Return a table of separated cells.

    Args:
        content: its columns.
        names: the columns' names by role.
        separator: what stands between cells.
        encoding: of the text.
        header: how the columns are named, one of :data:`HEADERS`.
        foreign: names for the header "foreign".
        quoting: "minimal" (as the csv module does), "all", or "raw": quotes in cells are written as they are.
        end: of each line.
        oddities: of :data:`ODDITIES`.
        ending: of the file's name.
        rng: decides where blanks and columns go.
    """
    if header == "foreign":
        names = dict(zip(("user", "item", "value", "time"), foreign, strict=True))
    if separator in _SPACED:
        names = {role: name.replace(" ", "_") for role, name in names.items()}
        header = "usual" if header == "Unnamed: 0" else header
    columns = _ordered(content, names, header, rng)
    rows = [list(cells) for cells in zip(*([cell.text for cell in column] for _, column in columns), strict=True)]
    if header not in {"none", "time second"}:
        rows.insert(0, [name for name, _ in columns])
    quoting = _possible_quoting(rows, separator, quoting)
    oddities = [one for one in oddities if _possible(one, separator, quoting, header)]
    lines = [_line(row, separator, quoting, rng) for row in rows]
    lines, before = _odd_lines(lines, separator, oddities, rng, names=header not in {"none", "time second"})
    data = (before + end.join(lines) + ("" if "no last end of line" in oddities else end)).encode(encoding)
    name = f"ratings.{'inter' if header == 'RecBole' else ending}"
    if "gzip" in oddities:
        data, name = gzip.compress(data, mtime=0), f"{name}.gz"
    raw = quoting == "raw" and content.kinds["extra"] in _QUOTES
    unclosed = raw and separator in {",", ";"} and content.kinds["extra"] in _QUOTES[:2]
    told = {
        "separator": {"\t": "tab", " ": "blank"}.get(separator, separator),
        "encoding": encoding,
        "header": header,
        "quotes": quoting,
    }
    told |= {"end": "CR LF" if end == "\r\n" else "LF"} | content.kinds | ({"unclosed": "quote"} if unclosed else {})
    return MessyTable(
        name,
        data,
        content.rows(),
        (*(f"{key}: {kind}" for key, kind in told.items()), *(f"odd: {one}" for one in oddities)),
        clear=content.clear
        and not unclosed
        and encoding in {"utf-8", "utf-8-sig"}
        and separator != "a blank and a tab"
        and not (separator in _SPACED and header == "index")
        and not set(oddities) & _UNCLEAR_ODDITIES
        and (header in CLEAR_HEADERS or (header == "none" and _is_plain(content))),
        faulty=content.faulty,
    )


def _is_plain(content: Content) -> bool:
    """Return whether user, item, value and perhaps time can be told by their cells and places alone."""
    kinds = content.kinds
    few = kinds["extra"] == "none" or not content.time
    return kinds["value"] in _PLAIN_VALUES and kinds["time"] in _PLAIN_TIMES and few


def _ordered(content: Content, names: dict[str, str], header: str, rng: Random) -> list[tuple[str, Column]]:
    """Return (name, cells) of each column in the order of the file."""
    columns = named_columns(content, names)
    numbers = [Cell(None, str(at), at) for at in range(len(content.user))]
    if header in {"none", "time second", "numbers of pandas"}:
        if not (content.value and content.time):
            # nobody could tell a price in the third place from a rating
            content.extra.clear()
            content.kinds["extra"] = "none"
            columns = named_columns(content, names)
        if header == "time second" and content.time:
            columns.insert(1, columns.pop(2 + bool(content.value)))
        if header == "numbers of pandas":
            return [("", numbers), *((str(at), cells) for at, (_, cells) in enumerate(columns))]
        return columns
    rng.shuffle(columns)
    if header == "RecBole":
        types = {names["value"]: "float", names["time"]: "float"}
        return [(f"{name}:{types.get(name, 'token')}", cells) for name, cells in columns]
    first = {"index": "", "Unnamed: 0": "Unnamed: 0", "row id": "id"}.get(header)
    return columns if first is None else [(first, numbers), *columns]


def _possible_quoting(rows: list[list[str]], separator: str, quoting: str) -> str:
    """Return a way to quote that keeps the table's meaning."""
    if separator in {*_SPACED, "::"}:
        return "raw"
    if quoting == "raw" and any(separator in cell for row in rows for cell in row):
        return "minimal"
    return quoting


def _possible(oddity: str, separator: str, quoting: str, header: str) -> bool:
    """Return whether a table can have an oddity and keep its meaning."""
    if oddity == "blanks after separators":
        return separator in {",", ";"} and quoting == "raw"
    if oddity == "separators after rows only":
        return separator not in _SPACED and header in {"usual", "RecBole", "foreign"}
    if oddity == "separators after":
        return separator not in _SPACED and header != "RecBole"
    return True


def _line(row: list[str], separator: str, quoting: str, rng: Random) -> str:
    if separator == "a blank and a tab":
        return "".join(f"{cell}{' ' if at < len(row) - 2 else chr(9)}" for at, cell in enumerate(row)).rstrip()
    if separator == "blanks":
        return row[0] + "".join(" " * rng.randint(1, 4) + cell for cell in row[1:])
    if quoting == "raw":
        return separator.join(row)
    out = io.StringIO()
    how = csv.QUOTE_ALL if quoting == "all" else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=separator, quoting=how, lineterminator="").writerow(row)
    return out.getvalue()


def _odd_lines(
    lines: list[str], separator: str, oddities: Sequence[str], rng: Random, *, names: bool
) -> tuple[list[str], str]:
    """Return the lines and what stands before them."""
    lines = list(lines)
    if "blanks after separators" in oddities:
        lines = [line.replace(separator, f"{separator} ") for line in lines]
    if "separators after" in oddities:
        lines = [line + separator for line in lines]
    elif "separators after rows only" in oddities:
        lines = [line + separator * (at >= names) for at, line in enumerate(lines)]
    if "blank lines between" in oddities:
        for _ in range(3):
            lines.insert(rng.randint(1, len(lines) - 1), "")
    if "blank lines after" in oddities:
        lines += ["", ""]
    if "comment lines" in oddities:
        sign = rng.choice("#%")
        lines = [f"{sign} exported 2020-01-31", f"{sign} by hand", *lines]
    return lines, "\n" if "blank line before" in oddities else ""
