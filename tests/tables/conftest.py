from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchsuite.errors import DataError
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.rows import read_rows
from benchsuite_tables.text_file import TextFile

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
