"""Small files that would fill the memory: rows and texts that pack well, refused with what to do about it."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchsuite.api import DataLocations
from benchsuite.data.unpacking import bounded, read_parquet
from benchsuite.errors import DataError
from benchsuite_datasets.file_source import FileSource
from benchsuite_tables.arrow_rows import _Held

GOOD = b"user,item\n" + b"".join(b"u%d,i%d\n" % (n, n % 5) for n in range(9))

MANY = 20_000_000


def many_rows(folder, ending):
    """Write twenty million equal rows, into less than a megabyte; return the file's name."""
    name = f"a.{ending}"
    if ending == "parquet":
        column = pa.array(np.zeros(MANY, np.int32))
        pq.write_table(pa.table({"user": column, "item": column}), folder / name, compression="zstd")
        return name
    rows = b"user,item\n" + b"1,1\n" * MANY
    if ending == "csv.gz":
        (folder / name).write_bytes(gzip.compress(rows, 1))
    elif ending == "csv.zst":
        (folder / name).write_bytes(pa.compress(rows, "zstd", asbytes=True))
    else:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", rows)
    assert (folder / name).stat().st_size < 1_000_000
    return name


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv.gz", "csv.zst", "zip", "parquet"])
def test_a_file_of_too_many_rows_is_refused(ending, refused, folder):
    name = many_rows(folder, ending)
    refused("file", name, "it unpacks to", "rows or more", "BENCHSUITE_UNPACK_GB=8", path=name)


def test_the_bound_can_be_set(refused, folder, monkeypatch):
    (folder / "a.csv.gz").write_bytes(gzip.compress(GOOD))
    monkeypatch.setenv("BENCHSUITE_UNPACK_GB", "1e-8")
    refused("file", "a.csv.gz: it unpacks to", path="a.csv.gz")
    monkeypatch.setenv("BENCHSUITE_UNPACK_GB", "much")
    refused("file", "BENCHSUITE_UNPACK_GB: 'much' is no positive number", path="a.csv.gz")
    monkeypatch.setenv("BENCHSUITE_UNPACK_GB", "1")
    dataset = FileSource(path="a.csv.gz").load(DataLocations((folder,), offline=True))
    assert len(dataset.interactions) == 9


def test_a_text_repeated_in_parquet_is_kept_once(folder):
    """A hundred thousand rows with one title of a hundred thousand characters: 10 GB, were they written out."""
    title = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 100_000]))
    columns = {"user": pa.array(np.arange(100_000) % 7), "item": pa.array(np.arange(100_000) % 11), "title": title}
    pq.write_table(pa.table(columns), folder / "a.parquet")
    dataset = FileSource(path="a.parquet", item_text=("title",)).load(DataLocations((folder,), offline=True))
    assert set(dataset.items.text) == {"x" * 100_000}
    with pytest.raises(DataError, match="it unpacks to 10,000,000,000 bytes or more"):
        read_parquet(folder / "a.parquet", dense=True)


def test_rows_that_pack_well_are_read(folder):
    """Ten rows a byte, as no real table has them, up to the free size."""
    (folder / "a.csv.gz").write_bytes(gzip.compress(b"user,item\n" + b"1,1\n" * 2_000_000))
    with bounded(gzip.open(folder / "a.csv.gz"), 0) as file:
        assert len(file.read()) == 8_000_010


@pytest.mark.parametrize("error", [OSError("too much"), EOFError("cut off"), ValueError("no gzip")])
def test_nothing_is_raised_where_arrow_reads(error):
    """What is raised in a thread of Arrow's may keep the process from ending."""

    class Breaks:
        def read(self, size=-1):
            raise error

    with pytest.raises(type(error), match=str(error)), _Held(Breaks()).told() as held:
        assert held.read(5) == held.read() == b""
