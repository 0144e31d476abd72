"""What kind of file a table is in, from its first bytes; the file's name is not believed."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import zipfile
from pathlib import Path
from typing import Literal

from benchsuite.errors import DataError
from benchsuite_tables.column_names import is_known
from benchsuite_tables.text_file import FETCH, TextFile, text_lines

FileKind = Literal["text", "json", "jsonl", "pythonl", "parquet"]
"""``text`` has cells in lines; which ones, :mod:`benchsuite_tables.dialect` finds out."""

COMMENTS = ("%", "#")
"""What lines of comment begin with."""

_HEAD = 1 << 16
_AS_CSV = "save it as CSV or Parquet"
_UNPACK = "unpack it first"

_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", "save the sheet as CSV (UTF-8)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _AS_CSV),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"ARROW1", "an Arrow (Feather) file", "save it as Parquet"),
    (b"Obj\x01", "an Avro file", _AS_CSV),
    (b"ORC", "an ORC file", "save it as Parquet"),
    (b"\x93NUMPY", "a NumPy array", "name it as item_features or user_features, or save the rows as CSV"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard", "give its name the ending .zst"),
    (b"\x1f\x8b", "compressed by gzip", "give its name the ending .gz"),
    (b"PK\x03\x04", "a zip", "give its name the ending .zip"),
    (b"BZh", "compressed by bzip2", _UNPACK),
    (b"\xfd7zXZ\0", "compressed by xz", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"%PDF", "a PDF", _AS_CSV),
    (b"RDX", "an R workspace", "save the table as CSV"),
    (b"$FL2", "an SPSS file", _AS_CSV),
    (b"MATLAB", "a MATLAB file", _AS_CSV),
)
_NUMBER = r"[-+]?[\d.]+(?:[eE][-+]?\d+)?"
_LIBSVM = re.compile(rf"{_NUMBER}(\s+\d+:{_NUMBER})+")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UTF_16_REMEDY = "convert it: iconv -f UTF-16 -t UTF-8"
_EXCEL = "save the sheet as CSV (UTF-8)"


def refuse_workbook(path: Path) -> None:
    """Raise DataError for an Excel or OpenDocument workbook, which is a zip with members of known names.

    Raises:
        DataError: that names the kind and the remedy.
    """
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return  # whoever opens it says why it cannot be read
    if any(name.startswith("xl/") for name in members):
        raise DataError("is an Excel workbook", where=str(path), remedy=_EXCEL)
    if "content.xml" in members and "mimetype" in members:
        raise DataError("is an OpenDocument file", where=str(path), remedy=_EXCEL)


def recognize(text: TextFile) -> FileKind:
    """Return what kind of file it is.

    Raises:
        DataError: when it is empty or cannot be opened, or is of a kind that is not read; the kind is named.
    """
    if not text.member:
        refuse_workbook(text.path)
    with text.open() as file:
        head = file.read(_HEAD)
    if head[:4] == b"PAR1":
        return "parquet"
    for magic, what, remedy in _BINARY:
        if head.startswith(magic):
            raise DataError(f"is {what}", where=text.name, remedy=remedy)
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        what = "is a Python pickle, which is never opened because it can run code"
        raise DataError(what, where=text.name, remedy="save the table as Parquet or CSV")
    if head.startswith(_UTF_16):
        raise DataError("is UTF-16 text", where=text.name, remedy=_UTF_16_REMEDY)
    begin = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    if not begin:
        raise DataError("is empty", where=text.name, remedy=FETCH)
    return _kind_of_text(begin, text)


def _kind_of_text(begin: str, text: TextFile) -> FileKind:
    lines = [line.rstrip("\r") for line in begin.split("\n")]
    first = lines[0].strip()
    if begin[0] == "{":
        return _objects(first, text)
    if begin[0] == "[":
        return _arrays(begin, first, text)
    _refuse_named_formats(lines, text)
    return "text"


def _objects(first: str, text: TextFile) -> FileKind:
    """Tell JSON lines from lines of Python dicts and from one object over many lines."""
    try:
        json.loads(first)
    except ValueError:
        pass
    else:
        return "jsonl"
    try:
        if isinstance(ast.literal_eval(first), dict):
            return "pythonl"
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        pass
    if len(first) < _HEAD and first in {"{", "{}"}:
        raise DataError("is one JSON object, not rows", where=text.name, remedy="write one object for each row")
    return "jsonl"  # its reader says what is wrong, and in which line


def _arrays(begin: str, first: str, text: TextFile) -> FileKind:
    """Tell an array of objects from lines of arrays."""
    inside = begin[1:].lstrip()
    if inside[:1] == "{":
        return "json"
    rows = 'write rows like {"user": "u1", "item": "i1"} (in pandas to_json(orient="records"))'
    if inside[:1] == "[":
        raise DataError("is a JSON array of lists, which name no columns", where=text.name, remedy=rows)
    if first.endswith("]"):
        what = "has a list in each line, which names no columns"
        remedy = f"{rows}, or, where a line holds a user and items, user item item ... and say format = 'lists'"
        raise DataError(what, where=f"{text.name}, line 1", remedy=remedy)
    what = "is a JSON array of something other than objects"
    raise DataError(what, where=text.name, remedy='write rows like {"user": "u1", "item": "i1"}')


def _refuse_named_formats(lines: list[str], text: TextFile) -> None:
    """Raise DataError for known formats of text that are no tables with one row a line."""
    first = lines[0].strip()
    filled = [line.strip() for line in lines if line.strip()]
    body = [line for line in filled if line[0] not in COMMENTS]
    low = first.lower()
    where = f"{text.name}, line 1"
    if low.startswith(("<!doctype html", "<html")):
        raise DataError("is a web page", where=where, remedy="download the file itself")
    if low.startswith("<?xml"):
        raise DataError("is XML", where=where, remedy=_AS_CSV)
    if low.startswith("%%matrixmarket"):
        remedy = "leave out the comments and the line of sizes; then it is user item value"
        raise DataError("is a Matrix Market file", where=where, remedy=remedy)
    if any(line.lower().startswith("@relation") for line in filled[:200]):
        remedy = "keep the lines below @data and put the names of the attributes into a first line"
        raise DataError("is an ARFF file", where=where, remedy=remedy)
    names = _parts(first[1:]) if first[0] in COMMENTS else []
    if body and any(map(is_known, names)) and len(names) == len(_parts(body[0])):
        what = f"its first line begins with {first[0]} but seems to name columns"
        raise DataError(what, where=where, remedy=f"remove the sign {first[0]} if it does, or else the line")
    _refuse_marked_rows(lines, body, text)
    if low.startswith("sep=") and len(first) <= len("sep=::"):
        raise DataError("begins with Excel's line sep=", where=where, remedy="remove the line")
    if re.fullmatch(r"\d+:", first) and len(body) > 1 and "," in body[1]:
        what = "is a file of the Netflix prize: an item in a line of its own, then its users' rows"
        raise DataError(what, where=where, remedy="write the item into each row: user,item,value,time")
    if body and all(_LIBSVM.fullmatch(line) for line in body[:20]):
        remedy = "write one row for each user and item; features of items belong into item_features"
        raise DataError("is a libsvm (libFM) file: numbered features, no users and items", where=where, remedy=remedy)


def _refuse_marked_rows(lines: list[str], body: list[str], text: TextFile) -> None:
    """Raise DataError where lines of comment before the table look like its rows, as ``#film,u1,5`` does.

    Programs put a blank or a second sign behind the sign of a comment.
    """
    for number, line in enumerate(lines, 1):
        if line.strip() and line[0] not in COMMENTS:
            return
        is_comment = not line.strip() or not line[1:2].strip() or line[1] in COMMENTS
        if not is_comment and (not body or len(_parts(line)) == len(_parts(body[0])) > 1):
            what = f"begins with {line[0]}, as comments do, but could be a row"
            remedy = f"put a blank behind the sign {line[0]} of a comment, or write the id without the sign"
            raise DataError(what, where=f"{text.name}, line {number}", remedy=remedy)


def _parts(line: str) -> list[str]:
    return re.split(r"[,;|\t]|\s+", line.strip())


def comment_lines(text: TextFile, encoding: str) -> int:
    """Return how many lines of comment there are before the table, as in files of KONECT and SNAP."""
    number = 0
    with contextlib.closing(text_lines(text, encoding)) as lines:
        for number, (_, line) in enumerate(lines):
            if line[:1] not in COMMENTS:
                return number
    return number
