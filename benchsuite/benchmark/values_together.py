"""The headline's values of all rows of a benchmark in one file, as the installed package carries them.

Side by side the rows take two thirds of the room of a file for each (see :mod:`benchsuite.benchmark.packed_values`).
A checkout, and whoever sends a result, have a file for each row, so that rows of two people merge; when the package is
built, ``all_values.npz`` takes the place of them all, and ``all_values.json`` says of which files it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchsuite.benchmark.npz_files import Arrays, packed, read_npz
from benchsuite.benchmark.packed_values import pack, unpack
from benchsuite.benchmark.result_json import write_lines
from benchsuite.data import Float32
from benchsuite.errors import DataError, StoreError
from benchsuite.keys import file_digest
from benchsuite.store import misfit, read_json

VALUES = "values.npz"
ALL_VALUES, MADE_OF = "all_values.npz", "all_values.json"

_SHAPE = {"sha256": str, "rows": {str: str}}
_AGAIN = "install benchsuite again"

RowValues = dict[str, Float32]


def write_together(results: Path, target: Path) -> None:
    """Write the values of all rows of a benchmark into one file, and beside it what it was made of.

    Args:
        results: the folder of the benchmark's results, a folder for each row.
        target: an empty folder.

    Raises:
        DataError: when the values of a row cannot be read.
    """
    folders = sorted(path.parent for path in results.glob(f"*/{VALUES}"))
    digests = {folder.name: file_digest(folder / VALUES) for folder in folders}
    every = dict[tuple[int, int, str], Float32]()
    for number, (name, digest) in enumerate(digests.items()):
        for array, values in read_npz(results / name / VALUES, digest, unpack, "mend or remove it").items():
            cell, _, rest = array.partition("/")
            every[int(cell), number, rest] = values
    order = sorted(every, key=lambda one: (one[0], one[2], len(every[one]), one[1]))
    together = {f"{cell}/{number}/{rest}": every[cell, number, rest] for cell, number, rest in order}
    (target / ALL_VALUES).write_bytes(packed(pack(together)))
    write_lines(target / MADE_OF, {"sha256": file_digest(target / ALL_VALUES), "rows": digests})


def values_digest(folder: Path) -> str:
    """Return the sha256 (hex) of a row's file of values: of the file, or of that which all values were made of.

    "" where there is neither, or all values are damaged.
    """
    if (folder / VALUES).is_file():
        return file_digest(folder / VALUES)
    try:
        return _made_of(folder.parent).rows.get(folder.name, "") if (folder.parent / MADE_OF).is_file() else ""
    except DataError:
        return ""


def read_values(folder: Path, digest: str, remedy: str) -> RowValues:
    """Return the headline's values of a row, by the names of :func:`benchsuite.benchmark.packed_values.pack`.

    Args:
        folder: of the row.
        digest: sha256 (hex) of its file of values.
        remedy: what to do where the file is no such.

    Raises:
        DataError: when they are not there, or not those of the digest.
    """
    if (folder / VALUES).exists() or not (folder.parent / MADE_OF).is_file():
        return read_npz(folder / VALUES, digest, unpack, remedy)
    made_of = _made_of(folder.parent)
    if made_of.rows.get(folder.name) != digest:
        what = f"it does not hold the values of {folder.name}"
        raise DataError(what, where=str(folder.parent / ALL_VALUES), remedy=_AGAIN)
    return dict(_read_together(folder.parent, made_of)[folder.name])


@dataclass(frozen=True)
class _MadeOf:
    """What all values of a benchmark were made of: the sha256 (hex) of their file, and of each row's."""

    sha256: str
    rows: Mapping[str, str]

    def __hash__(self) -> int:
        return hash(self.sha256)


def _made_of(benchmark: Path) -> _MadeOf:
    """Read what all values were made of.

    Raises:
        DataError: when they are others now.
    """
    try:
        stamps = [(benchmark / name).stat() for name in (ALL_VALUES, MADE_OF)]
        return _made_of_now(benchmark, tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in stamps))
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise DataError(what, where=str(benchmark / ALL_VALUES), remedy=_AGAIN) from None


@lru_cache(maxsize=8)
def _made_of_now(benchmark: Path, stamps: tuple[tuple[int, ...], ...]) -> _MadeOf:  # noqa: ARG001 - they tell old from new
    try:
        table = read_json(benchmark / MADE_OF)
    except StoreError as error:
        raise DataError(error.what, where=str(benchmark / MADE_OF), remedy=_AGAIN) from None
    if fault := misfit(table, _SHAPE):
        raise DataError(fault, where=str(benchmark / MADE_OF), remedy=_AGAIN)
    if table["sha256"] != file_digest(benchmark / ALL_VALUES):
        raise DataError("it has changed since it was written", where=str(benchmark / ALL_VALUES), remedy=_AGAIN)
    return _MadeOf(table["sha256"], table["rows"])


@lru_cache(maxsize=1)
def _read_together(benchmark: Path, made_of: _MadeOf) -> Mapping[str, RowValues]:
    names = list(made_of.rows)

    def parse(arrays: Arrays) -> Mapping[str, RowValues]:
        found: dict[str, RowValues] = {name: {} for name in names}
        for array, values in unpack(arrays, several=True).items():
            cell, number, rest = array.split("/", 2)
            values.setflags(write=False)
            found[names[int(number)]][f"{cell}/{rest}"] = values
        return found

    return read_npz(benchmark / ALL_VALUES, made_of.sha256, parse, _AGAIN)
