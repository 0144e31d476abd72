"""Files of all kinds are read alike, and a bad one is told in one line."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from benchsuite.errors import DataError
from benchsuite_interchange.foreign_rows import ForeignRows, read_foreign
from benchsuite_interchange.table_options import Written

Wanted = dict[str, str]


def read(path: Path, wanted: Wanted) -> ForeignRows:
    return read_foreign(path, wanted, ("user", "item", "timestamp", "value"), Written())


def table(text: str, name: str = "t.csv") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write


def parquet(folder: Path) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as pq

    columns = {"user_id": ["a", "b"], "item_id": [7, 8], "rating": [1.0, 0.5], "timestamp": [10, 20]}
    pq.write_table(pa.table(columns), folder / "t.parquet")
    return folder / "t.parquet"


NUMBERED = {"user": "1", "item": "2", "value": "3", "timestamp": "4"}
FILES: dict[str, tuple[Callable[[Path], Path], Wanted]] = {
    "csv": (table("user,item,value,time\na,7,1,10\n\nb,8,.5,20\n"), {}),
    "a byte order mark and dates": (
        table("\ufeffTime;User;Item;Value\n1970-01-01T00:00:10;a;7;1\n1970-01-01 00:00:20+00:00;b;8;0.5\n"),
        {},
    ),
    "MovieLens 100K, without a header": (table("a\t7\t1\t10\nb\t8\t.5\t20\n", "u1.base"), NUMBERED),
    "MovieLens 1M": (table("a::7::1::10\nb::8::.5::20\n", "ratings.dat"), NUMBERED),
    "blanks": (table("a 7 1 10\nb  8 .5 20\n", "t.txt"), NUMBERED),
    "RecBole": (
        table("user_id:token\titem_id:token\trating:float\ttimestamp:float\na\t7\t1\t10\nb\t8\t.5\t20\n", "t.inter"),
        {},
    ),
    "zipped": (table("uid,iid,rating,ts\na,7,1,10\nb,8,.5,20\n", "t.csv.gz"), {}),
    "quotes": (table('"item","who, then","user","value","time"\n7,a,"a",1,10\n8,b,b,0.5,20\n'), {}),
    "names of their own": (
        table("who,user,what,when,how\na,9,7,10,1\nb,9,8,20,.5\n"),
        {"user": "who", "item": "what", "timestamp": "when", "value": "how"},
    ),
    "Parquet": (parquet, {}),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_of_all_kinds_say_the_same(kind: str, tmp_path: Path) -> None:
    write, wanted = FILES[kind]
    found = read(write(tmp_path), wanted)
    assert (list(found.user), list(found.item)) == (["a", "b"], ["7", "8"])
    assert found.time is not None
    assert found.value is not None
    assert (found.time.tolist(), found.value.tolist()) == ([10, 20], [1, 0.5])


BAD: dict[str, tuple[Callable[[Path], Path], Wanted, str]] = {
    "no rows": (table("user,item\n"), {}, "t.csv: holds no rows"),
    "nothing": (table(""), {}, "t.csv: is empty"),
    "a short line": (table("user,item\na,x\nb\n"), {}, "t.csv, line 3: 1 columns instead of 2"),
    "no user": (table("user,item\na,x\n,y\n"), {}, "t.csv, line 3, column user: is empty"),
    "no time": (
        table("user,item,time\na,x,1\n\nb,y,soon\nc,y,2\n"),
        {},
        "t.csv, line 4, column time: 'soon' is no time counted in s",
    ),
    "no value": (table("user,item,value\na,x,nan\n"), {}, "t.csv, line 2, column value: is no finite"),
    "unknown names": (
        table("who,what\na,x\n"),
        {},
        "t.csv: cannot tell which column holds the user; say user = 'COLUMN'; there are who, what",
    ),
    "a wrong name": (table("user,item\na,x\n"), {"item": "itm"}, 'column "itm" is missing; did you mean "item"?'),
    "a column too far": (table("a,x\n"), {"user": "1", "item": "3"}, "has 2 columns, item says 3"),
    "not zipped": (lambda folder: _raw(folder / "t.csv.gz", b"user,item\n"), {}, "t.csv.gz: cannot be read"),
    "latin-1": (lambda folder: _raw(folder / "t.csv", b"user,item\na,\xe9\n"), {}, "t.csv, line 2: is not utf-8"),
    "not Parquet": (lambda folder: _raw(folder / "t.parquet", b"PAR1 it is not"), {}, "t.parquet: cannot be read"),
    "a folder": (lambda folder: folder, {}, "is a folder; name a file in it"),
    "nowhere": (lambda folder: folder / "absent.csv", {}, "absent.csv: no such file"),
}


def _raw(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_one_line(fault: str, tmp_path: Path) -> None:
    write, wanted, says = BAD[fault]
    path = write(tmp_path)
    with pytest.raises(DataError) as caught:
        read(path, wanted)
    line = str(caught.value)
    assert says in line
    assert line.startswith(str(path))
    assert "\n" not in line
