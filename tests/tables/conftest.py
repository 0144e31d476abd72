"""Files of a test's own, and a place that remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchsuite.api import DataLocations
from benchsuite.errors import DataError
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.table_rows import read_rows
from benchsuite_tables.text_file import TextFile


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes files, given by name, into one folder and returns the folder."""

    def write(files: dict[str, str | bytes] | None = None, **more: str | bytes) -> Path:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for name, data in {**(files or {}), **more}.items():
            (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return folder

    return write


@pytest.fixture
def here(tmp_path: Path) -> tuple[DataLocations, list[str]]:
    """A place with a cache of its own, and the lines it says."""
    said: list[str] = []
    return DataLocations(folders=(), cache=tmp_path / "cache", offline=True, say=said.append), said


COLUMNS = {"user": "u", "item": "i", "value": "v"}


@pytest.fixture
def read(tmp_path):
    """A function that writes a table, bytes or an arrow table, and reads its rows."""

    def run(data, name="a.csv", **settings):
        path = tmp_path / name
        if isinstance(data, pa.Table):
            pq.write_table(data, path)
        else:
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        form = {"parquet": "parquet", "jsonl": "jsonl"}.get(name.rpartition(".")[2], "delimited")
        table = CardTable.model_validate({"file": name, "columns": COLUMNS, "format": form} | settings)
        return read_rows(TextFile(path), table)

    return run


@pytest.fixture
def refused(read):
    """A function that returns the one line of the error."""

    def run(*args, **settings):
        with pytest.raises(DataError) as caught:
            read(*args, **settings)
        line = str(caught.value)
        assert "\n" not in line
        return line.partition("a.")[2]

    return run
